/**
 * Reading a run of the log and handing it to a link is work; what is asked for by several neighbours is done a run at a
 * time, one neighbour after the other, and between two runs whatever has come is read: an alarm goes before what is left.
 */
export interface ServingTurnsDeps {
  hasRoom(peer: string): boolean;
  /** Serves the peer while `mayServe` says so. */
  serve(peer: string): void;
  /** After what can be read has been read. */
  later(run: () => void): void;
}

export class ServingTurns {
  readonly #deps: ServingTurnsDeps;
  /** In the order in which they come next. */
  readonly #waiting = new Set<string>();
  #isTaken = false;

  constructor(deps: ServingTurnsDeps) {
    this.#deps = deps;
  }

  /** False puts the peer in the row, if it is only this turn that has no room. */
  mayServe(peer: string): boolean {
    if (!this.#deps.hasRoom(peer)) return false;
    if (!this.#isTaken) return true;
    this.#waiting.add(peer);
    return false;
  }

  /** A run went out: the turn is over. */
  served(): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#deps.later(() => {
      this.#next();
    });
  }

  left(peer: string): void {
    this.#waiting.delete(peer);
  }

  #next(): void {
    this.#isTaken = false;
    for (const peer of [...this.#waiting]) if (this.#takes(peer)) return;
  }

  /** @returns false when there is nothing for this peer after all. */
  #takes(peer: string): boolean {
    this.#waiting.delete(peer);
    this.#deps.serve(peer);
    return this.#isTaken;
  }
}
