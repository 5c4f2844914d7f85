/** What others may use of importing and exporting. */
export { checkPfif } from './check.ts';
export type { ImportSource } from './ports.ts';
export { ExchangeDesk, type ExportResult } from './service.ts';
