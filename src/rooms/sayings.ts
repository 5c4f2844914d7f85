/**
 * What people say in the same moment goes in one flush. While something of theirs is on its way to a majority, what
 * comes gathers: each run through disks and links then carries as much as waits for it, as in a group commit.
 */
import type { Timer, Timers } from '../base/ports.ts';
import type { Room } from './room.ts';
import type { RoomId, ShownMessage } from './types.ts';

/** What is said waits no longer than that for what is on its way: where no majority answers, it is kept all the same. */
const GATHER_MS = 25;
/** How long the first waits for company who had some the last time. */
const COMPANY_MS = 1;
/** What goes in one flush. */
const MOST_AT_ONCE = 128;

export interface Saying {
  readonly text: string;
  readonly resolve: (said: ShownMessage) => void;
  readonly reject: (error: unknown) => void;
}

export type Speaker = Pick<Room, 'own' | 'whenConfirmed' | 'hasHost'>;

interface Queue {
  readonly waiting: Saying[];
  /** Until what was said last is confirmed. */
  flight: Timer | undefined;
  due: Timer | undefined;
  lastCount: number;
}

export class Sayings {
  readonly #timers: Timers;
  /** @throws KithError when it is there no more. */
  readonly #speaker: (id: RoomId) => Speaker;
  readonly #queues = new Map<RoomId, Queue>();

  constructor(timers: Timers, speaker: (id: RoomId) => Speaker) {
    this.#timers = timers;
    this.#speaker = speaker;
  }

  add(id: RoomId, saying: Saying): void {
    const queue = this.#queues.get(id) ?? { waiting: [], flight: undefined, due: undefined, lastCount: 0 };
    this.#queues.set(id, queue);
    queue.waiting.push(saying);
    this.#plan(id, queue);
  }

  #plan(id: RoomId, queue: Queue): void {
    if (queue.flight !== undefined || queue.waiting.length === 0) return;
    queue.due ??= this.#timers.after(queue.lastCount > 1 ? COMPANY_MS : 0, () => {
      this.#sayAll(id, queue);
    });
  }

  #sayAll(id: RoomId, queue: Queue): void {
    queue.due?.cancel();
    queue.due = undefined;
    const list = queue.waiting.splice(0, MOST_AT_ONCE);
    queue.lastCount = list.length;
    if (list.length === 0) return;
    try {
      const speaker = this.#speaker(id);
      this.#say(speaker, list, speaker.hasHost ? this.#takeOff(id, queue) : undefined);
    } catch (error) {
      for (const { reject } of list) reject(error);
    }
    this.#plan(id, queue);
  }

  /** Where there is no room left for all of them, each that still fits is said. */
  #say(speaker: Speaker, list: readonly Saying[], landed: (() => void) | undefined): void {
    try {
      speaker.own.postSoon(
        list.map(({ text }) => text),
        (said) => {
          list.forEach(({ resolve, reject }, at) => {
            const one = said[at];
            if (one === undefined) reject(new Error('bug: all are said'));
            else resolve(one);
          });
          const last = said.at(-1);
          if (last !== undefined && landed !== undefined) speaker.whenConfirmed(last.id, landed);
        },
      );
    } catch (error) {
      if (list.length === 1) list[0]?.reject(error);
      else for (const one of list) this.#say(speaker, [one], undefined);
    }
  }

  /** @returns what says that all of it is confirmed; when too long nobody says so, it counts as said. */
  #takeOff(id: RoomId, queue: Queue): () => void {
    const landed = (): void => {
      flight.cancel();
      if (queue.flight !== flight) return;
      queue.flight = undefined;
      this.#sayAll(id, queue);
    };
    const flight = this.#timers.after(GATHER_MS, landed);
    queue.flight = flight;
    return landed;
  }
}
