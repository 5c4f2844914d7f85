/** The bytes of letters and of published keys: docs/protocol/letters-sealing.md. Read once, with limits. */
import { concatBytes, equalBytes, type Bytes } from '../../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import { idFromBytes, idToBytes, type DeviceKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { AEAD_BYTES, KEY_BYTES } from './primitives.ts';

const VERSION = 1;
export const KEYS_KIND = 'letter-keys';

// ---- the outside of a letter

/** All that a carrier sees: how many devices it is for, and a size class. */
export interface Outside {
  /** The sender's one-time X25519 key. */
  readonly ephemeral: Bytes;
  /** The letter key, sealed to each device's box. */
  readonly headers: readonly Bytes[];
  /** What the letter key seals. */
  readonly blob: Bytes;
  /** Everything before the blob. */
  readonly head: Bytes;
}

const HEADER_BYTES = KEY_BYTES + AEAD_BYTES;
const FIXED_BYTES = 1 + KEY_BYTES + 2;
const LENGTH_BYTES = 4;
const KIB = 1024;
/** Whole letters, outside included. */
export const SIZE_CLASSES: readonly number[] = [1, 4, 16, 64, 128, 256, 512].map((kib) => kib * KIB);

export function encodeHead(ephemeral: Bytes, headers: readonly Bytes[]): Bytes {
  const count = Uint8Array.of(headers.length >> 8, headers.length & 0xff);
  return concatBytes(Uint8Array.of(VERSION), ephemeral, count, ...headers);
}

export function headBytes(devices: number): number {
  return FIXED_BYTES + devices * HEADER_BYTES;
}

/** @throws KithError `malformed` */
export function readOutside(sealed: Bytes): Outside {
  if (!SIZE_CLASSES.includes(sealed.byteLength) || sealed[0] !== VERSION)
    throw malformed('a sealed letter has one of the size classes');
  const count = ((sealed[FIXED_BYTES - 2] ?? 0) << 8) | (sealed[FIXED_BYTES - 1] ?? 0);
  const size = headBytes(count);
  if (count === 0 || count > LIMITS.letterDevices || size + LENGTH_BYTES + AEAD_BYTES > sealed.byteLength)
    throw malformed('a sealed letter is for some devices');
  return {
    ephemeral: sealed.subarray(1, 1 + KEY_BYTES),
    headers: Array.from({ length: count }, (_, at) => sealed.subarray(headBytes(at), headBytes(at + 1))),
    blob: sealed.subarray(size),
    head: sealed.subarray(0, size),
  };
}

/** The inside, filled up so that the whole letter has the smallest class that it fits. @throws KithError `too-large` */
export function pad(inside: Bytes, head: Bytes): Bytes {
  const least = head.byteLength + LENGTH_BYTES + inside.byteLength + AEAD_BYTES;
  const size = SIZE_CLASSES.find((bytes) => bytes >= least);
  if (size === undefined) {
    throw new KithError('too-large', 'With all its recipients, this letter is larger than a letter may be.', {
      next: 'Send it to fewer people at once.',
    });
  }
  const padded = new Uint8Array(size - head.byteLength - AEAD_BYTES);
  new DataView(padded.buffer).setUint32(0, inside.byteLength);
  padded.set(inside, LENGTH_BYTES);
  return padded;
}

/** @throws KithError `malformed` */
export function unpad(padded: Bytes): Bytes {
  const view = new DataView(padded.buffer, padded.byteOffset, padded.byteLength);
  const end = padded.byteLength < LENGTH_BYTES ? Infinity : LENGTH_BYTES + view.getUint32(0);
  if (end > padded.byteLength) throw malformed('the inside of a letter is longer than the letter');
  if (padded.subarray(end).some((byte) => byte !== 0)) throw malformed('a letter is filled up with zeros');
  return padded.subarray(LENGTH_BYTES, end);
}

// ---- the inside

/** The content key, for those who share one session. */
export interface Wrap {
  readonly session: Bytes;
  /** Which of the session's keys. */
  readonly slot: number;
  readonly wrapped: Bytes;
  /** Founds the session, until its devices are known to have it. */
  readonly welcome: Bytes | null;
}

export interface Inside {
  readonly from: DeviceKey;
  /** Random, new with every start of the sender's program: a key that comes up twice still seals with another one. */
  readonly boot: Bytes;
  readonly wraps: readonly Wrap[];
  readonly commitment: Bytes;
  readonly ciphertext: Bytes;
  readonly signature: Bytes;
}

export const SESSION_ID_BYTES = 16;
export const BOOT_BYTES = 16;
const SIGNATURE_BYTES = 64;
/** One-time keys of a session. */
export const SESSION_KEYS = 64;

