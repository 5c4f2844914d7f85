import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../test/sim/manual-timers.ts';
import { Pacing } from './pacing.ts';

test('the first letters go at once, those that follow go together a moment later', () => {
  const timers = new ManualTimers();
  const [waiting, given]: [string[], [number, string][]] = [[], []];
  const give = (): void => {
    while (waiting.length > 0 && pacing.mayGive()) given.push([timers.nowMs, waiting.shift() ?? '']);
  };
  const come = (...letters: string[]): void => {
    waiting.push(...letters);
    give();
  };
  const pacing = new Pacing(10, {
    after: (delayMs, run) => void timers.after(delayMs, run),
    resume: give,
  });
  come('a', 'b');
  timers.advance(1);
  come('c');
  timers.advance(4);
  come('d');
  timers.advance(50);
  come('e');
  assert.deepEqual(
    given.map(([, letter]) => letter),
    ['a', 'b', 'c', 'd', 'e'],
  );
  const times = given.map(([atMs]) => atMs);
  assert.equal(times[0], times[1]);
  assert.equal(times[2], times[3], 'together');
  assert.ok((times[2] ?? 0) >= 10);
  assert.equal(times[4], 55, 'after a pause');
});
