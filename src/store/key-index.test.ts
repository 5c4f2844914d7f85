/** Against a dumb table of keys and slots: through flushes, merges, transactions that are undone, and a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRng } from '../../test/sim/rng.ts';
import { openDatabase } from './database.ts';
import { KeyHash } from './key-hash.ts';
import { KeyIndex } from './key-index.ts';

const SLOTS = 45_000;
const KEYS = 3000;

/** Few keys that many share, and many that few do. */
function keysOf(slot: number, rng: SeededRng): number[] {
  return [rng.below(5), 10 + rng.below(KEYS), 10 + rng.below(KEYS), 4_000_000_000 + (slot % 1000)];
}

void test('finds what was filed, in segments, between them, and after a restart', () => {
  const database = openDatabase(':memory:');
  const rng = new SeededRng(4);
  const expected = new Map<number, number[]>();
  let index = new KeyIndex(database);
  for (let slot = 1; slot <= SLOTS;) {
    const end = Math.min(SLOTS, slot + 1000);
    database.transact(() => {
      for (; slot <= end; slot += 1) {
        const keys = new Set(keysOf(slot, rng));
        index.add(slot, [...keys]);
        for (const key of keys) expected.set(key, [...(expected.get(key) ?? []), slot]);
      }
    });
    if (slot % 7 === 0) index = new KeyIndex(database);
  }
  const segments = database.sql('SELECT level, count(*) AS n FROM record_segments GROUP BY level').all();
  assert.ok(segments.length > 1, 'some were merged, and some were not yet');
  for (let asked = 0; asked < 400; asked += 1) {
    const key = [10 + rng.below(KEYS), 4_000_000_000 + rng.below(1000)][asked % 2] ?? 0;
    assert.deepEqual(
      [...index.withKey(key, 200)].sort((a, b) => a - b),
      expected.get(key) ?? [],
    );
  }
  assert.deepEqual(index.withKey(2, 120), [], 'what everybody has says nothing');
  const [rare, common] = [10 + rng.below(KEYS), 3];
  const [best] = index.heaviest([rare, common], SLOTS, 10);
  assert.ok(
    best !== undefined && expected.get(rare)?.includes(best.slot) === true,
    'the rarest key counts most',
  );
});

void test('what a transaction that is undone had filed is not found, though it filled a segment', () => {
  const database = openDatabase(':memory:');
  const index = new KeyIndex(database);
  database.transact(() => {
    for (let slot = 1; slot <= 4000; slot += 1) index.add(slot, [7, slot]);
  });
  assert.equal(index.withKey(500, 10).length, 1);
  assert.throws(() =>
    database.transact(() => {
      for (let slot = 4001; slot <= 9000; slot += 1) index.add(slot, [7, slot + 100_000]);
      throw new Error('undone');
    }),
  );
  assert.deepEqual(index.withKey(105_000, 10), []);
  assert.deepEqual(index.withKey(500, 10), [500]);
  database.transact(() => {
    for (let slot = 4001; slot <= 9000; slot += 1) index.add(slot, [8, slot]);
  });
  assert.deepEqual(index.withKey(8500, 10), [8500]);
  assert.deepEqual(index.withKey(500, 10), [500]);
});

void test('hashes of keys depend on the key of the disk, and spread', () => {
  const [one, other] = [new KeyHash(new Uint8Array(16).fill(1)), new KeyHash(new Uint8Array(16).fill(2))];
  const words = Array.from({ length: 20_000 }, (_, at) => `w:${'abc'.repeat(at % 5)}${String(at)}`);
  assert.ok(new Set(words.map((word) => one.of(word))).size > words.length - 5);
  assert.equal(new Set(words.map((word) => one.wide(word))).size, words.length);
  assert.ok(words.every((word) => Number.isSafeInteger(one.wide(word))));
  assert.ok(words.filter((word) => one.of(word) === other.of(word)).length < 3);
  assert.notEqual(one.of('ab'), one.of('ab\0'), 'the length counts');
});
