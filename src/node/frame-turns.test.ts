import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Channel } from '../net/ports.ts';
import { takeInTurns } from './frame-turns.ts';

const LARGE = 256 * 1024;

function setup() {
  let [onFrame, onClose] = [(_: Uint8Array): void => undefined, (_: Error | undefined): void => undefined];
  const state = { paused: false, closed: 0 };
  const taken: number[] = [];
  const turns: (() => void)[] = [];
  const channel = {
    onFrame: (handler: typeof onFrame) => {
      onFrame = handler;
    },
    onClose: (handler: typeof onClose) => {
      onClose = handler;
    },
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
    },
  } as Partial<Channel> as Channel;
  takeInTurns(channel, {
    take: (frame) => taken.push(frame[0] ?? -1),
    closed: () => {
      state.closed += 1;
    },
    later: (run) => turns.push(run),
  });
  return {
    state,
    taken,
    turn: () => turns.shift()?.(),
    turns,
    comes: (number: number, sizeBytes = LARGE) => {
      onFrame(new Uint8Array(sizeBytes).fill(number));
    },
    ends: (error?: Error) => {
      onClose(error);
    },
  };
}

describe('bulk in turns', () => {
  it('is worked off one large frame at a time, in order, with small ones in their place', () => {
    const { comes, taken, turn, turns } = setup();
    comes(1, 10);
    assert.deepEqual(taken, [1], 'a small one with none before it is taken at once');
    for (const number of [2, 3]) comes(number);
    comes(4, 10);
    comes(5);
    assert.deepEqual(taken, [1]);
    turn();
    assert.deepEqual(taken, [1, 2]);
    turn();
    assert.deepEqual(taken, [1, 2, 3]);
    turn();
    assert.deepEqual(taken, [1, 2, 3, 4, 5]);
    assert.equal(turns.length, 0);
    comes(6, 10);
    assert.equal(taken.at(-1), 6);
  });

  it('holds its sender back when too much waits, and lets it go on', () => {
    const { comes, state, turn, turns } = setup();
    const isPaused = (): boolean => state.paused;
    for (let number = 0; number < 17; number += 1) comes(number);
    assert.ok(isPaused());
    while (isPaused()) turn();
    assert.ok(turns.length > 0, 'before all of it is worked off');
  });

  it('finishes what waited when the channel ends in order, and nothing when it breaks', () => {
    const orderly = setup();
    for (const number of [1, 2]) orderly.comes(number);
    orderly.ends();
    assert.equal(orderly.state.closed, 0);
    orderly.turn();
    orderly.turn();
    assert.deepEqual([orderly.taken, orderly.state.closed], [[1, 2], 1]);
    const broken = setup();
    broken.comes(1);
    broken.ends(new Error('gone'));
    broken.turn();
    assert.deepEqual([broken.taken, broken.state.closed], [[], 1]);
  });
});
