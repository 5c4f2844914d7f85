/** Kinds of record: the table, and what is derived from it. */
export {
  KIND_NAMES,
  KINDS,
  SEXES,
  STATUSES,
  DECEASED_GRANT,
  isKindName,
  kindByNumber,
  fieldByNumber,
} from './table.ts';
export type { Status } from './table.ts';
export { checkFields, isValue, type Checked } from './check.ts';
export { classOf, isRestricted, restrictedOf, splitByAudience } from './audiences.ts';
export { ageOf, bandOf, readerView, withheldBecause, type Withheld, type Years } from './reader-view.ts';
export { SMALLEST_CELL, suppressSmallCells, type Cell, type ShownCell } from './aggregate.ts';
export type {
  Fields,
  FieldsFor,
  FieldSpec,
  FieldType,
  KindName,
  KindSpec,
  Problem,
  Sensitivity,
} from './types.ts';
