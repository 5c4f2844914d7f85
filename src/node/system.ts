/** The machine's own clock, timers and randomness, behind the ports that the rest of the program knows. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Rng, Timers } from '../base/ports.ts';

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemTimers: Timers = {
  after: (delayMs, run) => {
    // As soon as may be: a timer of 0 waits for a millisecond, and an immediate that is unref'd until something else comes.
    if (delayMs === 0) {
      const soon = setImmediate(run);
      return {
        cancel: () => {
          clearImmediate(soon);
        },
      };
    }
    const timer = setTimeout(run, delayMs);
    // What keeps a node alive is its API and its links, never a timer that nobody waits for any more.
    timer.unref();
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};

/** Salts are asked for one by one, a hundred thousand in an import: one call to the system serves many. */
const POOL_BYTES = 8192;
let pool = new Uint8Array(0);

export const systemRng: Rng = {
  bytes: (count) => {
    if (count > POOL_BYTES / 4) return new Uint8Array(randomBytes(count));
    if (pool.byteLength < count) pool = new Uint8Array(randomBytes(POOL_BYTES));
    const taken = pool.slice(0, count);
    pool = pool.subarray(count);
    return taken;
  },
  below: (limit) => randomInt(limit),
};

/** What this machine gives to whatever asks for all three. */
export const system = { clock: systemClock, timers: systemTimers, rng: systemRng } as const;
