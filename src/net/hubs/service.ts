/** Hubs at work: the side that introduces its guests to each other, and the side that is introduced. */
import type { LinkKey } from '../../base/ids.ts';
import { isKithError } from '../../base/errors.ts';
import type { Clock, Logger, Timer, Timers } from '../../base/ports.ts';
import type { Channel, ChannelName, Link, Transport } from '../ports.ts';
import { HubBook, type HubEvent } from './core.ts';
import { DirectTries } from './direct.ts';
import type { Relays } from './ports.ts';
import { HUB_LIMITS, type Guest } from './types.ts';
import { decodeHub, encodeHub } from './wire.ts';

export const HUB_CHANNEL: ChannelName = '/kith/1/hub';
const LOOK_MS = 5_000;
/** A hub that does not serve, or refuses, is asked again after this. */
const AGAIN_MS = 30_000;

export interface HubServerDeps {
  readonly transport: Transport;
  readonly logger: Logger;
  readonly isMember: (peer: LinkKey) => boolean;
  /** A guest sent what no honest one sends. */
  readonly misbehaved: (peer: LinkKey, reason: string) => void;
}

/** Introduces members that are linked with this node. It keeps nothing, and knows no more than that they are there. */
export function serveHub({ transport, logger, isMember, misbehaved }: HubServerDeps): void {
  const book = new HubBook();
  const channels = new Map<string, Channel>();
  let next = 0;
  const step = (event: HubEvent): void => {
    for (const { to, guests } of book.step(event)) {
      // Who was put out of the network meanwhile hears of nobody, and nobody of it.
      const still = guests.filter(({ peer }) => isMember(peer));
      channels.get(to)?.send(encodeHub({ type: 'introduce', guests: still }));
    }
  };
  transport.handle(HUB_CHANNEL, (channel, link) => {
    if (!isMember(channel.peer) || link.relayed) {
      channel.abort(new Error('not a guest'));
      return;
    }
    next += 1;
    const id = String(next);
    channels.set(id, channel);
    channel.onClose(() => {
      channels.delete(id);
      step({ type: 'gone', id });
    });
    channel.onFrame((frame) => {
      try {
        const message = decodeHub(frame);
        if (message.type !== 'here' || !isMember(channel.peer))
          throw new Error('a guest says that it is here');
        step({ type: 'here', id, peer: channel.peer, addresses: message.addresses, room: message.room });
      } catch (error) {
        logger.warn({ peer: channel.peer, error }, 'a guest sent what cannot be read');
        misbehaved(channel.peer, 'hub: what it sent cannot be read');
        channel.abort(new Error('malformed'));
      }
    });
  });
}

export interface HubClientDeps {
  readonly transport: Transport & Relays;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** The network's hubs, with the addresses under which they are listed. */
  hubs(): ReadonlyMap<LinkKey, readonly string[]>;
  /** How many more links this node looks for. */
  readonly room: () => number;
  /** What this peer told of itself. */
  readonly addressesOf: (peer: LinkKey) => readonly string[];
  /** A hub said that this peer is linked with it; the first address leads through the hub. */
  readonly introduced: (peer: LinkKey, addresses: readonly string[]) => void;
}

/** What this node has with one hub, over one link. */
interface Visit {
  readonly hub: LinkKey;
  channel: Channel | undefined;
  said: string;
  notBeforeMs: number;
  busy: boolean;
}

/** Makes use of every hub that is linked: is introduced to others there, can be reached through it, and tries to do without it. */
export class HubClient {
  readonly #deps: HubClientDeps;
  readonly #visits = new Map<Link, Visit>();
  readonly #direct: DirectTries;
  #timer: Timer | undefined;

  constructor(deps: HubClientDeps) {
    this.#deps = deps;
    this.#direct = new DirectTries(deps);
    deps.transport.on({
      link: () => {
        this.look();
      },
      unlink: (link) => {
        this.#visits.delete(link);
      },
    });
  }

