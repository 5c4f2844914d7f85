/** What people said in a room: for its own screens, and for another one that goes on from it. */
import { LIMITS } from '../base/limits.ts';
import type { Carried } from './carrying.ts';
import type { Deliveries } from './deliveries.ts';
import type { RoomMessages } from './messages.ts';
import type { RoomDisk } from './room-disk.ts';
import type { Timeline } from './timeline/timeline.ts';
import type { ShownMessage } from './types.ts';

export class Past {
  readonly #disk: Pick<RoomDisk, 'page' | 'wholeAbove'>;
  readonly #timeline: Pick<Timeline, 'waiting'>;
  readonly #messages: Pick<RoomMessages, 'toCarry' | 'shown'>;
  readonly #deliveries: Pick<Deliveries, 'reach' | 'voters'>;

  constructor(
    disk: Pick<RoomDisk, 'page' | 'wholeAbove'>,
    timeline: Pick<Timeline, 'waiting'>,
    messages: Pick<RoomMessages, 'toCarry' | 'shown'>,
    deliveries: Pick<Deliveries, 'reach' | 'voters'>,
  ) {
    this.#disk = disk;
    this.#timeline = timeline;
    this.#messages = messages;
    this.#deliveries = deliveries;
  }

  /** Confirmed ones below `before`, oldest first; those that wait follow when `before` is left out. */
  shown(before: number | undefined, limit: number): readonly ShownMessage[] {
    const confirmed = this.#disk
      .page(before ?? Number.MAX_SAFE_INTEGER, limit)
      .flatMap(({ entry, key }) =>
        entry.kind === 'command'
          ? (this.#messages.shown(entry.command, { index: entry.index, held: 0, key }) ?? [])
          : [],
      )
      .map((message) => ({ ...message, deliveredTo: this.#deliveries.reach(message.index ?? Infinity) }));
    if (before !== undefined) return confirmed;
    const waiting = this.#timeline.waiting.flatMap(
      ({ command, holders, key }) =>
        this.#messages.shown(command, { index: null, held: this.#deliveries.voters(holders), key }) ?? [],
    );
    return [...confirmed, ...waiting];
  }

  /** Of what stands below that place, the newest came as a summary only. */
  lacksBelow(index: number): boolean {
    return this.#disk.wholeAbove(index - 1) > 0;
  }

  /** What can be read here of the places above `after`, up to `upTo`. */
  between(after: number, upTo: number): readonly Carried[] {
    return this.#disk
      .page(upTo + 1, upTo - after)
      .flatMap(({ entry, key }) =>
        entry.kind === 'command' && entry.index > after
          ? (this.#messages.toCarry(entry.command, key) ?? [])
          : [],
      );
  }

  get waiting(): readonly Carried[] {
    return this.#timeline.waiting
      .slice(0, LIMITS.roomWaitingPerAuthor)
      .flatMap(({ command, key }) => this.#messages.toCarry(command, key) ?? []);
  }
}
