/**
 * What two neighbours compare to find out which letters and receipts one of them lacks: the sorted keys as a tree of
 * hex digits, each node named by the digest of all keys below it. Costs grow with the difference. A digest and not a
 * sum: members choose their keys, and could make sums agree that should not.
 */
import { fromHex, type Bytes } from '../base/bytes.ts';
import { DIGEST_BYTES, digestOf, FANOUT, ID_BYTES, type Key } from './wire.ts';

const NOTHING = new Uint8Array(DIGEST_BYTES);
const DIGITS = '0123456789abcdef';

export class KeyTree {
  readonly #keys: readonly Key[];
  readonly #bytes: Bytes;

  constructor(keys: Iterable<Key>) {
    this.#keys = [...keys].sort();
    this.#bytes = fromHex(this.#keys.join(''));
  }

  /** Of the sixteen children of a node, one after the other; zeros for an empty one. */
  digests(prefix: string): Bytes {
    const all = new Uint8Array(FANOUT * DIGEST_BYTES);
    for (let child = 0; child < FANOUT; child += 1)
      all.set(this.#digest(prefix + (DIGITS[child] ?? '')), child * DIGEST_BYTES);
    return all;
  }

  below(prefix: string): readonly Key[] {
    const [from, to] = this.#range(prefix);
    return this.#keys.slice(from, to);
  }

  count(prefix: string): number {
    const [from, to] = this.#range(prefix);
    return to - from;
  }

  #digest(prefix: string): Bytes {
    const [from, to] = this.#range(prefix);
    if (from === to) return NOTHING;
    return digestOf(this.#bytes.subarray(from * ID_BYTES, to * ID_BYTES)).subarray(0, DIGEST_BYTES);
  }

  #range(prefix: string): [number, number] {
    // No key is longer than its digits, so `g` stands behind all that start with the prefix.
    return [this.#firstFrom(prefix), this.#firstFrom(`${prefix}g`)];
  }

  #firstFrom(text: string): number {
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function childrenOf(prefix: string): readonly string[] {
  return Array.from(DIGITS, (digit) => prefix + digit);
}
