/**
 * The root key of a data folder: 32 random bytes from which all keys for sealing on disk are made. With a passphrase
 * it is stored wrapped, without one plain: then the disk protects it, or nothing does.
 *
 *     passphrase ── argon2id ──▶ wrapping key ── ChaCha20-Poly1305 ──▶ stored root key
 *     root key ── HKDF-SHA-256, one label a purpose ──▶ subkeys
 *
 * Stored is one deterministic CBOR array: `[1, "plain", key]`, or
 * `[1, "argon2id", memory KiB, passes, lanes, salt, nonce, wrapped key and tag]`, all before the last place
 * authenticated along with it.
 */
import { argon2, createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { promisify } from 'node:util';
import { concatBytes, utf8, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { assert, KithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';

const argon2Async = promisify(argon2);

export const KEY_BYTES = 32;
export const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 1;

/** What one try of a passphrase costs whoever tries. */
export interface PassphraseCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** The second recommended option of RFC 9106 §4: 64 MiB, about 0.1 s on a laptop. */
export const PASSPHRASE_COST: PassphraseCost = { memoryKib: 64 * 1024, passes: 3, lanes: 4 };

/** What a file may ask for: eight times the memory and five times the passes, some seconds and no swapping. */
const MOST: PassphraseCost = { memoryKib: 512 * 1024, passes: 16, lanes: 8 };

// ---- the root key

export function newRootKey(rng: Rng): Bytes {
  return rng.bytes(KEY_BYTES);
}

/**
 * @param passphrase undefined to store the key plain.
 * @throws KithError `bad-passphrase`
 */
export async function wrapRootKey(
  rootKey: Bytes,
  passphrase: string | undefined,
  rng: Rng,
  cost: PassphraseCost = PASSPHRASE_COST,
): Promise<Bytes> {
  assert(rootKey.byteLength === KEY_BYTES, 'a root key has 32 bytes');
  if (passphrase === undefined) return encodeCbor([VERSION, 'plain', rootKey]);
  const salt = rng.bytes(SALT_BYTES);
  const head = [
    VERSION,
    'argon2id',
    cost.memoryKib,
    cost.passes,
    cost.lanes,
    salt,
    rng.bytes(NONCE_BYTES),
  ] as const;
  const cipher = createCipheriv('chacha20-poly1305', await passphraseKey(passphrase, salt, cost), head[6], {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(encodeCbor(head));
  const wrapped = concatBytes(cipher.update(rootKey), cipher.final(), cipher.getAuthTag());
  return encodeCbor([...head, wrapped]);
}

/**
 * @throws KithError `malformed`; `passphrase-needed` when none was given and one is; `wrong-passphrase`, which a
 *   tampered file gives as well: the two cannot be told apart.
 */
export async function unwrapRootKey(stored: Bytes, passphrase: string | undefined): Promise<Bytes> {
  const read = readStored(stored);
  if (read.form === 'plain') return read.rootKey;
  if (passphrase === undefined) {
    throw new KithError('passphrase-needed', 'This data folder is locked with a passphrase.', {
      next: 'Give the passphrase.',
    });
  }
  const decipher = createDecipheriv(
    'chacha20-poly1305',
    await passphraseKey(passphrase, read.salt, read.cost),
    read.nonce,
    {
      authTagLength: TAG_BYTES,
    },
  );
  decipher.setAAD(read.authenticated);
  decipher.setAuthTag(read.wrapped.subarray(KEY_BYTES));
  try {
    return concatBytes(decipher.update(read.wrapped.subarray(0, KEY_BYTES)), decipher.final());
  } catch (cause) {
    throw wrongPassphrase('the data folder', cause);
  }
}

/** The same root key under another passphrase (or none): what is sealed stays as it is. Errors as `unwrapRootKey`. */
export async function changePassphrase(
  stored: Bytes,
  current: string | undefined,
  next: string | undefined,
  rng: Rng,
  cost: PassphraseCost = PASSPHRASE_COST,
): Promise<Bytes> {
  return wrapRootKey(await unwrapRootKey(stored, current), next, rng, cost);
}

/** @throws KithError `malformed` */
export function needsPassphrase(stored: Bytes): boolean {
  return readStored(stored).form === 'argon2id';
}

/** A key of 32 bytes for one purpose; purposes are short texts in the program, never from outside. */
export function subkey(rootKey: Bytes, purpose: string): Bytes {
  assert(rootKey.byteLength === KEY_BYTES, 'subkeys are made from 32 bytes');
  return new Uint8Array(hkdfSync('sha256', rootKey, new Uint8Array(0), utf8(`kith/1 ${purpose}`), KEY_BYTES));
}

// ---- passphrases, for the root key and for sealed files

/**
 * 32 bytes from a passphrase, in NFKC so that every keyboard's way of writing it counts as the same.
 * @throws KithError `bad-passphrase` when it is empty or no text.
 */
export async function passphraseKey(passphrase: string, salt: Bytes, cost: PassphraseCost): Promise<Bytes> {
  const text = passphrase.normalize('NFKC');
  if (text.length === 0 || !text.isWellFormed()) {
    throw new KithError('bad-passphrase', 'A passphrase has at least one character.', {
      next: 'Choose several words that nobody would guess.',
    });
  }
  const key = await argon2Async('argon2id', {
    message: utf8(text),
    nonce: salt,
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: KEY_BYTES,
  });
  return new Uint8Array(key);
}

/**
 * A cost read from a file. Bounded above, so that a tampered file cannot make this node run out of memory or time.
 * @throws KithError `malformed`
 */
export function readCost(memoryKib: unknown, passes: unknown, lanes: unknown): PassphraseCost {
  const cost = {
    memoryKib: within(memoryKib, 8, MOST.memoryKib),
    passes: within(passes, 1, MOST.passes),
    lanes: within(lanes, 1, MOST.lanes),
  };
  // RFC 9106 §3.1: eight blocks a lane at least.
  if (cost.memoryKib < 8 * cost.lanes) throw malformed('too little memory for the lanes of argon2id');
  return cost;
}

export function wrongPassphrase(what: string, cause?: unknown): KithError {
  return new KithError('wrong-passphrase', `The passphrase does not open ${what}.`, {
    next: 'Try again; capitals and spaces count. If it is surely right, the file is damaged.',
    cause,
  });
}

function within(value: unknown, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw malformed('a cost of argon2id outside what this program takes');
  }
  return value;
}

// ---- bytes on disk

type Stored =
  | { readonly form: 'plain'; readonly rootKey: Bytes }
  | {
      readonly form: 'argon2id';
      readonly cost: PassphraseCost;
      readonly salt: Bytes;
      readonly nonce: Bytes;
      readonly wrapped: Bytes;
      readonly authenticated: Bytes;
    };

function readStored(bytes: Bytes): Stored {
  const value = decodeCbor(bytes);
  if (!Array.isArray(value)) throw malformed('a stored root key is an array');
  const places = value as readonly CborValue[];
  const [version, form, ...rest] = places;
  if (version !== VERSION) throw malformed('a root key of another version');
  if (form === 'plain' && rest.length === 1) return { form, rootKey: bytesOf(rest[0], KEY_BYTES) };
  if (form !== 'argon2id' || rest.length !== 6)
    throw malformed('a root key is stored plain or under argon2id');
  const [memoryKib, passes, lanes, salt, nonce, wrapped] = rest;
  return {
    form,
    cost: readCost(memoryKib, passes, lanes),
    salt: bytesOf(salt, SALT_BYTES),
    nonce: bytesOf(nonce, NONCE_BYTES),
    wrapped: bytesOf(wrapped, KEY_BYTES + TAG_BYTES),
    authenticated: encodeCbor(places.slice(0, -1)),
  };
}

function bytesOf(value: unknown, count: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength !== count)
    throw malformed(`${count} bytes were expected`);
  return value;
}
