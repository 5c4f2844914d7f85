/** How far one peer is: round trips smoothed as in RFC 6298, and how many of the last probes came back. */
import type { Delay } from './types.ts';

/** A probe that is not answered by then is lost. */
export const PROBE_TIMEOUT_MS = 5000;
const REMEMBERED = 20;
/** Nothing is said before so many came back, or so many were lost. */
const ENOUGH = 3;
const SMOOTHING = 0.25;

export class ProbeMeter {
  readonly #waiting = new Map<number, number>();
  #fates: boolean[] = [];
  #smoothMs: number | undefined;

  sent(id: number, nowMs: number): void {
    this.#waiting.set(id, nowMs);
  }

  /** Answers of probes that were given up, or never sent, say nothing. */
  answered(id: number, nowMs: number): void {
    const sentMs = this.#waiting.get(id);
    if (sentMs === undefined) return;
    this.#waiting.delete(id);
    const roundMs = Math.max(0, nowMs - sentMs);
    this.#smoothMs =
      this.#smoothMs === undefined ? roundMs : this.#smoothMs + SMOOTHING * (roundMs - this.#smoothMs);
    this.#note(true);
  }

  expire(nowMs: number): void {
    for (const [id, sentMs] of this.#waiting) {
      if (nowMs - sentMs < PROBE_TIMEOUT_MS) continue;
      this.#waiting.delete(id);
      this.#note(false);
    }
  }

  /** Undefined as long as there is not enough to tell. */
  get delay(): Delay | undefined {
    const came = this.#fates.filter(Boolean).length;
    const lastOnes = this.#fates.slice(-ENOUGH);
    if (lastOnes.length === ENOUGH && !lastOnes.includes(true)) return { state: 'unreachable' };
    if (came < ENOUGH || this.#smoothMs === undefined) return undefined;
    const lossPermille = Math.round((1000 * (this.#fates.length - came)) / this.#fates.length);
    return { state: 'reached', roundUs: Math.round(this.#smoothMs * 1000), lossPermille };
  }

  #note(came: boolean): void {
    this.#fates = [...this.#fates, came].slice(-REMEMBERED);
  }
}
