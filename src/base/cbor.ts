/**
 * Deterministic CBOR (RFC 8949 §4.2.1): shortest integers, definite lengths, no floats, maps or tags. One value has one
 * encoding, so a digest names a value. Own code, because a library spent a third of what receiving an entry costs on
 * tokens and on encoding again to compare; `cbor.test.ts` holds it against one.
 */
import type { Bytes } from './bytes.ts';
import { CborReader, type CborValue } from './cbor-reader.ts';
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
