/**
 * Carries out what the consensus core decides, in the order in which it has to be done: what came in one turn is written
 * in one transaction, then said, then shown.
 */
import type { Clock, Logger, Timer, Timers } from '../base/ports.ts';
import { Consensus } from './consensus/core.ts';
import { AWAY_MS } from './consensus/core-steward.ts';
import type {
  Applied,
  ConsensusEvent,
  Effect,
  Message,
  ReplicaId,
  Snapshot,
  Write,
} from './consensus/types.ts';
import type { RoomDisk } from './room-disk.ts';
import type { RoomRows } from './ports.ts';

/** Whoever is further behind gets a summary first, and then what lies before it page by page. */
const KEEP_ENTRIES = 20_000;

export interface DriverDeps {
  readonly self: ReplicaId;
  readonly disk: RoomDisk;
  readonly rows: RoomRows;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly seed: number;
  /** How many entries are in memory for whoever is behind; by default as many as suit people. */
  readonly keepEntries?: number | undefined;
  readonly awayMs?: number | undefined;
  readonly send: (to: ReplicaId, message: Message) => void;
  /** It is written that this is confirmed. */
  readonly applied: (applied: readonly Applied[]) => void;
  readonly installed: (snapshot: Snapshot) => void;
  readonly roleChanged: () => void;
  readonly ticked: () => void;
  /** The disk refused: nothing more is done until it is opened anew. */
  readonly stopped: () => void;
}

export class ReplicaDriver {
  readonly core: Consensus;
  readonly #deps: DriverDeps;
  readonly #queue: ConsensusEvent[] = [];
  #isDraining = false;
  #soon: Timer | undefined;
  #later: Timer | undefined;
  #flushed: (() => void)[] = [];
  #tick: Timer | undefined;
  #held: Extract<Effect, { type: 'send' }>[] = [];
  #writes: Write[] = [];
  /** What is told once it is written: confirmed entries, and summaries between them. */
  #confirmed: (Applied[] | Snapshot)[] = [];
  #commit: number | undefined;
  #after: (() => void)[] = [];
  #isOver = false;

  constructor(deps: DriverDeps) {
    this.#deps = deps;
    const { self, disk, clock, seed, keepEntries = KEEP_ENTRIES, awayMs = AWAY_MS } = deps;
    this.core = new Consensus({
      self,
      stored: disk.load(),
      nowMs: clock.monotonicMs(),
      seed,
      keepEntries,
      awayMs,
    });
    this.#scheduleTick();
  }

