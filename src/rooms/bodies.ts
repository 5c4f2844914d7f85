/** What a message or a change of keys looks like inside an entry, as docs/protocol/rooms.md has it. */
import { fromHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import { digestOf, ROOM_BOOT_BYTES } from '../sealing/rooms/index.ts';
import { bytesIn, exactly, listOf, numberIn } from './consensus/wire.ts';
import type { Command } from './consensus/types.ts';
import type { RoomId } from './types.ts';

const PURPOSE = 'room message';
const MOST_MS = 2 ** 48;
const DIGEST_BYTES = 32;

/** The place of a message: its author gives it, and no other can be given to it. */
export type Place = Omit<Command, 'body'>;

export interface SealedBody {
  readonly kind: 'message';
  /** Its text is a message of an older room, as its author signed it. */
  readonly carries: boolean;
  readonly sentMs: number;
  /** Of the group's keys when it was sealed. */
  readonly epoch: number;
  readonly boot: Bytes;
  readonly seq: number;
  readonly commitment: Bytes;
  readonly ciphertext: Bytes;
  readonly signature: Bytes;
}

export interface CommitBody {
  readonly kind: 'commit';
  readonly sentMs: number;
  /** The epoch that it ends. */
  readonly epoch: number;
  readonly commit: Bytes;
  readonly signature: Bytes;
}

/** Written where there were no keys: never leaves this disk. */
export interface DraftBody {
  readonly kind: 'draft';
  readonly sentMs: number;
  readonly text: string;
}

export type Body = SealedBody | CommitBody | DraftBody;
export type SentBody = SealedBody | CommitBody;

export function encodeBody(body: Body): Bytes {
  if (body.kind === 'draft') return encodeCbor([2, body.sentMs, body.text]);
  return encodeCbor([...bodyFields(body), body.signature]);
}

function bodyFields(body: Omit<SealedBody, 'signature'> | Omit<CommitBody, 'signature'>): CborValue[] {
  if (body.kind === 'commit') return [1, body.sentMs, body.epoch, body.commit];
  const { carries, sentMs, epoch, boot, seq, commitment, ciphertext } = body;
  return [carries ? 3 : 0, sentMs, epoch, boot, seq, commitment, ciphertext];
}

/** @throws KithError `malformed` */
export function readBody(bytes: Bytes): Body {
  const fields = listOf(decodeCbor(bytes));
  const [kind] = fields;
  if (kind === 0 || kind === 3) return readSealed(bytes, fields);
  if (kind === 1) {
    const [, sentMs, epoch, commit, signature] = exactly(fields, 5);
    return {
      kind: 'commit',
      sentMs: numberIn(sentMs, MOST_MS),
      epoch: numberIn(epoch),
      commit: bytesIn(commit),
      signature: bytesIn(signature),
    };
  }
  const [, sentMs, text] = exactly(fields, 3);
  if (kind !== 2 || typeof text !== 'string') throw malformed('a message of another kind');
  return { kind: 'draft', sentMs: numberIn(sentMs, MOST_MS), text };
}

function readSealed(bytes: Bytes, fields: readonly CborValue[]): SealedBody {
  if (bytes.byteLength > LIMITS.roomMessageBytes) throw malformed('a message of a room is too large');
  const [kind, sentMs, epoch, boot, seq, commitment, ciphertext, signature] = exactly(fields, 8);
  return {
    kind: 'message',
    carries: kind === 3,
    sentMs: numberIn(sentMs, MOST_MS),
    epoch: numberIn(epoch),
    boot: sized(boot, ROOM_BOOT_BYTES),
    seq: numberIn(seq),
    commitment: sized(commitment, DIGEST_BYTES),
    ciphertext: bytesIn(ciphertext),
    signature: bytesIn(signature),
  };
}

function sized(value: CborValue | undefined, sizeBytes: number): Bytes {
  const bytes = bytesIn(value);
  if (bytes.byteLength !== sizeBytes) throw malformed(`${String(sizeBytes)} bytes`);
  return bytes;
}

/** Undefined for what nobody of us wrote. */
export function bodyIn(bytes: Bytes): Body | undefined {
  try {
    return readBody(bytes);
  } catch (error) {
    if (!isKithError(error, 'malformed')) throw error;
    return undefined;
  }
}

/** What the content is bound to besides its key. */
export function contentPlace(room: RoomId, { author, incarnation, number }: Place): Bytes {
  return encodeCbor([fromHex(room), author, incarnation, number]);
}

function statement(
  room: RoomId,
  { author, incarnation, number }: Place,
  body: Omit<SealedBody, 'signature'> | Omit<CommitBody, 'signature'>,
): Bytes {
  const fields = bodyFields(body);
  const long = fields.pop();
  const digest = long instanceof Uint8Array ? digestOf(long) : null;
  return encodeCbor([fromHex(room), author, incarnation, number, ...fields, digest]);
}

export function signBody(
  signer: Signer,
  room: RoomId,
  place: Place,
  body: Omit<SealedBody, 'signature'> | Omit<CommitBody, 'signature'>,
): SentBody {
  return { ...body, signature: signer.sign(PURPOSE, statement(room, place, body)) };
}

export function isSigned(verifier: Verifier, room: RoomId, place: Place, body: SentBody): boolean {
  return verifier.verify(place.author, PURPOSE, statement(room, place, body), body.signature);
}
