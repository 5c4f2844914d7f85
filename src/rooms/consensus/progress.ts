/** How far a peer is known to be, and what is on its way to it. */

/** Messages with entries that may be under way to one peer. */
const WINDOW = 64;

export class Progress {
  /** Is on the peer's disk up to here. */
  match = 0;
  /** Is sent next. */
  next: number;
  /** Not known where the logs agree, so one message at a time. */
  probing = true;
  sentMs = -Infinity;
  /** What the peer was last told is confirmed. */
  sentCommit = 0;
  /** Before this host's time where hosts before it have not heard the peer, either. */
  heardMs: number;
  knownOrder = 0;
  #inFlight: number[] = [];

  constructor(next: number, nowMs: number) {
    this.next = next;
    this.heardMs = nowMs;
  }

  get hasRoom(): boolean {
    return this.#inFlight.length < WINDOW;
  }

  get isIdle(): boolean {
    return this.#inFlight.length === 0;
  }

  wasSilent(forMs: number): void {
    this.heardMs -= forMs;
  }

  sent(lastIndex: number): void {
    this.#inFlight.push(lastIndex);
    this.next = lastIndex + 1;
  }

  matched(index: number): void {
    this.match = Math.max(this.match, index);
    this.next = Math.max(this.next, this.match + 1);
    this.probing = false;
    while (this.#inFlight[0] !== undefined && this.#inFlight[0] <= this.match) this.#inFlight.shift();
  }

  goBack(next: number): void {
    this.next = Math.max(this.match + 1, next);
    this.probing = true;
    this.#inFlight = [];
  }
}
