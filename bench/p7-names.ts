/**
 * P7: recall@10 of name search over public lists, both directions, beside any-ascii with trigrams. A question is a
 * name in one script, the index all names of the list in the other; found if its own line is among the first ten.
 * Costs of Arabic letters were estimated on the even lines, so the odd ones are what counts; so with Burmese.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import anyAscii from 'any-ascii';
import { keysToFile, nameToFile, searchNames } from '../src/records/index.ts';
import { MemoryNameIndex } from '../test/names/memory-name-index.ts';
import { report, say } from './processes.ts';

const DATA = join(import.meta.dirname, '..', '..', 'shared', 'data', 'names');
const FIRST = 10;
/** The rival compares every name with every other: a part of the questions shows where it is. */
const RIVAL_STEP = 7;

interface Line {
  readonly asked: string;
  readonly filed: string;
}

interface Recall {
  readonly all: number;
  /** Over the odd lines alone. */
  readonly unseen: number;
  readonly rival: number;
}

function linesOf(file: string, heading: number): readonly (readonly [string, string])[] {
  const lines = readFileSync(join(DATA, file), 'utf8').trim().split('\n').slice(heading);
  return lines.map((line) => {
    const [script = '', latin = ''] = line.split('\t');
    return [script.trim(), latin.trim()];
  });
}

function measure(what: string, lines: readonly Line[]): Recall {
  const index = new MemoryNameIndex<number>();
  const filed = lines.map((line) => nameToFile(line.filed));
  for (const [id, line] of lines.entries()) index.add(id, keysToFile(line.filed));
  const found = lines.map(({ asked }, id) =>
    searchNames(index, (other) => [filed[other] ?? ''], asked, { limit: FIRST, minScore: 0 }).some(
      (hit) => hit.id === id,
    ),
  );
  const recall = {
    all: share(found),
    unseen: share(found.filter((_, at) => at % 2 === 1)),
    rival: rival(lines),
  };
  say(
    `${what}: ${lines.length} names; all ${text(recall.all)}, odd lines ${text(recall.unseen)}; rival ${text(recall.rival)}`,
  );
  return recall;
}

function rival(lines: readonly Line[]): number {
  const index = lines.map((line) => trigrams(line.filed));
  const asked = lines.map((line, id) => ({ line, id })).filter(({ id }) => id % RIVAL_STEP === 0);
  return share(
    asked.map(({ line, id }) => {
      const query = trigrams(line.asked);
      const own = jaccard(query, index[id] ?? new Set());
      const better = index.filter((other, at) => at !== id && jaccard(query, other) >= own).length;
      return own > 0 && better < FIRST;
    }),
  );
}

function trigrams(name: string): ReadonlySet<string> {
  const padded = `  ${anyAscii(name).toLowerCase()} `;
  return new Set(Array.from({ length: padded.length - 2 }, (_, at) => padded.slice(at, at + 3)));
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared += 1;
  return shared / (a.size + b.size - shared);
}

function share(found: readonly boolean[]): number {
  return found.filter(Boolean).length / found.length;
}

function text(value: number): string {
  return value.toFixed(3);
}

function rounded(value: number): number {
  return Number(text(value));
}

if (!existsSync(DATA)) throw new Error(`this bar needs the lists in ${DATA}`);
const burmese = linesOf('burmese-dev.tsv', 1);
const arabic = linesOf('arabic-dev.txt', 0);
const toLatin = ([asked, filed]: readonly [string, string]): Line => ({ asked, filed });
const fromLatin = ([filed, asked]: readonly [string, string]): Line => ({ asked, filed });
const results = {
  burmeseToLatin: measure('Burmese → Latin', burmese.map(toLatin)),
  latinToBurmese: measure('Latin → Burmese', burmese.map(fromLatin)),
  arabicToLatin: measure('Arabic → Latin', arabic.map(toLatin)),
  latinToArabic: measure('Latin → Arabic', arabic.map(fromLatin)),
};
const ours = Math.min(results.burmeseToLatin.unseen, results.latinToBurmese.unseen);
const oursArabic = Math.min(results.arabicToLatin.unseen, results.latinToArabic.unseen);
report({
  id: 'P7',
  what: 'recall@10 of Burmese, the worse direction, over lines that nothing was estimated from',
  ours: rounded(ours),
  rival: rounded(results.burmeseToLatin.rival),
  ratio: null,
  bar: 0.94,
  arabic: { ours: rounded(oursArabic), rival: rounded(results.arabicToLatin.rival), bar: 0.9 },
  pass: ours >= 0.94 && oursArabic >= 0.9,
});
