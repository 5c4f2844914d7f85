/**
 * When letters are given to neighbours. What comes after a pause goes at once; what follows it closely waits a moment
 * and goes together, because a write costs a link more than what is in it.
 */
export interface PacingDeps {
  /** @param delayMs 0: when what is done now is over. */
  after(delayMs: number, run: () => void): void;
  /** Letters may be given again. */
  resume(): void;
}

export class Pacing {
  readonly #gatherMs: number;
  readonly #deps: PacingDeps;
  #state: 'open' | 'giving' | 'gathering' = 'open';

  constructor(gatherMs: number, deps: PacingDeps) {
    this.#gatherMs = gatherMs;
    this.#deps = deps;
  }

  /** Asked before each letter that is given. */
  mayGive(): boolean {
    if (this.#state === 'gathering') return false;
    if (this.#state === 'open') {
      this.#state = 'giving';
      this.#deps.after(0, () => {
        this.#gather();
      });
    }
    return true;
  }

  #gather(): void {
    this.#state = 'gathering';
    this.#deps.after(this.#gatherMs, () => {
      this.#state = 'open';
      this.#deps.resume();
    });
  }
}
