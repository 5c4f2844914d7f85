/** Ids of FHIR resources and of records. */
import { createHash } from 'node:crypto';
import { list, text } from './json.ts';

/** The system of an identifier that is a record's id. */
export const RECORD_SYSTEM = 'urn:x-kith:record-id';
/** Before the names of fields that FHIR's resource has no place for. */
export const FIELD_URL = 'urn:x-kith:field:';

export function recordIdOf(identifiers: unknown): string | undefined {
  const own = list(identifiers).find((identifier) => identifier['system'] === RECORD_SYSTEM);
  return own === undefined ? undefined : text(own['value']);
}

/** The last piece of `Patient/1`, `https://example.org/fhir/Patient/1` or `urn:uuid:1`. */
export function tailOf(url: string): string {
  return /[^/:#]*$/.exec(url.replace(/\/_history\/.*$/, ''))?.[0] ?? '';
}

/** An id that FHIR takes (64 letters, digits, `-` and `.`), the same for the same record. */
export function fhirIdOf(recordId: string): string {
  return createHash('sha256').update(recordId).digest('hex').slice(0, 32);
}
