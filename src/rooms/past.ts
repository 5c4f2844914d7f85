/** What people said in a room, for another one that goes on from it. */
import { LIMITS } from '../base/limits.ts';
import type { Carried } from './carrying.ts';
import type { RoomMessages } from './messages.ts';
import type { RoomDisk } from './room-disk.ts';
import type { Timeline } from './timeline/timeline.ts';

export class Past {
  readonly #disk: Pick<RoomDisk, 'page'>;
  readonly #timeline: Pick<Timeline, 'waiting'>;
  readonly #messages: Pick<RoomMessages, 'toCarry'>;

  constructor(
    disk: Pick<RoomDisk, 'page'>,
    timeline: Pick<Timeline, 'waiting'>,
    messages: Pick<RoomMessages, 'toCarry'>,
  ) {
    this.#disk = disk;
    this.#timeline = timeline;
    this.#messages = messages;
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
