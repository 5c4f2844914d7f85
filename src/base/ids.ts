/** Branded identifiers: 32 bytes as lower-case hex in memory, so that they compare, hash and print as themselves; raw bytes on the wire. */

import { fromHex, toHex, type Bytes } from './bytes.ts';
import { malformed } from './cbor.ts';

declare const brand: unique symbol;
type Hex32<Name extends string> = string & { readonly [brand]: Name };

/** Digest of the genesis entry's header: names a network. */
export type NetworkId = Hex32<'network'>;
/** Digest of a device's signing key and incarnation and a lane: names one feed. */
export type FeedId = Hex32<'feed'>;
/** Digest of an entry's header. */
export type EntryHash = Hex32<'entry'>;
/** A device's Ed25519 signing key. */
export type DeviceKey = Hex32<'device'>;
/** A device's Ed25519 link key; its libp2p peer id is made of it. */
export type LinkKey = Hex32<'link'>;
/** The signing key of a member's first device: names the member for good, whatever devices come and go. */
export type MemberId = Hex32<'member'>;
/** Public half of an invitation's key pair: names the invitation. */
export type InviteKey = Hex32<'invite'>;

/** @throws KithError `malformed` unless there are exactly 32 bytes. */
export function idFromBytes<Id extends Hex32<string>>(bytes: unknown): Id {
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== 32) throw malformed('an identifier is 32 bytes');
  return toHex(bytes) as Id;
}

export function idToBytes(id: Hex32<string>): Bytes {
  return fromHex(id);
}
