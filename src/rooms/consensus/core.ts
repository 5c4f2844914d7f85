/**
 * Raft for one room (Ongaro 2014, “Consensus: Bridging Theory and Practice”): an event goes in, effects come out in the
 * order in which they have to be done. Time comes with the events. Nothing here waits, asks, or writes.
 */
import { unreachable } from '../../base/errors.ts';
import { everyone } from './roster.ts';
import { answerPreVote, answerVote, askBeforehand, askInEarnest, type Ballot } from './core-election.ts';
import { takeAppend, takeSnapshot } from './core-follow.ts';
import { Hosting } from './core-host.ts';
import { Replica, type ReplicaOptions } from './replica.ts';
import type {
  ChainHash,
  ConsensusEvent,
  Effect,
  Entry,
  LogEnd,
  Message,
  Refusal,
  ReplicaId,
  Role,
  Roster,
  SessionTable,
  Snapshot,
} from './types.ts';

/** Timeouts without a host after which a replica asks whether it still belongs. */
const LOST_TIMEOUTS = 3;

export class Consensus {
  readonly #replica: Replica;
  #ballot: Ballot | undefined;
  #hosting: Hosting | undefined;

  constructor(options: ReplicaOptions) {
    this.#replica = new Replica(options);
  }

  // ---- what can be seen

  get self(): ReplicaId {
    return this.#replica.self;
  }

  get role(): Role {
    return this.#replica.role;
  }

  get term(): number {
    return this.#replica.term;
  }

  /** Who puts in order now, as far as this replica has heard. */
  get host(): ReplicaId | undefined {
    return this.#replica.host;
  }

  get commit(): number {
    return this.#replica.commit;
  }

  get end(): LogEnd {
    return { lastIndex: this.#replica.log.lastIndex, lastTerm: this.#replica.log.lastTerm };
  }

  get roster(): Roster {
    return this.#replica.log.roster;
  }

  /** Everything up to there is known as a whole only. */
  get base(): Snapshot {
    return this.#replica.log.base;
  }

  /** The roster that is agreed on. */
  get agreedRoster(): Roster {
    return this.#replica.log.rosterAt(this.#replica.commit);
  }

  get order(): readonly ReplicaId[] {
    return this.#replica.order.best;
  }

  get isStopped(): boolean {
    return this.#replica.stopped !== undefined;
  }

  /** Nobody puts in order here, as far as this replica hears: it should ask around, whatever its roster says. */
  isLost(nowMs: number): boolean {
    const { role, self, heardMs, electionMs, log } = this.#replica;
    if (role === 'host') return false;
    return !everyone(log.roster).includes(self) || nowMs - heardMs > LOST_TIMEOUTS * electionMs;
  }

  /** How long a host is waited for. */
  get electionMs(): number {
    const { role, timing, electionMs } = this.#replica;
    return role === 'host' ? timing.electionMs : electionMs;
  }

  /** How often `tick` has to come. */
  get tickMs(): number {
    return this.#replica.timing.tickMs;
  }

  /** The host alone knows. */
  get hosting():
    Pick<Hosting, 'progressOf' | 'isCaughtUp' | 'hasConfirmedStart' | 'isTransferring'> | undefined {
    return this.#hosting;
  }

  /** Undefined where it is not here, or not any more. */
  entry(index: number): Entry | undefined {
    return this.#replica.log.entry(index);
  }

  /** Undefined where nothing is known of it any more. */
  hashAt(index: number): ChainHash | undefined {
    return this.#replica.log.hashAt(index);
  }

  get sessions(): SessionTable {
    return this.#replica.sessions.table();
  }

  /** The last ticket that was handed out. */
  get lastTicket(): number {
    return this.#replica.ticket;
  }

  /** The number of an author's last command that is confirmed. */
  confirmedOf(author: string, incarnation: string): number {
    return this.#replica.sessions.lastOf(author, incarnation);
  }

  // ---- what happens

  /** @param nowMs of a clock that never goes back. */
  step(nowMs: number, event: ConsensusEvent): readonly Effect[] {
    const replica = this.#replica;
    if (replica.stopped !== undefined) return [];
    const pausedMs = nowMs - replica.nowMs;
    replica.nowMs = Math.max(nowMs, replica.nowMs);
    // Whoever stood still may have been replaced meanwhile.
    if (pausedMs > Math.max(replica.electionMs, 4 * this.tickMs) || event.type === 'woke') this.#stepDown();
    this.#handle(event);
    this.#evaluate();
    return replica.takeEffects();
  }

  #handle(event: ConsensusEvent): void {
    switch (event.type) {
      case 'tick':
        return this.#tick();
      case 'message':
        return this.#message(event.from, event.message);
      case 'propose':
        return this.#refuse('propose', this.#hosting?.propose(event.commands) ?? this.#notHost());
      case 'change':
        return this.#refuse('change', this.#hosting?.change(event.roster) ?? this.#notHost());
      case 'transfer':
        return this.#refuse('transfer', this.#hosting?.transferTo(event.to) ?? this.#notHost());
      case 'farewell':
        return this.#hosting?.farewell(event.to, event.upTo);
      case 'order':
        return this.#hosting?.setOrder(event.best);
      case 'unlinked':
        return this.#unlinked(event.peer);
      case 'flushed':
        return this.#flushed(event.ticket);
      case 'flush-failed':
        // What the disk holds now nobody knows, and asking again would not tell (Rebello et al. 2020).
        return this.#replica.stop('flush-failed');
      case 'woke':
        return;
      default:
        return unreachable(event);
    }
  }

