/**
 * P6: p95 of a name search over 1,000,000 made-up persons in five scripts, in a registry over SQLite, as a node has it;
 * and how long it took to put them there. `npm run bench -- P6 100000` for fewer.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { RecordWorld } from '../test/support/record-world.ts';
import { REAL_SIGNATURES } from '../test/support/log-world.ts';
import { nameIn, quantile, questionAbout, random, STYLES } from './made-up-names.ts';
import { report, say, tempFolder } from './processes.ts';

const PERSONS = Number(process.argv[2] ?? 1_000_000);
const QUESTIONS = 600;
const BATCH = 1000;
const BAR_MS = 150;

const folder = tempFolder();
const world = new RecordWorld({ file: () => join(folder, 'kith.db'), signatures: REAL_SIGNATURES });
const { desk, database } = world.founder;
const names: string[] = [];
const startMs = performance.now();
for (let line = 0; line < PERSONS; line += BATCH) {
  const items = Array.from({ length: Math.min(BATCH, PERSONS - line) }, (_, at) => {
    const name = nameIn(STYLES[random(STYLES.length)] ?? 'latin');
    names.push(name);
    const fields = {
      full_name: name,
      sex: random(2) === 0 ? 'female' : 'male',
      age: String(18 + random(60)),
      home_state: `Region ${random(14)}`,
      source_date: '2026-11-01T00:00:00Z',
    };
    return { line: line + at + 1, id: `example.org/${String(line + at)}`, kind: 'person' as const, fields };
  });
  desk.bulkAdd('bench', items, line + BATCH);
  if ((line / BATCH) % 100 === 99)
    say(
      `${line + BATCH} persons, ${((performance.now() - startMs) / 1000).toFixed(0)} s, resident ${mib()} MiB`,
    );
}
const fillSeconds = (performance.now() - startMs) / 1000;
database.checkpoint();
say(
  `${PERSONS} persons added in ${fillSeconds.toFixed(0)} s, ${(PERSONS / fillSeconds).toFixed(0)}/s, resident ${mib()} MiB`,
);

function mib(): string {
  return (process.memoryUsage.rss() / 2 ** 20).toFixed(0);
}

/** One word of a name is shared by thousands: only of the other questions can be said whether the name was found. */
let [found, whole] = [0, 0];
const times: number[] = [];
const processor: number[] = [];
for (let asked = 0; asked < QUESTIONS; asked += 1) {
  const id = random(PERSONS);
  const name = names[id] ?? '';
  const question = questionAbout(name);
  const [from, used] = [performance.now(), process.cpuUsage()];
  const hits = desk.search({ text: question.text, limit: 20, as: 'member' });
  times.push(performance.now() - from);
  const { user, system } = process.cpuUsage(used);
  processor.push((user + system) / 1000);
  if (!question.whole) continue;
  whole += 1;
  if (hits.some((hit) => hit.id === `example.org/${String(id)}` || hit.fields['full_name'] === name))
    found += 1;
}

const p95 = quantile(times, 0.95);
say(
  `p50 ${quantile(times, 0.5)} ms, p95 ${p95} ms; of processor time p50 ${quantile(processor, 0.5)} ms, p95 ${quantile(processor, 0.95)} ms`,
);
say(`the name meant was among the first 20 in ${found} of ${whole} questions with all its words`);
database.close();
rmSync(folder, { recursive: true, force: true });
report({
  id: 'P6',
  what: 'name search over persons in a registry, p95',
  unit: 'ms',
  ours: p95,
  processor: quantile(processor, 0.95),
  rival: null,
  ratio: null,
  bar: BAR_MS,
  pass: p95 <= BAR_MS,
});
