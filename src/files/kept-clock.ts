/**
 * Time as it counts for what is kept. A clock that jumps, or a node that was off for long, must not use up a time in which something can be
 * had back: between two looks at most a day passes, and none when the clock goes back.
 */
import type { Clock } from '../base/ports.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const WRITE_MS = 60 * 60 * 1000;

/** Both in milliseconds since 1970. */
export interface KeptTime {
  readonly wallMs: number;
  readonly keptMs: number;
}

export interface KeptClockDeps {
  readonly clock: Pick<Clock, 'nowMs'>;
  read(): KeptTime | undefined;
  write(time: KeptTime): void;
}

export class KeptClock {
  readonly #deps: KeptClockDeps;
  #time: KeptTime;
  #writtenMs: number;

  constructor(deps: KeptClockDeps) {
    this.#deps = deps;
    const nowMs = deps.clock.nowMs();
    this.#time = deps.read() ?? { wallMs: nowMs, keptMs: nowMs };
    this.#writtenMs = this.#time.keptMs;
    this.#deps.write(this.#time);
  }

  /** To be asked at least daily. */
  nowMs(): number {
    const wallMs = Math.floor(this.#deps.clock.nowMs());
    const passedMs = Math.min(Math.max(0, wallMs - this.#time.wallMs), DAY_MS);
    this.#time = { wallMs, keptMs: this.#time.keptMs + passedMs };
    // Whoever ends between two writings keeps a little longer.
    if (this.#time.keptMs - this.#writtenMs >= WRITE_MS) {
      this.#writtenMs = this.#time.keptMs;
      this.#deps.write(this.#time);
    }
    return this.#time.keptMs;
  }
}
