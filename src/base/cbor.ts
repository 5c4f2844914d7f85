/**
 * Deterministic CBOR (RFC 8949 §4.2.1): shortest integers, definite lengths, no floats, maps or tags. One value has one
 * encoding, so a digest names a value. Own code, because a library spent a third of what receiving an entry costs on
 * tokens and on encoding again to compare; `cbor.test.ts` holds it against one.
 */
import type { Bytes } from './bytes.ts';
import { CborReader, malformed, type CborValue } from './cbor-reader.ts';
import { writeCbor } from './cbor-writer.ts';

export { malformed, type CborValue } from './cbor-reader.ts';

export function encodeCbor(value: CborValue): Bytes {
  return writeCbor(value);
}

/** @throws KithError `malformed` when the bytes are not one deterministic CBOR value of our types. */
export function decodeCbor(bytes: Bytes): CborValue {
  const reader = new CborReader(bytes);
  const value = reader.value();
  reader.end();
  return value;
}

// ---- values of a kind

/** @throws KithError `malformed` */
export function arrayOf(value: CborValue | undefined): readonly CborValue[] {
  if (!Array.isArray(value)) throw malformed('an array');
  return value as readonly CborValue[];
}

/** @throws KithError `malformed` */
export function bytesOf(value: CborValue | undefined): Bytes {
  if (!(value instanceof Uint8Array)) throw malformed('a byte string');
  return value;
}

/** @throws KithError `malformed` when it is no whole number from 0 up to and excluding `below`. */
export function numberOf(value: CborValue | undefined, below: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value >= below)
    throw malformed('a whole number');
  return value;
}
