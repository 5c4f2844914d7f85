/** A node's part of the mesh over real links: carries out what the core decides. */
import { isKithError } from '../../base/errors.ts';
import type { Bytes } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../../base/ports.ts';
import { ConductService } from '../conduct/service.ts';
import { answerPings, Pinger } from '../ping.ts';
import type { Channel, ChannelName, Link, Transport } from '../ports.ts';
import type { LinkId, OwnFacts } from '../presence/core.ts';
import type { Beacon, NodeId, NodeStatus } from '../presence/types.ts';
import {
  beaconOf,
  BEACON_PURPOSE,
  decodePresence,
  encodeBeaconBody,
  encodePresence,
} from '../presence/wire.ts';
import { RelayService } from '../relay/service.ts';
import { RELAY_PURPOSE, signedPart } from '../relay/wire.ts';
import { MeshCore, type CloseReason, type MeshEffect, type MeshEvent } from './core.ts';

export const PRESENCE_CHANNEL: ChannelName = '/kith/1/presence';
const TICK_MS = 500;
/** A neighbour's heights are told with its next beacon; how often this node looks at its own. */
const FACTS_EVERY_TICKS = 4;
const PRESENCE_QUOTA = { framesPerS: 100, bytesPerS: 512 * 1024, burstS: 10 } as const;
/** A presence channel that did not open, or ended, is opened again after so long. */
const REOPEN_MS = 1000;
/** The map may change often; who listens hears of it so often at most. */
const MAP_NEWS_MS = 300;

export interface MeshDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  /** Larger than in every earlier run of this device. */
  readonly epoch: number;
  sign(purpose: string, message: Bytes): Bytes;
  /** Did the device that this link key belongs to sign that? `unknown`: no member's device, as of now. */
  verify(node: NodeId, purpose: string, message: Bytes, signature: Bytes): 'good' | 'unknown' | 'bad';
  /** What this node tells of itself, as of now. */
  facts(): OwnFacts;
  /** Is this peer a member, as of now? */
  mayLink(peer: LinkKey): boolean;
  /** Let in, and the roll is not here yet: who is a member, this node cannot know. */
  isArriving(): boolean;
  /** This peer is, or was just now, in reach under these addresses, the best one first: what a restart tries. */
  remember(peer: LinkKey, addresses: readonly string[], isNeighbour: boolean): void;
}

export interface KnownPeer {
  readonly link: Link;
  readonly sinceMs: number;
  readonly rttMs: number | undefined;
}

/** One node as it is known here. */
export interface MapNode {
  readonly node: NodeId;
  readonly status: NodeStatus;
  readonly neighbours: readonly NodeId[];
  /** By the wall clock; undefined when it was not heard since this node started. */
  readonly lastHeardMs: number | undefined;
  readonly beacon: Beacon | undefined;
}

export class MeshService {
  readonly conduct: ConductService;
  readonly relay: RelayService;
  readonly #deps: MeshDeps;
  readonly #core: MeshCore;
  readonly #ids = new Map<Link, LinkId>();
  readonly #links = new Map<LinkId, Link>();
  readonly #since = new Map<Link, number>();
  readonly #channels = new Map<LinkId, Channel>();
  readonly #lastHeard = new Map<NodeId, number>();
  readonly #pinger: Pinger;
  readonly #stopping = new AbortController();
  readonly #watchers = new Set<() => void>();
  #timer: Timer | undefined;
  #newsTimer: Timer | undefined;
  #next = 0;
  #ticks = 0;

