/**
 * What sender and one recipient's device make of a letter, and nobody else can: the secret that opens the lock on it, a
 * second one for the word that it was read, and the key of those words. All of X25519 between the sender's one-time key
 * and the device's link key (docs/decisions/0013-receipt-locks.md).
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, fromHex, utf8, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { idToBytes, type LinkKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { CopyId, Word, WordKind } from './types.ts';
import { ID_BYTES, KEY_BYTES } from './wire.ts';

const CIPHER = 'chacha20-poly1305';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PURPOSE = 'mail receipt';
const KINDS: readonly WordKind[] = ['arrived', 'read', 'unopened'];
const PKCS8 = fromHex('302e020100300506032b656e04220420');
const SPKI = fromHex('302a300506032b656e032100');

export interface LetterKeys {
  /** Opens the lock. */
  readonly arrived: Bytes;
  readonly read: Bytes;
  readonly word: Bytes;
}

/** The sender's one-time key for one copy. */
export interface OneTimeKey {
  readonly publicKey: Bytes;
  keysFor(link: LinkKey): LetterKeys;
}

export function oneTimeKey(rng: Rng): OneTimeKey {
  const secret = rng.bytes(KEY_BYTES);
  const privateKey = privateKeyOf(secret);
  const publicKey = rawPublicKey(privateKey);
  return {
    publicKey,
    keysFor: (link) => {
      const theirs = ed25519.utils.toMontgomery(idToBytes(link));
      return keysOf(shared(privateKey, theirs), publicKey, theirs);
    },
  };
}

/** What a recipient's device makes of a letter. @param linkSeed the seed of its link key. */
export function recipientKeys(linkSeed: Bytes): (ephemeral: Bytes) => LetterKeys {
  const privateKey = privateKeyOf(ed25519.utils.toMontgomerySecret(linkSeed));
  const own = rawPublicKey(privateKey);
  return (ephemeral) => keysOf(shared(privateKey, ephemeral), ephemeral, own);
}

function privateKeyOf(secret: Bytes): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
}

function rawPublicKey(privateKey: KeyObject): Bytes {
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(SPKI.byteLength));
}

/** @throws KithError `malformed` for a point of small order, which gives nobody a secret. */
function shared(privateKey: KeyObject, theirs: Bytes): Bytes {
  try {
    return new Uint8Array(
      diffieHellman({
        privateKey,
        publicKey: createPublicKey({ key: Buffer.concat([SPKI, theirs]), format: 'der', type: 'spki' }),
      }),
    );
  } catch (cause) {
    throw malformed('a key that agrees on nothing', cause);
  }
}

function keysOf(secret: Bytes, ephemeral: Bytes, recipient: Bytes): LetterKeys {
  const info = concatBytes(utf8('kith/1 mail receipt'), ephemeral, recipient);
  const bytes = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, 2 * ID_BYTES + KEY_BYTES));
  return {
    arrived: bytes.subarray(0, ID_BYTES),
    read: bytes.subarray(ID_BYTES, 2 * ID_BYTES),
    word: bytes.subarray(2 * ID_BYTES),
  };
}

/** Signed by the device, readable by the sender alone. */
export function sealWord(key: Bytes, copy: CopyId, word: Word, signer: Signer, rng: Rng): Bytes {
  const said = saying(copy, word);
  const nonce = rng.bytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  const plain = encodeCbor([KINDS.indexOf(word.kind), word.atMs, signer.sign(PURPOSE, said)]);
  return concatBytes(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** Undefined unless this device said it about this copy. @param device the device's signing key. */
export function openWord(
  key: Bytes,
  copy: CopyId,
  device: string,
  sealed: Bytes,
  verifier: Verifier,
): Word | undefined {
  if (sealed.byteLength <= NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const body = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
    const value = decodeCbor(concatBytes(decipher.update(body), decipher.final()));
    const { word, signature } = readWord(value);
    return verifier.verify(device, PURPOSE, saying(copy, word), signature) ? word : undefined;
  } catch {
    return undefined;
  }
}

function saying(copy: CopyId, { kind, atMs }: Word): Bytes {
  return encodeCbor([fromHex(copy), KINDS.indexOf(kind), atMs]);
}

function readWord(value: unknown): { word: Word; signature: Bytes } {
  if (!Array.isArray(value) || value.length !== 3) throw malformed('a word has three places');
  const [index, atMs, signature] = value as unknown[];
  const kind = typeof index === 'number' ? KINDS[index] : undefined;
  const isTime = typeof atMs === 'number' && Number.isSafeInteger(atMs) && atMs >= 0;
  if (kind === undefined || !isTime || !(signature instanceof Uint8Array)) throw malformed('a word');
  return { word: { kind, atMs }, signature };
}
