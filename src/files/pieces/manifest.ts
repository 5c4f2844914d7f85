/** Lists of pieces: a few stand with the version itself, many in manifests, which are pieces themselves. */
import { hash } from 'node:crypto';
import { concatBytes, fromHex, toHex, type Bytes } from '../../base/bytes.ts';
import { arrayOf, bytesOf, decodeCbor, encodeCbor, malformed, numberOf } from '../../base/cbor.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Content, ContentId, PieceId, PieceRef } from '../types.ts';

const VERSION = 1;
const REF_BYTES = 36;
const MOST_MANIFESTS = LIMITS.piecesOfFile / LIMITS.manifestPieces;
/** 0: lists pieces of the file. 1: lists manifests of level 0. */
export type ManifestLevel = 0 | 1;

export interface Manifest {
  readonly level: ManifestLevel;
  readonly refs: readonly PieceRef[];
}

export interface Listed {
  readonly content: Content;
  /** Pieces that list pieces, with their bytes: the topmost last. */
  readonly manifests: readonly { readonly ref: PieceRef; readonly bytes: Bytes }[];
}

export function pieceIdOf(bytes: Bytes): PieceId {
  return hash('sha256', bytes, 'hex') as PieceId;
}

/** What a version says of a file that was cut so. */
export function listPieces(id: ContentId, sizeBytes: number, pieces: readonly PieceRef[]): Listed {
  if (pieces.length <= LIMITS.piecesInline)
    return { content: { id, sizeBytes, pieces, manifest: undefined }, manifests: [] };
  const lower = [];
  for (let at = 0; at < pieces.length; at += LIMITS.manifestPieces)
    lower.push(manifestOf({ level: 0, refs: pieces.slice(at, at + LIMITS.manifestPieces) }));
  const all =
    lower.length === 1 ? lower : [...lower, manifestOf({ level: 1, refs: lower.map(({ ref }) => ref) })];
  return { content: { id, sizeBytes, pieces: undefined, manifest: all.at(-1)?.ref }, manifests: all };
}

function manifestOf(manifest: Manifest): { readonly ref: PieceRef; readonly bytes: Bytes } {
  const bytes = encodeManifest(manifest);
  return { ref: { id: pieceIdOf(bytes), sizeBytes: bytes.byteLength }, bytes };
}

export function encodeManifest({ level, refs }: Manifest): Bytes {
  return encodeCbor([VERSION, level, encodeRefs(refs)]);
}

/** @throws KithError `malformed` */
export function decodeManifest(bytes: Bytes): Manifest {
  const [version, said, list, ...more] = arrayOf(decodeCbor(bytes));
  if (version !== VERSION || more.length > 0) throw malformed('a manifest');
  const level = numberOf(said, 2) === 1 ? 1 : 0;
  const refs = decodeRefs(bytesOf(list), LIMITS.manifestPieces);
  if (refs.length === 0) throw malformed('a manifest without pieces');
  return { level, refs };
}

export function encodeRefs(refs: readonly PieceRef[]): Bytes {
  return concatBytes(
    ...refs.map(({ id, sizeBytes }) => {
      const bytes = new Uint8Array(REF_BYTES);
      bytes.set(fromHex(id));
      new DataView(bytes.buffer).setUint32(32, sizeBytes);
      return bytes;
    }),
  );
}

/** @throws KithError `malformed` when there are more than `most`, or a size that no piece has. */
export function decodeRefs(bytes: Bytes, most: number): readonly PieceRef[] {
  const count = bytes.byteLength / REF_BYTES;
  if (!Number.isInteger(count) || count > most) throw malformed('a list of pieces');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, index) => {
    const at = index * REF_BYTES;
    const sizeBytes = view.getUint32(at + 32);
    if (sizeBytes < 1 || sizeBytes > LIMITS.pieceBytes) throw malformed('a size that no piece has');
    return { id: toHex(bytes.subarray(at, at + 32)) as PieceId, sizeBytes };
  });
}

/** A list costs whoever fetches it: one that is long for what it makes is none. */
function mostPieces(sizeBytes: number): number {
  return Math.min(LIMITS.piecesOfFile, LIMITS.piecesInline + Math.ceil(sizeBytes / LIMITS.leastPieceBytes));
}

/**
 * Before manifests are fetched: could these list as many pieces as a file of that size may have, and no more?
 * @throws KithError `malformed`
 */
export function mustBeFewEnough(manifests: readonly PieceRef[], sizeBytes: number): void {
  if (manifests.length > MOST_MANIFESTS) throw malformed('more manifests than a file may have');
  const listed = manifests.reduce((sum, manifest) => sum + Math.floor(manifest.sizeBytes / REF_BYTES), 0);
  // What stands before a list may make one place more of it.
  if (listed > mostPieces(sizeBytes) + manifests.length) throw malformed('more pieces than a file may have');
}

/** Pieces make up a file of that size: a list that promises more, or less, is none. */
export function mustAddUp(pieces: readonly PieceRef[], sizeBytes: number): void {
  if (pieces.length > mostPieces(sizeBytes)) throw malformed('more pieces than a file may have');
  const sum = pieces.reduce((total, piece) => total + piece.sizeBytes, 0);
  if (sum !== sizeBytes) throw malformed('pieces that are not as long as their file');
}