  constructor(deps: MeshDeps) {
    this.#deps = deps;
    const { transport, clock, timers, logger, rng, epoch } = deps;
    const mayLink = (peer: LinkKey): boolean => deps.mayLink(peer) && !this.conduct.isCut(peer);
    this.conduct = new ConductService({
      transport,
      clock,
      timers,
      logger,
      changed: () => this.#mapChanged(),
    });
    this.#core = new MeshCore({
      self: transport.self,
      rng,
      epoch,
      facts: deps.facts(),
      judge: ({ node, signed, signature }) => deps.verify(node, BEACON_PURPOSE, signed, signature),
      sign: (draft) => {
        const body = { ...draft, clockMs: clock.nowMs() };
        const signed = encodeBeaconBody(body);
        return beaconOf(body, signed, deps.sign(BEACON_PURPOSE, signed));
      },
      isMember: mayLink,
      wallMs: () => clock.nowMs(),
    });
    this.relay = new RelayService({
      transport,
      conduct: this.conduct,
      logger,
      epoch,
      self: transport.self,
      mayLink,
      neighbours: () => this.#core.topology.neighbours(),
      pathTo: (node) => this.pathTo(node),
      sign: (message) => deps.sign(RELAY_PURPOSE, message),
      judge: (frame) => deps.verify(frame.from, RELAY_PURPOSE, signedPart(frame), frame.signature),
    });
    this.#pinger = new Pinger(deps);
    answerPings(transport, mayLink, (peer, reason) => {
      this.conduct.report(peer, 'bad-frame', reason);
    });
    this.#listen();
  }

  #listen(): void {
    const { transport } = this.#deps;
    transport.handle(PRESENCE_CHANNEL, (channel, link) => {
      this.#attach(channel, link);
    });
    transport.on({
      link: (link) => {
        this.#linked(link);
      },
      unlink: (link) => {
        this.#unlinked(link);
      },
      discovered: (peer, addresses) => {
        this.tell({ type: 'discovered', peer, addresses });
      },
      // Whatever comes is a sign of life: on a slow line beats wait behind what else is sent.
      frame: ({ direction, peer }) => {
        if (direction === 'in') this.#heard(peer);
      },
    });
    // The link over which a newcomer was let in is older than this service.
    for (const link of transport.links()) this.#linked(link);
  }

  start(): void {
    const tick = (): void => {
      this.#ticks += 1;
      if (this.#ticks % FACTS_EVERY_TICKS === 0) this.tell({ type: 'facts', facts: this.#deps.facts() });
      this.tell({ type: 'tick' });
      this.#timer = this.#deps.timers.after(TICK_MS, tick);
    };
    tick();
  }

  /** Says good-bye; what is queued goes out with the end of the links. */
  stop(): void {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#newsTimer?.cancel();
    if (!this.isResting) this.#carryOut(this.#step({ type: 'rest' }).filter(({ type }) => type === 'send'));
    this.#pinger.stop();
    this.relay.stop();
  }

  /** Says good-bye, ends all links and seeks none until `wake`. @returns how many were told. */
  rest(): number {
    const told = new Set(this.#deps.transport.links().map(({ peer }) => peer)).size;
    this.tell({ type: 'rest' });
    for (const link of [...this.#deps.transport.links()]) link.close();
    return told;
  }

  wake(): void {
    this.tell({ type: 'wake' });
  }

  get isResting(): boolean {
    return this.#core.isResting;
  }

  peers(): KnownPeer[] {
    return this.#deps.transport.links().map((link) => ({
      link,
      sinceMs: this.#since.get(link) ?? this.#deps.clock.nowMs(),
      rttMs: this.#pinger.rttMs(link),
    }));
  }

  /** A link stands until its end was noticed, which takes seconds: does this one still lead somewhere? */
  answers(link: Link, withinMs: number): Promise<boolean> {
    return this.#pinger.answers(link, withinMs);
  }

  tell(event: MeshEvent): void {
    this.#carryOut(this.#step(event));
  }

  // ---- the map

  /** Called, a few times a second at most, when the map is another. @returns ends it. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** Every node that was heard of, this one among them. */
  map(): MapNode[] {
    const { presence } = this.#core;
    const self = this.#deps.transport.self;
    return [self, ...[...presence.known()].map(({ node }) => node)].map((node) => ({
      node,
      status: this.statusOf(node),
      neighbours: this.#neighboursOf(node),
      lastHeardMs: this.lastHeardMs(node),
      beacon: presence.beaconOf(node),
    }));
  }

  statusOf(node: NodeId): NodeStatus {
    return node === this.#deps.transport.self && this.isResting ? 'left' : this.#core.statusOf(node);
  }

  lastHeardMs(node: NodeId): number | undefined {
    if (this.#core.presence.isReachable(node)) return this.#deps.clock.nowMs();
    return this.#lastHeard.get(node);
  }

  /** What this node told of itself. */
  addressesOf(node: NodeId): readonly string[] {
    return this.#core.presence.beaconOf(node)?.addresses ?? [];
  }

  /** The way that a message would go by what is known now, both ends included. */
  pathTo(node: NodeId): NodeId[] | undefined {
    return this.#core.presence.graph.pathTo(node);
  }

  get counts(): Readonly<Record<string, number>> {
    const { issued, taken, refused } = this.#core.presence.counts;
    return { issued, taken, refused };
  }

  #neighboursOf(node: NodeId): NodeId[] {
    const { graph } = this.#core.presence;
    const slot = graph.slotOf(node);
    if (slot === undefined || !graph.isReachable(slot)) return [];
    return graph.neighboursOf(slot).flatMap((at) => graph.nodeAt(at) ?? []);
  }

  #mapChanged(): void {
    if (this.#newsTimer !== undefined || this.#stopping.signal.aborted) return;
    this.#newsTimer = this.#deps.timers.after(MAP_NEWS_MS, () => {
      this.#newsTimer = undefined;
      for (const watcher of this.#watchers) watcher();
    });
  }

  // ---- carrying out

  #step(event: MeshEvent): MeshEffect[] {
    return this.#core.step(this.#deps.clock.monotonicMs(), event);
  }

  #carryOut(effects: readonly MeshEffect[]): void {
    for (const effect of effects) this.#carryOutOne(effect);
  }

  #carryOutOne(effect: MeshEffect): void {
    switch (effect.type) {
      case 'dial':
        void this.#dial(effect);
        return;
      case 'close':
        this.#close(effect.link, effect.why);
        return;
      case 'send':
        this.#channels.get(effect.link)?.send(encodePresence(effect.message));
        return;
      case 'flush-in':
        this.#deps.timers.after(effect.delayMs, () => {
          if (!this.#stopping.signal.aborted) this.tell({ type: 'flush' });
        });
        return;
      case 'fault': {
        const link = this.#links.get(effect.link);
        if (link !== undefined) this.conduct.report(link.peer, 'forged', effect.reason);
        return;
      }
      case 'map-changed':
        this.#noteHeard();
        this.#rememberAll();
        this.#mapChanged();
        return;
    }
  }

  #close(id: LinkId, why: CloseReason): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#deps.logger[why === 'silent' ? 'warn' : 'info']({ peer: link.peer, why }, 'ends a link');
    if (why !== 'silent') {
      link.close();
      return;
    }
    // Nobody is there to close it with; two links to one peer are rare, and the other one would be as dead.
    this.#deps.transport.hangUp(link.peer);
  }

  /** When those who are out of reach now were in reach last. */
  #noteHeard(): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const { node } of this.#core.presence.known()) {
      if (this.#core.presence.isReachable(node)) this.#lastHeard.set(node, nowMs);
    }
  }

  /** Whoever dialled this node came from a port that nobody listens on: what it tells of itself counts. */
  #rememberAll(): void {
    const { transport } = this.#deps;
    const told = new Map(transport.links().map((link) => [link.peer, addressesWith(link)]));
    for (const { node, addresses } of this.#core.presence.known()) {
      const best = told.get(node);
      if (best !== undefined) this.#deps.remember(node, best(addresses), true);
      else if (this.#core.presence.isReachable(node)) this.#deps.remember(node, addresses, false);
    }
  }

  /** Tries the addresses one after the other; the core hears of the outcome, so nothing is thrown. */
  async #dial({ target, addresses, expect }: Extract<MeshEffect, { type: 'dial' }>): Promise<void> {
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
    if (!this.#stopping.signal.aborted) this.tell({ type: 'dialled', target, peer: undefined });
  }

  // ---- links and their presence channels

  #linked(link: Link): void {
    this.#next += 1;
    const id = String(this.#next);
    this.#ids.set(link, id);
    this.#links.set(id, link);
    this.#since.set(link, this.#deps.clock.nowMs());
    this.#pinger.linked(link);
    // One that another part dialled, to join over it, is worth as much as one that the core dialled.
    if (link.direction === 'outbound') this.#deps.remember(link.peer, [link.address], true);
    const { peer, relayed } = link;
    this.tell({ type: 'linked', link: id, peer, dialled: link.direction === 'outbound', relayed });
    if (link.direction === 'outbound') void this.#open(link);
  }

  #unlinked(link: Link): void {
    const id = this.#ids.get(link);
    this.#ids.delete(link);
    this.#since.delete(link);
    this.#pinger.unlinked(link);
    if (id === undefined) return;
    this.#links.delete(id);
    this.#channels.delete(id);
    this.tell({ type: 'unlinked', link: id });
  }

  async #open(link: Link): Promise<void> {
    try {
      this.#attach(await link.open(PRESENCE_CHANNEL), link);
    } catch (error) {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer tells nothing of its presence');
      this.#openAgain(link);
    }
  }

  /** A newcomer is known a moment after its link stands. */
  #openAgain(link: Link): void {
    this.#deps.timers.after(REOPEN_MS, () => {
      if (this.#ids.has(link) && !this.#stopping.signal.aborted) void this.#open(link);
    });
  }

  #attach(channel: Channel, link: Link): void {
    const id = this.#ids.get(link);
    if (id === undefined || (!this.#deps.mayLink(link.peer) && !this.#deps.isArriving())) {
      channel.abort(new Error('not a member'));
      return;
    }
    this.#channels.get(id)?.close();
    this.#channels.set(id, channel);
    const count = this.conduct.guard(channel, PRESENCE_QUOTA);
    channel.onClose(() => {
      if (this.#channels.get(id) !== channel) return;
      this.#channels.delete(id);
      this.tell({ type: 'closed', link: id });
      if (link.direction === 'outbound' && this.#ids.has(link)) this.#openAgain(link);
    });
    this.tell({ type: 'opened', link: id });
    channel.onFrame((frame) => {
      count(frame.byteLength);
      this.#frame(id, channel, frame);
    });
  }

  #frame(id: LinkId, channel: Channel, frame: Bytes): void {
    try {
      const message = decodePresence(frame);
      this.tell({ type: 'message', link: id, message });
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      this.conduct.report(channel.peer, 'bad-frame', `presence: ${error.message}`);
      channel.abort(error);
    }
  }

  #heard(peer: LinkKey): void {
    for (const [link, id] of this.#ids) if (link.peer === peer) this.tell({ type: 'alive', link: id });
  }
}

/** What a neighbour tells of itself, in the order in which it is worth trying, by the link that stands. */
function addressesWith(link: Link): (told: readonly string[]) => string[] {
  if (link.direction === 'outbound') return (told) => [...new Set([link.address, ...told])];
  const hostOf = (address: string): string => address.split('/').slice(0, 3).join('/');
  const host = hostOf(link.address);
  return (told) => [...told].sort((a, b) => Number(hostOf(b) === host) - Number(hostOf(a) === host));
}
