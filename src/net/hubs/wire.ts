/** Messages of the channel `/kith/1/hub`. Layouts: docs/protocol/hub.md. */
import type { Bytes } from '../../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../../base/cbor.ts';
import { idFromBytes, idToBytes, type LinkKey } from '../../base/ids.ts';
import { HUB_LIMITS, type Guest, type HubMessage } from './types.ts';

const HERE = 1;
const INTRODUCE = 2;

export function encodeHub(message: HubMessage): Bytes {
  if (message.type === 'here') return encodeCbor([HERE, message.addresses, message.room]);
  return encodeCbor([
    INTRODUCE,
    message.guests.map(({ peer, addresses, room }) => [idToBytes(peer), addresses, room]),
  ]);
}

/** @throws KithError `malformed` */
export function decodeHub(frame: Bytes): HubMessage {
  const value = decodeCbor(frame);
  if (!Array.isArray(value)) throw malformed('a hub message is an array');
  const [kind, ...places] = value as unknown[];
  if (kind === HERE && places.length === 2)
    return { type: 'here', addresses: readAddresses(places[0]), room: readRoom(places[1]) };
  if (kind === INTRODUCE && places.length === 1) return { type: 'introduce', guests: readGuests(places[0]) };
  throw malformed('no such hub message');
}

function readGuests(value: unknown): Guest[] {
  if (!Array.isArray(value) || value.length > HUB_LIMITS.guestsPerFrame)
    throw malformed('an introduction lists few guests');
  return (value as unknown[]).map((item) => {
    if (!Array.isArray(item) || item.length !== 3) throw malformed('a guest has three places');
    const [peer, addresses, room] = item as unknown[];
    return { peer: idFromBytes<LinkKey>(peer), addresses: readAddresses(addresses), room: readRoom(room) };
  });
}

function readAddresses(value: unknown): string[] {
  if (!Array.isArray(value) || value.length > HUB_LIMITS.addressesPerGuest) throw malformed('few addresses');
  return (value as unknown[]).map((address) => {
    if (
      typeof address !== 'string' ||
      !/^\/[\x21-\x7e]+$/.test(address) ||
      address.length > HUB_LIMITS.addressChars
    )
      throw malformed('an address is a multiaddr');
    return address;
  });
}

function readRoom(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > HUB_LIMITS.room)
    throw malformed('room is a small number');
  return value;
}
