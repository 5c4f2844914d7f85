/**
 * Whom to link with and whom to let go: the one place that decides it. Pure, and level-triggered: `evaluate` looks at
 * the graph that the beacons show and says what to do now. docs/decisions/0007-topology.md says why it is so.
 *
 * 1. Below its minimum of neighbours a node seeks some: first among others that lack some, paired alike on every node.
 * 2. Above its maximum it lets go of a link that the mesh does not need. It never refuses a newcomer.
 * 3. Where a neighbour is gone and those around it lost each other, they link up: the first in line of each part dials.
 * 4. Whoever is out of reach is dialled by its former neighbours, and by anybody now and then, for ever.
 */
import type { Rng } from '../../base/ports.ts';
import { shortOf, type Capacity, type NodeId } from '../presence/types.ts';
import type { LinkId, Presence } from '../presence/core.ts';
import { SELF, type Graph, type Slot } from './core-graph.ts';
import { BACKOFF, Targets, type Target } from './core-targets.ts';

export const TOPOLOGY = {
  capacity: { min: 4, max: 8 },
  hubCapacity: { min: 4, max: 24 },
  dialsAtOnce: 8,
  /** Whoever was paired with one that dials waits so long for it. */
  pairedMs: 2500,
  /** Above the maximum, before links go; and how young a link may not be let go. */
  overfullMs: 2000,
  youngLinkMs: 3000,
  /** Then links go, too, whose other end has to look for another one. */
  stubbornMs: 12_000,
  /** How long those around a gap see to it, and how long the next in line waits for the one before. */
  gapMs: 40_000,
  turnMs: 1500,
  roamMs: 4000,
  /** Of those out of reach: tried at least so often at first, and ever more seldom after so long. */
  lostBackoffMs: 8000,
  freshLossMs: 10 * 60_000,
} as const;

export type TopologyEffect =
  | {
      readonly type: 'dial';
      readonly target: string;
      readonly addresses: readonly string[];
      readonly expect: NodeId | undefined;
    }
  | { readonly type: 'close'; readonly link: LinkId; readonly why: 'double' | 'overfull' };

interface StandingLink {
  readonly peer: NodeId;
  readonly dialled: boolean;
  readonly relayed: boolean;
  readonly sinceMs: number;
}

/** A neighbour that went, and those who were around it. */
interface Gap {
  readonly sinceMs: number;
  readonly around: readonly NodeId[];
}

export interface TopologyDeps {
  readonly self: NodeId;
  readonly rng: Rng;
  readonly presence: Presence;
  readonly capacity: Capacity;
  /** Is this peer a member, as of now? */
  mayLink(peer: NodeId): boolean;
}

export class Topology {
  readonly targets: Targets;
  readonly #deps: TopologyDeps;
  readonly #graph: Graph;
  readonly #links = new Map<LinkId, StandingLink>();
  readonly #gaps = new Map<NodeId, Gap>();
  readonly #lostMs = new Map<NodeId, number>();
  #needySinceMs: number | undefined;
  #overfullSinceMs: number | undefined;
  #nextRoamMs = 0;
  #seenVersion = -1;

  constructor(deps: TopologyDeps) {
    this.#deps = deps;
    this.#graph = deps.presence.graph;
    this.targets = new Targets(deps.rng);
  }

