/** What a replica knows, and the few ways in which that changes; who decides when is in the core files. */
import { assert } from '../../base/errors.ts';
import { AWAY_MS } from './core-steward.ts';
import { recover } from './recover.ts';
import { everyone } from './roster.ts';
import { RoomLog } from './log.ts';
import { Sessions } from './sessions.ts';
import { Timing } from './timing.ts';
import type {
  Applied,
  CandidateOrder,
  Effect,
  Fault,
  Message,
  ReplicaId,
  Role,
  Snapshot,
  StoredReplica,
  Write,
} from './types.ts';

export interface ReplicaOptions {
  readonly self: ReplicaId;
  readonly stored: StoredReplica;
  readonly nowMs: number;
  /** For waiting unlike others; any number. */
  readonly seed: number;
  /** Entries that are kept for others when older ones are let go. */
  readonly keepEntries?: number;
  /** After how long a voter that was not heard counts no more. */
  readonly awayMs?: number;
}

/** Entries in memory for whoever is a little behind; who is further behind gets a snapshot. */
const KEEP_ENTRIES = 1000;

export class Replica {
  readonly self: ReplicaId;
  readonly log: RoomLog;
  readonly sessions: Sessions;
  readonly timing = new Timing();
  readonly awayMs: number;
  term: number;
  vote: ReplicaId | undefined;
  role: Role = 'follower';
  host: ReplicaId | undefined;
  commit: number;
  nowMs: number;
  /** When a host of this term was last heard, or this replica last changed its mind. */
  heardMs: number;
  /** A host was heard within `electionMs`: nobody else gets a vote. */
  hasLease = false;
  /** What the host wants to be waited for. */
  electionMs: number;
  waitMs = 0;
  failedRounds = 0;
  order: CandidateOrder;
  stopped: Fault | undefined;
  /** The last ticket that was handed out, and the last one that is on disk. */
  ticket = 0;
  flushed = 0;
  /** Since when something waits to be on disk. */
  unflushedMs: number | undefined;

  #draw: number;
  #writes: Write[] = [];
  #sends: { readonly to: ReplicaId; readonly message: Message; readonly waits: boolean }[] = [];
  #rest: Effect[] = [];
  #said = '';
  #nextBase: Snapshot | undefined;
  readonly #keepEntries: number;

  constructor({ self, stored, nowMs, seed, keepEntries = KEEP_ENTRIES, awayMs = AWAY_MS }: ReplicaOptions) {
    this.awayMs = awayMs;
    const recovered = recover(stored);
    assert(recovered.type === 'whole', 'a corrupt replica takes part as another one');
    const { base, entries, commit, term, vote, heard } = recovered.stored;
    this.self = self;
    this.log = new RoomLog(base, entries);
    this.sessions = new Sessions(base.sessions);
    for (const entry of this.log.between(base.index + 1, commit)) this.sessions.apply(entry);
    this.term = term;
    this.vote = vote;
    this.commit = commit;
    this.order = { ...heard, version: 0, best: [], slotMs: 0 };
    this.nowMs = nowMs;
    this.heardMs = nowMs;
    this.electionMs = this.timing.electionMs;
    this.#draw = seed | 1;
    this.#keepEntries = keepEntries;
    this.drawWait();
  }

  // ---- effects of this step

  persist(write: Write): void {
    this.#writes.push(write);
  }

  /** After everything that was persisted up to now is on disk. */
  send(to: ReplicaId, message: Message): void {
    this.#sends.push({ to, message, waits: true });
  }

  /** Says nothing about this disk, so it waits for nothing. */
  sendNow(to: ReplicaId, message: Message): void {
    this.#sends.push({ to, message, waits: false });
  }

  emit(effect: Effect): void {
    this.#rest.push(effect);
  }

