/**
 * Who is there: this node's own beacon, those of the others, and their way through the mesh. Pure.
 *
 * A beacon floods: whoever takes one passes it to its other neighbours, once. Links are reliable, so at rest nothing
 * has to be repeated: what a broken link swallowed is found by comparing a digest of everything known, on every new
 * link and now and then on old ones. So the interval of refreshes may grow with the network, and the traffic does not.
 */
import type { LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { Graph, SELF } from '../topology/core-graph.ts';
import {
  shortOf,
  type Beacon,
  type BeaconDraft,
  type Capacity,
  type NodeId,
  type PresenceMessage,
  type ShortId,
  type SummaryItem,
} from './types.ts';

export type LinkId = string;

export const PRESENCE = {
  /** After a change, so that several go in one beacon: longer where many hear of it, to whom it matters less. */
  gatherMs: 150,
  gatherPerNodeMs: 0.5,
  /** Before beacons are passed on, so that what comes from two sides crosses seldom. */
  flushMs: 40,
  flushPerNodeMs: 0.1,
  /** Own beacons: so many at once, then one in each `ownRefillMs`. */
  ownBurst: 8,
  ownRefillMs: 2000,
  /** Beacons of one node that are taken: more than an honest one sends, since they may come in bunches. */
  takenBurst: 20,
  takenRefillMs: 1000,
  /** A refresh for each so many milliseconds and node, in the whole network. */
  refreshPerNodeMs: 12_000,
  leastRefreshMs: 60_000,
  /** Of digests that differ on a link where nothing is on its way. */
  calmMs: 3000,
  summaryEveryMs: 5000,
} as const;

/** What this node tells of itself, its neighbours aside. */
export interface OwnFacts {
  readonly capacity: Capacity;
  readonly addresses: readonly string[];
  readonly entries: number;
  readonly rollHead: string;
}

export type PresenceEffect =
  | { readonly type: 'send'; readonly link: LinkId; readonly message: PresenceMessage }
  /** Call `flush` then. */
  | { readonly type: 'flush-in'; readonly delayMs: number }
  | { readonly type: 'fault'; readonly link: LinkId; readonly reason: string };

export interface PresencePorts {
  /** Of a beacon that another node signed. `unknown`: the roll does not have this device yet. */
  judge(beacon: Beacon): 'good' | 'unknown' | 'bad';
  /** Adds the wall clock and the signature. */
  sign(draft: BeaconDraft): Beacon;
  isMember(node: NodeId): boolean;
}

interface Known {
  beacon: Beacon;
  /** Monotonic. */
  heardMs: number;
  tokens: number;
  tokensMs: number;
}

interface Neighbour {
  readonly peer: NodeId;
  readonly outbox: Map<NodeId, Beacon>;
  summaryMs: number;
}

export class Presence {
  readonly graph: Graph;
  readonly #self: NodeId;
  readonly #ports: PresencePorts;
  readonly #known = new Map<NodeId, Known>();
  readonly #byShort = new Map<ShortId, NodeId>();
  readonly #links = new Map<LinkId, Neighbour>();
  readonly #counts = { issued: 0, taken: 0, refused: 0 };
  #own: Beacon | undefined;
  #facts: OwnFacts;
  #epoch: number;
  #neighbours: readonly NodeId[] = [];
  #leaving = false;
  #dirtyMs: number | undefined;
  #issuedMs = 0;
  #tokens: number = PRESENCE.ownBurst;
  #tokensMs = 0;
  #flushing = false;
  #missed = false;
  #digest = 0;
  #newsMs = 0;

  /** @param epoch larger than in every earlier run of this device. */
  constructor(self: NodeId, epoch: number, facts: OwnFacts, ports: PresencePorts) {
    this.#self = self;
    this.#epoch = epoch;
    this.#facts = facts;
    this.#ports = ports;
    this.graph = new Graph(self);
  }

  get own(): Beacon | undefined {
    return this.#own;
  }

  get counts(): Readonly<Record<'issued' | 'taken' | 'refused', number>> {
    return this.#counts;
  }

  get digest(): number {
    return this.#digest;
  }

  beaconOf(node: NodeId): Beacon | undefined {
    return node === this.#self ? this.#own : this.#known.get(node)?.beacon;
  }

  /** Beacons of all other nodes. */
  *known(): Generator<Beacon> {
    for (const { beacon } of this.#known.values()) yield beacon;
  }

  nodeOf(short: ShortId): NodeId | undefined {
    return short === shortOf(this.#self) ? this.#self : this.#byShort.get(short);
  }

  hasLeft(node: NodeId): boolean {
    return this.#known.get(node)?.beacon.leaving === true;
  }

  // ---- this node's own

  setFacts(nowMs: number, facts: OwnFacts): PresenceEffect[] {
    const before = this.#facts;
    this.#facts = facts;
    // Heights change with every entry: they go with the next beacon, and cause none.
    const isNews =
      before.addresses.join() !== facts.addresses.join() ||
      before.capacity.min !== facts.capacity.min ||
      before.capacity.max !== facts.capacity.max;
    return isNews ? this.#touch(nowMs) : [];
  }

  /** @param neighbours with whom a link stands now. */
  setNeighbours(nowMs: number, neighbours: readonly NodeId[]): PresenceEffect[] {
    this.#neighbours = neighbours;
    this.graph.set(this.#self, neighbours.map(shortOf));
    return this.#touch(nowMs);
  }

  /** Good-bye goes out at once; `leaving` false takes it back. */
  setLeaving(nowMs: number, leaving: boolean): PresenceEffect[] {
    this.#leaving = leaving;
    this.#issue(nowMs);
    return this.#flushNow();
  }

  #touch(nowMs: number): PresenceEffect[] {
    if (this.#dirtyMs !== undefined) return [];
    this.#dirtyMs = nowMs;
    return [{ type: 'flush-in', delayMs: this.#gatherMs }];
  }

  get #gatherMs(): number {
    return Math.ceil(PRESENCE.gatherMs + this.#known.size * PRESENCE.gatherPerNodeMs);
  }

  #issueIfDue(nowMs: number): void {
    const hasChanged = this.#dirtyMs !== undefined && nowMs >= this.#dirtyMs + this.#gatherMs;
    if (!hasChanged && this.#own !== undefined && !this.#isStale(nowMs)) return;
    const { ownBurst, ownRefillMs } = PRESENCE;
    this.#tokens = Math.min(ownBurst, this.#tokens + (nowMs - this.#tokensMs) / ownRefillMs);
    this.#tokensMs = nowMs;
    if (this.#tokens < 1) return;
    this.#tokens -= 1;
    this.#issue(nowMs);
  }

  #isStale(nowMs: number): boolean {
    const { leastRefreshMs, refreshPerNodeMs } = PRESENCE;
    return nowMs >= this.#issuedMs + Math.max(leastRefreshMs, this.#known.size * refreshPerNodeMs);
  }

  #issue(nowMs: number): void {
    this.#dirtyMs = undefined;
    this.#issuedMs = nowMs;
    this.#counts.issued += 1;
    const beacon = this.#ports.sign({
      node: this.#self,
      epoch: this.#epoch,
      counter: (this.#own?.epoch === this.#epoch ? this.#own.counter : 0) + 1,
      leaving: this.#leaving,
      capacity: this.#facts.capacity,
      neighbours: this.#neighbours.slice(0, LIMITS.neighboursPerBeacon).map(shortOf),
      addresses: this.#facts.addresses.slice(0, LIMITS.addressesPerBeacon),
      entries: this.#facts.entries,
      rollHead: this.#facts.rollHead,
    });
    this.#digest = (this.#digest ^ (this.#own?.mark ?? 0) ^ beacon.mark) >>> 0;
    this.#own = beacon;
    this.#spread(beacon, undefined);
  }

  // ---- links

  /** The presence channel of a link stands. */
  opened(nowMs: number, link: LinkId, peer: NodeId, dialled: boolean): PresenceEffect[] {
    this.#links.set(link, { peer, outbox: new Map(), summaryMs: -Infinity });
    if (this.#own === undefined) this.#issue(nowMs);
    // One side begins, so that not both ask for the same.
    if (dialled) return [this.beat(link)];
    return [];
  }

  closed(link: LinkId): void {
    this.#links.delete(link);
  }

  beat(link: LinkId, withDigest = true): PresenceEffect {
    return { type: 'send', link, message: { type: 'beat', digest: withDigest ? this.#digest : undefined } };
  }

  message(nowMs: number, link: LinkId, message: PresenceMessage): PresenceEffect[] {
    const neighbour = this.#links.get(link);
    if (neighbour === undefined) return [];
    switch (message.type) {
      case 'beat':
        return this.#compare(nowMs, link, neighbour, message.digest);
      case 'beacons':
        return this.#take(nowMs, link, neighbour, message.beacons);
      case 'summary':
        return this.#answer(nowMs, link, neighbour, message);
    }
  }

  #compare(nowMs: number, link: LinkId, neighbour: Neighbour, digest: number | undefined): PresenceEffect[] {
    if (digest === undefined || digest === this.#digest) return [];
    const isFirst = neighbour.summaryMs === -Infinity;
    // What is on its way through the mesh needs no asking.
    if (!isFirst && nowMs - this.#newsMs < PRESENCE.calmMs) return [];
    return this.#summarise(nowMs, link, neighbour, true);
  }

  #summarise(nowMs: number, link: LinkId, neighbour: Neighbour, wantsReply: boolean): PresenceEffect[] {
    if (wantsReply && nowMs - neighbour.summaryMs < PRESENCE.summaryEveryMs) return [];
    neighbour.summaryMs = nowMs;
    return [{ type: 'send', link, message: { type: 'summary', wantsReply, items: this.#items() } }];
  }

  #items(): SummaryItem[] {
    const items: SummaryItem[] = [];
    for (const [node, { beacon }] of this.#known) items.push([shortOf(node), beacon.mark]);
    if (this.#own !== undefined) items.push([shortOf(this.#self), this.#own.mark]);
    return items;
  }

  /** Sends what the neighbour has not, or has otherwise: whichever is older will be seen by whoever has the newer one. */
  #answer(
    nowMs: number,
    link: LinkId,
    neighbour: Neighbour,
    { items, wantsReply }: Extract<PresenceMessage, { type: 'summary' }>,
  ): PresenceEffect[] {
    const theirs = new Map(items);
    let lacking = false;
    for (const [node, { beacon }] of this.#known) {
      if (theirs.get(shortOf(node)) !== beacon.mark) neighbour.outbox.set(node, beacon);
    }
    if (this.#own !== undefined && theirs.get(shortOf(this.#self)) !== this.#own.mark)
      neighbour.outbox.set(this.#self, this.#own);
    for (const [short, mark] of items) {
      const node = this.nodeOf(short);
      if (node === undefined || this.beaconOf(node)?.mark !== mark) lacking = true;
    }
    const reply = wantsReply && lacking ? this.#summarise(nowMs, link, neighbour, false) : [];
    return [...reply, ...this.#flushSoon()];
  }

  // ---- beacons of others

  #take(nowMs: number, link: LinkId, from: Neighbour, beacons: readonly Beacon[]): PresenceEffect[] {
    const effects: PresenceEffect[] = [];
    for (const beacon of beacons) {
      const reason = this.#takeOne(nowMs, link, from, beacon);
      if (reason !== undefined) {
        this.#counts.refused += 1;
        effects.push({ type: 'fault', link, reason });
      }
    }
    return [...effects, ...this.#flushSoon()];
  }

  /** @returns what is wrong with it, where the neighbour should have noticed. */
  #takeOne(nowMs: number, link: LinkId, from: Neighbour, beacon: Beacon): string | undefined {
    if (beacon.node === this.#self) {
      this.#meetOwn(nowMs, beacon);
      return undefined;
    }
    const known = this.#known.get(beacon.node);
    const order = known === undefined ? 1 : compareBeacons(beacon, known.beacon);
    if (order <= 0) {
      const queued = from.outbox.get(beacon.node);
      if (order === 0) from.outbox.delete(beacon.node);
      else if (queued === undefined && known !== undefined) from.outbox.set(beacon.node, known.beacon);
      return undefined;
    }
    if (known !== undefined && !hasToken(known, nowMs)) return undefined;
    const verdict = this.#ports.judge(beacon);
    if (verdict === 'bad') return 'it passed on a beacon with a false signature';
    if (verdict === 'unknown') this.#missed = true;
    else this.#accept(nowMs, link, beacon, known);
    return undefined;
  }

  #accept(nowMs: number, link: LinkId, beacon: Beacon, known: Known | undefined): void {
    if (known === undefined && this.#known.size >= LIMITS.beaconsKept) return;
    const isSame = known !== undefined && sameLinks(known.beacon, beacon);
    this.#counts.taken += 1;
    this.#newsMs = nowMs;
    this.#digest = (this.#digest ^ (known?.beacon.mark ?? 0) ^ beacon.mark) >>> 0;
    if (known === undefined) {
      this.#byShort.set(shortOf(beacon.node), beacon.node);
      const fresh = { tokens: PRESENCE.takenBurst, tokensMs: nowMs };
      this.#known.set(beacon.node, { beacon, heardMs: nowMs, ...fresh });
    } else Object.assign(known, { beacon, heardMs: nowMs });
    if (!isSame) this.graph.set(beacon.node, beacon.leaving ? [] : beacon.neighbours);
    this.#links.get(link)?.outbox.delete(beacon.node);
    this.#spread(beacon, link);
  }

  /** From an earlier life of this device, whose clock was ahead: this life has to come after it. */
  #meetOwn(nowMs: number, beacon: Beacon): void {
    if (this.#own !== undefined && compareBeacons(beacon, this.#own) <= 0) return;
    if (beacon.epoch >= Number.MAX_SAFE_INTEGER - 1 || this.#ports.judge(beacon) !== 'good') return;
    this.#epoch = beacon.epoch + 1;
    this.#dirtyMs ??= nowMs;
  }

  #spread(beacon: Beacon, except: LinkId | undefined): void {
    for (const [link, { peer, outbox }] of this.#links) {
      if (link !== except && peer !== beacon.node) outbox.set(beacon.node, beacon);
    }
  }

  // ---- time

  tick(nowMs: number): PresenceEffect[] {
    this.#issueIfDue(nowMs);
    return this.#flushSoon();
  }

  flush(nowMs: number): PresenceEffect[] {
    this.#issueIfDue(nowMs);
    return this.#flushNow();
  }

  /** Devices came or went. */
  rollChanged(nowMs: number): PresenceEffect[] {
    for (const node of [...this.#known.keys()]) if (!this.#ports.isMember(node)) this.#forget(node);
    if (!this.#missed) return [];
    this.#missed = false;
    return [...this.#links].flatMap(([link, neighbour]) => this.#summarise(nowMs, link, neighbour, true));
  }

  #forget(node: NodeId): void {
    const known = this.#known.get(node);
    if (known === undefined) return;
    this.#digest = (this.#digest ^ known.beacon.mark) >>> 0;
    this.#known.delete(node);
    this.#byShort.delete(shortOf(node));
    this.graph.remove(node);
  }

  #flushSoon(): PresenceEffect[] {
    if (this.#flushing) return [];
    for (const { outbox } of this.#links.values()) {
      if (outbox.size === 0) continue;
      this.#flushing = true;
      return [
        {
          type: 'flush-in',
          delayMs: Math.ceil(PRESENCE.flushMs + this.#known.size * PRESENCE.flushPerNodeMs),
        },
      ];
    }
    return [];
  }

  #flushNow(): PresenceEffect[] {
    this.#flushing = false;
    const effects: PresenceEffect[] = [];
    for (const [link, { outbox }] of this.#links) {
      const all = [...outbox.values()];
      outbox.clear();
      for (let at = 0; at < all.length; at += LIMITS.beaconsPerFrame) {
        const beacons = all.slice(at, at + LIMITS.beaconsPerFrame);
        effects.push({ type: 'send', link, message: { type: 'beacons', beacons } });
      }
    }
    return effects;
  }

  /** Of nodes that are not this one: since when it is known what it says. Monotonic milliseconds. */
  heardMs(node: LinkKey): number | undefined {
    return this.#known.get(node)?.heardMs;
  }

  isReachable(node: NodeId): boolean {
    const slot = this.graph.slotOf(node);
    return slot !== undefined && (slot === SELF || this.graph.isReachable(slot));
  }
}

/** Which of two beacons of one node is the later one. Where a device signed two under one number, all agree on one. */
export function compareBeacons(a: Beacon, b: Beacon): number {
  return a.epoch - b.epoch || a.counter - b.counter || a.mark - b.mark;
}

function hasToken(known: Known, nowMs: number): boolean {
  const { takenBurst, takenRefillMs } = PRESENCE;
  known.tokens = Math.min(takenBurst, known.tokens + (nowMs - known.tokensMs) / takenRefillMs);
  known.tokensMs = nowMs;
  if (known.tokens < 1) return false;
  known.tokens -= 1;
  return true;
}

function sameLinks(a: Beacon, b: Beacon): boolean {
  return a.leaving === b.leaving && a.neighbours.join() === b.neighbours.join();
}
