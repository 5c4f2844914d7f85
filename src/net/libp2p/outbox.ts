/** Frames of one channel on their way out, gathered so that many small ones cost one write, and cut where only so much may go. */
import type { Bytes } from '../../base/bytes.ts';
import { PREFIX_BYTES, writePrefix } from './framing.ts';

/** Below this a copy is cheaper than a write of its own. */
const COPY_BELOW_BYTES = 32 * 1024;

export class Outbox {
  #frames: Bytes[] = [];
  /** What is left of a frame that was cut; goes first. */
  #rest: Bytes | undefined;
  #sizeBytes = 0;

  /** With prefixes. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  add(frame: Bytes): void {
    this.#frames.push(frame);
    this.#sizeBytes += PREFIX_BYTES + frame.byteLength;
  }

  clear(): void {
    this.#frames = [];
    this.#rest = undefined;
    this.#sizeBytes = 0;
  }

  /**
   * Takes out the oldest bytes, so many, give or take a prefix: runs of small frames become one chunk, a large frame stays the memory
   * that it is.
   */
  take(upToBytes: number): Bytes[] {
    const chunks: Bytes[] = this.#rest === undefined ? [] : [this.#rest];
    this.#rest = undefined;
    let small: Bytes[] = [];
    for (const frame of this.#takeFrames(upToBytes - sizeOf(chunks))) {
      if (frame.byteLength < COPY_BELOW_BYTES) {
        small.push(frame);
        continue;
      }
      chunks.push(join(small, frame.byteLength), frame);
      small = [];
    }
    if (small.length > 0) chunks.push(join(small));
    return this.#cut(chunks, upToBytes);
  }

  /** Whole frames, the last of which may reach over the limit. */
  #takeFrames(upToBytes: number): readonly Bytes[] {
    let [count, sizeBytes] = [0, 0];
    for (; count < this.#frames.length && sizeBytes < upToBytes; count += 1)
      sizeBytes += PREFIX_BYTES + (this.#frames[count]?.byteLength ?? 0);
    return this.#frames.splice(0, count);
  }

  #cut(chunks: Bytes[], upToBytes: number): Bytes[] {
    const overBytes = sizeOf(chunks) - upToBytes;
    const last = chunks.at(-1);
    if (overBytes > 0 && last !== undefined) {
      // A prefix goes whole, with its frame or a few bytes before it.
      const keptBytes = Math.max(0, last.byteLength - overBytes);
      this.#rest = last.subarray(keptBytes);
      chunks[chunks.length - 1] = last.subarray(0, keptBytes);
    }
    this.#sizeBytes -= sizeOf(chunks);
    return chunks;
  }
}

function sizeOf(chunks: readonly Bytes[]): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The frames with their prefixes, and after them the prefix of a frame that follows by itself. */
function join(frames: readonly Bytes[], followedByBytes?: number): Bytes {
  const prefixes = frames.length + (followedByBytes === undefined ? 0 : 1);
  const joined = new Uint8Array(
    frames.reduce((sum, frame) => sum + frame.byteLength, prefixes * PREFIX_BYTES),
  );
  let offset = 0;
  for (const frame of frames) {
    writePrefix(joined, offset, frame.byteLength);
    joined.set(frame, offset + PREFIX_BYTES);
    offset += PREFIX_BYTES + frame.byteLength;
  }
  if (followedByBytes !== undefined) writePrefix(joined, offset, followedByBytes);
  return joined;
}
