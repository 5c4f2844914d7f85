/** Kinds of record: the table, and what is derived from it. */
export { KIND_NAMES, KINDS } from './table.ts';
export { checkFields } from './check.ts';
export { classOf, isRestricted, restrictedOf, splitByAudience } from './audiences.ts';
export { ageOf, bandOf, readerView, withheldBecause } from './reader-view.ts';
export { SMALLEST_CELL, suppressSmallCells } from './aggregate.ts';
export type { Fields, FieldType, KindName } from './types.ts';
