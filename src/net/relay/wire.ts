/** Bytes of the relay channel, as docs/protocol/relay.md has them. */
import type { Bytes } from '../../base/bytes.ts';
import { arrayOf, bytesOf, decodeCbor, encodeCbor, malformed, numberOf } from '../../base/cbor.ts';
import { idFromBytes, idToBytes, type LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { SIGNATURE_BYTES } from '../../identity/signing.ts';
import type { RelayFrame } from './types.ts';

export const RELAY_PURPOSE = 'relayed frame';
const VERSION = 1;
const TOPIC = /^[a-z0-9/.-]+$/;

export function isTopic(topic: string): boolean {
  return topic.length <= LIMITS.relayTopicChars && TOPIC.test(topic);
}

/** What the sender signs: all but the hops, which change on the way. */
export function signedPart(frame: Omit<RelayFrame, 'signature' | 'hops'>): Bytes {
  return encodeCbor([
    VERSION,
    idToBytes(frame.from),
    idToBytes(frame.to),
    frame.epoch,
    frame.seq,
    frame.topic,
    frame.body,
  ]);
}

export function encodeRelay(frame: RelayFrame): Bytes {
  return encodeCbor([frame.hops, signedPart(frame), frame.signature]);
}

/** @throws KithError `malformed` */
export function decodeRelay(bytes: Bytes): RelayFrame {
  const [hops, signed, signature] = arrayOf(decodeCbor(bytes));
  const fields = arrayOf(decodeCbor(bytesOf(signed)));
  if (fields.length !== 7 || fields[0] !== VERSION) throw malformed('a relayed frame of another version');
  const [topic, body, seal] = [fields[5], bytesOf(fields[6]), bytesOf(signature)];
  if (typeof topic !== 'string' || !isTopic(topic)) throw malformed('a topic');
  if (body.byteLength > LIMITS.relayedBytes) throw malformed('a relayed frame is too large');
  if (seal.byteLength !== SIGNATURE_BYTES) throw malformed('a signature has 64 bytes');
  return {
    hops: numberOf(hops, LIMITS.relayHops + 1),
    from: idFromBytes<LinkKey>(fields[1]),
    to: idFromBytes<LinkKey>(fields[2]),
    epoch: numberOf(fields[3]),
    seq: numberOf(fields[4]),
    topic,
    body,
    signature: seal,
  };
}
