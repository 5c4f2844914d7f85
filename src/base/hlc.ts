/**
 * Hybrid logical clock (Kulkarni et al. 2014, "Logical Physical Clocks"): wall milliseconds and a counter that
 * breaks ties, so that what follows from something sorts after it whatever the machines' clocks say.
 */
import type { Clock } from './ports.ts';

export interface Hlc {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** Ties within one millisecond, 0 … 65535. */
  readonly n: number;
}

export const HLC_ZERO: Hlc = { ms: 0, n: 0 };
export const MAX_HLC_MS = 2 ** 48 - 1;
export const MAX_HLC_N = 0xffff;

/** How far an entry's time may run ahead of everything that its author had seen before it stops counting. */
export const MAX_DRIFT_MS = 24 * 60 * 60 * 1000;

export function compareHlc(a: Hlc, b: Hlc): number {
  return a.ms - b.ms || a.n - b.n;
}

export function maxHlc(a: Hlc, b: Hlc): Hlc {
  return compareHlc(a, b) >= 0 ? a : b;
}

/** The smallest time after `hlc`. */
export function nextHlc(hlc: Hlc): Hlc {
  return hlc.n < MAX_HLC_N ? { ms: hlc.ms, n: hlc.n + 1 } : { ms: hlc.ms + 1, n: 0 };
}

/**
 * The time at which an entry counts when concurrent writes are ordered: its own, but at most `MAX_DRIFT_MS` past
 * the latest thing that it builds on. So a clock set to 2099 wins once, and loses to whoever writes next.
 */
export function boundedHlc(own: Hlc, buildsOn: readonly Hlc[]): Hlc {
  if (buildsOn.length === 0) return own;
  const seen = buildsOn.reduce(maxHlc);
  const limit = { ms: seen.ms + MAX_DRIFT_MS, n: seen.n };
  return compareHlc(own, limit) <= 0 ? own : limit;
}

/** This node's clock. Remote times further ahead than `MAX_DRIFT_MS` of our own wall clock do not drag it along. */
export class HybridClock {
  readonly #clock: Clock;
  #last: Hlc;

  constructor(clock: Clock, last: Hlc = HLC_ZERO) {
    this.#clock = clock;
    this.#last = last;
  }

  /** A time after every one that was given out or witnessed. */
  tick(): Hlc {
    const nowMs = Math.min(Math.max(0, Math.floor(this.#clock.nowMs())), MAX_HLC_MS);
    this.#last = nowMs > this.#last.ms ? { ms: nowMs, n: 0 } : nextHlc(this.#last);
    return this.#last;
  }

  witness(seen: Hlc): void {
    if (seen.ms > this.#clock.nowMs() + MAX_DRIFT_MS) return;
    this.#last = maxHlc(this.#last, seen);
  }
}
