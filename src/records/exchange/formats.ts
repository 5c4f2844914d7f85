/** Which reader a file needs. */
import { csvReader, type CsvOptions } from './csv/read.ts';
import { fhirReader } from './fhir/read.ts';
import { pfifXmlReader } from './pfif/read.ts';
import type { Reader } from './types.ts';

export const READ_FORMATS = ['pfif', 'csv', 'fhir'] as const;
export type ReadFormat = (typeof READ_FORMATS)[number];

/** By its first character that is no blank. */
export function formatOf(text: string): ReadFormat {
  const first = text.replace(/^[\ufeff\s]+/, '')[0];
  if (first === '<') return 'pfif';
  return first === '{' || first === '[' ? 'fhir' : 'csv';
}

export function readerOf(format: ReadFormat, options: CsvOptions): Reader {
  if (format === 'pfif') return pfifXmlReader(options);
  return format === 'fhir' ? fhirReader(options) : csvReader(options);
}
