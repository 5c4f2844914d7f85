/** A machine's clock as it believes it: off by some, running fast or slow, set by hand now and then. */
import type { Clock } from '../../src/base/ports.ts';

export const SIM_EPOCH_MS = Date.UTC(2026, 10, 1);
export const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

export class SimClock implements Clock {
  readonly #trueMs: () => number;
  #offMs = 0;
  /** How much faster it runs than the true one. */
  #driftRate = 0;
  #driftSinceMs = 0;

  constructor(trueMs: () => number) {
    this.#trueMs = trueMs;
  }

  nowMs(): number {
    return (
      SIM_EPOCH_MS + this.#trueMs() + this.#offMs + (this.#trueMs() - this.#driftSinceMs) * this.#driftRate
    );
  }

  monotonicMs(): number {
    return this.#trueMs();
  }

  jump(byMs: number): void {
    this.#offMs += byMs;
  }

  drift(rate: number): void {
    this.#offMs += (this.#trueMs() - this.#driftSinceMs) * this.#driftRate;
    this.#driftSinceMs = this.#trueMs();
    this.#driftRate = rate;
  }
}
