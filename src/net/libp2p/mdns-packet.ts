/**
 * kith's packets of multicast DNS (RFC 6762), in the form of libp2p's mDNS specification under a name of our own: a
 * question for the service's PTR record, and an answer with one TXT record `dnsaddr=<multiaddr>` an address.
 */
import { AUTHORITATIVE_ANSWER, decode, encode, type Answer, type DecodedPacket } from 'dns-packet';
import type { Bytes } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import { parsePeerAddress, printPeerAddress } from './addresses.ts';
import { peerIdOf } from './keys.ts';
import type { Multiaddr } from '@multiformats/multiaddr';

const SERVICE = '_kith._udp.local';
const TTL_SECONDS = 120;
const MAX_ADDRESSES = 16;
const MAX_TXT_BYTES = 255;
/** RFC 6762 §17. */
const MAX_PACKET_BYTES = 9000;
/** The service's first labels as they stand in a packet; most of a LAN's mDNS goes past without being parsed. */
const MARK = Buffer.from('\u0005_kith\u0004_udp');

export type LanMessage =
  | { readonly kind: 'question'; readonly known: readonly string[] }
  | { readonly kind: 'answer'; readonly peer: LinkKey; readonly addresses: readonly Multiaddr[] };

export function instanceName(self: LinkKey): string {
  return `${peerIdOf(self).toString()}.${SERVICE}`;
}

/** Names the asker among the known answers, so that it does not answer itself (RFC 6762 §7.1). */
export function encodeQuestion(self: LinkKey): Bytes {
  return encode({ type: 'query', questions: [{ name: SERVICE, type: 'PTR' }], answers: [pointer(self)] });
}

export function encodeAnswer(self: LinkKey, addresses: readonly Multiaddr[]): Bytes {
  const texts = addresses
    .map((address) => `dnsaddr=${printPeerAddress(address, self)}`)
    .filter((text) => text.length <= MAX_TXT_BYTES);
  const records = texts
    .slice(0, MAX_ADDRESSES)
    .map((data): Answer => ({ name: instanceName(self), type: 'TXT', ttl: TTL_SECONDS, data }));
  return encode({ type: 'response', flags: AUTHORITATIVE_ANSWER, answers: [pointer(self), ...records] });
}

function pointer(self: LinkKey): Answer {
  return { name: SERVICE, type: 'PTR', ttl: TTL_SECONDS, data: instanceName(self) };
}

/** Undefined for everything that is not ours or not well-formed: anybody may send anything to that port. */
export function decodeLanMessage(bytes: Buffer): LanMessage | undefined {
  if (bytes.byteLength > MAX_PACKET_BYTES || !bytes.includes(MARK)) return undefined;
  let packet: DecodedPacket;
  try {
    packet = decode(bytes);
  } catch {
    return undefined;
  }
  return packet.type === 'query' ? question(packet) : answer(packet);
}

function question(packet: DecodedPacket): LanMessage | undefined {
  if (packet.questions?.some(({ name, type }) => name === SERVICE && type === 'PTR') !== true)
    return undefined;
  return { kind: 'question', known: pointers(packet) };
}

function answer(packet: DecodedPacket): LanMessage | undefined {
  const [instance] = pointers(packet);
  if (instance === undefined) return undefined;
  const addresses: Multiaddr[] = [];
  let peer: LinkKey | undefined;
  for (const text of dnsAddresses(packet, instance)) {
    const parsed = parseOrNothing(text);
    if (parsed?.peer === undefined) continue;
    peer ??= parsed.peer;
    if (parsed.peer === peer) addresses.push(parsed.multiaddr);
  }
  return peer === undefined ? undefined : { kind: 'answer', peer, addresses };
}

function pointers(packet: DecodedPacket): readonly string[] {
  const answers = packet.answers ?? [];
  return answers.flatMap((record) => (record.type === 'PTR' && record.name === SERVICE ? [record.data] : []));
}

function dnsAddresses(packet: DecodedPacket, instance: string): readonly string[] {
  const records = [...(packet.answers ?? []), ...(packet.additionals ?? [])];
  const texts = records.flatMap((record) =>
    record.type === 'TXT' && record.name === instance ? [record.data].flat() : [],
  );
  return texts
    .map((text) => text.toString())
    .filter((text) => text.startsWith('dnsaddr='))
    .map((text) => text.slice('dnsaddr='.length))
    .slice(0, MAX_ADDRESSES);
}

function parseOrNothing(text: string): ReturnType<typeof parsePeerAddress> | undefined {
  try {
    return parsePeerAddress(text);
  } catch {
    return undefined;
  }
}
