/**
 * CPace, a balanced password-authenticated key exchange: draft-irtf-cfrg-cpace-21, suite CPACE-RISTR255-SHA512, as
 * initiator and responder, with the explicit key confirmation of §10.4. Section numbers here are that draft's.
 *
 *     initiator                                   responder
 *     startInitiator ── { share, data } ────────▶ respond
 *     finish ◀───────── { share, data, tag } ────
 *            ────────── tag ────────────────────▶ finish
 *
 * Both get the same 32-byte key exactly when password, channel, session and both data fields are the same on either
 * side. One run lets an attacker test one password and tells a listener nothing. The responder shows its tag first,
 * so an initiator can learn that its guess was wrong and hang up: **a responder counts a try before it answers**. An
 * initiator can count in `finish`, when a wrong guess has shown itself.
 *
 * JavaScript cannot promise constant time or wipe a bigint; scalars live for one run and are let go at its end.
 */
import { createHmac, hash, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { concatBytes, equalBytes, utf8, type Bytes } from '../base/bytes.ts';
import { assert, KithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';

/** What one side brings along. The draft's names stand behind each. */
export interface CpaceInput {
  /** PRS: what both people know. */
  readonly password: Bytes;
  /** CI: what both programs know without being told, above all who stands at either end. */
  readonly channel: Bytes;
  /** sid: public and never used before, made of random bytes of both sides; may be empty if there is none. */
  readonly session: Bytes;
  /** ADa or ADb: travels in clear beside the share; what the other side received counts as said only after `finish`. */
  readonly data: Bytes;
}

export interface CpaceShare {
  /** Ya or Yb: 32 bytes. */
  readonly share: Bytes;
  readonly data: Bytes;
}

export interface CpaceReply extends CpaceShare {
  /** Tb: 64 bytes. */
  readonly tag: Bytes;
}

export interface CpaceInitiator {
  readonly message: CpaceShare;
  /**
   * Takes the reply, once. The tag is for the responder; the key is 32 bytes.
   * @throws KithError `wrong-code` when the passwords (or anything else that is bound in) differ, `bad-key-share`
   *   when the reply is none that an honest program sends.
   */
  finish(reply: CpaceReply): { readonly key: Bytes; readonly tag: Bytes };
}

export interface CpaceResponder {
  readonly message: CpaceReply;
  /**
   * Takes the initiator's tag, once, and gives the 32-byte key.
   * @throws KithError `wrong-code`
   */
  finish(tag: Bytes): Bytes;
}

export function startInitiator(input: CpaceInput, rng: Rng): CpaceInitiator {
  const scalar = sampleScalar(rng);
  const own = { share: multiply(scalar, generator(input)), data: input.data };
  const once = singleUse();
  return {
    message: own,
    finish(reply) {
      once();
      const isk = agree(input.session, scalar, own, reply, { a: own, b: reply });
      requireTag(reply.tag, confirmationTag(isk, input.session, reply));
      return { key: sessionKey(isk), tag: confirmationTag(isk, input.session, own) };
    },
  };
}

/** @throws KithError `bad-key-share` when the message is none that an honest program sends. */
export function respond(input: CpaceInput, message: CpaceShare, rng: Rng): CpaceResponder {
  const scalar = sampleScalar(rng);
  const own = { share: multiply(scalar, generator(input)), data: input.data };
  const isk = agree(input.session, scalar, own, message, { a: message, b: own });
  const expected = confirmationTag(isk, input.session, message);
  const once = singleUse();
  return {
    message: { ...own, tag: confirmationTag(isk, input.session, own) },
    finish(tag) {
      once();
      requireTag(tag, expected);
      return sessionKey(isk);
    },
  };
}

/** A scalar used twice would let one run test two passwords (§10.9). */
function singleUse(): () => void {
  let used = false;
  return () => {
    assert(!used, 'a CPace run finishes once');
    used = true;
  };
}

function agree(
  session: Bytes,
  scalar: bigint,
  own: CpaceShare,
  theirs: CpaceShare,
  transcript: { a: CpaceShare; b: CpaceShare },
): Bytes {
  // Our own share come back is a mirror, not a person (§10.1, loopback).
  if (equalBytes(own.share, theirs.share)) throw badShare();
  return intermediateKey(session, multiplyVerified(scalar, theirs.share), transcript.a, transcript.b);
}

function requireTag(actual: Bytes, expected: Bytes): void {
  if (actual.byteLength === expected.byteLength && timingSafeEqual(actual, expected)) return;
  throw new KithError('wrong-code', 'The code is not the one that the other side expects.', {
    next: 'Compare the twelve digits with the person who gave them to you.',
  });
}

/** §10.3: ISK goes through a key derivation function before it is used for anything else. */
function sessionKey(isk: Bytes): Bytes {
  return new Uint8Array(hkdfSync('sha512', isk, new Uint8Array(0), utf8('kith/1 cpace session key'), 32));
}

// ---- the group, §8.3; exported for the draft's vectors

type Point = InstanceType<typeof ristretto255.Point>;

const DSI = utf8('CPaceRistretto255');
const ISK_DSI = utf8('CPaceRistretto255_ISK');
const HASH_BLOCK_BYTES = 128;
const SHARE_BYTES = 32;

function badShare(cause?: unknown): KithError {
  return new KithError(
    'bad-key-share',
    'The other side sent what no honest program sends; the exchange was stopped.',
    {
      cause,
    },
  );
}

/** §8.3: 252 random bits, little-endian; all lie below the group's order. */
function sampleScalar(rng: Rng): bigint {
  const bytes = new Uint8Array(rng.bytes(SHARE_BYTES));
  bytes[31] = (bytes[31] ?? 0) & 0x0f;
  const scalar = bytesToNumberLE(bytes);
  assert(scalar !== 0n, 'a random scalar is not zero');
  return scalar;
}

function multiply(scalar: bigint, point: Point): Bytes {
  return point.multiply(scalar).toBytes();
}

/** `scalar_mult_vfy`, and the abort that must follow when it gives the neutral element. @internal */
export function multiplyVerified(scalar: bigint, share: Bytes): Bytes {
  if (share.byteLength !== SHARE_BYTES) throw badShare();
  const point = decodePoint(share);
  if (point.is0()) throw badShare();
  return multiply(scalar, point);
}

function decodePoint(share: Bytes): Point {
  try {
    return ristretto255.Point.fromBytes(share);
  } catch (cause) {
    throw badShare(cause);
  }
}

/** `calculate_generator`. @internal */
export function generator(input: Omit<CpaceInput, 'data'>): Point {
  const point = ristretto255_hasher.deriveToCurve?.(sha512(generatorString(input)));
  assert(point !== undefined, 'ristretto255 derives elements from 64 bytes (RFC 9496 §4.3.4)');
  return point;
}

/** §8.1: the padding fills the first block of the hash, so that its time does not tell the password's length. @internal */
export function generatorString(input: Omit<CpaceInput, 'data'>): Bytes {
  const head = lengthValue(DSI, input.password);
  const padding = new Uint8Array(Math.max(0, HASH_BLOCK_BYTES - 1 - head.byteLength));
  return concatBytes(head, lengthValue(padding, input.channel, input.session));
}

/** ISK of the initiator-responder setting, §7.2: 64 bytes. @internal */
export function intermediateKey(session: Bytes, secretPoint: Bytes, a: CpaceShare, b: CpaceShare): Bytes {
  return sha512(concatBytes(lengthValue(ISK_DSI, session, secretPoint), transcript(a, b)));
}

/** `transcript_ir`, appendix A.3.4. @internal */
export function transcript(a: CpaceShare, b: CpaceShare): Bytes {
  return concatBytes(lengthValue(a.share, a.data), lengthValue(b.share, b.data));
}

/** §10.4, with HMAC-SHA-512 for the MAC: over the message that the tag's author sent. @internal */
export function confirmationTag(isk: Bytes, session: Bytes, sent: CpaceShare): Bytes {
  const macKey = sha512(concatBytes(utf8('CPaceMac'), session, isk));
  return new Uint8Array(createHmac('sha512', macKey).update(lengthValue(sent.share, sent.data)).digest());
}

/** `lv_cat`, appendix A.1.3: each field behind its length in LEB128. @internal */
export function lengthValue(...fields: readonly Bytes[]): Bytes {
  return concatBytes(...fields.flatMap((field) => [leb128(field.byteLength), field]));
}

function leb128(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}

function sha512(bytes: Bytes): Bytes {
  return new Uint8Array(hash('sha512', bytes, 'buffer'));
}
