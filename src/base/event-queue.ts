/** Events one after the other: what handling one causes waits for its turn. */
export class EventQueue<Event> {
  readonly #handle: (event: Event) => void;
  readonly #waiting: Event[] = [];
  #running = false;

  constructor(handle: (event: Event) => void) {
    this.#handle = handle;
  }

  /** Handled when it returns, unless another one is being handled: then right after that one. */
  push(event: Event): void {
    this.#waiting.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
        this.#handle(next);
    } finally {
      this.#running = false;
    }
  }
}
