/**
 * Where a file is cut into pieces: by what it says, so that a byte inserted somewhere moves one cut and no other.
 * FastCDC (Xia et al. 2016, "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication"):
 * a gear hash, cut points skipped below the least size (§3.3), and normalised chunking (§3.4): a cut is sixteen times
 * rarer before the usual size than after it. Hashes of 32 bits, of which the upper ones decide: those depend on the most
 * bytes. Layout and vectors: docs/protocol/files.md, "Pieces".
 */
import { createHash } from 'node:crypto';
import type { Bytes } from '../../base/bytes.ts';
import { LIMITS } from '../../base/limits.ts';

export interface CutSizes {
  readonly leastBytes: number;
  readonly usualBytes: number;
  readonly mostBytes: number;
  /** Bits that have to be zero for a cut before the usual size, and after it. */
  readonly rareBits: number;
  readonly oftenBits: number;
}

/** About 400 KiB on average: 2,600 pieces for 1 GiB, and whatever is smaller than 128 KiB stays whole. */
export const PIECE_SIZES: CutSizes = {
  leastBytes: 128 * 1024,
  usualBytes: 384 * 1024,
  mostBytes: LIMITS.pieceBytes,
  rareBits: 20,
  oftenBits: 16,
};

/** One number a byte, without a pattern: the first four bytes of SHA-256 of `kith gear` and the byte. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) =>
  createHash('sha256').update('kith gear').update(Uint8Array.of(byte)).digest().readInt32BE(0),
);

/** @returns how long the next piece of these bytes is: they must hold `mostBytes`, or all that is left of the file. */
export function cutLength(bytes: Bytes, start: number, end: number, sizes: CutSizes = PIECE_SIZES): number {
  const length = Math.min(end - start, sizes.mostBytes);
  if (length <= sizes.leastBytes) return length;
  const usual = start + Math.min(sizes.usualBytes, length);
  const rare = 32 - sizes.rareBits;
  const often = 32 - sizes.oftenBits;
  let hash = 0;
  let at = start + sizes.leastBytes;
  for (; at < usual; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] ?? 0] ?? 0)) | 0;
    if (hash >>> rare === 0) return at + 1 - start;
  }
  for (const last = start + length; at < last; at += 1) {
    hash = ((hash << 1) + (GEAR[bytes[at] ?? 0] ?? 0)) | 0;
    if (hash >>> often === 0) return at + 1 - start;
  }
  return length;
}
