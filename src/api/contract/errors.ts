/** Failures as they cross the API, and the HTTP status of each code. */
import { z } from 'zod';
export { isKithError, KithError } from '../../base/errors.ts';

export const Failure = z
  .object({
    code: z.string().meta({ description: 'stable; for programs' }),
    message: z.string().meta({ description: 'one sentence for people' }),
    next: z.string().nullable().meta({ description: 'what to do now' }),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;

/** The last line of a stream that broke off. */
export const BrokenOff = z.object({ step: z.literal('failed'), error: Failure }).meta({ id: 'BrokenOff' });
export type BrokenOff = z.infer<typeof BrokenOff>;

const CODES_BY_STATUS = {
  400: [
    'bad-request',
    'bad-address',
    'bad-audience',
    'bad-cap',
    'bad-code',
    'bad-csv',
    'bad-cursor',
    'bad-encoding',
    'bad-expiry',
    'bad-grant',
    'bad-kind',
    'bad-link',
    'bad-name',
    'bad-passphrase',
    'bad-record',
    'empty-letter',
    'empty-message',
    'dtd-refused',
    'malformed',
    'name-needed',
    'no-header',
    'no-recipients',
    'not-a-file',
    'own-file',
    'not-fhir',
    'not-pfif',
    'not-xml',
    'own-digits',
    'own-letter',
    'unknown-field',
    'unknown-version',
  ],
  401: ['no-token'],
  403: [
    'bad-host',
    'bad-origin',
    'not-an-admin',
    'not-a-member',
    'not-entitled',
    'not-in-room',
    'not-your-member',
    'not-yours',
    'needs-grant',
    'not-home',
    'role-writes-nothing',
    'wrong-code',
    'wrong-passphrase',
  ],
  404: [
    'not-found',
    'cannot-read',
    'no-such-folder',
    'no-such-version',
    'nobody-has-it',
    'nothing-quarantined',
    'unknown-alarm',
    'unknown-device',
    'unknown-entry',
    'unknown-file',
    'unknown-folder',
    'unknown-hub',
    'unknown-invitation',
    'unknown-letter',
    'unknown-member',
    'unknown-org',
    'unknown-room',
    'unknown-record',
  ],
  409: [
    'alarm-over',
    'already-in-network',
    'already-joining',
    'already-raised',
    'already-revoked',
    'ambiguous',
    'file-exists',
    'file-changed',
    'interrupted',
    'folder-in-use',
    'folder-of-another',
    'not-in-step',
    'invitation-expired',
    'invitation-used-up',
    'invitation-withdrawn',
    'last-admin',
    'no-network',
    'no-passphrase',
    'not-gone',
    'other-digits',
    'other-network',
    'outbox-full',
    'passphrase-needed',
    'receives-no-letters',
    'room-goes-on',
    'continued-already',
    'record-exists',
    'record-gone',
    'too-many-codes',
    'too-many-devices',
  ],
  413: ['too-large', 'too-many-files'],
  422: ['damaged-backup'],
  423: ['locked'],
  429: ['too-many-tries'],
  500: ['internal'],
  502: ['bad-content', 'link-refused', 'nobody-answered', 'unreachable', 'version-mismatch', 'wrong-peer'],
  507: ['cannot-write'],
} as const satisfies Record<number, readonly string[]>;

export type FailureStatus = keyof typeof CODES_BY_STATUS;
export type FailureCode = (typeof CODES_BY_STATUS)[keyof typeof CODES_BY_STATUS][number];

const STATUS_OF = new Map<string, FailureStatus>(
  Object.entries(CODES_BY_STATUS).flatMap(([status, codes]) =>
    codes.map((code) => [code, Number(status) as FailureStatus] as const),
  ),
);

/** @returns 422 for an expected failure that has no status of its own. */
export function statusOf(code: string): FailureStatus {
  return STATUS_OF.get(code) ?? 422;
}
