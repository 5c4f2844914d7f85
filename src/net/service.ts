/** Keeps this node linked: carries out what the keeper decides on a transport, and measures how far its peers are. */
import type { LinkKey } from '../base/ids.ts';
import { isKithError } from '../base/errors.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../base/ports.ts';
import { Keeper, type KeeperEffect, type KeeperEvent } from './keeper.ts';
import { answerPings, Pinger } from './ping.ts';
import type { Link, Transport } from './ports.ts';

const TICK_MS = 500;

export interface LinkDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  /** Is this peer a member, as of now? */
  mayLink(peer: LinkKey): boolean;
  /** A dial to this peer succeeded under this address: worth trying first after a restart. */
  remember(peer: LinkKey, address: string): void;
}

export interface KnownPeer {
  readonly link: Link;
  readonly sinceMs: number;
  readonly rttMs: number | undefined;
}

export class LinkService {
  readonly #deps: LinkDeps;
  readonly #keeper: Keeper;
  readonly #ids = new Map<Link, string>();
  readonly #since = new Map<Link, number>();
  readonly #pinger: Pinger;
  readonly #stopping = new AbortController();
  #timer: Timer | undefined;
  #next = 0;
  #resting = false;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    const mayLink = (peer: LinkKey): boolean => deps.mayLink(peer);
    this.#keeper = new Keeper(deps.transport.self, deps.rng, mayLink);
    this.#pinger = new Pinger(deps);
    answerPings(deps.transport, mayLink);
    deps.transport.on({
      link: (link) => {
        this.#linked(link);
      },
      unlink: (link) => {
        this.#unlinked(link);
      },
      discovered: (peer, addresses) => {
        this.tell({ type: 'discovered', peer, addresses });
      },
    });
    // The link over which a newcomer was let in is older than this service.
    for (const link of deps.transport.links()) this.#linked(link);
  }

  start(): void {
    const tick = (): void => {
      this.tell({ type: 'tick' });
      this.#timer = this.#deps.timers.after(TICK_MS, tick);
    };
    tick();
  }

  stop(): void {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#pinger.stop();
  }

  /** Ends all links and seeks none until `wake`. */
  rest(): number {
    this.#resting = true;
    const links = [...this.#deps.transport.links()];
    for (const link of links) link.close();
    return links.length;
  }

  wake(): void {
    this.#resting = false;
    this.tell({ type: 'tick' });
  }

  get isResting(): boolean {
    return this.#resting;
  }

  peers(): KnownPeer[] {
    return this.#deps.transport.links().map((link) => ({
      link,
      sinceMs: this.#since.get(link) ?? this.#deps.clock.nowMs(),
      rttMs: this.#pinger.rttMs(link),
    }));
  }

  tell(event: KeeperEvent): void {
    for (const effect of this.#keeper.step(this.#deps.clock.monotonicMs(), event)) this.#carryOut(effect);
  }

  #carryOut(effect: KeeperEffect): void {
    if (effect.type === 'close') {
      for (const [link, id] of this.#ids) if (id === effect.link) link.close();
    } else if (this.#resting) {
      this.tell({ type: 'dialled', target: effect.target, peer: undefined });
    } else {
      void this.#dial(effect);
    }
  }

  /** Tries the addresses one after the other; the keeper hears of the outcome, so nothing is thrown. */
  async #dial({ target, addresses, expect }: Extract<KeeperEffect, { type: 'dial' }>): Promise<void> {
    const { transport, logger } = this.#deps;
    for (const address of addresses) {
      if (this.#stopping.signal.aborted) return;
      try {
        const options = { signal: this.#stopping.signal, ...(expect === undefined ? {} : { expect }) };
        const link = await transport.dial(address, options);
        this.tell({ type: 'dialled', target, peer: link.peer });
        return;
      } catch (error) {
        const code = isKithError(error) ? error.code : 'failed';
        logger.debug({ address, code, error }, 'could not link');
      }
    }
    this.tell({ type: 'dialled', target, peer: undefined });
  }

  #linked(link: Link): void {
    this.#next += 1;
    const id = String(this.#next);
    this.#ids.set(link, id);
    this.#since.set(link, this.#deps.clock.nowMs());
    this.#pinger.linked(link);
    // One that another part dialled, to join over it, is worth as much as one that the keeper dialled.
    if (link.direction === 'outbound') this.#deps.remember(link.peer, link.address);
    const { peer, relayed } = link;
    this.tell({ type: 'linked', link: id, peer, dialled: link.direction === 'outbound', relayed });
  }

  #unlinked(link: Link): void {
    const id = this.#ids.get(link);
    this.#ids.delete(link);
    this.#since.delete(link);
    this.#pinger.unlinked(link);
    if (id !== undefined) this.tell({ type: 'unlinked', link: id });
  }
}
