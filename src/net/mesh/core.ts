/**
 * A node's part of the mesh: presence, signs of life and topology as one machine. What happens goes in by `step`, what
 * to do comes out; the service carries it out over real links, the simulator over its own. Pure.
 */
import type { Rng } from '../../base/ports.ts';
import {
  Presence,
  type LinkId,
  type OwnFacts,
  type PresenceEffect,
  type PresencePorts,
} from '../presence/core.ts';
import { Pulse, type PulseEffect } from '../presence/core-pulse.ts';
import type { Beacon, NodeId, NodeStatus, PresenceMessage } from '../presence/types.ts';
import { Topology, type TopologyEffect } from '../topology/core.ts';

export type MeshEvent =
  | { readonly type: 'given'; readonly address: string }
  /** Forget an address given by hand. */
  | { readonly type: 'dropped'; readonly address: string }
  | {
      readonly type: 'discovered' | 'remembered';
      readonly peer: NodeId;
      readonly addresses: readonly string[];
    }
  | {
      readonly type: 'linked';
      readonly link: LinkId;
      readonly peer: NodeId;
      readonly dialled: boolean;
      /** Through a hub. */
      readonly relayed: boolean;
    }
  | { readonly type: 'unlinked'; readonly link: LinkId }
  | { readonly type: 'dialled'; readonly target: string; readonly peer: NodeId | undefined }
  /** The presence channel of a link. */
  | { readonly type: 'opened' | 'closed'; readonly link: LinkId }
  | { readonly type: 'message'; readonly link: LinkId; readonly message: PresenceMessage }
  /** Something came over the link, whatever it was. */
  | { readonly type: 'alive'; readonly link: LinkId }
  /** Who may be linked to changed. */
  | { readonly type: 'roll' }
  | { readonly type: 'facts'; readonly facts: OwnFacts }
  /** Good-bye, and back again. */
  | { readonly type: 'rest' | 'wake' }
  | { readonly type: 'flush' }
  | { readonly type: 'tick' };

export type MeshEffect =
  | Exclude<TopologyEffect, { type: 'close' }>
  | { readonly type: 'close'; readonly link: LinkId; readonly why: CloseReason }
  | PresenceEffect
  /** Who is linked to whom, or how somebody stands, is not as it was. */
  | { readonly type: 'map-changed' };

export type CloseReason = 'double' | 'overfull' | 'silent' | 'left' | 'resting';

export interface MeshDeps extends PresencePorts {
  readonly self: NodeId;
  readonly rng: Rng;
  /** Larger than in every earlier run of this device. */
  readonly epoch: number;
  readonly facts: OwnFacts;
  /** The wall clock, to notice that this machine slept. */
  wallMs(): number;
}

export class MeshCore {
  readonly presence: Presence;
  readonly topology: Topology;
  readonly #deps: MeshDeps;
  readonly #pulse = new Pulse<LinkId>();
  readonly #dialled = new Map<LinkId, boolean>();
  #neighbours: readonly NodeId[] = [];
  #resting = false;
  #digest = 0;
  #nowMs = 0;

  constructor(deps: MeshDeps) {
    this.#deps = deps;
    const mayLink = (peer: NodeId): boolean => deps.isMember(peer);
    this.presence = new Presence(deps.self, deps.epoch, deps.facts, deps);
    const { self, rng, facts } = deps;
    this.topology = new Topology({ self, rng, presence: this.presence, capacity: facts.capacity, mayLink });
  }

  get isResting(): boolean {
    return this.#resting;
  }

