/** A room of several devices in one thread: links with delay, loss and direction, frames passed on by others, one seed. */
import { AWAY_MS } from '../../../src/rooms/consensus/core-steward.ts';
import { deviceOf } from '../../../src/rooms/consensus/roster.ts';
import type { ReplicaId, Roster } from '../../../src/rooms/consensus/types.ts';
import { SeededRng } from '../rng.ts';
import { SimTimers } from '../sim-timers.ts';
import { RoomChecks } from './room-checks.ts';
import type { RoomDisk } from './room-disk.ts';
import { NOBODY, RoomNode, type SimMessage } from './room-node.ts';

export interface RoomWorldOptions {
  readonly seed: number;
  readonly devices: readonly string[];
  /** Those who count from the beginning; all, unless said. */
  readonly voters?: readonly string[];
  readonly keepEntries?: number;
  readonly awayMs?: number;
  readonly delayMs?: { readonly least: number; readonly most: number };
  /** Frames find their way over up to two others. */
  readonly relays?: boolean;
}

const HOPS = 3;
/** Far more than any life takes that comes to rest. */
const MOST_STEPS = 400_000;

export class RoomWorld {
  readonly rng: SeededRng;
  readonly timers = new SimTimers();
  readonly checks: RoomChecks;
  readonly nodes: readonly RoomNode[];
  readonly keepEntries: number;
  readonly awayMs: number;
  readonly delays = new Map<string, number>();
  delayMs: { least: number; most: number };
  lossPer1000 = 0;
  /** Of 1000 frames so many come twice, and late. */
  echoPer1000 = 0;
  relays: boolean;
  steps = 0;
  /** What lost replicas had on their disks: what they acknowledged was true when they did. */
  readonly graves = new Map<ReplicaId, RoomDisk>();
  readonly #cut = new Set<string>();

  constructor({
    seed,
    devices,
    voters = devices,
    keepEntries = 1000,
    awayMs = AWAY_MS,
    delayMs,
    relays = false,
  }: RoomWorldOptions) {
    this.rng = new SeededRng(seed);
    this.keepEntries = keepEntries;
    this.awayMs = awayMs;
    this.delayMs = { least: 1, most: 10, ...delayMs };
    this.relays = relays;
    this.checks = new RoomChecks(
      (replica) => this.graves.get(replica) ?? this.nodes.find((one) => one.replica === replica)?.disk,
    );
    this.nodes = devices.map((device) => new RoomNode(this, device));
    const roster: Roster = { ...NOBODY, voters: voters.map((device) => this.node(device).replica) };
    for (const node of this.nodes) if (voters.includes(node.device)) node.found(roster);
  }

  count(): void {
    this.steps += 1;
    if (this.steps > MOST_STEPS) throw new Error('rule broken: it comes to rest');
  }

  startAll(): this {
    for (const node of this.nodes) node.start();
    return this;
  }

  node(device: string): RoomNode {
    const node = this.nodes.find((one) => one.device === device);
    if (node === undefined) throw new Error(`no such device: ${device}`);
    return node;
  }

  /** The host that the most recent term has, among those who run. */
  get host(): RoomNode | undefined {
    return this.nodes
      .filter((node) => node.isHost && node.isUp)
      .sort((a, b) => (b.core?.term ?? 0) - (a.core?.term ?? 0))[0];
  }

