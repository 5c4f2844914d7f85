/** Keys and ciphers of letters, over node:crypto. docs/protocol/letters-sealing.md has each derivation. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, fromHex, utf8, type Bytes } from '../../base/bytes.ts';
import { idToBytes, type LinkKey } from '../../base/ids.ts';

export const KEY_BYTES = 32;
export const AEAD_BYTES = 16;
/** Every key here seals once, so the nonce may be fixed. */
const NONCE = new Uint8Array(12);
const NOTHING = new Uint8Array(0);

export function derive(
  secret: Bytes,
  purpose: string,
  context: Bytes = NOTHING,
  salt: Bytes = NOTHING,
): Bytes {
  const info = concatBytes(utf8(`kith/1 letters ${purpose}\n`), context);
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, KEY_BYTES));
}

export function mac(key: Bytes, message: Bytes): Bytes {
  return new Uint8Array(createHmac('sha256', key).update(message).digest());
}

export function sha256(bytes: Bytes): Bytes {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** @returns 16 bytes more. @param key used for this one message. */
export function sealOnce(key: Bytes, plaintext: Bytes, authenticated: Bytes): Bytes {
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: AEAD_BYTES });
  cipher.setAAD(authenticated, { plaintextLength: plaintext.byteLength });
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** Undefined when the key is another, or anything was changed. */
export function openOnce(key: Bytes, sealed: Bytes, authenticated: Bytes): Bytes | undefined {
  const size = sealed.byteLength - AEAD_BYTES;
  if (size < 0) return undefined;
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: AEAD_BYTES });
  decipher.setAAD(authenticated, { plaintextLength: size });
  decipher.setAuthTag(sealed.subarray(size));
  try {
    return concatBytes(decipher.update(sealed.subarray(0, size)), decipher.final());
  } catch {
    return undefined;
  }
}

/** RFC 8410: what stands before a raw X25519 key. */
const PKCS8 = fromHex('302e020100300506032b656e04220420');
const SPKI = fromHex('302a300506032b656e032100');

/** An X25519 private key, made ready once. */
export interface BoxKey {
  readonly publicBytes: Bytes;
  readonly object: KeyObject;
}

export function boxKey(secret: Bytes): BoxKey {
  const object = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
  const der = createPublicKey(object).export({ format: 'der', type: 'spki' });
  return { publicBytes: new Uint8Array(der.subarray(SPKI.byteLength)), object };
}

/** A device's link key as an X25519 key (RFC 7748 §4.1), as in src/sealing/envelope.ts. */
export function linkBox(linkSeed: Bytes): BoxKey {
  return boxKey(ed25519.utils.toMontgomerySecret(linkSeed));
}

/** Undefined for a key that is no point. */
export function linkBoxPublic(link: LinkKey): Bytes | undefined {
  try {
    return ed25519.utils.toMontgomery(idToBytes(link));
  } catch {
    return undefined;
  }
}

/** Undefined for points of small order, with which anybody would share the secret. */
export function agree(own: BoxKey, theirs: Bytes): Bytes | undefined {
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI, theirs]), format: 'der', type: 'spki' });
    return new Uint8Array(diffieHellman({ privateKey: own.object, publicKey }));
  } catch {
    return undefined;
  }
}
