/** The machine's own timers for tests of adapters. They hold the process, so that one that nobody cancels shows. */
import type { Clock, Timers } from '../../src/base/ports.ts';

export const realTimers: Timers = {
  after: (delayMs, run) => {
    const handle = setTimeout(run, delayMs);
    return {
      cancel: () => {
        clearTimeout(handle);
      },
    };
  },
};

export const realClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
