import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stillness } from './stillness.ts';

const SMALL = 10;

function still(): { readonly stillness: Stillness; readonly pass: (ms: number) => void } {
  let nowMs = 0;
  const stillness = new Stillness({ monotonicMs: () => nowMs });
  return { stillness, pass: (ms) => (nowMs += ms) };
}

test('a file is read a moment after the last hint, and at once when nobody hinted', () => {
  const { stillness, pass } = still();
  assert.equal(stillness.waitMs('a', SMALL), 0);
  stillness.hinted('a');
  const waitMs = stillness.waitMs('a', SMALL);
  assert.ok(waitMs > 0);
  pass(waitMs);
  assert.equal(stillness.waitMs('a', SMALL), 0);
});

test('who writes again and again is waited for ever longer, until it rests', () => {
  const { stillness, pass } = still();
  const waits = [1, 2, 3].map(() => {
    stillness.stir('a');
    return stillness.waitMs('a', SMALL);
  });
  assert.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  );
  assert.equal(new Set(waits).size, 3);
  pass(60_000);
  assert.deepEqual([stillness.restlessness('a'), stillness.waitMs('a', SMALL)], [0, 0]);
});

test('of thousands that were published once, none is remembered for long', () => {
  const { stillness, pass } = still();
  for (let n = 0; n < 5000; n += 1) {
    stillness.hinted(`x${String(n)}`);
    stillness.published(`x${String(n)}`);
    pass(100);
  }
  assert.ok(stillness.size <= 300, String(stillness.size));
  assert.equal(stillness.restlessness('x4999'), 1);
});
