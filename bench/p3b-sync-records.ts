/**
 * P3, records: persons to an empty node that can search them by name, two processes over loopback; rival PouchDB, which
 * replicates the same values as documents that can be found by their id alone.
 */
import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { nameIn, random, STYLES } from './made-up-names.ts';
import { down, median, pair, report, say, tempFolder, up, usageOf } from './processes.ts';

const PERSONS = Number(process.argv[2] ?? 100_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const SECONDS_BETWEEN_LOOKS = 0.05;
const BAR = 3;

const folder = tempFolder();
const files = { csv: join(folder, 'persons.csv'), lines: join(folder, 'persons.jsonl') };
const COLUMNS = [
  'person_record_id',
  'source_date',
  'full_name',
  'sex',
  'age',
  'home_city',
  'home_state',
  'description',
];

function person(index: number): Record<string, string> {
  return {
    person_record_id: `example.org/${String(index)}`,
    source_date: '2026-11-01T00:00:00Z',
    full_name: nameIn(STYLES[random(STYLES.length)] ?? 'latin'),
    sex: random(2) === 0 ? 'female' : 'male',
    age: String(18 + random(60)),
    home_city: `Town ${String(random(400))}`,
    home_state: `Region ${String(random(14))}`,
    description: `wears ${String(random(1e9))} and carries ${String(random(1e9))}`,
  };
}

let last = '';
appendFileSync(files.csv, `${COLUMNS.join(',')}\n`);
for (let from = 0; from < PERSONS; from += 1000) {
  const made = Array.from({ length: Math.min(1000, PERSONS - from) }, (_, at) => person(from + at));
  last = made.at(-1)?.['full_name'] ?? '';
  appendFileSync(
    files.csv,
    made.map((one) => `${COLUMNS.map((name) => one[name] ?? '').join(',')}\n`).join(''),
  );
  appendFileSync(
    files.lines,
    made.map((one) => `${JSON.stringify({ _id: one['person_record_id'], ...one })}\n`).join(''),
  );
}

/** @returns records a second, from the sink's start of sync until its search finds the last one. */
async function ours(): Promise<number> {
  const { first, second } = await pair();
  const source = await up(first);
  for await (const step of source.client.lines('importRecords', { path: files.csv, format: 'csv' }))
    if (step.step === 'done' && step.added !== PERSONS) throw new Error(`${String(step.added)} were taken`);
  const sink = await up(second);
  const before = [usageOf(source.process), usageOf(sink.process)];
  const total = (await source.client.call('status', {})).entries;
  const startMs = performance.now();
  await sink.client.call('addPeer', { address: source.address });
  while ((await sink.client.call('status', {})).entries < total)
    await setTimeout(SECONDS_BETWEEN_LOOKS * 1000);
  const { records } = await sink.client.call('searchRecords', { text: last });
  if (records.length === 0) throw new Error('the last one is not found');
  const seconds = (performance.now() - startMs) / 1000;
  const after = [usageOf(source.process), usageOf(sink.process)];
  const cpu = after.map((usage, index) => (usage?.cpuSeconds ?? 0) - (before[index]?.cpuSeconds ?? 0));
  say(`ours: ${seconds.toFixed(2)} s, processor ${cpu.map((one) => one.toFixed(2)).join(' + ')} s`);
  await Promise.all([down(source), down(sink)]);
  return PERSONS / seconds;
}

async function rival(): Promise<number> {
  const script = join(import.meta.dirname, 'rival-pouchdb.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, files.lines, tempFolder()]);
  const seconds = Number(stdout);
  say(`PouchDB: ${seconds.toFixed(2)} s`);
  return PERSONS / seconds;
}

const rates: { readonly ours: number[]; readonly rival: number[] } = { ours: [], rival: [] };
for (let round = 0; round < ROUNDS; round += 1) {
  rates.ours.push(await ours());
  rates.rival.push(await rival());
}
const [mine, theirs] = [median(rates.ours), median(rates.rival)];
report({
  id: 'P3',
  what: 'records that can be searched',
  unit: 'records/s',
  ours: Math.round(mine),
  rival: Math.round(theirs),
  ratio: Math.round((mine / theirs) * 100) / 100,
  bar: BAR,
  pass: mine / theirs >= BAR,
});
