/** When the keys of letters are looked after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../base/ports.ts';
import type { LogEvents } from '../log/service.ts';
import { ManualTimers } from '../../test/sim/manual-timers.ts';
import { LetterKeeper } from './letters.ts';

const HOUR_MS = 60 * 60 * 1000;

/** A sealer whose work ends when the test says so. */
function stage(): {
  keeper: LetterKeeper;
  timers: ManualTimers;
  runs: () => number;
  roll: () => void;
  finish: (error?: Error) => Promise<void>;
} {
  const timers = new ManualTimers();
  const running: PromiseWithResolvers<undefined>[] = [];
  let count = 0;
  let roll: LogEvents['membership'] | undefined;
  const keeper = new LetterKeeper({
    sealer: {
      maintain: async () => {
        count += 1;
        const work = Promise.withResolvers<undefined>();
        running.push(work);
        await work.promise;
      },
    },
    log: {
      on: (events) => {
        roll = events.membership;
      },
    },
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    timers,
    logger: silentLogger,
  });
  return {
    keeper,
    timers,
    runs: () => count,
    roll: () => roll?.(undefined as never),
    finish: async (error) => {
      const work = running.shift();
      assert.ok(work);
      if (error === undefined) work.resolve(undefined);
      else work.reject(error);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    },
  };
}

test('at start, hourly, and when the roll changes; never two at a time, and after a failure as well', async () => {
  const { keeper, timers, runs, roll, finish } = stage();
  roll();
  assert.equal(runs(), 0, 'not before the start');
  keeper.start();
  assert.equal(runs(), 1);
  roll();
  roll();
  assert.equal(runs(), 1, 'one is at work');
  await finish();
  assert.equal(runs(), 2, 'and once more for all that came meanwhile');
  await finish(new Error('disk full'));
  assert.equal(runs(), 2);
  timers.advance(HOUR_MS);
  assert.equal(runs(), 3);
  await finish();
  roll();
  assert.equal(runs(), 4);
  keeper.stop();
  await finish(new Error('the store was closed'));
  timers.advance(2 * HOUR_MS);
  roll();
  assert.equal(runs(), 4, 'not after the end');
});