  /** Taken up in this turn of the event loop, with whatever else comes in it. */
  handle(event: ConsensusEvent): void {
    if (this.#isOver) return;
    this.#queue.push(event);
    this.#soon ??= this.#deps.timers.after(0, () => {
      this.#takeUp(false);
    });
  }

  stop(): void {
    this.#isOver = true;
    this.#queue.length = 0;
    this.#soon?.cancel();
    this.#later?.cancel();
    this.#tick?.cancel();
    for (const run of this.#flushed.splice(0)) run();
  }

  /** Everything up to here, in this turn of the event loop. */
  drain(): void {
    this.#takeUp(true);
  }

  /** Calls `run` when all that was handled before is on disk, or cannot be. */
  flushed(run: () => void): void {
    this.#flushed.push(run);
    this.#soon ??= this.#deps.timers.after(0, () => {
      this.#takeUp(false);
    });
  }

  #takeUp(now: boolean): void {
    this.#soon?.cancel();
    this.#soon = undefined;
    if (this.#isDraining || this.#isOver) return;
    this.#isDraining = true;
    try {
      do {
        for (const event of this.#queue.splice(0)) this.#step(event);
        if (!now && this.#mayFlushLater()) return;
        this.#finish();
      } while (this.#hasMore());
    } finally {
      this.#isDraining = false;
    }
  }

  #hasMore(): boolean {
    return this.#queue.length > 0 && !this.#isOver;
  }

  /** What a host has put in order goes to the others before this disk has it: they write it in the same time. */
  #mayFlushLater(): boolean {
    if (this.core.role !== 'host' || this.#writes.length === 0) return false;
    this.#later ??= this.#deps.timers.after(0, () => {
      this.#takeUp(true);
    });
    return true;
  }

  #finish(): void {
    this.#later?.cancel();
    this.#later = undefined;
    const ticket = this.core.lastTicket;
    const [confirmed, after, flushed] = [this.#confirmed, this.#after, this.#flushed];
    this.#flushed = [];
    if (this.#write()) this.#wrote(ticket, confirmed, after);
    for (const run of flushed) run();
  }

  #wrote(
    ticket: number,
    confirmed: readonly (readonly Applied[] | Snapshot)[],
    after: readonly (() => void)[],
  ): void {
    this.#step({ type: 'flushed', ticket });
    const ready = this.#held.filter((held) => held.after <= ticket);
    this.#held = this.#held.filter((held) => held.after > ticket);
    for (const { to, message } of ready) this.#deps.send(to, message);
    for (const one of confirmed)
      if ('sessions' in one) this.#deps.installed(one);
      else this.#deps.applied(one);
    for (const tell of after) tell();
    // What the flush led to is written in the next round.
    if (!this.#isOver && (this.#writes.length > 0 || this.#commit !== undefined || this.#held.length > 0))
      this.#queue.unshift({ type: 'flushed', ticket });
  }

  #step(event: ConsensusEvent): void {
    for (const effect of this.core.step(this.#deps.clock.monotonicMs(), event)) this.#carryOut(effect);
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.#writes.push(...effect.writes);
        return;
      case 'send':
        if (effect.after === 0) this.#deps.send(effect.to, effect.message);
        else this.#held.push(effect);
        return;
      case 'apply':
        this.#confirm(effect.applied);
        this.#commit = effect.commit;
        return;
      case 'installed':
        this.#confirmed.push(effect.snapshot);
        this.#commit = effect.snapshot.index;
        return;
      case 'role':
        this.#after.push(this.#deps.roleChanged);
        return;
      case 'refused':
        this.#deps.logger.debug({ what: effect.what, code: effect.code }, 'a room refused');
        return;
      case 'stopped':
        this.#deps.logger.error({ fault: effect.fault }, 'a room stops on this device');
        this.stop();
        this.#deps.stopped();
        return;
    }
  }

  #confirm(applied: readonly Applied[]): void {
    const last = this.#confirmed.at(-1);
    if (last === undefined || 'sessions' in last) this.#confirmed.push([...applied]);
    else last.push(...applied);
  }

  /** @returns false when the disk refused: then nothing of it was done, and nothing of it is said. */
  #write(): boolean {
    const { rows, disk, logger } = this.#deps;
    const [writes, commit] = [this.#writes, this.#commit];
    const applied = this.#confirmed.flatMap((one) => ('sessions' in one ? [] : one));
    this.#writes = [];
    this.#confirmed = [];
    this.#commit = undefined;
    this.#after = [];
    if (writes.length === 0 && commit === undefined) return true;
    try {
      // That a majority has it need not be flushed: the host says it again, and the entries themselves are on disk.
      rows.transact(
        () => {
          disk.write(writes);
          if (commit !== undefined) disk.confirm(applied, commit);
        },
        writes.length === 0 ? 'replaceable' : 'lasting',
      );
      return true;
    } catch (error) {
      logger.error({ error }, 'what a room agreed on could not be written');
      this.#step({ type: 'flush-failed' });
      return false;
    }
  }

  #scheduleTick(): void {
    this.#tick = this.#deps.timers.after(this.core.tickMs, () => {
      this.handle({ type: 'tick' });
      this.drain();
      this.#deps.ticked();
      if (!this.#isOver) this.#scheduleTick();
    });
  }
}
