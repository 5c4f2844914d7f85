/**
 * Channels between simulated nodes. A channel is ordered and reliable until it breaks: then what was under way is
 * lost, and each side hears of the end at a time of its own. With `chaos` a channel does what none may do (drops,
 * doubles and swaps frames): then only what must never happen is checked, not progress.
 */
import type { SeededRng } from './rng.ts';
import type { SimTimers } from './sim-timers.ts';

export interface ChannelHost {
  /** False refuses the channel. */
  attach(end: ChannelEnd): boolean;
  isUp(): boolean;
}

export interface Faults {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Of 10,000 frames, how many are lost; a loss breaks the channel. */
  lossPer10k: number;
  chaos: boolean;
  /** Bytes on their way in one direction before a sender should wait. */
  readonly windowBytes: number;
}

export class ChannelEnd {
  readonly channel: Channel;
  readonly side: 0 | 1;
  readonly self: number;
  readonly peer: number;
  onFrame: ((frame: Uint8Array) => void) | undefined;
  onClose: (() => void) | undefined;
  onDrain: (() => void) | undefined;

  constructor(channel: Channel, side: 0 | 1, self: number, peer: number) {
    this.channel = channel;
    this.side = side;
    this.self = self;
    this.peer = peer;
  }

  send(frame: Uint8Array): void {
    this.channel.send(this.side, frame);
  }

  get hasRoom(): boolean {
    return this.channel.hasRoom(this.side);
  }

  abort(): void {
    this.channel.abort(this.side);
  }
}

interface Way {
  arrivesMs: number;
  bytes: number;
  waits: Uint8Array[];
}

export class Channel {
  readonly #network: SimNetwork;
  readonly ends: readonly [ChannelEnd, ChannelEnd];
  /** Frames on their way to each side. */
  readonly #ways: readonly [Way, Way] = [newWay(), newWay()];
  readonly #attached: [boolean, boolean] = [false, false];
  readonly #closed: [boolean, boolean] = [false, false];
  #broken = false;

  constructor(network: SimNetwork, a: number, b: number) {
    this.#network = network;
    this.ends = [new ChannelEnd(this, 0, a, b), new ChannelEnd(this, 1, b, a)];
  }

  get wasOpen(): boolean {
    return this.#attached[0] && this.#attached[1];
  }

  get isOpen(): boolean {
    return !this.#broken && this.#attached[0] && this.#attached[1];
  }

