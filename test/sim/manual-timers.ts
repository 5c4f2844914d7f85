/** Timers that go off when the test says so, in the order in which they are due. */
import type { Timer, Timers } from '../../src/base/ports.ts';

export class ManualTimers implements Timers {
  nowMs = 0;
  readonly #due = new Set<{ readonly atMs: number; readonly run: () => void }>();

  after(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#due.add(timer);
    return {
      cancel: () => {
        this.#due.delete(timer);
      },
    };
  }

  /** How many are set. */
  get waiting(): number {
    return this.#due.size;
  }

  /** What is set on the way goes off too, if its time comes. */
  advance(byMs: number): void {
    const endMs = this.nowMs + byMs;
    for (let next = this.#earliest(endMs); next !== undefined; next = this.#earliest(endMs)) {
      this.#due.delete(next);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  #earliest(endMs: number): { readonly atMs: number; readonly run: () => void } | undefined {
    const [first] = [...this.#due].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
    return first;
  }
}