export function encodeInside(inside: Inside): Bytes {
  return encodeCbor([
    idToBytes(inside.from),
    inside.boot,
    inside.wraps.map(({ session, slot, wrapped, welcome }) => [session, slot, wrapped, welcome]),
    inside.commitment,
    inside.ciphertext,
    inside.signature,
  ]);
}

/** @throws KithError `malformed` */
export function readInside(bytes: Bytes): Inside {
  const places = arrayOf(decodeCbor(bytes), 6);
  const [from, boot, wraps, commitment, ciphertext, signature] = places;
  if (!Array.isArray(wraps) || wraps.length === 0 || wraps.length > LIMITS.letterRecipients)
    throw malformed('a letter is for some members');
  const inside = {
    from: idFromBytes<DeviceKey>(from),
    boot: sized(boot, BOOT_BYTES),
    wraps: (wraps as unknown[]).map(readWrap),
    commitment: sized(commitment, KEY_BYTES),
    ciphertext: bytesUpTo(ciphertext, LIMITS.letterPayloadBytes + AEAD_BYTES),
    signature: sized(signature, SIGNATURE_BYTES),
  };
  if (!equalBytes(encodeInside(inside), bytes)) throw malformed('a letter has another encoding');
  return inside;
}

function readWrap(value: unknown): Wrap {
  const [session, slot, wrapped, welcome] = arrayOf(value, 4);
  if (typeof slot !== 'number' || !Number.isInteger(slot) || slot < 0 || slot >= SESSION_KEYS)
    throw malformed('a session has few keys');
  return {
    session: sized(session, SESSION_ID_BYTES),
    slot,
    wrapped: sized(wrapped, KEY_BYTES + AEAD_BYTES),
    welcome: welcome === null ? null : bytesUpTo(welcome, LIMITS.letterWelcomeBytes),
  };
}

/** What the sending device signs: to whom, under which key, which ciphertext. */
export function signedStatement(
  network: Bytes,
  id: Bytes,
  inside: Omit<Inside, 'signature' | 'ciphertext'>,
  digest: Bytes,
): Bytes {
  return encodeCbor([
    network,
    id,
    idToBytes(inside.from),
    inside.boot,
    inside.wraps.map(({ session, slot }) => [session, slot]),
    inside.commitment,
    digest,
  ]);
}

// ---- published keys

export interface KeysEntry {
  /** Both or neither: they are made anew together. */
  readonly shared: { readonly box: Bytes; readonly lastResort: Bytes } | null;
  /** One for each device that may write. */
  readonly oneTime: readonly { readonly forDevice: DeviceKey; readonly keyPackage: Bytes }[];
}

export function encodeKeys({ shared, oneTime }: KeysEntry): Bytes {
  return encodeCbor([
    VERSION,
    shared === null ? null : [shared.box, shared.lastResort],
    oneTime.map(({ forDevice, keyPackage }) => [idToBytes(forDevice), keyPackage]),
  ]);
}

/** @throws KithError `malformed` */
export function readKeys(bytes: Bytes): KeysEntry {
  const [version, shared, oneTime] = arrayOf(decodeCbor(bytes), 3);
  if (version !== VERSION) throw malformed('published keys of another version');
  if (!Array.isArray(oneTime) || oneTime.length > LIMITS.letterKeysPerEntry)
    throw malformed('an entry publishes a limited number of keys');
  const entry = {
    shared: shared === null ? null : readShared(shared),
    oneTime: (oneTime as unknown[]).map((item) => {
      const [forDevice, keyPackage] = arrayOf(item, 2);
      return { forDevice: idFromBytes<DeviceKey>(forDevice), keyPackage: packageIn(keyPackage) };
    }),
  };
  if (!equalBytes(encodeKeys(entry), bytes)) throw malformed('published keys have another encoding');
  return entry;
}

function readShared(value: unknown): { box: Bytes; lastResort: Bytes } {
  const [box, lastResort] = arrayOf(value, 2);
  return { box: sized(box, KEY_BYTES), lastResort: packageIn(lastResort) };
}

function packageIn(value: unknown): Bytes {
  return bytesUpTo(value, LIMITS.keyPackageBytes);
}

function arrayOf(value: unknown, places: number): unknown[] {
  if (!Array.isArray(value) || value.length !== places) throw malformed(`an array of ${places} was expected`);
  return value as unknown[];
}

function sized(value: unknown, count: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength !== count)
    throw malformed(`${count} bytes were expected`);
  return value;
}

function bytesUpTo(value: unknown, most: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength > most)
    throw malformed(`up to ${most} bytes were expected`);
  return value;
}
