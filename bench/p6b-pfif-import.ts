/**
 * P6, import: a PFIF file of 600,000 persons with names of five scripts, a third of them with a note, into a real node;
 * the time from the command to its answer, and the most memory that the node had.
 */
import { createWriteStream, readFileSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { KNOWN_NAMES } from '../test/names/known-names.ts';
import { down, kith, report, say, tempFolder, up, usageOf } from './processes.ts';

const PERSONS = Number(process.argv[2] ?? 600_000);
const BAR_SECONDS = 300;
const BAR_MIB = 512;
const SAY_MS = 10_000;

const folder = tempFolder();
const path = join(folder, 'people.xml');
await writeFile();
const data = join(folder, 'node');
await kith(['init', 'bench', '--as', 'First', '--data', data]);
const node = await up(data);
const startMs = performance.now();
let saidMs = startMs;
let read = 0;
for await (const step of node.client.lines('importRecords', { path })) {
  if (step.step === 'done') {
    read = step.read;
    if (step.added !== read) throw new Error(`${String(step.added)} of ${String(read)} were added`);
  } else if (performance.now() - saidMs > SAY_MS) {
    saidMs = performance.now();
    say(`${String(Math.round(step.done / 1e6))} MB after ${((saidMs - startMs) / 1000).toFixed(0)} s`);
  }
}
const seconds = (performance.now() - startMs) / 1000;
const mostMib = Math.round(mostBytes() / 2 ** 20);
const cpuSeconds = usageOf(node.process)?.cpuSeconds ?? 0;
await down(node);
say(
  `${String(read)} records (${(statSync(path).size / 1e6).toFixed(0)} MB) in ${seconds.toFixed(0)} s, ` +
    `${cpuSeconds.toFixed(0)} s of the processor; ${(read / seconds).toFixed(0)} records/s; ${String(mostMib)} MiB at most`,
);
report({
  id: 'P6b',
  what: `import of a PFIF file of ${String(PERSONS)} persons`,
  unit: 's',
  ours: Math.round(seconds),
  cpuSeconds: Math.round(cpuSeconds),
  recordsPerSecond: Math.round(read / seconds),
  mostMib,
  barMib: BAR_MIB,
  rival: null,
  ratio: Math.round((seconds / BAR_SECONDS) * 100) / 100,
  bar: BAR_SECONDS,
  pass: seconds <= BAR_SECONDS && mostMib <= BAR_MIB,
});
process.exit(0);

/** Linux keeps the peak. */
function mostBytes(): number {
  try {
    const status = readFileSync(`/proc/${String(node.process.pid)}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
  } catch {
    return usageOf(node.process)?.residentBytes ?? 0;
  }
}

async function writeFile(): Promise<void> {
  const out = createWriteStream(path);
  out.write('<?xml version="1.0" encoding="UTF-8"?>\n<pfif:pfif xmlns:pfif="http://zesty.ca/pfif/1.4">\n');
  for (let n = 0; n < PERSONS; n += 1) if (!out.write(person(n))) await once(out, 'drain');
  out.end('</pfif:pfif>\n');
  await once(out, 'close');
}

function person(n: number): string {
  const known = KNOWN_NAMES[n % KNOWN_NAMES.length];
  const other = KNOWN_NAMES[Math.floor(n / KNOWN_NAMES.length) % KNOWN_NAMES.length];
  const script = (['latin', 'arabic', 'bengali', 'latin'] as const)[n % 4] ?? 'latin';
  const word = (name: typeof known): string => {
    const spelt = name?.[script] ?? 'Ali';
    return typeof spelt === 'string' ? spelt : (spelt[0] ?? 'Ali');
  };
  const elements = {
    person_record_id: `camp.example.org/person.${String(n)}`,
    entry_date: '2026-10-01T00:00:00Z',
    author_name: `Clerk ${String(n % 40)}`,
    source_name: 'Camp North',
    source_date: `2026-09-${String(1 + (n % 28)).padStart(2, '0')}T10:00:00Z`,
    full_name: `${word(known)} ${word(other)}`,
    description: `Block ${String(n % 90)}, line ${String(n % 7)}; came with two children`,
    sex: n % 2 === 0 ? 'female' : 'male',
    age: String(18 + (n % 60)),
    home_city: 'Maungdaw',
    home_state: 'Rakhine',
    home_country: 'MM',
  };
  const note = {
    note_record_id: `camp.example.org/note.${String(n)}`,
    author_name: `Clerk ${String(n % 40)}`,
    source_date: '2026-09-30T10:00:00Z',
    status: 'believed_alive',
    text: 'Seen at the gate',
  };
  const inner = n % 3 === 0 ? `    <pfif:note>\n${lines(note, '      ')}    </pfif:note>\n` : '';
  return `  <pfif:person>\n${lines(elements, '    ')}${inner}  </pfif:person>\n`;
}

function lines(elements: Readonly<Record<string, string>>, indent: string): string {
  return Object.entries(elements)
    .map(([name, value]) => `${indent}<pfif:${name}>${value}</pfif:${name}>\n`)
    .join('');
}
