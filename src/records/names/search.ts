/** From what somebody typed to the names that may be meant, the likeliest first. */
import { nameKeys } from './keys.ts';
import type { NameIndex } from './ports.ts';
import { readName, type ReadOptions } from './read.ts';
import { Comparisons, scoreReadings, type NameScore } from './score.ts';

export interface NameHit<Id> extends NameScore {
  readonly id: Id;
}

export interface SearchOptions extends ReadOptions {
  readonly limit?: number;
  /** Names below it are left out. */
  readonly minScore?: number;
  /** How many candidates are looked at closely. */
  readonly candidates?: number;
}

const LIMIT = 20;
/** One word says little about which candidates are best, and comparing one word is quick. */
const CANDIDATES = { oneWord: 400, more: 180 } as const;
const MIN_SCORE = 0.4;
/** Candidates come the likeliest first: once enough good ones are found, the rest is not looked at. */
const ENOUGH_SEEN = 80;
const GOOD = 0.93;
const FILED: ReadOptions = { burmese: 'unicode' };

/** The keys that a record is to be filed under, for one of its names. */
export function keysToFile(name: string, options: ReadOptions = {}): readonly string[] {
  return nameKeys(readName(name, options), 'index');
}

/** @param namesOf the names of a record, as `nameToFile` gives them */
export function searchNames<Id extends string | number>(
  index: Pick<NameIndex<Id>, 'candidates'>,
  namesOf: (id: Id) => readonly string[],
  query: string,
  options: SearchOptions = {},
): readonly NameHit<Id>[] {
  const asked = readName(query, options);
  const comparisons = new Comparisons();
  const limit = options.limit ?? LIMIT;
  const least = options.minScore ?? MIN_SCORE;
  const usual = asked.every(({ words }) => words.length === 1) ? CANDIDATES.oneWord : CANDIDATES.more;
  const found = index.candidates(nameKeys(asked, 'query'), options.candidates ?? usual);
  const hits: Found<Id>[] = [];
  let good = 0;
  for (const [at, { id }] of found.entries()) {
    if (at >= ENOUGH_SEEN && good >= limit) break;
    const scored = bestOf(namesOf(id));
    if (scored.score >= GOOD) good += 1;
    if (scored.score >= least) hits.push({ id, ...scored });
  }
  return hits
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
    .map(({ id, score, reasons }) => ({ id, score, reasons: reasons() }));

  function bestOf(names: readonly string[]): Omit<Found<Id>, 'id'> {
    return names
      .map((name) => scoreReadings(asked, readName(name, FILED), comparisons))
      .reduce((best, next) => (next.score > best.score ? next : best), { score: 0, reasons: () => [] });
  }
}

interface Found<Id> {
  readonly id: Id;
  readonly score: number;
  readonly reasons: () => readonly string[];
}

function said({ score, reasons }: { score: number; reasons: () => readonly string[] }): NameScore {
  return { score, reasons: reasons() };
}

export function scoreNames(query: string, name: string, options: ReadOptions = {}): NameScore {
  return said(scoreReadings(readName(query, options), readName(name, options)));
}

/** The same whichever of the two is named first. */
export function nameSimilarity(one: string, other: string): NameScore {
  const [a, b] = one <= other ? [one, other] : [other, one];
  return said(scoreReadings(readName(a), readName(b), new Comparisons(), 0.5));
}
