/** Who waits to hear that a message is in order. */
import type { Applied } from './consensus/types.ts';
import type { RoomMessages } from './messages.ts';

export class AwaitedMessages {
  readonly #messages: Pick<RoomMessages, 'idOf'>;
  readonly #runs = new Map<string, Set<() => void>>();

  constructor(messages: Pick<RoomMessages, 'idOf'>) {
    this.#messages = messages;
  }

  /** @returns what ends the waiting. */
  add(message: string, run: () => void): () => void {
    const runs = this.#runs.get(message) ?? new Set();
    this.#runs.set(message, runs.add(run));
    return () => {
      runs.delete(run);
      if (runs.size === 0) this.#runs.delete(message);
    };
  }

  tell(applied: readonly Applied[]): void {
    if (this.#runs.size === 0) return;
    for (const { entry } of applied) {
      if (entry.kind !== 'command') continue;
      const id = this.#messages.idOf(entry.command);
      const runs = this.#runs.get(id) ?? [];
      this.#runs.delete(id);
      for (const run of runs) run();
    }
  }
}
