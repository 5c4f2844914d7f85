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
const CANDIDATES = 250;
const MIN_SCORE = 0.4;
const FILED: ReadOptions = { burmese: 'unicode' };

/** The keys that a record is to be filed under, for one of its names. */
export function keysToFile(name: string, options: ReadOptions = {}): readonly string[] {
  return nameKeys(readName(name, options), 'index');
}

/** @param namesOf the names of a record, as `nameToFile` gives them */
export function searchNames<Id extends string | number>(
  index: NameIndex<Id>,
  namesOf: (id: Id) => readonly string[],
  query: string,
  options: SearchOptions = {},
): readonly NameHit<Id>[] {
  const asked = readName(query, options);
  const comparisons = new Comparisons();
  const found = index.candidates(nameKeys(asked, 'query'), options.candidates ?? CANDIDATES);
  return found
    .map(({ id }) => ({ id, ...bestOf(namesOf(id)) }))
    .filter(({ score }) => score >= (options.minScore ?? MIN_SCORE))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, options.limit ?? LIMIT);

  function bestOf(names: readonly string[]): NameScore {
    return names
      .map((name) => scoreReadings(asked, readName(name, FILED), comparisons))
      .reduce((best, next) => (next.score > best.score ? next : best), { score: 0, reasons: [] });
  }
}

export function scoreNames(query: string, name: string, options: ReadOptions = {}): NameScore {
  return scoreReadings(readName(query, options), readName(name, options));
}

/** The same whichever of the two is named first. */
export function nameSimilarity(one: string, other: string): NameScore {
  const [a, b] = one <= other ? [one, other] : [other, one];
  return scoreReadings(readName(a), readName(b), new Comparisons(), 0.5);
}
