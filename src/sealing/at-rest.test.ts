import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import { createSealer, SEAL_BYTES } from './at-rest.ts';

const sealer = createSealer(new Uint8Array(32).fill(1));
const context = { table: 'part', key: '12/5/0' };
const plaintext = utf8('a sister, last seen at the river');

const bytes = fc.uint8Array({ maxLength: 400 });
const name = fc.string({ maxLength: 12 });

test('what was sealed opens in its place', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('part', 'letter', 'piece'),
      fc.oneof(name, bytes),
      bytes,
      (table, key, content) => {
        const sealed = sealer.seal({ table, key }, content);
        assert.equal(sealed.byteLength, content.byteLength + SEAL_BYTES);
        assert.deepEqual(sealer.open({ table, key }, sealed), content);
      },
    ),
    { seed: 5 },
  );
});

test('it opens nowhere else: another row, table or key', () => {
  const sealed = sealer.seal(context, plaintext);
  assert.throws(() => sealer.open({ ...context, key: '12/5/1' }, sealed), isDamaged);
  assert.throws(() => sealer.open({ ...context, table: 'letter' }, sealed), isDamaged);
  assert.throws(() => createSealer(new Uint8Array(32).fill(2)).open(context, sealed), isDamaged);
});

test('the border between row key and content is part of the seal', () => {
  const moved = sealer.seal({ table: 'part', key: 'ab' }, utf8('c'));
  assert.throws(() => sealer.open({ table: 'part', key: 'a' }, moved), isDamaged);
  assert.notDeepEqual(tagOf(moved), tagOf(sealer.seal({ table: 'part', key: 'a' }, utf8('bc'))));
});

test('every changed bit is noticed', () => {
  const sealed = sealer.seal(context, plaintext);
  for (let bit = 0; bit < sealed.byteLength * 8; bit += 1) {
    const changed = new Uint8Array(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => sealer.open(context, changed), bit < 8 ? isMalformed : isDamaged, `bit ${bit}`);
  }
});

test('cut or lengthened content is noticed, and what is too short is no seal', () => {
  const sealed = sealer.seal(context, plaintext);
  assert.throws(() => sealer.open(context, sealed.subarray(0, -1)), isDamaged);
  assert.throws(() => sealer.open(context, Uint8Array.of(...sealed, 0)), isDamaged);
  for (let length = 0; length < SEAL_BYTES; length += 1) {
    assert.throws(() => sealer.open(context, sealed.subarray(0, length)), isMalformed);
  }
});

test('the same content in the same row gives the same bytes, so that rebuilt tables are alike', () => {
  assert.deepEqual(
    sealer.seal(context, plaintext),
    createSealer(new Uint8Array(32).fill(1)).seal(context, plaintext),
  );
});

test('other content in the same row, or the same in another, shares nothing: neither tag nor keystream', () => {
  const zeros = new Uint8Array(64);
  const ones = new Uint8Array(64).fill(1);
  const first = sealer.seal(context, zeros);
  const second = sealer.seal(context, ones);
  const third = sealer.seal({ ...context, key: '12/5/1' }, zeros);
  assert.equal(new Set([first, second, third].map((sealed) => toHex(tagOf(sealed)))).size, 3);
  const keystreams = [first, second, third].map((sealed, index) =>
    toHex(sealed.subarray(SEAL_BYTES).map((byte) => byte ^ (index === 1 ? 1 : 0))),
  );
  assert.equal(new Set(keystreams).size, 3);
});

test('the bytes on disk, pinned: a later version opens what this one sealed', () => {
  assert.equal(
    toHex(sealer.seal(context, plaintext)),
    '013d7cbcad95cf667b8049ab4038c099f55a16c577590d718946f056785fb02c4d2f687fb44485105feac431ea9025e89f',
  );
  assert.deepEqual(
    sealer.open(
      context,
      fromHex(
        '013d7cbcad95cf667b8049ab4038c099f55a16c577590d718946f056785fb02c4d2f687fb44485105feac431ea9025e89f',
      ),
    ),
    plaintext,
  );
});

test('index keys: alike for alike values, apart by label and value, and pinned', () => {
  assert.deepEqual(sealer.indexKey('name', 'Ana'), sealer.indexKey('name', utf8('Ana')));
  const keys = [
    sealer.indexKey('name', 'Ana'),
    sealer.indexKey('name', 'Ane'),
    sealer.indexKey('place', 'Ana'),
  ];
  assert.equal(new Set(keys.map(toHex)).size, 3);
  assert.equal(toHex(sealer.indexKey('name', 'Ana')), '2ede57f25ad48039bc60357a5376ec96');
});

test('what is returned is the caller’s own: sealing again does not change it', () => {
  const sealed = sealer.seal(context, plaintext);
  const opened = sealer.open(context, sealed);
  const before = [toHex(sealed), toHex(opened)];
  for (let i = 0; i < 100; i += 1) sealer.seal({ table: 'part', key: String(i) }, plaintext);
  assert.deepEqual([toHex(sealed), toHex(opened)], before);
});

function tagOf(sealed: Bytes): Bytes {
  return sealed.subarray(1, SEAL_BYTES);
}

function isDamaged(error: unknown): boolean {
  return isKithError(error, 'damaged-store');
}

function isMalformed(error: unknown): boolean {
  return isKithError(error, 'malformed');
}
