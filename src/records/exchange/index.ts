/** What others may use of importing and exporting. */
export { EXPORT_AUDIENCES, WRITE_FORMATS, type ExportAudience, type WriteFormat } from './export.ts';
export { READ_FORMATS, type ReadFormat } from './formats.ts';
export type { ImportFault, ImportOptions, ImportOutcome } from './import.ts';
export type { ImportSource } from './ports.ts';
export { ExchangeDesk, type ExportQuestion, type ExportResult } from './service.ts';
export { PfifValidator, type Finding } from './pfif/validate.ts';
