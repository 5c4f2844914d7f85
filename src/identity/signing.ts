/**
 * Ed25519 signatures (RFC 8032, PureEdDSA) over node:crypto, with raw 32-byte keys and one purpose a signature.
 *
 * What is signed is `kith/1 PURPOSE\n` and then the message. A purpose has no line break, so no two pairs of purpose
 * and message give the same bytes, and a signature for one purpose never counts for another.
 */
import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';
import { concatBytes, fromHex, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { DeviceKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';

export const SEED_BYTES = 32;
export const SIGNATURE_BYTES = 64;
const POINT_BYTES = 32;
/** Public keys kept ready for use. Preparing one costs about a tenth of a verification. */
const CACHED_KEYS = 1024;

/** Holds one private key. */
export interface Signer {
  /** The public half: 64 lower-case hex digits. */
  readonly key: string;
  /** @returns 64 bytes. */
  sign(purpose: string, message: Bytes): Bytes;
}

export interface Verifier {
  /**
   * Whether the holder of `key` (64 lower-case hex digits) signed `message` for `purpose`. Never throws on what may
   * come from outside: a key, message or signature of any shape is at worst false.
   */
  verify(key: string, purpose: string, message: Bytes, signature: Bytes): boolean;
}

/** A private key as it is stored: 32 secret bytes, RFC 8032 §5.1.5. */
export interface SigningKey {
  readonly seed: Bytes;
}

export function generateSigningKey(rng: Rng): SigningKey {
  return { seed: rng.bytes(SEED_BYTES) };
}

export function publicKeyOf(seed: Bytes): DeviceKey {
  const der = createPublicKey(privateKeyObject(seed)).export({ format: 'der', type: 'spki' });
  return toHex(der.subarray(SPKI_PREFIX.byteLength)) as DeviceKey;
}

export function createSigner(seed: Bytes): Signer {
  const secret = privateKeyObject(seed);
  return {
    key: publicKeyOf(seed),
    sign: (purpose, message) => new Uint8Array(sign(null, forPurpose(purpose, message), secret)),
  };
}

/** @param capacity public keys kept prepared; the one unused for longest goes first. */
export function createVerifier(capacity = CACHED_KEYS): Verifier {
  const keys = createKeyCache(capacity);
  return {
    verify(key, purpose, message, signature) {
      return holds(keys(key), forPurpose(purpose, message), signature);
    },
  };
}

/**
 * Whether a public key may name a device. Refused are keys that are no 64 lower-case hex digits, points of small
 * order, and points not in their one canonical encoding; `verify` refuses them too.
 *
 * Keys are chosen by the devices themselves, and OpenSSL takes all of these. Under a key of small order one signature
 * fits (nearly) any message and anybody can write one: such a device could disown what it said, and others could
 * speak as it. With two encodings one point would be two devices. An honest key is none of them, ever.
 */
export function isAcceptableKey(key: string): boolean {
  return HEX_KEY.test(key) && isOrdinaryPoint(fromHex(key));
}

/** RFC 8032 alone, without a purpose: what the published vectors speak of. Not for use elsewhere. @internal */
export function signBare(seed: Bytes, message: Bytes): Bytes {
  return new Uint8Array(sign(null, message, privateKeyObject(seed)));
}

/** The counterpart of `signBare`. @internal */
export function verifyBare(key: string, message: Bytes, signature: Bytes): boolean {
  return holds(publicKeyObject(key), message, signature);
}

// ---- bytes under the signature

const PURPOSE = /^[ -~]{1,64}$/;

function forPurpose(purpose: string, message: Bytes): Bytes {
  assert(PURPOSE.test(purpose), 'a purpose is up to 64 printable ASCII characters');
  return concatBytes(utf8(`kith/1 ${purpose}\n`), message);
}

/**
 * Which signatures count must be the same on every node and in every version (a signature that splits opinions splits
 * the log), and RFC 8032 §5.1.7 leaves room. The rule here: the key and R are canonical and not of small order,
 * s is below the group's order, and R is compared byte for byte, without the cofactor. Keys of mixed order count:
 * the rule is exact for them too. OpenSSL sees to s and to the comparison. For the points Node has changed
 * (nodejs/node#64026: 24.21 and 26.10 look at key and R, 22.23 does not), hence the check of our own: a device that
 * does not mind showing its key can sign with R = neutral element.
 * See Chalkias, Garillot and Nikolaenko 2020, "Taming the many EdDSAs".
 */
function holds(key: KeyObject | null, message: Bytes, signature: Bytes): boolean {
  if (key === null || signature.byteLength !== SIGNATURE_BYTES) return false;
  if (!isOrdinaryPoint(signature.subarray(0, POINT_BYTES))) return false;
  try {
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
}

// ---- keys

/** RFC 8410 §4 and §7: what stands before the raw key in DER. */
const SPKI_PREFIX = fromHex('302a300506032b6570032100');
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');

const HEX_KEY = /^[0-9a-f]{64}$/;

/**
 * The y coordinates of the eight points whose order divides 8, sign bit cleared: x = ±√−1 (order 4), the neutral
 * element, order 2, and two pairs of order 8. Other encodings of them have y ≥ p, or a sign where x is zero; with
 * the sign bit cleared first, all are caught.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/** Neither of small order nor with y ≥ p. Whether it is on the curve at all is found out by whoever computes with it. */
function isOrdinaryPoint(encoded: Bytes): boolean {
  const y = new Uint8Array(encoded);
  y[31] = (y[31] ?? 0) & 0x7f; // the sign of x: a point and its negative have the same order
  return isBelowFieldPrime(y) && !SMALL_ORDER_Y.has(toHex(y));
}

/** Little-endian y < 2^255 − 19. */
function isBelowFieldPrime(y: Bytes): boolean {
  const high = y[31] === 0x7f && y.subarray(1, 31).every((byte) => byte === 0xff);
  return !high || (y[0] ?? 0) < 0xed;
}

function privateKeyObject(seed: Bytes): KeyObject {
  assert(seed.byteLength === SEED_BYTES, 'a signing key is made of 32 bytes');
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

/** Null for what no device may be named by, and so for what never verifies. */
function publicKeyObject(key: string): KeyObject | null {
  if (!isAcceptableKey(key)) return null;
  const der = Buffer.concat([SPKI_PREFIX, fromHex(key)]);
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** Least recently used goes first: a Map keeps the order of insertion, and a hit is inserted anew. @internal */
export function createKeyCache(capacity: number): (key: string) => KeyObject | null {
  const cached = new Map<string, KeyObject | null>();
  return (key) => {
    let object = cached.get(key);
    if (object === undefined) {
      if (!HEX_KEY.test(key)) return null; // a long string would be kept otherwise
      object = publicKeyObject(key);
      const oldest = cached.keys().next();
      if (cached.size >= capacity && oldest.done !== true) cached.delete(oldest.value);
    } else {
      cached.delete(key);
    }
    cached.set(key, object);
    return object;
  };
}
