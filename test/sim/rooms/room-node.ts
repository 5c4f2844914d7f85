/** One device in the simulated room: its disk, its replica while it runs, and what its person wrote. */
import { genesis, NOBODY, chained } from '../../../src/rooms/consensus/chain.ts';
import { Consensus } from '../../../src/rooms/consensus/core.ts';
import { recover } from '../../../src/rooms/consensus/recover.ts';
import { deviceOf, everyone, replicaOf, welcomed, without } from '../../../src/rooms/consensus/roster.ts';
import type {
  Command,
  ConsensusEvent,
  Effect,
  Message,
  ReplicaId,
  Roster,
} from '../../../src/rooms/consensus/types.ts';
import type { Timer } from '../../../src/base/ports.ts';
import { RoomDisk } from './room-disk.ts';
import type { SeededRng } from '../rng.ts';
import type { SimTimers } from '../sim-timers.ts';
import type { RoomChecks } from './room-checks.ts';

export type SimMessage =
  | Message
  | { readonly type: 'offer'; readonly commands: readonly Command[] }
  /** From a replica that hears no host: do I still belong? */
  | { readonly type: 'hello' };

/** What a node needs of the world around it. */
export interface Surroundings {
  readonly rng: SeededRng;
  readonly timers: SimTimers;
  readonly checks: RoomChecks;
  readonly keepEntries: number;
  readonly awayMs: number;
  readonly graves: Map<ReplicaId, RoomDisk>;
  readonly nodes: readonly RoomNode[];
  send(from: RoomNode, to: ReplicaId, message: SimMessage): void;
  unlinked(gone: RoomNode): void;
  count(): void;
}

const HELLO_MS = 400;
const OFFER_MOST = 32;
const ROOM = new Uint8Array([1]);

interface Held {
  readonly to: ReplicaId;
  readonly message: Message;
  readonly after: number;
}

export class RoomNode {
  readonly world: Surroundings;
  readonly device: string;
  life = 1;
  disk: RoomDisk;
  core: Consensus | undefined;
  /** Nothing runs: a closed laptop. */
  isAsleep = false;
  flushMs: { least: number; most: number } = { least: 0, most: 3 };
  /** Flushes do not end while this is set. */
  isStalled = false;
  failsNextFlush = false;
  isRotten = false;
  lastRefusal: string | undefined;
  #run = 0;
  #nextNumber = 1;
  #flushed = 0;
  #held: Held[] = [];
  #isFlushing = false;
  #offeredMs = -Infinity;
  #saidHelloMs = -Infinity;
  #timer: Timer | undefined;

  constructor(world: Surroundings, device: string) {
    this.world = world;
    this.device = device;
    this.disk = new RoomDisk(genesis(ROOM));
  }

  get replica(): ReplicaId {
    return replicaOf(this.device, `life${String(this.life)}`);
  }

  get isUp(): boolean {
    return this.core !== undefined && !this.isAsleep;
  }

  get isHost(): boolean {
    return this.core?.role === 'host';
  }

  /** The first entry of everybody's log, as the founder wrote it. */
  found(roster: Roster): void {
    const first = chained(this.disk.base.hash, 1, { kind: 'change', term: 1, roster });
    this.disk.write({ writes: [{ type: 'append', entries: [first] }] });
    this.disk.flush();
    this.disk.term = 1;
  }

  // ---- life

  start(): void {
    if (this.core !== undefined) return;
    if (recover(this.disk.load()).type === 'corrupt') this.beginAnew();
    this.#run += 1;
    this.#flushed = 0;
    this.#held = [];
    this.#isFlushing = false;
    this.isStalled = false;
    this.failsNextFlush = false;
    const { rng, timers, keepEntries, awayMs } = this.world;
    this.core = new Consensus({
      self: this.replica,
      stored: this.disk.load(),
      nowMs: timers.nowMs,
      seed: rng.next(),
      keepEntries,
      awayMs,
    });
    this.#scheduleTick();
  }

