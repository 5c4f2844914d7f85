/** Small files that wait to be read. Each is known by some hundred bytes of memory, so there is no use in finding more of them than can be read soon. */

export interface BacklogLimits {
  readonly files: number;
  /** What is more takes its time, and nothing else is to wait for that. */
  readonly sizeBytes: number;
}

const BACKLOG_LIMITS: BacklogLimits = { files: 1024, sizeBytes: 64 * 1024 * 1024 };

export class Backlog {
  readonly #limits: BacklogLimits;
  #files = 0;
  #sizeBytes = 0;
  #waiting: (() => void)[] = [];

  constructor(limits: BacklogLimits = BACKLOG_LIMITS) {
    this.#limits = limits;
  }

  add(sizeBytes: number): void {
    this.#files += 1;
    this.#sizeBytes += sizeBytes;
    this.#tell();
  }

  done(sizeBytes: number): void {
    this.#files -= 1;
    this.#sizeBytes -= sizeBytes;
    this.#tell();
  }

  /** Until it is of use to find more. */
  async room(): Promise<void> {
    if (!this.#hasRoom) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get #hasRoom(): boolean {
    return this.#files < this.#limits.files || this.#sizeBytes > this.#limits.sizeBytes;
  }

  #tell(): void {
    if (this.#hasRoom) for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
