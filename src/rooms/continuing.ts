/** Going on as a new room, where the majority of one is gone for good: what was said there is carried over, a few at a time. */
import { KithError } from '../base/errors.ts';
import type { Timer, Timers } from '../base/ports.ts';
import type { Room } from './room.ts';
import type { RoomCard, RoomId } from './types.ts';

/** Messages that are carried over in one go. */
const AT_ONCE = 100;

export interface ContinuingPorts {
  readonly timers: Timers;
  readonly cards: ReadonlyMap<RoomId, RoomCard>;
  readonly rooms: ReadonlyMap<RoomId, Room>;
  readonly save: (card: RoomCard) => void;
}

export class Continuing {
  readonly #ports: ContinuingPorts;
  #soon: Timer | undefined;

  constructor(ports: ContinuingPorts) {
    this.#ports = ports;
  }

  stop(): void {
    this.#soon?.cancel();
  }

  /** Something changed: where there is more to carry over, it goes on. */
  look(): void {
    const isOpen = [...this.#ports.cards.values()].some(({ continues }) => continues?.isDone === false);
    if (!isOpen) return;
    this.#soon ??= this.#ports.timers.after(0, () => {
      this.#soon = undefined;
      for (const card of this.#ports.cards.values()) this.#goOn(card);
    });
  }

  #goOn(card: RoomCard): void {
    const { rooms, save } = this.#ports;
    const { continues } = card;
    const room = rooms.get(card.id);
    if (continues?.isDone !== false || room?.keys.state !== 'in' || room.waiting > 0) return;
    const old = rooms.get(continues.room);
    const upTo = Math.min(continues.reached + AT_ONCE, old?.core.commit ?? 0);
    // What waited comes last, and with it this ends.
    const isDone = upTo <= continues.reached;
    const list = isDone ? old?.past.waiting : old?.past.between(continues.reached, upTo);
    room.own.carry(list ?? [], () => {
      save({ ...card, continues: { ...continues, reached: Math.max(upTo, continues.reached), isDone } });
    });
  }
}

/** @throws KithError `room-goes-on` | `continued-already` */
export function mustBeGone({ name, continuedAs }: RoomCard, room: Room): void {
  if (continuedAs !== undefined)
    throw new KithError('continued-already', `“${name}” was continued as a new room here.`, {
      next: `See both: kith room list`,
    });
  if (room.core.host !== undefined)
    throw new KithError('room-goes-on', `A majority of “${name}” is reached: it goes on by itself.`, {
      next: `See who is there: kith room status ${name}`,
    });
}