  start(): void {
    const tick = (): void => {
      this.look();
      this.#timer = this.#deps.timers.after(LOOK_MS, tick);
    };
    tick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#direct.stop();
  }

  /** Level-triggered: looks at the links and the roll as they are, and does what is missing. */
  look(): void {
    const hubs = this.#deps.hubs();
    for (const link of this.#deps.transport.links()) {
      const addresses = hubs.get(link.peer);
      if (addresses !== undefined && !link.relayed) this.#visit(link, addresses);
      if (link.relayed) this.#learnDirect(link.peer, this.#deps.addressesOf(link.peer));
    }
    this.#direct.look();
  }

  #visit(link: Link, addresses: readonly string[]): void {
    const visit = this.#visits.get(link) ?? {
      hub: link.peer,
      channel: undefined,
      said: '',
      notBeforeMs: 0,
      busy: false,
    };
    this.#visits.set(link, visit);
    if (visit.channel !== undefined) this.#sayHere(visit, visit.channel);
    const isReserved = this.#deps.transport.reservedAt().includes(visit.hub);
    if (visit.busy || this.#deps.clock.monotonicMs() < visit.notBeforeMs) return;
    if (visit.channel !== undefined && isReserved) return;
    visit.busy = true;
    void this.#settle(link, visit, addresses, isReserved);
  }

  /** To be found first, to find afterwards: whoever is told of this node can dial it at once. */
  async #settle(link: Link, visit: Visit, addresses: readonly string[], isReserved: boolean): Promise<void> {
    const { transport, logger, clock } = this.#deps;
    try {
      const channel = visit.channel ?? (await link.open(HUB_CHANNEL));
      if (!isReserved) await transport.reserve(visit.hub, addresses);
      this.#attend(visit, channel, addresses);
    } catch (error) {
      const code = isKithError(error) ? error.code : 'failed';
      logger.info({ hub: visit.hub, code, error }, 'a hub passes nothing on for this node');
      visit.notBeforeMs = clock.monotonicMs() + AGAIN_MS;
    } finally {
      visit.busy = false;
    }
  }

  #attend(visit: Visit, channel: Channel, addresses: readonly string[]): void {
    if (visit.channel === channel) return;
    visit.channel = channel;
    visit.said = '';
    channel.onClose(() => {
      visit.channel = undefined;
      visit.notBeforeMs = this.#deps.clock.monotonicMs() + AGAIN_MS;
    });
    channel.onFrame((frame) => {
      try {
        const message = decodeHub(frame);
        if (message.type !== 'introduce') throw new Error('a hub introduces');
        for (const guest of message.guests) this.#introduced(visit.hub, addresses, guest);
      } catch (error) {
        this.#deps.logger.warn({ hub: visit.hub, error }, 'a hub sent what cannot be read');
        channel.abort(new Error('malformed'));
      }
    });
    this.#sayHere(visit, channel);
  }

  #introduced(hub: LinkKey, hubAddresses: readonly string[], { peer, addresses }: Guest): void {
    const { transport, introduced } = this.#deps;
    if (peer === transport.self) return;
    this.#learnDirect(peer, addresses);
    introduced(peer, [...transport.through(hub, hubAddresses.slice(0, 1), peer), ...addresses]);
    this.#direct.look();
  }

  #learnDirect(peer: LinkKey, addresses: readonly string[]): void {
    const direct = addresses.filter((address) => !address.includes('/p2p-circuit'));
    if (direct.length > 0) this.#direct.learn(peer, direct);
  }

  #sayHere(visit: Visit, channel: Channel): void {
    const { transport, room } = this.#deps;
    const addresses = transport
      .listening()
      .filter((address) => !address.includes('/p2p-circuit') && address.length <= HUB_LIMITS.addressChars)
      .slice(0, HUB_LIMITS.addressesPerGuest);
    const message = {
      type: 'here',
      addresses,
      room: Math.min(HUB_LIMITS.room, Math.max(0, room())),
    } as const;
    const said = JSON.stringify(message);
    if (visit.said === said) return;
    visit.said = said;
    channel.send(encodeHub(message));
  }
}
