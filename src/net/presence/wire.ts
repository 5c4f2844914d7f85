/** Bytes of the presence channel, as docs/protocol/presence.md has them. */
import { concatBytes, fromHex, toHex, type Bytes } from '../../base/bytes.ts';
import {
  arrayOf,
  bytesOf,
  decodeCbor,
  encodeCbor,
  malformed,
  numberOf,
  type CborValue,
} from '../../base/cbor.ts';
import { idFromBytes, idToBytes, type LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { SIGNATURE_BYTES } from '../../identity/signing.ts';
import type { Beacon, BeaconBody, PresenceMessage, ShortId, SummaryItem } from './types.ts';

export const BEACON_PURPOSE = 'presence beacon';

const VERSION = 1;
const SHORT_BYTES = 8;
const MARK_BYTES = 4;
const ITEM_BYTES = SHORT_BYTES + MARK_BYTES;
const ROLL_HEAD_CHARS = 16;
const [BEAT, BEACONS, SUMMARY] = [0, 1, 2];

export function encodeBeaconBody(body: BeaconBody): Bytes {
  return encodeCbor([
    VERSION,
    idToBytes(body.node),
    body.epoch,
    body.counter,
    body.leaving,
    body.clockMs,
    body.capacity.min,
    body.capacity.max,
    concatBytes(...body.neighbours.map(fromHex)),
    body.addresses,
    body.entries,
    fromHex(body.rollHead),
  ]);
}

/** @param signature over `signed`, for `BEACON_PURPOSE`; whether it holds is the caller's to find out. */
export function beaconOf(body: BeaconBody, signed: Bytes, signature: Bytes): Beacon {
  return {
    ...body,
    signed,
    signature,
    mark: new DataView(signature.buffer, signature.byteOffset).getUint32(0),
  };
}

/** @throws KithError `malformed` */
export function decodeBeacon(signed: Bytes, signature: Bytes): Beacon {
  if (signed.byteLength > LIMITS.beaconBytes) throw malformed('a beacon is too large');
  if (signature.byteLength !== SIGNATURE_BYTES) throw malformed('a signature has 64 bytes');
  const fields = arrayOf(decodeCbor(signed));
  if (fields.length < 12 || fields[0] !== VERSION) throw malformed('a beacon of another version');
  const capacity = { min: numberOf(fields[6], 1024), max: numberOf(fields[7], 1024) };
  const body: BeaconBody = {
    node: idFromBytes<LinkKey>(fields[1]),
    epoch: numberOf(fields[2]),
    counter: numberOf(fields[3]),
    leaving: fields[4] === true,
    clockMs: numberOf(fields[5]),
    capacity,
    neighbours: shortsOf(fields[8]),
    addresses: addressesOf(fields[9]),
    entries: numberOf(fields[10]),
    rollHead: rollHeadOf(fields[11]),
  };
  return beaconOf(body, signed, signature);
}

export function encodePresence(message: PresenceMessage): Bytes {
  switch (message.type) {
    case 'beat':
      return encodeCbor(message.digest === undefined ? [BEAT] : [BEAT, message.digest]);
    case 'beacons':
      return encodeCbor([BEACONS, message.beacons.map(({ signed, signature }) => [signed, signature])]);
    case 'summary':
      return encodeCbor([SUMMARY, message.wantsReply, packed(message.items)]);
  }
}

/** @throws KithError `malformed` */
export function decodePresence(frame: Bytes): PresenceMessage {
  const fields = arrayOf(decodeCbor(frame));
  switch (fields[0]) {
    case BEAT:
      return { type: 'beat', digest: fields[1] === undefined ? undefined : numberOf(fields[1], 2 ** 32) };
    case BEACONS:
      return { type: 'beacons', beacons: beaconsOf(fields[1]) };
    case SUMMARY:
      return { type: 'summary', wantsReply: fields[1] === true, items: unpacked(fields[2]) };
    default:
      throw malformed('an unknown message about presence');
  }
}

function beaconsOf(value: CborValue | undefined): Beacon[] {
  const list = arrayOf(value);
  if (list.length > LIMITS.beaconsPerFrame) throw malformed('too many beacons in one frame');
  return list.map((item) => {
    const [signed, signature] = arrayOf(item);
    return decodeBeacon(bytesOf(signed), bytesOf(signature));
  });
}

function packed(items: readonly SummaryItem[]): Bytes {
  const bytes = new Uint8Array(items.length * ITEM_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [at, [short, mark]] of items.entries()) {
    bytes.set(fromHex(short), at * ITEM_BYTES);
    view.setUint32(at * ITEM_BYTES + SHORT_BYTES, mark);
  }
  return bytes;
}

function unpacked(value: CborValue | undefined): SummaryItem[] {
  const bytes = bytesOf(value);
  const count = bytes.byteLength / ITEM_BYTES;
  if (!Number.isInteger(count) || count > LIMITS.beaconsKept + 1)
    throw malformed('a summary of another shape');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, at) => {
    const start = at * ITEM_BYTES;
    return [toHex(bytes.subarray(start, start + SHORT_BYTES)), view.getUint32(start + SHORT_BYTES)] as const;
  });
}

function shortsOf(value: CborValue | undefined): ShortId[] {
  const bytes = bytesOf(value);
  const count = bytes.byteLength / SHORT_BYTES;
  if (!Number.isInteger(count) || count > LIMITS.neighboursPerBeacon)
    throw malformed('neighbours of a beacon');
  const shorts = Array.from({ length: count }, (_, at) =>
    toHex(bytes.subarray(at * SHORT_BYTES, (at + 1) * SHORT_BYTES)),
  );
  if (new Set(shorts).size !== count) throw malformed('a neighbour is named twice');
  return shorts;
}

function addressesOf(value: CborValue | undefined): string[] {
  const list = arrayOf(value);
  if (list.length > LIMITS.addressesPerBeacon) throw malformed('too many addresses');
  return list.map((address) => {
    const isGood = typeof address === 'string' && address.length <= LIMITS.addressChars;
    if (!isGood || !/^\/[\x21-\x7e]+$/.test(address)) throw malformed('an address');
    return address;
  });
}

function rollHeadOf(value: CborValue | undefined): string {
  const bytes = bytesOf(value);
  if (bytes.byteLength > ROLL_HEAD_CHARS / 2) throw malformed('a digest of the roll has eight bytes');
  return toHex(bytes);
}
