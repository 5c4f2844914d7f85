/** Link keys as kith holds them (64 hex digits) and as libp2p wants them (peer ids, key pairs). */
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface';
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id';
import { assert } from '../../base/errors.ts';
import type { Bytes } from '../../base/bytes.ts';
import { idFromBytes, idToBytes, type LinkKey } from '../../base/ids.ts';

/** @param seed the 32 bytes of RFC 8032 §5.1.5 step 1. */
export function linkKeyPair(seed: Bytes): Promise<Ed25519PrivateKey> {
  assert(seed.byteLength === 32, 'a link seed is 32 bytes');
  return generateKeyPairFromSeed('Ed25519', seed);
}

export function linkKeyOf(pair: Ed25519PrivateKey): LinkKey {
  return idFromBytes<LinkKey>(pair.publicKey.raw);
}

export function peerIdOf(key: LinkKey): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(idToBytes(key)));
}

/** Undefined for a peer whose key is not Ed25519: kith has no such peers. */
export function linkKeyOfPeer(peer: PeerId): LinkKey | undefined {
  return peer.type === 'Ed25519' ? idFromBytes<LinkKey>(peer.publicKey.raw) : undefined;
}

/** Undefined unless the text is a peer id that carries an Ed25519 key. */
export function parsePeerId(text: string): LinkKey | undefined {
  try {
    return linkKeyOfPeer(peerIdFromString(text));
  } catch {
    return undefined;
  }
}