  /** Writes first, then what may be said once they are on disk, then what may be shown. */
  takeEffects(): readonly Effect[] {
    this.#sayRole();
    const effects: Effect[] = [];
    if (this.#writes.length > 0) {
      this.ticket += 1;
      this.unflushedMs ??= this.nowMs;
      effects.push({ type: 'persist', ticket: this.ticket, writes: this.#writes });
    }
    for (const { to, message, waits } of this.#sends)
      effects.push({ type: 'send', to, message, after: waits ? this.ticket : 0 });
    effects.push(...this.#rest);
    this.#writes = [];
    this.#sends = [];
    this.#rest = [];
    return effects;
  }

  #sayRole(): void {
    const { role, term, host } = this;
    const said = `${role} ${String(term)} ${String(host)}`;
    if (said === this.#said) return;
    this.#said = said;
    this.#rest.unshift({ type: 'role', role, term, host });
  }

  // ---- changes

  /**
   * Whoever a change puts out stands for election until it knows that the change is agreed on: it may be the only one
   * who has it, and nobody with a shorter log can win (Ongaro 2014, §4.2.2).
   */
  get mayStand(): boolean {
    const { log, self, commit } = this;
    return log.roster.voters.includes(self) || log.rosterAt(commit).voters.includes(self);
  }

  get leaseHolds(): boolean {
    return this.hasLease && this.nowMs - this.heardMs < this.electionMs;
  }

  follow(term: number, host: ReplicaId | undefined): void {
    if (term > this.term) {
      this.term = term;
      this.vote = undefined;
      this.persist({ type: 'vote', term, vote: undefined });
    }
    if (this.role !== 'follower') this.drawWait();
    this.role = 'follower';
    this.host = host;
  }

  /** The version of this term's candidate order that is here. */
  get orderVersion(): number {
    return this.order.term === this.term ? this.order.version : 0;
  }

  /** Who is silent is known over a restart; the rest of it is said again. */
  takeOrder(order: CandidateOrder): void {
    const [before, { term, silent }] = [this.order, order];
    this.order = order;
    if (before.silent.length + silent.length === 0) return;
    if (before.term !== term || String(before.silent) !== String(silent))
      this.persist({ type: 'silent', term, silent });
  }

  /** A host of this term lives. */
  heard(electionMs: number): void {
    this.heardMs = this.nowMs;
    this.electionMs = electionMs;
    this.hasLease = true;
    this.failedRounds = 0;
    this.drawWait();
  }

  /** Begins to wait anew; nobody is owed anything. */
  rest(): void {
    this.heardMs = this.nowMs;
    this.hasLease = false;
    this.drawWait();
  }

  stop(fault: Fault): void {
    this.stopped = fault;
    this.role = 'follower';
    this.host = undefined;
    this.#writes = [];
    this.#sends = [];
    this.#rest = [{ type: 'stopped', fault }];
  }

  /**
   * How long to wait for a host before asking to be one. The order delays a candidacy and does nothing else; when it
   * led to nothing, or there is none, chance decides (Ongaro 2014, §3.4).
   */
  drawWait(): void {
    // Whoever alone counts has nobody to wait for.
    if (this.log.roster.voters.join() === this.self) {
      this.waitMs = 0;
      return;
    }
    const rank = this.order.best.indexOf(this.self);
    if (rank < 0 || this.failedRounds > 0) {
      this.waitMs = this.electionMs + this.#random(this.electionMs);
      return;
    }
    const { slotMs } = this.order;
    this.waitMs = this.electionMs + Math.min(rank, 16) * slotMs + this.#random(slotMs / 2);
  }

  /** Everything that follows once a majority holds the log up to there. */
  confirm(upTo: number): void {
    const to = Math.min(upTo, this.log.lastIndex);
    if (to <= this.commit) return;
    const applied: Applied[] = [];
    for (const entry of this.log.between(this.commit + 1, to))
      applied.push({ entry, verdict: this.sessions.apply(entry) });
    this.commit = to;
    this.emit({ type: 'apply', applied, commit: to });
    this.#letGo();
  }

  install(snapshot: Snapshot): void {
    const hash = this.log.hashAt(this.commit);
    assert(hash !== undefined, 'what was confirmed last is here');
    const known = { index: this.commit, hash, sessions: this.sessions.table() };
    this.log.install(snapshot);
    this.sessions.replace(snapshot.sessions);
    this.commit = snapshot.index;
    this.#nextBase = undefined;
    this.persist({ type: 'install', snapshot, known });
    this.emit({ type: 'installed', snapshot });
  }

  /** Notes where the log may be cut off, and cuts there once enough has come after it. */
  #letGo(): void {
    const { log, commit } = this;
    if (this.#nextBase !== undefined && commit >= this.#nextBase.index + this.#keepEntries) {
      log.compact(this.#nextBase);
      this.persist({ type: 'compact', snapshot: this.#nextBase });
      this.#nextBase = undefined;
    }
    if (this.#nextBase !== undefined || commit - log.base.index < this.#keepEntries) return;
    const term = log.termAt(commit);
    const hash = log.hashAt(commit);
    assert(term !== undefined && hash !== undefined, 'what was confirmed just now is here');
    const roster = log.rosterAt(commit);
    this.#nextBase = { index: commit, term, hash, roster, sessions: this.sessions.table() };
  }

  /** Whom entries go to. */
  get peers(): readonly ReplicaId[] {
    return everyone(this.log.roster).filter((one) => one !== this.self);
  }

  /** xorshift32 (Marsaglia 2003): only spreads waits. */
  #random(limit: number): number {
    let draw = this.#draw;
    draw ^= draw << 13;
    draw ^= draw >>> 17;
    draw ^= draw << 5;
    this.#draw = draw;
    return Math.floor(((draw >>> 0) / 2 ** 32) * limit);
  }
}