  // ---- links

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  cutBoth(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  /** Only within each group does anything pass. */
  split(...groups: readonly (readonly string[])[]): void {
    this.heal();
    const groupOf = (device: string): number => groups.findIndex((group) => group.includes(device));
    for (const { device: a } of this.nodes)
      for (const { device: b } of this.nodes) if (groupOf(a) !== groupOf(b)) this.cut(a, b);
  }

  heal(from?: string, to?: string): void {
    if (from === undefined || to === undefined) this.#cut.clear();
    else this.#cut.delete(`${from}>${to}`);
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  send(from: RoomNode, to: ReplicaId, message: SimMessage): void {
    const target = this.nodes.find((node) => node.replica === to);
    if (target === undefined) return;
    const hops = this.#hops(from.device, target.device);
    if (hops === undefined || this.rng.below(1000) < this.lossPer1000) return;
    const copies = this.rng.below(1000) < this.echoPer1000 ? 2 : 1;
    const sender = from.replica;
    for (let copy = 0; copy < copies; copy += 1) {
      const delay = this.#delay(from.device, target.device) * hops + copy * this.rng.below(3000);
      this.timers.after(delay, () => {
        // On its way the link may have been cut.
        if (target.replica === to && this.#hops(from.device, target.device) !== undefined)
          target.receive(sender, message);
      });
    }
  }

  #delay(from: string, to: string): number {
    const { least, most } = this.delayMs;
    return (this.delays.get(`${from}>${to}`) ?? 0) + this.rng.between(least, most);
  }

  #hops(from: string, to: string): number | undefined {
    if (!this.isCut(from, to)) return 1;
    if (!this.relays) return undefined;
    let [reached, seen] = [[from], new Set([from])];
    for (let hops = 1; hops <= HOPS; hops += 1) {
      const next = this.nodes.filter(
        (node) => !seen.has(node.device) && node.isUp && reached.some((at) => !this.isCut(at, node.device)),
      );
      if (next.some(({ device }) => device === to)) return hops;
      reached = next.map(({ device }) => device);
      seen = new Set([...seen, ...reached]);
    }
    return undefined;
  }

  /** Whoever was linked with a node that stopped notices, most often at once. */
  unlinked(gone: RoomNode): void {
    const peer = gone.replica;
    for (const node of this.nodes) {
      if (node === gone || this.isCut(gone.device, node.device) || this.rng.chance(20)) continue;
      this.timers.after(this.rng.below(20), () => {
        node.step({ type: 'unlinked', peer });
      });
    }
  }

  // ---- time

  run(ms: number): this {
    const untilMs = this.timers.nowMs + ms;
    while (this.timers.step(untilMs));
    return this;
  }

  /** @returns how long it took. @throws Error when it takes longer than `withinMs`. */
  until(what: string, condition: () => boolean, withinMs = 30_000): number {
    const beganMs = this.timers.nowMs;
    while (!condition()) {
      if (this.timers.nowMs - beganMs >= withinMs)
        throw new Error(`it never came to be: ${what}\n${this.toString()}`);
      if (!this.timers.step(beganMs + withinMs))
        throw new Error(`it never came to be: ${what}\n${this.toString()}`);
    }
    return this.timers.nowMs - beganMs;
  }

  untilHost(withinMs?: number): RoomNode {
    this.until(
      'a host that can confirm',
      () => this.host?.core?.hosting?.hasConfirmedStart === true,
      withinMs,
    );
    const { host } = this;
    if (host === undefined) throw new Error('no host');
    return host;
  }

  /** Nothing waits anywhere, and all who count know the same. */
  untilCalm(withinMs = 30_000): void {
    this.until('calm', () => this.isCalm, withinMs);
  }

  untilCalmWithout(off: RoomNode): void {
    this.until('calm', () => this.#isCalm([off]));
  }

  get isCalm(): boolean {
    return this.#isCalm([]);
  }

  #isCalm(off: readonly RoomNode[]): boolean {
    const { host } = this;
    if (host?.core === undefined) return false;
    const { commit, roster } = host.core;
    const members = new Set([...roster.voters, ...roster.joining, ...roster.learners].map(deviceOf));
    return this.nodes.every(
      (node) =>
        off.includes(node) ||
        !members.has(node.device) ||
        (node.core?.commit === commit && node.waiting.length === 0),
    );
  }

  toString(): string {
    return this.nodes
      .map(({ device, core, waiting, isUp }) =>
        core === undefined
          ? `${device} is off`
          : `${device}${isUp ? '' : ' asleep'} ${core.role} of ${String(core.term)}, host ${String(core.host)}, log ${String(core.end.lastIndex)}/${String(core.end.lastTerm)}, confirmed ${String(core.commit)}, waiting ${String(waiting.length)}, roster ${JSON.stringify(core.roster)}, election ${String(core.electionMs)}`,
      )
      .join('\n');
  }
}
