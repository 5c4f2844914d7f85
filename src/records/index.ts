/** What others may use of the registry. */
export { nameToFile, readName, type ReadOptions } from './names/read.ts';
export {
  keysToFile,
  nameSimilarity,
  scoreNames,
  searchNames,
  type NameHit,
  type SearchOptions,
} from './names/search.ts';
export type { NameScore } from './names/score.ts';
export type { Candidate, NameIndex } from './names/ports.ts';
export { blockingKeys, MAX_BLOCK } from './matching/blocking.ts';
export { compare } from './matching/compare.ts';
export type { Home, Match, MatchMode, Person, Sex, Whereabouts, Years } from './matching/types.ts';
export { SUGGEST_FROM } from './matching/weights.ts';
