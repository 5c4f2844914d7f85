/**
 * Reads deterministic CBOR (RFC 8949 §4.2.1) in one pass: shortest heads, definite lengths, and of all types only whole
 * numbers, bytes, text, arrays, booleans and null. What it takes has one encoding, so nothing needs to be encoded again
 * to see that a digest names a value.
 */
import { fromUtf8, type Bytes } from './bytes.ts';
import { KithError } from './errors.ts';

/** The values that cross a link or reach a disk. Maps are left out on purpose: arrays with fixed places are smaller and have one order. */
export type CborValue = null | boolean | number | string | Bytes | readonly CborValue[];

const MAJOR = { whole: 0, negative: 1, bytes: 2, text: 3, array: 4, simple: 7 } as const;
const SIMPLE = { false: 20, true: 21, null: 22 } as const;
const NULL_BYTE = (MAJOR.simple << 5) | SIMPLE.null;
/** Deeper than anything that kith lays out; what nests without end must not end in a stack overflow. */
const MOST_DEPTH = 32;
/** Up to here a loop is quicker than a decoder. */
const SHORT_TEXT_BYTES = 96;

export function malformed(what: string, cause?: unknown): KithError {
  return new KithError('malformed', `Bytes that do not follow the format: ${what}.`, { cause });
}

/** Every method reads one thing at the cursor. @throws KithError `malformed` when something else is there. */
export class CborReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** Nothing may follow. */
  end(): void {
    if (this.#at !== this.#bytes.byteLength) throw malformed('more bytes than a value');
  }

  whole(): number {
    return this.#head(MAJOR.whole);
  }

  /** @returns how many values follow that belong to it. */
  array(): number {
    const count = this.#head(MAJOR.array);
    // Each takes a byte at least, so nobody is made to hold room for what never comes.
    if (count > this.#bytes.byteLength - this.#at) throw malformed('an array is longer than its bytes');
    return count;
  }

  /** @returns a view of the same memory: it keeps all of it, so who stays with it takes a copy. */
  bytes(): Bytes {
    return this.#take(this.#head(MAJOR.bytes));
  }

  text(): string {
    const sizeBytes = this.#head(MAJOR.text);
    const from = this.#at;
    const bytes = this.#take(sizeBytes);
    return (sizeBytes <= SHORT_TEXT_BYTES ? this.#ascii(from, this.#at) : undefined) ?? decodeText(bytes);
  }

  /** Steps over null, if it is there. */
  isNull(): boolean {
    if (this.#bytes[this.#at] !== NULL_BYTE) return false;
    this.#at += 1;
    return true;
  }

  /** Steps over whatever is there. */
  skip(depth = 0): void {
    if (depth > MOST_DEPTH) throw malformed('arrays nest too deeply');
    switch ((this.#bytes[this.#at] ?? 0xff) >> 5) {
      case MAJOR.whole:
      case MAJOR.negative:
        this.value();
        return;
      case MAJOR.bytes:
        this.#pass(this.#head(MAJOR.bytes));
        return;
      case MAJOR.text:
        this.#pass(this.#head(MAJOR.text));
        return;
      case MAJOR.array:
        for (let left = this.array(); left > 0; left -= 1) this.skip(depth + 1);
        return;
      default:
        this.#simple();
    }
  }

  /** Whatever is there; bytes in memory of their own. */
  value(depth = 0): CborValue {
    if (depth > MOST_DEPTH) throw malformed('arrays nest too deeply');
    switch ((this.#bytes[this.#at] ?? 0xff) >> 5) {
      case MAJOR.whole:
        return this.whole();
      case MAJOR.negative:
        return this.#negative();
      case MAJOR.bytes:
        return this.bytes().slice();
      case MAJOR.text:
        return this.text();
      case MAJOR.array: {
        const values: CborValue[] = [];
        for (let left = this.array(); left > 0; left -= 1) values.push(this.value(depth + 1));
        return values;
      }
      default:
        return this.#simple();
    }
  }

  #negative(): number {
    const value = -1 - this.#head(MAJOR.negative);
    if (value < Number.MIN_SAFE_INTEGER) throw malformed('a number is too large');
    return value;
  }

  #simple(): boolean | null {
    const byte = this.#bytes[this.#at];
    this.#at += 1;
    switch (byte) {
      case NULL_BYTE:
        return null;
      case (MAJOR.simple << 5) | SIMPLE.false:
        return false;
      case (MAJOR.simple << 5) | SIMPLE.true:
        return true;
      default:
        throw malformed('a type that is not used');
    }
  }

  /** The argument of a head of this type, in its shortest form. */
  #head(major: number): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined || byte >> 5 !== major) throw malformed('another type than expected');
    this.#at += 1;
    const short = byte & 31;
    if (short < 24) return short;
    if (short > 27) throw malformed('an indefinite length');
    return this.#argument(1 << (short - 24));
  }

  #argument(sizeBytes: number): number {
    const end = this.#at + sizeBytes;
    if (end > this.#bytes.byteLength) throw malformed('bytes that end too early');
    let value = 0;
    for (; this.#at < end; this.#at += 1) value = value * 256 + (this.#bytes[this.#at] ?? 0);
    const least = sizeBytes === 1 ? 24 : 2 ** (sizeBytes * 4);
    if (value < least) throw malformed('a number could be shorter');
    if (value > Number.MAX_SAFE_INTEGER) throw malformed('a number is too large');
    return value;
  }

  #take(sizeBytes: number): Bytes {
    const from = this.#at;
    this.#pass(sizeBytes);
    return this.#bytes.subarray(from, this.#at);
  }

  #pass(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.byteLength - this.#at) throw malformed('bytes that end too early');
    this.#at += sizeBytes;
  }

  /** Undefined when there is more than ASCII. */
  #ascii(from: number, to: number): string | undefined {
    let text = '';
    for (let at = from; at < to; at += 1) {
      const byte = this.#bytes[at] ?? 0x80;
      if (byte >= 0x80) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }
}

function decodeText(bytes: Bytes): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw malformed('text that is not UTF-8', cause);
  }
}
