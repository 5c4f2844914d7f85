/**
 * Frames on a stream of bytes: a length of four bytes, big-endian, then so many bytes. A length of nothing or of
 * more than the limit ends the channel: after it nobody could tell where the next frame starts.
 */
import type { Bytes } from '../../base/bytes.ts';
import { malformed } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';

export const PREFIX_BYTES = 4;

export function writePrefix(target: Bytes, offset: number, frameBytes: number): void {
  new DataView(target.buffer, target.byteOffset).setUint32(offset, frameBytes);
}

/** @throws KithError `too-large` | `empty-frame`: what both ends refuse. */
export function checkFrameSize(sizeBytes: number, limitBytes: number = LIMITS.frameBytes): void {
  if (sizeBytes === 0) throw new KithError('empty-frame', 'A frame on a channel holds at least one byte.');
  if (sizeBytes > limitBytes) {
    throw new KithError('too-large', `A frame of ${sizeBytes} bytes is over the limit of ${limitBytes}.`, {
      next: 'Send it in smaller parts, or as a file.',
    });
  }
}

/**
 * Takes bytes as they come and gives frames. `push` keeps the chunk by reference and `next` copies out of it, so a
 * reader that calls `next` until it has nothing holds one unfinished frame and never a chunk that somebody else owns.
 */
export class FrameDecoder {
  readonly #limitBytes: number;
  readonly #prefix: Bytes = new Uint8Array(PREFIX_BYTES);
  #prefixFilled = 0;
  #frame: Bytes | undefined;
  #frameFilled = 0;
  #chunks: Bytes[] = [];
  #chunkIndex = 0;
  #chunkOffset = 0;

  constructor(limitBytes: number = LIMITS.frameBytes) {
    this.#limitBytes = limitBytes;
  }

  push(chunk: Bytes): void {
    if (chunk.byteLength > 0) this.#chunks.push(chunk);
  }

  /**
   * The next whole frame, in memory of its own.
   * @throws KithError `too-large` | `malformed`; the decoder is of no use afterwards.
   */
  next(): Bytes | undefined {
    if (this.#frame === undefined && !this.#startFrame()) return undefined;
    const frame = this.#frame;
    if (frame === undefined) return undefined;
    this.#frameFilled += this.#fill(frame, this.#frameFilled);
    if (this.#frameFilled < frame.byteLength) return undefined;
    this.#frame = undefined;
    this.#prefixFilled = 0;
    return frame;
  }

  /** Whether the stream may end here: not within a frame. */
  get atBoundary(): boolean {
    return this.#prefixFilled === 0 && this.#frame === undefined && this.#chunks.length === 0;
  }

  /** Reads the prefix, checks it, and only then takes memory for the frame. */
  #startFrame(): boolean {
    this.#prefixFilled += this.#fill(this.#prefix, this.#prefixFilled);
    if (this.#prefixFilled < PREFIX_BYTES) return false;
    const sizeBytes = new DataView(this.#prefix.buffer).getUint32(0);
    if (sizeBytes === 0) throw malformed('a frame of no bytes');
    checkFrameSize(sizeBytes, this.#limitBytes);
    this.#frame = rawMemory(sizeBytes);
    this.#frameFilled = 0;
    return true;
  }

  /** Moves bytes from the chunks to `target` from `offset` on; returns how many. */
  #fill(target: Bytes, offset: number): number {
    let moved = 0;
    while (offset + moved < target.byteLength) {
      const chunk = this.#chunks[this.#chunkIndex];
      if (chunk === undefined) break;
      const from = this.#chunkOffset;
      const count = Math.min(chunk.byteLength - from, target.byteLength - offset - moved);
      target.set(
        from === 0 && count === chunk.byteLength ? chunk : chunk.subarray(from, from + count),
        offset + moved,
      );
      moved += count;
      this.#skip(chunk, from + count);
    }
    return moved;
  }

  #skip(chunk: Bytes, offset: number): void {
    this.#chunkOffset = offset;
    if (offset < chunk.byteLength) return;
    this.#chunkOffset = 0;
    this.#chunkIndex += 1;
    if (this.#chunkIndex < this.#chunks.length) return;
    this.#chunks = [];
    this.#chunkIndex = 0;
  }
}

const ZEROING_IS_CHEAP_BYTES = 4096;

/** Memory of exactly this size; not zeroed when large, since every byte of a frame is written before it is given out. */
function rawMemory(sizeBytes: number): Bytes {
  if (sizeBytes <= ZEROING_IS_CHEAP_BYTES) return new Uint8Array(sizeBytes);
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
}
