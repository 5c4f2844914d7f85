/**
 * Keys of an index as numbers that tell nothing: HalfSipHash-2-4 (Aumasson and Bernstein 2012, its 32-bit variant)
 * under a key of this disk. Two keys may share a number; whoever looks one up compares what it finds.
 */
import type { Bytes } from '../base/bytes.ts';

export class KeyHash {
  readonly #k0: number;
  readonly #k1: number;

  /** @param key 8 bytes at least. */
  constructor(key: Bytes) {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    this.#k0 = view.getUint32(0, true);
    this.#k1 = view.getUint32(4, true);
  }

  /** 32 bits. */
  of(text: string): number {
    return this.#hash(text, 0);
  }

  /** 53 bits, for what should be alone under its number. */
  wide(text: string): number {
    return (this.#hash(text, 1) & 0x1fffff) * 2 ** 32 + this.#hash(text, 2);
  }

  #hash(text: string, tweak: number): number {
    let v0 = this.#k0 ^ tweak;
    let v1 = this.#k1;
    let v2 = 0x6c796765 ^ this.#k0;
    let v3 = 0x74656462 ^ this.#k1;
    const round = (): void => {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    };
    // Two UTF-16 units are a word; the last word has the length in its high byte.
    const words = text.length >> 1;
    for (let at = 0; at <= words; at += 1) {
      const low = at < words || text.length % 2 === 1 ? text.charCodeAt(2 * at) : 0;
      const high = at < words ? text.charCodeAt(2 * at + 1) : (text.length & 0xff) << 8;
      const word = low | (high << 16);
      v3 ^= word;
      round();
      round();
      v0 ^= word;
    }
    v2 ^= 0xff;
    for (let rounds = 0; rounds < 4; rounds += 1) round();
    return (v1 ^ v3) >>> 0;
  }
}
