/** What is measured of one holder while it is asked: throughput, delay, load, errors. */
const FIRST_WINDOW_BYTES = 1024 * 1024;
/** Of one that was measured and is slow: what waits there cannot come from elsewhere. One piece is always asked. */
const LEAST_WINDOW_BYTES = 256 * 1024;
const MOST_WINDOW_BYTES = 16 * 1024 * 1024;
/** What is asked ahead of time, so that the link never waits for the next request. */
const AHEAD_MS = 500;
/** What took longer than this was not on the way, but in a queue, or coming slowly. */
const LONGEST_DELAY_MS = 1000;
const PATIENCE_MS = 20_000;
const SAMPLE_MS = 200;
/** Before anything is measured: neither the first to be asked, nor the last. */
const UNKNOWN_RATE = 1024 * 1024;
const UNKNOWN_DELAY_MS = 50;

export class Measures {
  timesSilent = 0;
  #inFlight = 0;
  #count = 0;
  #errors = 0;
  #rate: number | undefined;
  #delayMs: number | undefined;
  #busySinceMs = 0;
  #sampleBytes = 0;
  #sampleMs = 0;

  hasRoom(): boolean {
    if (this.timesSilent > 0) return this.#count === 0;
    return this.#inFlight < this.#windowBytes();
  }

  asked(sizeBytes: number, nowMs: number): void {
    if (this.#count === 0) {
      this.#busySinceMs = nowMs;
      this.#sampleMs = nowMs;
      this.#sampleBytes = 0;
    }
    this.#inFlight += sizeBytes;
    this.#count += 1;
  }

  /** Before `settled`. */
  came(sizeBytes: number, nowMs: number): void {
    this.timesSilent = 0;
    this.#errors = Math.max(0, this.#errors - 0.25);
    if (this.#sampleBytes === 0 && this.#sampleMs === this.#busySinceMs) {
      const delayMs = nowMs - this.#busySinceMs;
      this.#delayMs = Math.min(this.#delayMs ?? Infinity, delayMs);
    }
    this.#sampleBytes += sizeBytes;
    const passedMs = nowMs - this.#sampleMs;
    if (passedMs < SAMPLE_MS && this.#rate !== undefined) return;
    const rate = (this.#sampleBytes * 1000) / Math.max(1, passedMs);
    this.#rate = this.#rate === undefined ? rate : this.#rate * 0.7 + rate * 0.3;
    if (passedMs < SAMPLE_MS) return;
    this.#sampleMs = nowMs;
    this.#sampleBytes = 0;
  }

  settled(sizeBytes: number): void {
    this.#inFlight -= sizeBytes;
    this.#count -= 1;
  }

  failed(): void {
    this.#errors += 1;
  }

  timedOut(): void {
    this.timesSilent += 1;
    this.#errors += 1;
    this.#rate = (this.#rate ?? UNKNOWN_RATE) / 2;
  }

  /** So long a request may take before it is asked elsewhere: far more than it should. */
  patienceMs(): number {
    const expectedMs = (this.#inFlight * 1000) / Math.max(1, this.#rate ?? UNKNOWN_RATE);
    return Math.max(PATIENCE_MS * (1 + this.timesSilent), Math.min(8 * expectedMs, 10 * PATIENCE_MS));
  }

  /** In steps, so that noise does not send everything to one holder and then to the next. */
  quality(): { readonly errors: number; readonly expectedMs: number } {
    const waitMs = (this.#inFlight * 1000) / (this.#rate ?? UNKNOWN_RATE);
    return {
      errors: Math.ceil(this.#errors),
      expectedMs: Math.round(((this.#delayMs ?? UNKNOWN_DELAY_MS) + waitMs) / 5) * 5,
    };
  }

  summary(): { readonly bytesPerSecond: number; readonly delayMs: number; readonly errors: number } {
    return { bytesPerSecond: this.#rate ?? 0, delayMs: this.#delayMs ?? 0, errors: this.#errors };
  }

  #windowBytes(): number {
    if (this.#rate === undefined) return FIRST_WINDOW_BYTES;
    const delayMs = Math.min(this.#delayMs ?? 0, LONGEST_DELAY_MS);
    const ahead = (this.#rate * (AHEAD_MS + 2 * delayMs)) / 1000;
    return Math.min(Math.max(ahead, LEAST_WINDOW_BYTES), MOST_WINDOW_BYTES);
  }
}
