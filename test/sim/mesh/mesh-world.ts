/**
 * Many nodes of one mesh in one thread: the program's own core on a simulated network. Nodes come, crash without a
 * word, are killed, say good-bye, sleep; parts of the network lose sight of each other. One seed, one run.
 */
import { encodeCbor } from '../../../src/base/cbor.ts';
import type { Bytes } from '../../../src/base/bytes.ts';
import type { Timer } from '../../../src/base/ports.ts';
import {
  beaconOf,
  decodePresence,
  encodeBeaconBody,
  encodePresence,
} from '../../../src/net/presence/wire.ts';
import { MeshCore, type CloseReason, type MeshEffect, type MeshEvent } from '../../../src/net/mesh/core.ts';
import type { OwnFacts } from '../../../src/net/presence/core.ts';
import type {
  Beacon,
  BeaconDraft,
  Capacity,
  NodeId,
  PresenceMessage,
} from '../../../src/net/presence/types.ts';
import { TOPOLOGY } from '../../../src/net/topology/core.ts';
import { SeededRng } from '../rng.ts';
import { SimTimers } from '../sim-timers.ts';

const TICK_MS = 500;
const DIAL_TIMEOUT_MS = 10_000;
/** Of a frame: its length. */
const PREFIX_BYTES = 4;

export interface MeshWorldOptions {
  readonly seed: number;
  readonly capacity?: Capacity;
  /** Every message as bytes, as on a real link; else as values, which is faster. */
  readonly onTheWire?: boolean;
  /** A rule broken on purpose. */
  readonly mutate?: (node: MeshNode) => void;
}

/** Ends of one link; each node names it by its own id. */
export interface SimLink {
  readonly id: string;
  readonly ends: readonly [MeshNode, MeshNode];
  readonly delayMs: number;
  up: boolean;
}

export class MeshWorld {
  readonly timers = new SimTimers();
  readonly rng: SeededRng;
  readonly nodes: MeshNode[] = [];
  readonly options: MeshWorldOptions;
  readonly links = new Set<SimLink>();
  readonly sizes = new WeakMap<Beacon, number>();
  /** What passed since it was last set to nothing. */
  readonly traffic = { bytes: 0, frames: 0, linksUp: 0, linksDown: 0, dials: 0 };
  readonly closes = new Map<CloseReason, number>();
  #next = 0;

  constructor(options: MeshWorldOptions) {
    this.options = options;
    this.rng = new SeededRng(options.seed);
  }

  get nowMs(): number {
    return this.timers.nowMs;
  }

