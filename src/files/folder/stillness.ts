/** Is a file still, so that reading it is of use? What is remembered of it is forgotten when it says nothing more. */
import type { Clock } from '../../base/ports.ts';
import { LONGEST_MS, stillMs } from './pacing.ts';

const RESTLESS_MS = 10_000;

export class Stillness {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Both with the oldest first. */
  readonly #hintedMs = new Map<string, number>();
  readonly #restless = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Paths of which something is remembered. */
  get size(): number {
    return this.#hintedMs.size + this.#restless.size;
  }

  hinted(path: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#hintedMs.delete(path);
    this.#hintedMs.set(path, nowMs);
    for (const [oldest, atMs] of this.#hintedMs) {
      if (nowMs - atMs < LONGEST_MS) break;
      this.#hintedMs.delete(oldest);
    }
  }

  /** How long it has to be left alone before it is read; 0: it can be now, and the hint was for that. */
  waitMs(path: string, sizeBytes: number): number {
    const quietMs = this.#clock.monotonicMs() - (this.#hintedMs.get(path) ?? -Infinity);
    const missingMs = Math.max(0, stillMs(sizeBytes, this.restlessness(path)) - quietMs);
    if (missingMs === 0) this.#hintedMs.delete(path);
    return missingMs;
  }

  /** How often it was written to while it was read, or published, a moment ago. */
  restlessness(path: string): number {
    const known = this.#restless.get(path);
    if (known === undefined || this.#clock.monotonicMs() - known.atMs > RESTLESS_MS) return 0;
    return known.count;
  }

  /** It was written to while it was read. */
  stir(path: string): void {
    this.#remember(path, this.restlessness(path) + 1);
    this.hinted(path);
  }

  published(path: string): void {
    this.#remember(path, Math.max(this.restlessness(path), 1));
  }

  #remember(path: string, count: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#restless.delete(path);
    this.#restless.set(path, { count, atMs: nowMs });
    for (const [oldest, { atMs }] of this.#restless) {
      if (nowMs - atMs <= RESTLESS_MS) break;
      this.#restless.delete(oldest);
    }
  }
}
