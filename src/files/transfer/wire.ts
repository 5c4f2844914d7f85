/** Frames of the files channel: bytes to values, once, with limits. Layout: docs/protocol/files.md, "On a link". */
import { concatBytes, fromHex, type Bytes } from '../../base/bytes.ts';
import {
  arrayOf,
  bytesOf,
  decodeCbor,
  encodeCbor,
  malformed,
  numberOf,
  type CborValue,
} from '../../base/cbor.ts';
import { idFromBytes } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { ContentId, PieceId } from '../types.ts';
import type { Claim } from './claims.ts';

export type FilesMessage =
  /** I want this: say what you have of it, and what you get. */
  | { readonly type: 'want'; readonly content: ContentId }
  | { readonly type: 'enough'; readonly content: ContentId }
  | { readonly type: 'have'; readonly content: ContentId; readonly claim: Claim }
  /** More than I said before. */
  | { readonly type: 'got'; readonly content: ContentId; readonly places: readonly number[] }
  | { readonly type: 'ask'; readonly content: ContentId; readonly piece: PieceId }
  | { readonly type: 'piece'; readonly content: ContentId; readonly piece: PieceId; readonly bytes: Bytes }
  | { readonly type: 'denied'; readonly content: ContentId; readonly piece: PieceId };

const TYPES = ['want', 'enough', 'have', 'got', 'ask', 'denied', 'piece'] as const;
const PIECE_TYPE = TYPES.indexOf('piece');
/** What stands before the bytes of a piece. */
export const HEAD_BYTES = 1 + 32 + 32;
const CLAIM_BYTES = Math.ceil((LIMITS.manifestPieces * 64) / 8);
const MOST_GOT = 4096;

/** The type in the first byte. A piece follows as it is, everything else in CBOR. */
export function encodeMessage(message: FilesMessage): Bytes {
  const type = TYPES.indexOf(message.type);
  const content = fromHex(message.content);
  switch (message.type) {
    case 'piece':
      return concatBytes(Uint8Array.of(type), content, fromHex(message.piece), message.bytes);
    case 'want':
    case 'enough':
      return framed(type, [content]);
    case 'have': {
      const { claim } = message;
      return framed(type, [content, claim === 'all' ? true : claim === 'none' ? false : claim]);
    }
    case 'got':
      return framed(type, [content, [...message.places]]);
    case 'ask':
    case 'denied':
      return framed(type, [content, fromHex(message.piece)]);
  }
}

/** Writes what stands before a piece into the room that was left for it: nothing is copied. @returns the frame. */
export function framePiece(frame: Bytes, content: ContentId, piece: PieceId): Bytes {
  frame[0] = PIECE_TYPE;
  frame.set(fromHex(content), 1);
  frame.set(fromHex(piece), 33);
  return frame;
}

/** @throws KithError `malformed` */
export function decodeMessage(frame: Bytes): FilesMessage {
  if (frame[0] === PIECE_TYPE) return readPiece(frame);
  const type = TYPES[frame[0] ?? TYPES.length];
  const values = arrayOf(decodeCbor(frame.subarray(1)));
  const content = idOf<ContentId>(values[0]);
  const places = type === 'want' || type === 'enough' ? 1 : 2;
  if (values.length !== places) throw malformed('a message about files');
  switch (type) {
    case 'want':
    case 'enough':
      return { type, content };
    case 'have':
      return { type, content, claim: readClaim(values[1]) };
    case 'got': {
      const list = arrayOf(values[1]);
      if (list.length > MOST_GOT) throw malformed('too many places');
      return { type, content, places: list.map((place) => numberOf(place, CLAIM_BYTES * 8)) };
    }
    case 'ask':
    case 'denied':
      return { type, content, piece: idOf<PieceId>(values[1]) };
    default:
      throw malformed('a type of message that is not known');
  }
}

function readPiece(frame: Bytes): FilesMessage {
  const size = frame.byteLength - HEAD_BYTES;
  if (size < 1 || size > LIMITS.pieceBytes) throw malformed('a size that no piece has');
  return {
    type: 'piece',
    content: idOf<ContentId>(frame.subarray(1, 33)),
    piece: idOf<PieceId>(frame.subarray(33, HEAD_BYTES)),
    bytes: frame.subarray(HEAD_BYTES),
  };
}

function readClaim(value: CborValue | undefined): Claim {
  if (typeof value === 'boolean') return value ? 'all' : 'none';
  const bits = bytesOf(value);
  if (bits.byteLength > CLAIM_BYTES) throw malformed('a claim of too many places');
  return bits;
}

function framed(type: number, values: readonly CborValue[]): Bytes {
  return concatBytes(Uint8Array.of(type), encodeCbor(values));
}

function idOf<Id extends string>(value: CborValue | undefined): Id {
  return idFromBytes(value) as string as Id;
}