  attach(side: 0 | 1): void {
    const end = this.ends[side];
    if (this.#broken) return;
    if (!this.#network.host(end.self).attach(end)) return this.break(0);
    this.#attached[side] = true;
    const way = this.#ways[side];
    const waiting = way.waits;
    way.waits = [];
    for (const frame of waiting) this.#deliver(side, frame);
  }

  send(from: 0 | 1, frame: Uint8Array): void {
    const network = this.#network;
    if (this.#broken || this.#closed[from]) return;
    const to = from === 0 ? 1 : 0;
    const way = this.#ways[to];
    const { faults, rng, timers } = network;
    if (
      rng.below(10_000) < faults.lossPer10k ||
      network.isBlocked(this.ends[from].self, this.ends[to].self)
    ) {
      if (!faults.chaos) this.break(15_000);
      return;
    }
    const delayMs = rng.between(faults.minDelayMs, faults.maxDelayMs);
    const atMs = faults.chaos ? timers.nowMs + delayMs : Math.max(way.arrivesMs, timers.nowMs + delayMs);
    way.arrivesMs = atMs;
    const copies = faults.chaos && rng.chance(10) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      way.bytes += frame.byteLength;
      timers.after(atMs - timers.nowMs + copy * rng.below(2000), () => this.#arrive(to, frame));
    }
  }

  hasRoom(from: 0 | 1): boolean {
    return this.#ways[from === 0 ? 1 : 0].bytes < this.#network.faults.windowBytes;
  }

  /** One side ends it: nothing more there, and the other hears of it after what was sent before. */
  abort(side: 0 | 1): void {
    if (this.#closed[side]) return;
    const other = side === 0 ? 1 : 0;
    this.#close(side);
    const { timers, faults } = this.#network;
    const atMs = Math.max(this.#ways[other].arrivesMs, timers.nowMs + faults.minDelayMs);
    timers.after(atMs - timers.nowMs, () => {
      this.break(0);
    });
  }

  /** @param withinMs each side hears of it within this time. */
  break(withinMs: number): void {
    if (this.#broken) return;
    this.#broken = true;
    const { rng, timers } = this.#network;
    for (const side of [0, 1] as const) {
      timers.after(rng.below(withinMs + 1), () => {
        this.#close(side);
      });
    }
    this.#network.ended(this, withinMs);
  }

  #arrive(to: 0 | 1, frame: Uint8Array): void {
    const way = this.#ways[to];
    way.bytes -= frame.byteLength;
    const from = to === 0 ? 1 : 0;
    if (!this.#broken) {
      if (this.#attached[to]) this.#deliver(to, frame);
      else way.waits.push(frame);
    }
    if (!this.#closed[from] && !this.#broken) this.ends[from].onDrain?.();
  }

  #deliver(to: 0 | 1, frame: Uint8Array): void {
    if (this.#closed[to]) return;
    this.#network.onDeliver?.(this.ends[to].peer, this.ends[to].self, frame);
    this.#network.frames += 1;
    this.#network.bytes += frame.byteLength;
    this.ends[to].onFrame?.(frame);
  }

  #close(side: 0 | 1): void {
    if (this.#closed[side]) return;
    this.#closed[side] = true;
    if (this.#attached[side]) this.ends[side].onClose?.();
  }
}

function newWay(): Way {
  return { arrivesMs: 0, bytes: 0, waits: [] };
}

export class SimNetwork {
  readonly timers: SimTimers;
  readonly rng: SeededRng;
  readonly faults: Faults;
  /** Sees every frame that arrives; for hunting. */
  onDeliver: ((from: number, to: number, frame: Uint8Array) => void) | undefined;
  /** Delivered, in all. */
  frames = 0;
  bytes = 0;
  readonly #hosts: ChannelHost[] = [];
  readonly #wanted = new Set<string>();
  readonly #blocked = new Set<string>();
  readonly #channels = new Map<string, Channel>();
  /** How often in a row a pair's channel was refused: they try ever more rarely. */
  readonly #refusals = new Map<string, number>();

  constructor(timers: SimTimers, rng: SeededRng, faults: Faults) {
    this.timers = timers;
    this.rng = rng;
    this.faults = faults;
  }

  add(host: ChannelHost): number {
    this.#hosts.push(host);
    return this.#hosts.length - 1;
  }

  host(index: number): ChannelHost {
    const host = this.#hosts[index];
    if (host === undefined) throw new Error('bug: no such host');
    return host;
  }

  /** From now on the two look for each other whenever they are apart. */
  want(a: number, b: number): void {
    if (a === b || this.#wanted.has(pairOf(a, b))) return;
    this.#wanted.add(pairOf(a, b));
    this.#retry(a, b, 500);
  }

  unwant(a: number, b: number): void {
    this.#wanted.delete(pairOf(a, b));
    this.#channels.get(pairOf(a, b))?.break(3000);
  }

  wants(a: number, b: number): boolean {
    return this.#wanted.has(pairOf(a, b));
  }

  /** Nothing passes from one to the other; what is sent breaks the channel. */
  block(from: number, to: number): void {
    this.#blocked.add(wayOf(from, to));
  }

  healAll(): void {
    this.#blocked.clear();
  }

  isBlocked(from: number, to: number): boolean {
    return this.#blocked.has(wayOf(from, to));
  }

  breakAll(): void {
    for (const channel of [...this.#channels.values()]) channel.break(2000);
  }

  breakOf(index: number): void {
    for (const channel of [...this.#channels.values()]) {
      if (channel.ends.some((end) => end.self === index)) channel.break(10_000);
    }
  }

  breakBetween(a: number, b: number): void {
    this.#channels.get(pairOf(a, b))?.break(5000);
  }

  open(): readonly (readonly [number, number])[] {
    return [...this.#channels.values()]
      .filter((c) => c.isOpen)
      .map((c) => [c.ends[0].self, c.ends[1].self] as const);
  }

  /** No more attempts where no channel stands: each of them looks for a moment like a neighbour. */
  giveUpOnWhoRefuses(): void {
    for (const pair of [...this.#wanted])
      if (this.#channels.get(pair)?.isOpen !== true) this.#wanted.delete(pair);
  }

  /** Channels that stand, or are being set up. */
  get attempts(): number {
    return this.#channels.size;
  }

  ended(channel: Channel, afterMs: number): void {
    const [a, b] = [channel.ends[0].self, channel.ends[1].self];
    if (this.#channels.get(pairOf(a, b)) !== channel) return;
    this.#channels.delete(pairOf(a, b));
    const refusals = channel.wasOpen ? 0 : (this.#refusals.get(pairOf(a, b)) ?? 0) + 1;
    this.#refusals.set(pairOf(a, b), refusals);
    this.#retry(a, b, afterMs + Math.min(60_000, 4000 * 2 ** Math.max(0, refusals - 4)));
  }

  #retry(a: number, b: number, withinMs: number): void {
    this.timers.after(this.rng.between(Math.min(200, withinMs), withinMs), () => {
      const pair = pairOf(a, b);
      if (!this.#wanted.has(pair) || this.#channels.has(pair)) return;
      const reachable = [a, b].every((index) => this.host(index).isUp());
      if (!reachable || this.isBlocked(a, b) || this.isBlocked(b, a)) return this.#retry(a, b, 4000);
      const [from, to] = this.rng.chance(50) ? [a, b] : [b, a];
      const channel = new Channel(this, from, to);
      this.#channels.set(pair, channel);
      channel.attach(0);
      this.timers.after(this.rng.between(this.faults.minDelayMs, this.faults.maxDelayMs), () => {
        channel.attach(1);
      });
    });
  }
}

function pairOf(a: number, b: number): string {
  return a < b ? wayOf(a, b) : wayOf(b, a);
}

function wayOf(from: number, to: number): string {
  return `${String(from)}>${String(to)}`;
}