  #notHost(): Refusal | undefined {
    return this.#hosting === undefined ? 'not-host' : undefined;
  }

  #refuse(what: 'propose' | 'change' | 'transfer', code: Refusal | undefined): void {
    if (code !== undefined) this.#replica.emit({ type: 'refused', what, code });
  }

  /** Level-triggered: whatever happened, does this replica still have the role that it should have? */
  #evaluate(): void {
    const { role, stopped } = this.#replica;
    if (role !== 'host' || stopped !== undefined) this.#hosting = undefined;
    if (role !== 'pre-candidate' && role !== 'candidate') this.#ballot = undefined;
    if (this.#hosting?.isPutOut === true) {
      this.#hosting.handOver();
      this.#stepDown();
    }
  }

  #stepDown(): void {
    this.#replica.follow(this.#replica.term, undefined);
    this.#replica.rest();
    this.#hosting = undefined;
    this.#ballot = undefined;
  }

  // ---- time

  #tick(): void {
    const replica = this.#replica;
    if (this.#hosting !== undefined) {
      if (!this.#hosting.tick() || this.#isDiskStuck()) this.#stepDown();
      return;
    }
    const waitedMs = replica.nowMs - (this.#ballot?.startedMs ?? replica.heardMs);
    if (waitedMs < replica.waitMs || !replica.mayStand || this.#isDiskStuck()) return;
    if (this.#ballot !== undefined) replica.failedRounds += 1;
    replica.drawWait();
    replica.hasLease = false;
    this.#ballot = askBeforehand(replica);
    this.#count();
  }

  /** A host whose own disk does not answer keeps nothing from going on, and cannot go on. */
  #isDiskStuck(): boolean {
    const { unflushedMs, nowMs, electionMs } = this.#replica;
    return unflushedMs !== undefined && nowMs - unflushedMs > 2 * electionMs;
  }

  #flushed(ticket: number): void {
    const replica = this.#replica;
    replica.flushed = Math.max(replica.flushed, ticket);
    replica.unflushedMs = replica.flushed >= replica.ticket ? undefined : replica.nowMs;
    this.#hosting?.flushed(ticket);
    if (replica.role === 'candidate' && this.#ballot !== undefined && replica.flushed >= replica.ticket) {
      this.#ballot.yes(replica.self, replica.log.roster.voters);
      this.#count();
    }
  }

  /** Nobody needs to wait for a host that is known to be gone. */
  #unlinked(peer: ReplicaId): void {
    const replica = this.#replica;
    if (replica.role !== 'follower' || replica.host !== peer) return;
    replica.hasLease = false;
    replica.host = undefined;
    replica.heardMs = Math.min(replica.heardMs, replica.nowMs - replica.electionMs);
  }

  // ---- elections

  /** Goes on when the round is won. */
  #count(): void {
    const replica = this.#replica;
    if (this.#ballot?.wonBy(replica.log.roster.voters) !== true) return;
    if (replica.role === 'pre-candidate') this.#campaign(false);
    else if (replica.role === 'candidate') {
      this.#ballot = undefined;
      this.#hosting = new Hosting(replica);
      this.#hosting.tick();
    }
  }

  #campaign(transfer: boolean): void {
    this.#ballot = askInEarnest(this.#replica, transfer);
    this.#replica.drawWait();
  }

  // ---- messages

  #message(from: ReplicaId, message: Message): void {
    const replica = this.#replica;
    if (message.term > replica.term && !this.#raisesTerm(from, message)) return;
    if (message.term < replica.term) return this.#answerStale(from, message);
    switch (message.type) {
      case 'pre-vote':
        return answerPreVote(replica, from, message);
      case 'pre-vote-answer':
        return this.#answered(from, 'pre-candidate', message);
      case 'vote':
        return answerVote(replica, from, message);
      case 'vote-answer':
        return this.#answered(from, 'candidate', message);
      case 'append':
        if (replica.role === 'host') return replica.stop('diverged');
        return takeAppend(replica, from, message);
      case 'install':
        if (replica.role === 'host') return replica.stop('diverged');
        return takeSnapshot(replica, from, message);
      case 'appended':
      case 'conflict':
        return this.#hosting?.answered(from, message);
      case 'campaign':
        if (replica.mayStand && replica.role !== 'host') this.#campaign(true);
        return;
      case 'stale':
        return;
      default:
        return unreachable(message);
    }
  }

  /** @returns whether the message still counts. */
  #raisesTerm(from: ReplicaId, message: Message): boolean {
    const replica = this.#replica;
    // Asking beforehand and agreeing beforehand speak of a term that nobody is in yet.
    if (message.type === 'pre-vote' || (message.type === 'pre-vote-answer' && message.granted)) return true;
    // The lease (Ongaro 2014, §4.2.3): whoever hears a host lets nobody put it out, unless the host wants it itself.
    if (message.type === 'vote' && !message.transfer && (replica.role === 'host' || replica.leaseHolds))
      return false;
    const isFromHost = message.type === 'append' || message.type === 'install';
    const hadPart = replica.role !== 'follower';
    replica.follow(message.term, isFromHost ? from : undefined);
    if (hadPart) replica.rest();
    if (!isFromHost) replica.hasLease = false;
    return true;
  }

  #answerStale(from: ReplicaId, message: Message): void {
    const { term } = this.#replica;
    const replica = this.#replica;
    if (message.type === 'append' || message.type === 'install') replica.send(from, { type: 'stale', term });
    else if (message.type === 'pre-vote')
      replica.send(from, { type: 'pre-vote-answer', term, granted: false });
    else if (message.type === 'vote') replica.send(from, { type: 'vote-answer', term, granted: false });
  }

  #answered(
    from: ReplicaId,
    role: Role,
    { term, granted }: { readonly term: number; readonly granted: boolean },
  ): void {
    const ballot = this.#ballot;
    if (!granted || ballot === undefined || this.#replica.role !== role || ballot.term !== term) return;
    ballot.yes(from, this.#replica.log.roster.voters);
    this.#count();
  }
}