  step(nowMs: number, event: MeshEvent): MeshEffect[] {
    this.#nowMs = nowMs;
    const effects = this.#handle(nowMs, event);
    if (!IDLE.has(event.type)) effects.push(...this.#noteNeighbours(nowMs));
    if (!this.#resting && EVALUATES.has(event.type)) effects.push(...this.topology.evaluate(nowMs));
    if (this.presence.digest !== this.#digest) {
      this.#digest = this.presence.digest;
      effects.push({ type: 'map-changed' });
    }
    return effects;
  }

  #handle(nowMs: number, event: MeshEvent): MeshEffect[] {
    const { targets } = this.topology;
    switch (event.type) {
      case 'given':
        targets.give(event.address, nowMs);
        return [];
      case 'dropped':
        targets.drop(event.address);
        return [];
      case 'discovered':
      case 'remembered':
        if (event.peer !== this.#deps.self) targets.learn(event.peer, event.addresses, nowMs);
        return [];
      case 'linked':
        this.#pulse.linked(nowMs, event.link);
        this.#dialled.set(event.link, event.dialled);
        return this.topology.linked(nowMs, event.link, event);
      case 'unlinked':
        return this.#unlinked(nowMs, event.link);
      case 'dialled':
        this.topology.dialled(nowMs, event.target, event.peer);
        return [];
      case 'facts':
        return this.presence.setFacts(nowMs, event.facts);
      case 'roll':
        return this.presence.rollChanged(nowMs);
      case 'rest':
      case 'wake':
        return this.#rest(nowMs, event.type === 'rest');
      case 'flush':
        return this.presence.flush(nowMs);
      case 'tick':
        return this.#tick(nowMs);
      default:
        return this.#hear(nowMs, event);
    }
  }

  #hear(
    nowMs: number,
    event: Extract<MeshEvent, { type: 'opened' | 'closed' | 'message' | 'alive' }>,
  ): MeshEffect[] {
    const { link } = event;
    const peer = this.topology.peerOf(link);
    if (peer === undefined) return [];
    switch (event.type) {
      case 'opened':
        this.#pulse.opened(nowMs, link);
        return this.presence.opened(nowMs, link, peer, this.#dialled.get(link) === true);
      case 'closed':
        this.#pulse.closed(nowMs, link);
        this.presence.closed(link);
        return [];
      case 'alive':
        this.#pulse.alive(nowMs, link);
        return [];
      case 'message':
        this.#pulse.alive(nowMs, link);
        return this.#message(nowMs, link, peer, event.message);
    }
  }

  #message(nowMs: number, link: LinkId, peer: NodeId, message: PresenceMessage): MeshEffect[] {
    const before = this.presence.beaconOf(peer);
    const effects: MeshEffect[] = this.presence.message(nowMs, link, message);
    if (before?.leaving === false && this.presence.hasLeft(peer)) {
      this.topology.left(nowMs, peer, this.#nodesOf(before));
    }
    return effects;
  }

  #nodesOf(beacon: Beacon): NodeId[] {
    return beacon.neighbours.flatMap((short) => {
      const node = this.presence.nodeOf(short);
      return node === undefined || node === this.#deps.self ? [] : [node];
    });
  }

  #unlinked(nowMs: number, link: LinkId): MeshEffect[] {
    this.#pulse.unlinked(link);
    this.#dialled.delete(link);
    this.presence.closed(link);
    this.topology.unlinked(nowMs, link);
    return [];
  }

  #rest(nowMs: number, resting: boolean): MeshEffect[] {
    if (resting === this.#resting) return [];
    this.#resting = resting;
    const effects: MeshEffect[] = this.presence.setLeaving(nowMs, resting);
    if (resting)
      for (const link of this.#dialled.keys()) effects.push({ type: 'close', link, why: 'resting' });
    return effects;
  }

  #tick(nowMs: number): MeshEffect[] {
    const beats = this.#pulse.tick(nowMs, this.#deps.wallMs());
    return [...beats.map((effect) => this.#ofPulse(effect)), ...this.presence.tick(nowMs)];
  }

  #ofPulse(effect: PulseEffect<LinkId>): MeshEffect {
    if (effect.type === 'dead') return { type: 'close', link: effect.link, why: 'silent' };
    return this.presence.beat(effect.link, effect.withDigest);
  }

  #noteNeighbours(nowMs: number): MeshEffect[] {
    const now = this.topology.neighbours().sort();
    if (now.length === this.#neighbours.length && now.every((node, at) => node === this.#neighbours[at]))
      return [];
    this.#neighbours = now;
    return [...this.presence.setNeighbours(nowMs, now), { type: 'map-changed' }];
  }

  // ---- how things stand

  statusOf(node: NodeId): NodeStatus {
    const { presence, topology } = this;
    if (presence.hasLeft(node)) return 'left';
    if (node === this.#deps.self) return 'here';
    if (presence.isReachable(node)) return this.#isQuiet(node) ? 'quiet' : 'here';
    const slot = presence.graph.slotOf(node);
    // In a part of its own: everybody who was linked with it, and is heard, has lost it.
    return slot === undefined ||
      presence.graph.partOf(slot).length > 1 ||
      topology.lostSinceMs(node) === undefined
      ? 'away'
      : 'dead';
  }

  #isQuiet(node: NodeId): boolean {
    for (const link of this.#dialled.keys()) {
      if (this.topology.peerOf(link) === node && this.#pulse.isQuiet(this.#nowMs, link)) return true;
    }
    return false;
  }
}

/** What may call for a dial or a farewell. A flood of beacons does not: the next tick looks at where it led. */
const EVALUATES: ReadonlySet<MeshEvent['type']> = new Set([
  'given',
  'discovered',
  'remembered',
  'unlinked',
  'dialled',
  'roll',
  'wake',
  'tick',
]);

/** What changes no neighbour, and happens often. */
const IDLE: ReadonlySet<MeshEvent['type']> = new Set(['alive', 'flush', 'facts', 'opened', 'closed']);
