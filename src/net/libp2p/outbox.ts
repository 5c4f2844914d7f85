/** Frames of one channel on their way out, gathered so that many small ones cost one write. */
import type { Bytes } from '../../base/bytes.ts';
import { PREFIX_BYTES, writePrefix } from './framing.ts';

/** Below this a copy is cheaper than a write of its own. */
const COPY_BELOW_BYTES = 32 * 1024;

export class Outbox {
  #frames: Bytes[] = [];
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
    this.#sizeBytes = 0;
  }

  /**
   * Takes out the oldest frames, until there are `upToBytes` of them: runs of small frames become one chunk, a large
   * frame stays the memory that it is.
   */
  take(upToBytes = Infinity): Bytes[] {
    const chunks: Bytes[] = [];
    let small: Bytes[] = [];
    for (const frame of this.#takeFrames(upToBytes)) {
      if (frame.byteLength < COPY_BELOW_BYTES) {
        small.push(frame);
        continue;
      }
      chunks.push(join(small, frame.byteLength), frame);
      small = [];
    }
    if (small.length > 0) chunks.push(join(small));
    return chunks;
  }

  #takeFrames(upToBytes: number): readonly Bytes[] {
    let [count, sizeBytes] = [0, 0];
    for (; count < this.#frames.length && sizeBytes < upToBytes; count += 1)
      sizeBytes += PREFIX_BYTES + (this.#frames[count]?.byteLength ?? 0);
    this.#sizeBytes -= sizeBytes;
    return this.#frames.splice(0, count);
  }
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
