/** Who waits to hear that a message is in order. */
import type { Applied } from './consensus/types.ts';
import type { RoomMessages } from './messages.ts';

export class AwaitedMessages {
  readonly #messages: Pick<RoomMessages, 'idOf'>;
  readonly #runs = new Map<string, () => void>();

  constructor(messages: Pick<RoomMessages, 'idOf'>) {
    this.#messages = messages;
  }

  add(message: string, run: () => void): void {
    this.#runs.set(message, run);
  }

  forget(message: string): void {
    this.#runs.delete(message);
  }

  tell(applied: readonly Applied[]): void {
    if (this.#runs.size === 0) return;
    for (const { entry } of applied) {
      if (entry.kind !== 'command') continue;
      const id = this.#messages.idOf(entry.command);
      this.#runs.get(id)?.();
      this.#runs.delete(id);
    }
  }
}
