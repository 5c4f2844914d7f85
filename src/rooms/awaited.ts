/** Who waits to hear that a message is in order. */
import type { Applied } from './consensus/types.ts';
import type { RoomId } from './types.ts';
import { messageId } from './wire.ts';

export class AwaitedMessages {
  readonly #room: RoomId;
  readonly #runs = new Map<string, () => void>();

  constructor(room: RoomId) {
    this.#room = room;
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
      const id = messageId(this.#room, entry.command);
      this.#runs.get(id)?.();
      this.#runs.delete(id);
    }
  }
}
