/** Which epochs of a room count, and what is missing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeviceKey } from '../../base/ids.ts';
import { accepts, advanced, goneFrom, narrowed, NO_KEYS, widened, WINDOW, type KeyState } from './core.ts';
import { encodeKeys, readKeys } from './wire.ts';

const BYTES = new Uint8Array(32).fill(7);
const ADA = 'ab'.repeat(32) as DeviceKey;
const EVE = 'ee'.repeat(32) as DeviceKey;

function after(state: KeyState, epoch: number, parts = false): ReturnType<typeof advanced> {
  return advanced(state, { group: BYTES, epoch, secret: BYTES, index: epoch * 10, nowMs: epoch, parts });
}

function upTo(epoch: number): KeyState {
  let state = NO_KEYS;
  for (let at = 1; at <= epoch; at += 1) ({ state } = after(state, at, at === 1));
  return state;
}

describe('keys of a room', () => {
  test('let in what was sealed a few changes ago, and nothing older or newer', () => {
    const state = upTo(9);
    const allowed = Array.from({ length: 12 }, (_, epoch) => epoch).filter((epoch) => accepts(state, epoch));
    assert.deepEqual(allowed, [6, 7, 8, 9]);
    assert.equal(allowed.length, WINDOW);
    assert.equal(state.epochs.length, WINDOW);
  });

  test('let in nothing that somebody can open who went', () => {
    const { state, dropped } = after(upTo(5), 6, true);
    assert.deepEqual(
      [4, 5, 6].filter((epoch) => accepts(state, epoch)),
      [6],
    );
    assert.deepEqual(
      dropped.map(({ epoch }) => epoch),
      [2, 3, 4, 5],
    );
  });

  test('are nobody’s business who is in no group', () => {
    assert.equal(accepts({ ...upTo(3), group: undefined }, 3), false);
  });

  test('are held by those in the room alone', () => {
    assert.deepEqual(goneFrom({ ...NO_KEYS, inside: [ADA] }, [ADA, EVE]), [EVE]);
  });

  test('that are missing are asked for from the top', () => {
    const span = widened(widened(undefined, 0, 50), 60, 61);
    assert.deepEqual(span, { from: 0, to: 61 });
    assert.deepEqual(narrowed(span, 40), { from: 0, to: 40 });
    assert.equal(narrowed(span, 0), undefined);
    assert.equal(widened(undefined, 5, 5), undefined);
  });

  test('come back from disk as they were', () => {
    const pending = { epoch: 3, at: 7, digest: BYTES, group: BYTES };
    const state: KeyState = { ...upTo(3), inside: [ADA, EVE], pending, missing: { from: 1, to: 2 } };
    assert.deepEqual(readKeys(encodeKeys(state)), state);
    assert.deepEqual(readKeys(encodeKeys(NO_KEYS)), NO_KEYS);
  });
});
