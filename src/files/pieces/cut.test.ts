import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SeededRng } from '../../../test/sim/rng.ts';
import { cutLength, PIECE_SIZES, type CutSizes } from './cut.ts';
import { pieceIdOf } from './manifest.ts';

const SMALL: CutSizes = { leastBytes: 64, usualBytes: 256, mostBytes: 1024, rareBits: 10, oftenBits: 6 };

function cutAll(bytes: Uint8Array, sizes?: CutSizes): number[] {
  const lengths = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = cutLength(bytes, at, bytes.byteLength, sizes);
    lengths.push(length);
    at += length;
  }
  return lengths;
}

/** The paper's algorithm, byte by byte, with a hash of the window's own bytes: no rolling, no tricks. */
function cutSlowly(bytes: Uint8Array, sizes: CutSizes): number[] {
  const gear = (byte: number): bigint =>
    BigInt(
      createHash('sha256')
        .update(Buffer.concat([Buffer.from('kith gear'), Buffer.of(byte)]))
        .digest()
        .readUInt32BE(0),
    );
  const table = Array.from({ length: 256 }, (_, byte) => gear(byte));
  const lengths = [];
  for (let start = 0; start < bytes.byteLength;) {
    const left = Math.min(bytes.byteLength - start, sizes.mostBytes);
    let length = Math.min(left, sizes.leastBytes);
    while (length < left) {
      length += 1;
      let hash = 0n;
      for (let back = 0; back < Math.min(32, length - sizes.leastBytes); back += 1)
        hash += (table[bytes[start + length - 1 - back] ?? 0] ?? 0n) << BigInt(back);
      const bits = length <= sizes.usualBytes ? sizes.rareBits : sizes.oftenBits;
      if ((hash & 0xffff_ffffn) >> BigInt(32 - bits) === 0n) break;
    }
    lengths.push(length);
    start += length;
  }
  return lengths;
}

test('cuts where a dumb reference cuts', () => {
  const rng = new SeededRng(7);
  for (const size of [0, 1, 63, 64, 65, 1000, 20_000]) {
    const bytes = rng.bytes(size);
    assert.deepEqual(cutAll(bytes, SMALL), cutSlowly(bytes, SMALL));
    assert.deepEqual(cutAll(new Uint8Array(size), SMALL), cutSlowly(new Uint8Array(size), SMALL));
  }
});

const VECTORS = [
  [425122, 467255, 597069, 564441, 526808, 443797, 422474, 405447, 336907, 4984],
  'e70852dffc05c68d1d76a89019f5e3b7be1b4c410b53c95f5342cbd5b60aa5c9',
];

test('the vectors of the protocol page hold', () => {
  const bytes = new Uint8Array(4 * 1024 * 1024);
  for (let at = 0; at < bytes.byteLength; at += 32)
    bytes.set(
      createHash('sha256')
        .update(`kith vector ${String(at / 32)}`)
        .digest(),
      at,
    );
  const lengths = cutAll(bytes);
  const [first = 0] = lengths;
  assert.deepEqual([lengths, pieceIdOf(bytes.subarray(0, first))], VECTORS);
});

test('a byte in front changes one piece', () => {
  const bytes = new SeededRng(3).bytes(48 * 1024 * 1024);
  const longer = new Uint8Array(bytes.byteLength + 1);
  longer.set(bytes, 1);
  const ids = (of: Uint8Array): string[] => {
    let at = 0;
    return cutAll(of).map((length) => pieceIdOf(of.subarray(at, (at += length))));
  };
  const before = new Set(ids(bytes));
  assert.ok(ids(longer).filter((id) => !before.has(id)).length <= 2);
});

test('pieces are about 400 KiB, none above the limit', () => {
  const lengths = cutAll(new SeededRng(5).bytes(64 * 1024 * 1024));
  assert.ok(Math.max(...lengths) <= PIECE_SIZES.mostBytes);
  assert.ok(lengths.length > 64 && lengths.length < 250, String(lengths.length));
});