  /** Another replica on the same device: whatever the old one promised is not known any more. */
  beginAnew(): void {
    const { outbox } = this.disk;
    if (!this.isRotten) this.world.graves.set(this.replica, this.disk);
    this.life += 1;
    this.isRotten = false;
    this.#nextNumber = 1;
    this.disk = new RoomDisk(genesis(ROOM));
    this.disk.outbox = outbox;
  }

  kill(): void {
    this.disk.killed();
    this.#stop();
  }

  powerCut(): void {
    const { rng } = this.world;
    this.#cutPower(rng.below(this.disk.unflushed + 1), rng.chance(50));
  }

  #cutPower(keep: number, torn: boolean): void {
    this.disk.powerCut(keep, torn);
    this.world.checks.powerFailed(this.replica, this.disk);
    this.#stop();
  }

  /** A bit of an acknowledged entry flips, while nothing runs. */
  rot(index: number): void {
    this.#cutPower(0, false);
    this.world.graves.set(this.replica, this.disk.copy());
    this.disk.rot(index);
    this.isRotten = true;
  }

  wipe(): void {
    this.#stop();
    this.disk.outbox = [];
    this.beginAnew();
  }

  /** A backup comes back: whoever starts it knows that it cannot be trusted to be all. */
  restore(backup: RoomDisk): void {
    this.disk = backup;
    this.beginAnew();
  }

  #stop(): void {
    this.core = undefined;
    this.isAsleep = false;
    this.#run += 1;
    this.#timer?.cancel();
    this.world.unlinked(this);
  }

  sleep(): void {
    this.isAsleep = true;
  }

  wake(): void {
    if (!this.isAsleep) return;
    this.isAsleep = false;
    this.step({ type: 'tick' });
  }

  // ---- what a person does

  /** @returns its key, once it is safe on this disk. */
  post(): string {
    const incarnation = `life${String(this.life)}`;
    const known = this.core?.confirmedOf(this.device, incarnation) ?? 0;
    const pending = this.disk.outbox
      .filter((one) => one.incarnation === incarnation)
      .map(({ number }) => number);
    this.#nextNumber = Math.max(this.#nextNumber, known + 1, ...pending.map((number) => number + 1));
    const number = this.#nextNumber;
    const command: Command = { author: this.device, incarnation, number, body: this.world.rng.bytes(4) };
    this.#nextNumber += 1;
    this.disk.outbox.push(command);
    this.#offer();
    return `${this.device} ${incarnation} ${String(number)}`;
  }

  /** Written here and not confirmed, as far as this node knows. */
  get waiting(): readonly Command[] {
    const { core } = this;
    return this.disk.outbox.filter(
      ({ author, incarnation, number }) => number > (core?.confirmedOf(author, incarnation) ?? 0),
    );
  }

  change(to: (roster: Roster) => Roster): void {
    if (this.core !== undefined) this.step({ type: 'change', roster: to(this.core.roster) });
  }

  // ---- events

  step(event: ConsensusEvent): void {
    const { core, world } = this;
    if (core === undefined || this.isAsleep) return;
    const before = core.host;
    const confirmed = core.commit;
    world.count();
    this.#carryOut(core, core.step(world.timers.nowMs, event));
    if (core.commit < confirmed) throw new Error('rule broken: what is confirmed stays confirmed');
    if (core.role === 'host') world.checks.hosts(core);
    if (core.host !== before && core.host !== undefined) this.#offer();
  }

  receive(from: ReplicaId, message: SimMessage): void {
    if (!this.isUp) return;
    if (message.type === 'offer') this.step({ type: 'propose', commands: message.commands });
    else if (message.type === 'hello') this.#welcome(from);
    else this.step({ type: 'message', from, message });
  }

  #welcome(from: ReplicaId): void {
    const { core } = this;
    if (core?.role !== 'host' || everyone(core.roster).includes(from)) return;
    const earlier = everyone(core.roster).filter((one) => deviceOf(one) === deviceOf(from));
    if (earlier.length === 0) return;
    const idle = earlier.filter((one) => !core.roster.voters.includes(one));
    this.step({ type: 'change', roster: welcomed(idle.reduce(without, core.roster), from) });
  }

  #scheduleTick(): void {
    const { timers } = this.world;
    const run = this.#run;
    this.#timer = timers.after(this.core?.tickMs ?? 50, () => {
      if (this.#run !== run) return;
      this.step({ type: 'tick' });
      if (!this.isAsleep) this.#lookAround();
      if (this.core !== undefined) this.#scheduleTick();
    });
  }

  #lookAround(): void {
    const { timers } = this.world;
    const { core } = this;
    if (core === undefined) return;
    if (core.isStopped) {
      // Whoever runs it starts it again.
      this.#cutPower(0, false);
      timers.after(500, () => this.start());
      return;
    }
    if (timers.nowMs - this.#offeredMs > 2 * core.electionMs) this.#offer();
    if (!core.isLost(timers.nowMs) || timers.nowMs - this.#saidHelloMs < HELLO_MS) return;
    this.#saidHelloMs = timers.nowMs;
    for (const node of this.world.nodes)
      if (node !== this) this.world.send(this, node.replica, { type: 'hello' });
  }

  #offer(): void {
    const { core, world } = this;
    if (core?.host === undefined || this.isAsleep) return;
    this.#offeredMs = world.timers.nowMs;
    const commands = this.waiting.slice(0, OFFER_MOST);
    if (commands.length === 0) return;
    if (core.role === 'host') this.step({ type: 'propose', commands });
    else world.send(this, core.host, { type: 'offer', commands });
  }

  // ---- effects

  #carryOut(core: Consensus, effects: readonly Effect[]): void {
    const { world } = this;
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          world.checks.wrote(core, effect.writes);
          this.disk.write({ writes: effect.writes });
          this.#flushSoon(effect.ticket);
          break;
        case 'send':
          if (effect.after <= this.#flushed) this.#speak(effect);
          else this.#held.push(effect);
          break;
        case 'apply':
          this.disk.write({ writes: [], commit: effect.commit });
          world.checks.applied(core, this.device, effect.applied);
          break;
        case 'role':
          if (effect.role === 'host') world.checks.becameHost(core);
          break;
        case 'refused':
          this.lastRefusal = effect.code;
          break;
        case 'stopped':
          if (effect.fault !== 'flush-failed') throw new Error(`rule broken: ${effect.fault}`);
          break;
        case 'installed':
          break;
      }
    }
  }

  #speak({ to, message }: Held): void {
    const { checks } = this.world;
    checks.says(this.replica, message);
    if (message.type === 'vote-answer' && message.granted) checks.votes(this.replica, message.term, to);
    this.world.send(this, to, message);
  }

  #flushSoon(ticket: number): void {
    const { timers, rng } = this.world;
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const run = this.#run;
    const units = this.disk.unflushed;
    const { least, most } = this.flushMs;
    const flush = (): void => {
      if (this.#run !== run) return;
      if (this.isStalled || this.isAsleep) {
        timers.after(50, flush);
        return;
      }
      this.#isFlushing = false;
      if (this.failsNextFlush) {
        this.failsNextFlush = false;
        this.step({ type: 'flush-failed' });
        return;
      }
      this.disk.flush(units);
      this.#flushed = ticket;
      this.step({ type: 'flushed', ticket });
      const ready = this.#held.filter(({ after }) => after <= ticket);
      this.#held = this.#held.filter(({ after }) => after > ticket);
      for (const held of ready) if (this.#run === run) this.#speak(held);
      if (this.disk.unflushed > 0) this.#flushSoon(this.#lastTicket);
    };
    timers.after(rng.between(least, most), flush);
  }

  get #lastTicket(): number {
    return this.core?.lastTicket ?? 0;
  }
}

export { NOBODY };
