/** What a hub knows of who is linked with it, and whom it tells of whom: pure. */
import type { LinkKey } from '../../base/ids.ts';
import { HUB_LIMITS, type Guest } from './types.ts';

/** Names one channel of one guest. */
export type GuestId = string;

export type HubEvent =
  ({ readonly type: 'here'; readonly id: GuestId } & Guest) | { readonly type: 'gone'; readonly id: GuestId };

export interface HubEffect {
  readonly type: 'introduce';
  readonly to: GuestId;
  readonly guests: readonly Guest[];
}

interface Present extends Guest {
  /** Of whom it was told, with which addresses. */
  readonly told: Map<LinkKey, string>;
}

export class HubBook {
  readonly #guests = new Map<GuestId, Present>();

  get size(): number {
    return this.#guests.size;
  }

  step(event: HubEvent): readonly HubEffect[] {
    if (event.type === 'gone') {
      this.#gone(event.id);
      return [];
    }
    const { id, peer, addresses, room } = event;
    const told = this.#guests.get(id)?.told ?? new Map<LinkKey, string>();
    this.#guests.set(id, { peer, addresses, room, told });
    return [...this.#introduceTo(id), ...this.#introduce(id)];
  }

  /** Who comes again is introduced again: it may be elsewhere then. */
  #gone(id: GuestId): void {
    const peer = this.#guests.get(id)?.peer;
    this.#guests.delete(id);
    if (peer === undefined || [...this.#guests.values()].some((guest) => guest.peer === peer)) return;
    for (const { told } of this.#guests.values()) told.delete(peer);
  }

  /** The others to one guest, who has most room first, so that nobody is overrun while others are left alone. */
  #introduceTo(id: GuestId): HubEffect[] {
    const guest = this.#guests.get(id);
    if (guest === undefined) return [];
    const fresh = this.#others(id)
      .filter((other) => isNews(guest, other))
      .sort((a, b) => b.room - a.room || (a.peer < b.peer ? -1 : 1))
      .slice(0, Math.max(0, HUB_LIMITS.introductions - guest.told.size));
    const effects: HubEffect[] = [];
    for (let at = 0; at < fresh.length; at += HUB_LIMITS.guestsPerFrame)
      effects.push(tell(id, guest, fresh.slice(at, at + HUB_LIMITS.guestsPerFrame)));
    return effects;
  }

  /** One guest to the others, as far as they may be told of more. */
  #introduce(id: GuestId): HubEffect[] {
    const guest = this.#guests.get(id);
    if (guest === undefined) return [];
    return [...this.#guests]
      .filter(([other, { peer }]) => other !== id && peer !== guest.peer)
      .filter(([, other]) => isNews(other, guest))
      .filter(([, { told }]) => told.has(guest.peer) || told.size < HUB_LIMITS.introductions)
      .map(([other, present]) => tell(other, present, [guest]));
  }

  #others(id: GuestId): Present[] {
    const own = this.#guests.get(id)?.peer;
    const byPeer = new Map<LinkKey, Present>();
    for (const guest of this.#guests.values()) if (guest.peer !== own) byPeer.set(guest.peer, guest);
    return [...byPeer.values()];
  }
}

function isNews({ told }: Present, other: Guest): boolean {
  return told.get(other.peer) !== other.addresses.join(' ');
}

function tell(to: GuestId, { told }: Present, guests: readonly Guest[]): HubEffect {
  for (const { peer, addresses } of guests) told.set(peer, addresses.join(' '));
  const plain = guests.map(({ peer, addresses, room }) => ({ peer, addresses, room }));
  return { type: 'introduce', to, guests: plain };
}
