/** What people say in the same moment goes in one flush. */
import type { Timers } from '../base/ports.ts';
import type { OwnWords } from './own-words.ts';
import type { RoomId, ShownMessage } from './types.ts';

/** How long what is said waits for company while something is on its way already. */
const COMPANY_MS = 2;

export interface Saying {
  readonly text: string;
  readonly resolve: (said: ShownMessage) => void;
  readonly reject: (error: unknown) => void;
}

export class Sayings {
  readonly #timers: Timers;
  /** @throws KithError when it is there no more. */
  readonly #wordsOf: (id: RoomId) => Pick<OwnWords, 'postSoon'>;
  readonly #waiting = new Map<RoomId, Saying[]>();

  constructor(timers: Timers, wordsOf: (id: RoomId) => Pick<OwnWords, 'postSoon'>) {
    this.#timers = timers;
    this.#wordsOf = wordsOf;
  }

  add(id: RoomId, saying: Saying, isBusy: boolean): void {
    const queue = this.#waiting.get(id) ?? [];
    this.#waiting.set(id, queue);
    queue.push(saying);
    if (queue.length > 1) return;
    this.#timers.after(isBusy ? COMPANY_MS : 0, () => {
      this.#sayAll(id);
    });
  }

  #sayAll(id: RoomId): void {
    const queue = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    try {
      this.#wordsOf(id).postSoon(
        queue.map(({ text }) => text),
        (said) => {
          queue.forEach(({ resolve, reject }, at) => {
            const one = said[at];
            if (one === undefined) reject(new Error('bug: all are said'));
            else resolve(one);
          });
        },
      );
    } catch (error) {
      for (const { reject } of queue) reject(error);
    }
  }
}
