/** What others may use of importing and exporting. */
export { checkPfif } from './check.ts';
export type { ExportQuestion } from './export.ts';
export type { ImportOptions, ImportOutcome } from './import.ts';
export type { ImportSource } from './ports.ts';
export { ExchangeDesk, type ExportResult } from './service.ts';