  /** Nodes with which a link stands, and which are not about to go. */
  neighbours(): NodeId[] {
    const { presence } = this.#deps;
    const peers = new Set([...this.#links.values()].map(({ peer }) => peer));
    return [...peers].filter((peer) => !presence.hasLeft(peer) && this.#deps.mayLink(peer));
  }

  /**
   * Two nodes may dial each other at once. Both keep the link that the one with the smaller key dialled; but a direct
   * link before one through a hub, whoever dialled.
   */
  linked(nowMs: number, link: LinkId, added: Omit<StandingLink, 'sinceMs'>): TopologyEffect[] {
    const { peer, dialled, relayed } = added;
    this.#links.set(link, { peer, dialled, relayed, sinceMs: nowMs });
    this.#gaps.delete(peer);
    const same = [...this.#links].filter(([, known]) => known.peer === peer);
    if (same.length < 2) return [];
    const smallerDials = this.#deps.self < peer;
    const direct = same.filter(([, known]) => !known.relayed);
    const best = direct.length > 0 ? direct : same;
    const keep = best.find(([, known]) => known.dialled === smallerDials) ?? best[0];
    return same
      .filter(([id]) => id !== keep?.[0])
      .map(([id]) => ({ type: 'close', link: id, why: 'double' }));
  }

  unlinked(nowMs: number, link: LinkId): void {
    const known = this.#links.get(link);
    this.#links.delete(link);
    if (known === undefined || this.isLinked(known.peer)) return;
    this.targets.lost(known.peer, nowMs);
    this.#openGap(nowMs, known.peer);
  }

  /** A neighbour said good-bye: its links count no longer, and the gap can be closed at once. */
  left(nowMs: number, peer: NodeId, around: readonly NodeId[]): void {
    if (this.isLinked(peer)) this.#gaps.set(peer, { sinceMs: nowMs, around });
  }

  isLinked(peer: NodeId): boolean {
    for (const link of this.#links.values()) if (link.peer === peer) return true;
    return false;
  }

  peerOf(link: LinkId): NodeId | undefined {
    return this.#links.get(link)?.peer;
  }

  /** @returns since when this node has been out of reach, by the monotonic clock. */
  lostSinceMs(node: NodeId): number | undefined {
    return this.#lostMs.get(node);
  }

  dialled(nowMs: number, target: string, peer: NodeId | undefined): void {
    const node = this.targets.get(target)?.peer;
    this.targets.ended(
      target,
      peer,
      nowMs,
      node === undefined ? BACKOFF.mostMs : this.#patienceMs(nowMs, node),
    );
  }

  evaluate(nowMs: number): TopologyEffect[] {
    this.#noteLosses(nowMs);
    return [
      ...this.#dialGiven(nowMs),
      ...this.#closeGaps(nowMs),
      ...this.#seek(nowMs),
      ...this.#roam(nowMs),
      ...this.#letGo(nowMs),
    ];
  }

  // ---- what is out of reach

  #openGap(nowMs: number, peer: NodeId): void {
    const { presence, self } = this.#deps;
    const beacon = presence.beaconOf(peer);
    if (beacon === undefined || this.#gaps.has(peer)) return;
    const around = beacon.neighbours.flatMap((short) => {
      const node = presence.nodeOf(short);
      return node === undefined || node === self ? [] : [node];
    });
    this.#gaps.set(peer, { sinceMs: nowMs, around });
  }

  #noteLosses(nowMs: number): void {
    if (this.#seenVersion === this.#graph.version) return;
    this.#seenVersion = this.#graph.version;
    for (const beacon of this.#deps.presence.known()) {
      const { node } = beacon;
      if (this.#isReachable(node)) this.#noteFound(nowMs, node);
      else if (!this.#lostMs.has(node)) this.#lostMs.set(node, nowMs);
    }
  }

  /** Whoever was out of reach and is back is worth a try at once. */
  #noteFound(nowMs: number, node: NodeId): void {
    const target = this.targets.get(node);
    if (this.#lostMs.delete(node) && target !== undefined)
      Object.assign(target, { failures: 0, nextTryMs: nowMs });
  }

  #isReachable(node: NodeId): boolean {
    return this.#deps.presence.isReachable(node);
  }

  /** How long to wait at most for the next try: those gone for days are not knocked at every few seconds. */
  #patienceMs(nowMs: number, node: NodeId): number {
    const lostMs = this.#lostMs.get(node);
    if (this.#isReachable(node) || lostMs === undefined) return BACKOFF.mostMs;
    return nowMs - lostMs < TOPOLOGY.freshLossMs ? TOPOLOGY.lostBackoffMs : BACKOFF.mostMs;
  }

  /** May this node be dialled for being out of reach? */
  #isWanted(node: NodeId): boolean {
    const { presence, self } = this.#deps;
    return (
      node !== self &&
      !this.isLinked(node) &&
      !this.#isReachable(node) &&
      !presence.hasLeft(node) &&
      this.#deps.mayLink(node)
    );
  }

  // ---- dialling

  #room(): number {
    return TOPOLOGY.dialsAtOnce - this.targets.dialling;
  }

  /** What is known to lead to it, by its own word and by what was heard elsewhere. */
  #targetOf(nowMs: number, node: NodeId): Target | undefined {
    const addresses = this.#deps.presence.beaconOf(node)?.addresses ?? [];
    const known = this.targets.get(node);
    if (addresses.length === 0 && known === undefined) return undefined;
    return this.targets.learn(node, addresses, nowMs);
  }

  #dial(target: Target): TopologyEffect {
    this.targets.began(target);
    // Behind an address given by hand another device may answer one day: a member's old laptop, replaced.
    const expect = target.isGiven ? undefined : target.peer;
    return { type: 'dial', target: target.key, addresses: target.addresses, expect };
  }

  #dialNode(nowMs: number, node: NodeId): TopologyEffect[] {
    if (this.#room() <= 0) return [];
    const target = this.#targetOf(nowMs, node);
    return target !== undefined && this.targets.isDue(target, nowMs) ? [this.#dial(target)] : [];
  }

  /** Addresses given by hand are dialled until somebody answers, and again when whoever did is out of reach. */
  #dialGiven(nowMs: number): TopologyEffect[] {
    const effects: TopologyEffect[] = [];
    for (const target of this.targets.all()) {
      if (!target.isGiven || !this.targets.isDue(target, nowMs)) continue;
      if (target.peer === undefined || this.#isWanted(target.peer)) effects.push(this.#dial(target));
    }
    return effects;
  }

  /** Rule 3. */
  #closeGaps(nowMs: number): TopologyEffect[] {
    const effects: TopologyEffect[] = [];
    for (const [gone, gap] of this.#gaps) {
      if (nowMs - gap.sinceMs > TOPOLOGY.gapMs) this.#gaps.delete(gone);
      else effects.push(...this.#closeGap(nowMs, gone, gap));
    }
    return effects;
  }

  #closeGap(nowMs: number, gone: NodeId, gap: Gap): TopologyEffect[] {
    const { self } = this.#deps;
    const apart = [gone, ...gap.around].filter((node) => this.#isWanted(node)).sort();
    if (apart.length === 0) return [];
    const here = [self, ...gap.around.filter((node) => this.#isReachable(node))].sort();
    if (nowMs - gap.sinceMs < here.indexOf(self) * TOPOLOGY.turnMs) return [];
    // One of each part is enough; who does not answer has its backoff, and the next one is tried.
    const effects: TopologyEffect[] = [];
    const covered = new Set<Slot>();
    for (const node of apart) {
      const slot = this.#graph.slotOf(node);
      if (slot === undefined || covered.has(slot)) continue;
      const dials = this.#dialNode(nowMs, node);
      if (dials.length > 0) for (const other of this.#graph.partOf(slot)) covered.add(other);
      effects.push(...dials);
    }
    return effects;
  }

  /** Rule 4. Of all who miss somebody, about one dials in each round, whatever their number. */
  #roam(nowMs: number): TopologyEffect[] {
    if (nowMs < this.#nextRoamMs) return [];
    const { rng } = this.#deps;
    this.#nextRoamMs = nowMs + Math.floor(TOPOLOGY.roamMs * 0.75) + rng.below(TOPOLOGY.roamMs / 2);
    const lost = this.#lost(nowMs);
    if (lost.length === 0) return [];
    const weight = lost.reduce((sum, { weight: one }) => sum + one, 0);
    const rounds = weight / this.#graph.reachedCount;
    const tries = rounds >= 1 ? 2 : rng.below(1_000_000) < rounds * 1_000_000 ? 1 : 0;
    return Array.from({ length: tries }).flatMap(() => {
      const at = (rng.below(1_000_000) / 1_000_000) * weight;
      let sum = 0;
      const chosen = lost.find(({ weight: one }) => (sum += one) > at);
      return chosen === undefined ? [] : this.#dialNode(nowMs, chosen.node);
    });
  }

  /** Those out of reach, and how much they are missed: whoever has been gone for long, less. */
  #lost(nowMs: number): { readonly node: NodeId; readonly weight: number }[] {
    const lost: { node: NodeId; weight: number }[] = [];
    for (const [node, lostMs] of this.#lostMs) {
      const goneMs = Math.max(1, nowMs - lostMs);
      if (this.#isWanted(node)) lost.push({ node, weight: Math.min(1, TOPOLOGY.freshLossMs / goneMs) });
    }
    for (const { peer, key } of this.targets.all()) {
      if (peer === key && !this.#lostMs.has(peer) && this.#isWanted(peer))
        lost.push({ node: peer, weight: 1 });
    }
    return lost;
  }

  // ---- enough neighbours

  /** Rule 1. */
  #seek(nowMs: number): TopologyEffect[] {
    const degree = this.neighbours().length;
    const deficit = this.#deps.capacity.min - degree;
    if (deficit <= 0) {
      this.#needySinceMs = undefined;
      return [];
    }
    this.#needySinceMs ??= nowMs;
    // Whoever is gone lets a dial wait for ten seconds: that must not keep this node from those who are there.
    const apart = this.#diallingApart();
    const effects = this.#seekApart(nowMs, deficit - apart);
    if (effects.length > 0) return effects;
    // Half of what lacks at a time: those who are asked get known in between, and nobody is asked by all.
    const atOnce = Math.min(Math.ceil(deficit / 2) - (this.targets.dialling - apart), this.#room());
    return atOnce > 0 ? this.#seekWithin(nowMs, atOnce) : effects;
  }

  #diallingApart(): number {
    let count = 0;
    for (const { dialling, peer } of this.targets.all())
      if (dialling && peer !== undefined && !this.#isReachable(peer)) count += 1;
    return count;
  }

  /** Those heard or remembered, of whom no beacon shows a way: to link with them joins what may be apart. */
  #seekApart(nowMs: number, most: number): TopologyEffect[] {
    const effects: TopologyEffect[] = [];
    for (const target of this.targets.all()) {
      if (effects.length >= Math.min(most, this.#room())) break;
      const { peer, isGiven } = target;
      if (isGiven || peer === undefined || !this.targets.isDue(target, nowMs) || !this.#isWanted(peer))
        continue;
      effects.push(this.#dial(target));
    }
    return effects;
  }

  #seekWithin(nowMs: number, most: number): TopologyEffect[] {
    const candidates = this.#candidates(nowMs);
    const needy = candidates.filter(({ rank }) => rank === 0);
    const partner = this.#partnerAmong(needy.map(({ node }) => node));
    const waited = nowMs - (this.#needySinceMs ?? nowMs) >= TOPOLOGY.pairedMs;
    if (partner !== undefined && partner.waits && !waited) return [];
    const chosen = candidates.sort((a, b) => a.rank - b.rank || a.lot - b.lot).map(({ node }) => node);
    const first =
      partner === undefined || waited
        ? chosen
        : [partner.node, ...chosen.filter((node) => node !== partner.node)];
    return first.slice(0, most).flatMap((node) => this.#dialNode(nowMs, node));
  }

  /** Reachable nodes without a link to this one: 0 those that lack neighbours, 1 those with room, 2 the full ones. */
  #candidates(nowMs: number): { readonly node: NodeId; readonly rank: number; readonly lot: number }[] {
    const found: { node: NodeId; rank: number; lot: number }[] = [];
    const reached = this.#graph.reached();
    const most = this.#graph.reachedCount - 1;
    for (const { node, capacity } of this.#deps.presence.known()) {
      const slot = this.#graph.slotOf(node);
      if (slot === undefined || reached[slot] !== 1 || this.isLinked(node)) continue;
      const target = this.targets.get(node);
      if (target !== undefined && !this.targets.isDue(target, nowMs)) continue;
      if (!this.#deps.mayLink(node)) continue;
      const degree = this.#graph.degreeOf(slot);
      const rank = degree < Math.min(capacity.min, most) ? 0 : degree < capacity.max ? 1 : 2;
      found.push({ node, rank, lot: lotOf(this.#deps.self, node) });
    }
    return found;
  }

  /**
   * All who lack neighbours stand in line by their keys, and each takes the next one that is free and no neighbour
   * yet. Everybody who knows the same finds the same pairs; the smaller key dials.
   */
  #partnerAmong(needy: readonly NodeId[]): { readonly node: NodeId; readonly waits: boolean } | undefined {
    const { self } = this.#deps;
    const line = [self, ...needy].sort();
    const taken = new Set<NodeId>();
    for (const [at, one] of line.entries()) {
      if (taken.has(one)) continue;
      const slot = this.#graph.slotOf(one);
      const other = line.slice(at + 1).find((next) => !taken.has(next) && !this.#areLinked(slot, next));
      if (other === undefined) continue;
      taken.add(one).add(other);
      if (one === self) return { node: other, waits: false };
      if (other === self) return { node: one, waits: true };
    }
    return undefined;
  }

  #areLinked(slot: Slot | undefined, other: NodeId): boolean {
    const second = this.#graph.slotOf(other);
    return slot !== undefined && second !== undefined && this.#graph.isEdge(slot, second);
  }

  // ---- not too many

  /** Rule 2. */
  #letGo(nowMs: number): TopologyEffect[] {
    const excess = this.neighbours().length - this.#deps.capacity.max;
    if (excess <= 0) {
      this.#overfullSinceMs = undefined;
      return [];
    }
    this.#overfullSinceMs ??= nowMs;
    const overfullMs = nowMs - this.#overfullSinceMs;
    if (overfullMs < TOPOLOGY.overfullMs) return [];
    const spare = this.#spare(nowMs, overfullMs >= TOPOLOGY.stubbornMs);
    const effects: TopologyEffect[] = [];
    const gone = new Set<Slot>();
    for (const { link, slot } of spare) {
      // A few at a time: what others let go meanwhile is known before the next ones go.
      if (effects.length >= Math.ceil(excess / 4)) break;
      if (!this.#graph.isRedundant(slot, gone)) continue;
      gone.add(slot);
      effects.push({ type: 'close', link, why: 'overfull' });
    }
    return effects;
  }

  /** Links that may go, those to the best linked first. */
  #spare(nowMs: number, isStubborn: boolean): { readonly link: LinkId; readonly slot: Slot }[] {
    const spare: { link: LinkId; slot: Slot; degree: number; lot: number }[] = [];
    for (const [link, { peer, sinceMs }] of this.#links) {
      const slot = this.#graph.slotOf(peer);
      if (slot === undefined || nowMs - sinceMs < TOPOLOGY.youngLinkMs) continue;
      const degree = this.#graph.degreeOf(slot);
      const needs = isStubborn ? 1 : (this.#deps.presence.beaconOf(peer)?.capacity.min ?? 0);
      // Only with both ends knowing of it is the link one that the others reckon with.
      if (degree <= needs || !this.#graph.listedBy(slot).includes(SELF)) continue;
      spare.push({ link, slot, degree, lot: lotOf(this.#deps.self, peer) });
    }
    return spare.sort((a, b) => b.degree - a.degree || a.lot - b.lot);
  }
}

/** A number that looks drawn and is the same every time: spreads who picks whom (FNV-1a over both names). */
function lotOf(self: NodeId, other: NodeId): number {
  let hash = 0x811c9dc5;
  for (const text of [shortOf(self), shortOf(other)]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
