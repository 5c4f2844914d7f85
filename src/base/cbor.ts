/**
 * Deterministic CBOR (RFC 8949 §4.2.1): shortest integers, definite lengths, no floats, no duplicate keys; what
 * does not re-encode to the same bytes is refused. One value has one encoding, so a digest names a value.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import type { Bytes } from './bytes.ts';
import { KithError } from './errors.ts';

/** The values that cross a link or reach a disk. Maps are left out on purpose: arrays with fixed places are smaller and have one order. */
export type CborValue = null | boolean | number | string | Bytes | readonly CborValue[];

const DECODE = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
} as const;

export function encodeCbor(value: CborValue): Bytes {
  return encode(value, rfc8949EncodeOptions);
}

/** @throws KithError `malformed` when the bytes are not one deterministic CBOR value of our types. */
export function decodeCbor(bytes: Bytes): CborValue {
  try {
    return decode(bytes, DECODE) as CborValue;
  } catch (cause) {
    throw malformed('not deterministic CBOR', cause);
  }
}

export function malformed(what: string, cause?: unknown): KithError {
  return new KithError('malformed', `Bytes that do not follow the format: ${what}.`, { cause });
}
