/** What is inside the seal. The sealer pads it. */
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { LIMITS } from '../base/limits.ts';
import type { LetterId, Written } from './types.ts';
import { ID_BYTES } from './wire.ts';

const VERSION = 1;

export function encodePayload({ id, sentMs, text }: Written): Bytes {
  return encodeCbor([VERSION, fromHex(id), sentMs, text]);
}

/** @throws KithError `malformed` */
export function decodePayload(bytes: Bytes): Written {
  const value = decodeCbor(bytes);
  if (!Array.isArray(value) || value.length !== 4) throw malformed('a letter has four places');
  const [version, id, sentMs, text] = value as unknown[];
  if (version !== VERSION) throw malformed('another version of letters');
  if (!(id instanceof Uint8Array) || id.byteLength !== ID_BYTES) throw malformed('the id of a letter');
  if (typeof sentMs !== 'number' || !Number.isSafeInteger(sentMs) || sentMs < 0)
    throw malformed('the time of a letter');
  if (typeof text !== 'string' || text.length > LIMITS.letterTextBytes)
    throw malformed('the text of a letter');
  return { id: toHex(id) as LetterId, sentMs, text };
}