  /** A node that starts now. @param via whom it was given, or remembers. */
  add(via: readonly MeshNode[] = []): MeshNode {
    const node = new MeshNode(this, this.nodes.length, this.rng.fork());
    this.nodes.push(node);
    node.start(via);
    return node;
  }

  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    while (this.timers.step(untilMs));
  }

  /** Steps of a quarter second until it holds. @returns how long that took; undefined when it did not come. */
  until(holds: () => boolean, mostMs: number): number | undefined {
    const startMs = this.nowMs;
    while (!holds()) {
      if (this.nowMs - startMs >= mostMs) return undefined;
      this.run(250);
    }
    return this.nowMs - startMs;
  }

  resetTraffic(): void {
    Object.assign(this.traffic, { bytes: 0, frames: 0, linksUp: 0, linksDown: 0, dials: 0 });
    for (const node of this.nodes) node.sentBytes = 0;
  }

  running(): MeshNode[] {
    return this.nodes.filter(({ state }) => state === 'up');
  }

  /** Could they link, whoever dials? */
  canReach(a: MeshNode, b: MeshNode): boolean {
    return a.room === b.room;
  }

  // ---- what nodes do

  dial(from: MeshNode, target: string, addresses: readonly string[], expect: NodeId | undefined): void {
    this.traffic.dials += 1;
    const wanted = Number(/\d+$/.exec(addresses[0] ?? '')?.[0]);
    const to = this.nodes[wanted];
    const delayMs = this.#delayMs();
    const done = (peer: NodeId | undefined, afterMs: number): void => {
      this.timers.after(afterMs, () => from.tell({ type: 'dialled', target, peer }));
    };
    if (to === undefined || to === from || (expect !== undefined && expect !== to.id)) {
      done(undefined, delayMs);
      return;
    }
    this.timers.after(delayMs, () => {
      const answers = to.state === 'up' && from.state === 'up' && this.canReach(from, to);
      if (answers) this.#link(from, to, delayMs);
      // A machine that is off answers nothing; one whose program ended refuses.
      done(
        answers ? to.id : undefined,
        to.state === 'down' && this.canReach(from, to) ? delayMs : answers ? 0 : DIAL_TIMEOUT_MS,
      );
    });
  }

  #link(from: MeshNode, to: MeshNode, delayMs: number): void {
    this.#next += 1;
    const link: SimLink = { id: String(this.#next), ends: [from, to], delayMs, up: true };
    this.links.add(link);
    this.traffic.linksUp += 1;
    to.linked(link, from, false);
    from.linked(link, to, true);
    this.timers.after(delayMs, () => {
      if (!link.up) return;
      to.tell({ type: 'opened', link: link.id });
      from.tell({ type: 'opened', link: link.id });
    });
  }

  send(from: MeshNode, link: SimLink, message: PresenceMessage): void {
    const other = link.ends[0] === from ? link.ends[1] : link.ends[0];
    const size = this.#sizeOf(message) + PREFIX_BYTES;
    from.sentBytes += size;
    this.traffic.bytes += size;
    this.traffic.frames += 1;
    this.timers.after(link.delayMs, () => {
      if (!link.up || !this.canReach(from, other)) return;
      const arrived = this.options.onTheWire === true ? decodePresence(encodePresence(message)) : message;
      other.tell({ type: 'message', link: link.id, message: arrived });
    });
  }

  /** @param delayMs until the other end hears of it. */
  end(link: SimLink, by: MeshNode, hears: boolean): void {
    if (!link.up) {
      by.unlinked(link);
      return;
    }
    const other = link.ends[0] === by ? link.ends[1] : link.ends[0];
    // What was sent before goes before.
    this.timers.after(link.delayMs, () => {
      this.#remove(link);
      if (hears && this.canReach(by, other)) other.unlinked(link);
    });
    by.unlinked(link);
  }

  #remove(link: SimLink): void {
    if (!link.up) return;
    link.up = false;
    this.links.delete(link);
    this.traffic.linksDown += 1;
  }

  #delayMs(): number {
    return this.rng.between(2, 30);
  }

  #sizeOf(message: PresenceMessage): number {
    if (message.type === 'beat') return message.digest === undefined ? 2 : 7;
    if (message.type === 'summary') return 6 + 12 * message.items.length;
    return message.beacons.reduce((sum, beacon) => sum + this.#sizeOfBeacon(beacon), 5);
  }

  #sizeOfBeacon(beacon: Beacon): number {
    const known = this.sizes.get(beacon);
    if (known !== undefined) return known;
    const size = encodeCbor([beacon.signed, beacon.signature]).byteLength;
    this.sizes.set(beacon, size);
    return size;
  }
}

export class MeshNode {
  readonly world: MeshWorld;
  readonly number: number;
  readonly id: NodeId;
  readonly rng: SeededRng;
  /** `down`: its program ended; `crashed`: its machine is gone and answers nothing. */
  state: 'up' | 'down' | 'crashed' | 'asleep' = 'down';
  room = 0;
  core: MeshCore;
  sentBytes = 0;
  readonly links = new Map<string, SimLink>();
  #waiting: MeshEvent[] = [];
  #timer: Timer | undefined;
  #epoch = 0;
  #sleptMs = 0;

  constructor(world: MeshWorld, number: number, rng: SeededRng) {
    this.world = world;
    this.number = number;
    this.rng = rng;
    this.id = Buffer.from(rng.bytes(32)).toString('hex') as NodeId;
    this.core = this.#newCore();
  }

