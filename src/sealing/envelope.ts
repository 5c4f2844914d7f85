/**
 * A file key for several devices: sealed to each of their link keys, so that a lost USB stick shows nobody anything.
 *
 * Link keys are Ed25519 keys; for this they serve as X25519 keys (RFC 7748 §4.1's map). Thormarker, "On using the same
 * key pair for Ed25519 and an X25519 based KEM" (2021), shows that to be safe beside signing.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { idToBytes, type LinkKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';

const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** One sealed file key. */
export const SEALED_KEY_BYTES = KEY_BYTES + TAG_BYTES;
/** Every envelope has a fresh ephemeral key, so each wrapping key is used once and the nonce may be fixed. */
const NONCE = new Uint8Array(12);

export interface Envelope {
  /** The sender's one-time X25519 public key. */
  readonly ephemeral: Bytes;
  /** One a recipient, in no telling order. */
  readonly sealed: readonly Bytes[];
}

export function sealKeyFor(recipients: readonly LinkKey[], fileKey: Bytes, rng: Rng): Envelope {
  const secret = rng.bytes(KEY_BYTES);
  const ephemeral = x25519.getPublicKey(secret);
  const sealed = [...recipients].sort().map((recipient) => {
    const theirs = ed25519.utils.toMontgomery(idToBytes(recipient));
    const key = wrappingKey(x25519.getSharedSecret(secret, theirs), ephemeral, theirs);
    const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
    return concatBytes(cipher.update(fileKey), cipher.final(), cipher.getAuthTag());
  });
  return { ephemeral, sealed };
}

/** Undefined when none of the keys is sealed to this device. @param linkSeed the seed of its link key. */
export function openKey(envelope: Envelope, linkSeed: Bytes): Bytes | undefined {
  const secret = ed25519.utils.toMontgomerySecret(linkSeed);
  const own = x25519.getPublicKey(secret);
  const key = wrappingKey(x25519.getSharedSecret(secret, envelope.ephemeral), envelope.ephemeral, own);
  for (const sealed of envelope.sealed) {
    const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(KEY_BYTES));
    try {
      return concatBytes(decipher.update(sealed.subarray(0, KEY_BYTES)), decipher.final());
    } catch {
      // Sealed to somebody else.
    }
  }
  return undefined;
}

function wrappingKey(shared: Bytes, ephemeral: Bytes, recipient: Bytes): Bytes {
  const info = concatBytes(utf8('kith/1 envelope'), ephemeral, recipient);
  return new Uint8Array(hkdfSync('sha256', shared, new Uint8Array(0), info, KEY_BYTES));
}
