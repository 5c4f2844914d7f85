/** An entry as it lies in its two rows, and whether the bytes there are those that were written. */
import { crc32 } from 'node:zlib';
import type { Bytes } from '../base/bytes.ts';
import type { Aside } from '../log/ports.ts';
import type { SQLOutputValue } from 'node:sqlite';
import { PART, unpackBody, type StoredPart } from './entry-body.ts';
import { damagedData } from './failures.ts';
import { asBytes, asBytesOrNull, asNumber, asNumberOrNull } from './rows.ts';

/** Numbers that no single flipped bit makes into each other. */
export const ASIDE_CODES = { none: 0, quarantined: 0x33, forked: 0x55 } as const;
export interface Lying {
  readonly id: number;
  readonly header: Bytes;
  readonly seal: Bytes | null;
  /** How many parts it has. */
  readonly count: number;
  readonly bodyRow: number | null;
  readonly body: Bytes | null;
  readonly aside: Aside | undefined;
}

export const ABSENT: StoredPart = { state: PART.absent, bytes: new Uint8Array(0) };

export function partsOf({ body, count }: Lying): StoredPart[] {
  return body === null ? Array.from({ length: count }, () => ABSENT) : unpackBody(body, count);
}

/** What `lyingIn` takes, in its order. */
export const LYING_COLUMNS = 'e.id, e.header, e.seal, e.parts, e.body, e.crc, e.aside, b.bytes';

/** @throws KithError `damaged-data` when the bytes are not those that were written. */
export function lyingIn([
  id,
  header,
  seal,
  parts,
  body,
  crc,
  aside,
  bytes,
]: readonly SQLOutputValue[]): Lying {
  const lying: Lying = {
    id: asNumber(id, 'id'),
    header: asBytes(header, 'header'),
    seal: asBytesOrNull(seal, 'seal'),
    count: asNumber(parts, 'parts'),
    bodyRow: asNumberOrNull(body, 'body'),
    body: asBytesOrNull(bytes, 'bytes'),
    aside: asideOf(asNumber(aside, 'aside')),
  };
  const isWhole = (lying.bodyRow === null) === (lying.body === null);
  if (!isWhole || checksum(lying) !== asNumber(crc, 'crc')) {
    throw damagedData('An entry of the log was changed on this disk.');
  }
  return lying;
}

function asideOf(code: number): Aside | undefined {
  switch (code) {
    case ASIDE_CODES.none:
      return undefined;
    case ASIDE_CODES.quarantined:
      return 'quarantined';
    case ASIDE_CODES.forked:
      return 'forked';
    default:
      throw damagedData('Whether an entry stands is damaged on this disk.');
  }
}

type Checked = Pick<Lying, 'header' | 'seal' | 'count' | 'body'>;

export function checksum({ header, seal, count, body }: Checked): number {
  let sum = crc32(header, count);
  if (body !== null) sum = crc32(body, sum);
  return seal === null ? sum : crc32(seal, sum);
}
