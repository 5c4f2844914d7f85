/** Writes deterministic CBOR in two walks: one for the size, one that fills exactly so many bytes. */
import { utf8, type Bytes } from './bytes.ts';
import type { CborValue } from './cbor-reader.ts';

const MAJOR = { whole: 0, negative: 1, bytes: 2, text: 3, array: 4, simple: 7 } as const;
const SIMPLE = { false: 20, true: 21, null: 22 } as const;
const FLOAT_HEAD = 0xfb;
const FLOAT_BYTES = 8;

export function writeCbor(value: CborValue): Bytes {
  const target = rawMemory(sizeOf(value));
  put(target, value, 0);
  return target;
}

function sizeOf(value: CborValue): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return 1 + FLOAT_BYTES;
    return headSize(value < 0 ? -1 - value : value);
  }
  if (typeof value === 'string') {
    const sizeBytes = Buffer.byteLength(value);
    return headSize(sizeBytes) + sizeBytes;
  }
  if (value instanceof Uint8Array) return headSize(value.byteLength) + value.byteLength;
  let size = headSize(value.length);
  for (const item of value) size += sizeOf(item);
  return size;
}

/** @returns where the next value goes. */
function put(target: Bytes, value: CborValue, at: number): number {
  if (value === null) return putHead(target, MAJOR.simple, SIMPLE.null, at);
  if (typeof value === 'boolean')
    return putHead(target, MAJOR.simple, value ? SIMPLE.true : SIMPLE.false, at);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return putFloat(target, value, at);
    return value < 0
      ? putHead(target, MAJOR.negative, -1 - value, at)
      : putHead(target, MAJOR.whole, value, at);
  }
  if (typeof value === 'string') {
    return putText(target, value, at);
  }
  if (value instanceof Uint8Array) {
    const from = putHead(target, MAJOR.bytes, value.byteLength, at);
    target.set(value, from);
    return from + value.byteLength;
  }
  let next = putHead(target, MAJOR.array, value.length, at);
  for (const item of value) next = put(target, item, next);
  return next;
}

function headSize(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 2 ** 8) return 2;
  if (argument < 2 ** 16) return 3;
  return argument < 2 ** 32 ? 5 : 9;
}

function putHead(target: Bytes, major: number, argument: number, at: number): number {
  const sizeBytes = headSize(argument) - 1;
  // 24 … 27: an argument of 1, 2, 4 or 8 bytes follows.
  target[at] = (major << 5) | (sizeBytes === 0 ? argument : 24 + Math.log2(sizeBytes));
  let left = argument;
  for (let last = at + sizeBytes; last > at; last -= 1) {
    target[last] = left % 256;
    left = Math.floor(left / 256);
  }
  return at + 1 + sizeBytes;
}

/** Nothing of kith's has one, and no reader takes it: tests write it to show that. */
function putFloat(target: Bytes, value: number, at: number): number {
  target[at] = FLOAT_HEAD;
  new DataView(target.buffer, target.byteOffset).setFloat64(at + 1, value);
  return at + 1 + FLOAT_BYTES;
}

function putText(target: Bytes, text: string, at: number): number {
  const sizeBytes = Buffer.byteLength(text);
  const from = putHead(target, MAJOR.text, sizeBytes, at);
  if (sizeBytes !== text.length) target.set(utf8(text), from);
  else for (let index = 0; index < sizeBytes; index += 1) target[from + index] = text.charCodeAt(index);
  return from + sizeBytes;
}

const ZEROING_IS_CHEAP_BYTES = 4096;

/** Not zeroed when large: every byte of it is written. */
function rawMemory(sizeBytes: number): Bytes {
  if (sizeBytes <= ZEROING_IS_CHEAP_BYTES) return new Uint8Array(sizeBytes);
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
}