  get address(): string {
    return `/sim/${String(this.number)}`;
  }

  start(via: readonly MeshNode[]): void {
    this.state = 'up';
    this.core = this.#newCore();
    for (const other of via) this.tell({ type: 'given', address: other.address });
    this.#timer = this.world.timers.after(this.rng.below(TICK_MS), () => this.#tick());
  }

  /** Good-bye, as Ctrl-C has it. */
  leave(): void {
    this.tell({ type: 'rest' });
    this.#stop('down');
    for (const link of [...this.links.values()]) this.world.end(link, this, true);
  }

  /** The process is gone; the machine tells those at the other ends. */
  kill(): void {
    this.#stop('down');
    for (const link of [...this.links.values()]) this.world.end(link, this, true);
  }

  /** The machine is gone, and nobody is told. */
  crash(): void {
    this.#stop('crashed');
    for (const link of [...this.links.values()]) this.world.end(link, this, false);
  }

  sleep(): void {
    this.state = 'asleep';
    this.#sleptMs = this.world.nowMs;
    this.#timer?.cancel();
  }

  wake(): void {
    this.state = 'up';
    for (const event of this.#waiting.splice(0)) this.tell(event);
    this.#tick();
  }

  tell(event: MeshEvent): void {
    if (this.state === 'asleep') this.#waiting.push(event);
    if (this.state !== 'up') return;
    for (const effect of this.core.step(this.world.nowMs, event)) this.#carryOut(effect);
  }

  linked(link: SimLink, peer: MeshNode, dialled: boolean): void {
    this.links.set(link.id, link);
    this.tell({ type: 'linked', link: link.id, peer: peer.id, dialled, relayed: false });
  }

  unlinked(link: SimLink): void {
    if (this.links.delete(link.id)) this.tell({ type: 'unlinked', link: link.id });
  }

  #stop(state: 'down' | 'crashed'): void {
    this.state = state;
    this.#timer?.cancel();
  }

  #tick(): void {
    this.tell({ type: 'tick' });
    if (this.state === 'up') this.#timer = this.world.timers.after(TICK_MS, () => this.#tick());
  }

  #carryOut(effect: MeshEffect): void {
    const { world } = this;
    switch (effect.type) {
      case 'dial':
        world.dial(this, effect.target, effect.addresses, effect.expect);
        return;
      case 'close': {
        const link = this.links.get(effect.link);
        world.closes.set(effect.why, (world.closes.get(effect.why) ?? 0) + 1);
        if (link !== undefined) world.end(link, this, true);
        return;
      }
      case 'send': {
        const link = this.links.get(effect.link);
        if (link !== undefined) world.send(this, link, effect.message);
        return;
      }
      case 'flush-in':
        world.timers.after(effect.delayMs, () => this.tell({ type: 'flush' }));
        return;
      case 'fault':
        throw new Error(`an honest neighbour was blamed: ${effect.reason}`);
      case 'map-changed':
        return;
    }
  }

  #newCore(): MeshCore {
    this.#epoch += 1;
    const facts: OwnFacts = {
      capacity: this.world.options.capacity ?? TOPOLOGY.capacity,
      addresses: [this.address],
      entries: 0,
      rollHead: '',
    };
    const core = new MeshCore({
      self: this.id,
      rng: this.rng,
      epoch: this.#epoch,
      facts,
      judge: () => 'good',
      isMember: () => true,
      sign: (draft) => this.#sign(draft),
      wallMs: () => this.world.nowMs,
    });
    this.core = core;
    this.world.options.mutate?.(this);
    return core;
  }

  /** No signature, but as long as one, and another one each time. */
  #sign(draft: BeaconDraft): Beacon {
    const body = { ...draft, clockMs: this.world.nowMs };
    const signed: Bytes = encodeBeaconBody(body);
    return beaconOf(body, signed, this.rng.bytes(64));
  }

  get sleptForMs(): number {
    return this.world.nowMs - this.#sleptMs;
  }
}
