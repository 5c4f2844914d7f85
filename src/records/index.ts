/** What others may use of the registry. */
export { nameToFile } from './names/read.ts';
export { keysToFile, scoreNames, searchNames } from './names/search.ts';
export type { Candidate, NameIndex } from './names/ports.ts';
export { blockingKeys, MAX_BLOCK } from './matching/blocking.ts';
export { compare } from './matching/compare.ts';
export type { Person } from './matching/types.ts';
export { SUGGEST_FROM } from './matching/weights.ts';
export * from './kinds/index.ts';
export type { RecordView } from './types.ts';
export type { RecordDesk } from './desk.ts';
export { erasesFor } from './ending.ts';
export { recordProjection } from './projection.ts';
export { RecordReader } from './reading.ts';
export { RecordService } from './service.ts';
export {
  checkPfif,
  ExchangeDesk,
  type ExportQuestion,
  type ExportResult,
  type ImportOptions,
  type ImportOutcome,
  type ImportSource,
} from './exchange/index.ts';
export {
  REFRESH_LIMITS,
  RefreshCore,
  type Attempt,
  type RefreshEffect,
  type Sight,
} from './refresh/index.ts';
