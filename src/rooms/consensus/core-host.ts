/** Being host: putting in order, replicating, confirming, handing over (Ongaro 2014, §3.5, §3.6.2, §3.10, §4, §6.2). */
import { Progress } from './progress.ts';
import type { Replica } from './replica.ts';
import { isSingleChange, majorityOf } from './roster.ts';
import { sessionOf } from './sessions.ts';
import { awayPartMs, nextRoster, silentVoters } from './core-steward.ts';
import type {
  CandidateOrder,
  Command,
  Entry,
  EntryBody,
  Message,
  Refusal,
  ReplicaId,
  Roster,
  SentEntry,
} from './types.ts';

/** How far behind somebody may be who becomes a voter, in entries. */
const CAUGHT_UP = 64;
/** Whoever only follows hears that nothing is said so much more seldom. */
const LEARNER_BEATS = 3;

type Answer = Extract<Message, { type: 'appended' | 'conflict' }>;

export class Hosting {
  readonly #replica: Replica;
  readonly #peers = new Map<ReplicaId, Progress>();
  /** Who was put out, and where: it is told of that, and of nothing that came after. */
  readonly #gone = new Map<ReplicaId, number>();
  /** The entry with which this host's term began. */
  readonly #start: number;
  /** The last number of each author that this host has taken; what it found in the log is judged at apply alone. */
  readonly #taken = new Map<string, number>();
  /** Own entries that are on disk. */
  #durable: number;
  #unflushed: { readonly ticket: number; readonly upTo: number }[] = [];
  #transfer: { readonly to: ReplicaId; readonly untilMs: number } | undefined;
  #order: CandidateOrder;
  #beatMs = -Infinity;
  #beats = 0;
  /** When something was last put in order. */
  #busyMs: number;
  #quorumMs: number;
  readonly #sinceMs: number;
  /** When it was last said who is silent. */
  #saidSilentMs: number;

  /** Everything before is on disk: the vote for itself came after it. */
  constructor(replica: Replica) {
    this.#replica = replica;
    this.#durable = replica.log.lastIndex;
    this.#start = replica.log.lastIndex + 1;
    this.#quorumMs = replica.nowMs;
    this.#busyMs = replica.nowMs;
    this.#sinceMs = replica.nowMs;
    this.#saidSilentMs = replica.nowMs;
    replica.role = 'host';
    replica.host = replica.self;
    replica.failedRounds = 0;
    // Whoever was host after that word was said may have heard them; and more than it takes helps nobody but a liar.
    const told = replica.order.term >= replica.log.lastTerm ? replica.order.silent : [];
    const silent = told.map(([voter, ms]) => [voter, Math.min(ms, replica.awayMs)] as const);
    this.#order = { ...replica.order, term: replica.term, version: 1, silent };
    replica.takeOrder(this.#order);
    this.#welcomePeers();
    for (const [voter, ms] of silent) this.#peers.get(voter)?.wasSilent(ms);
    this.#append([{ kind: 'start' }]);
  }

  get isTransferring(): boolean {
    return this.#transfer !== undefined;
  }

  get hasConfirmedStart(): boolean {
    return this.#replica.commit >= this.#start;
  }

  /** How far each peer is, and when it was last heard. */
  progressOf(peer: ReplicaId): { readonly match: number; readonly heardMs: number } | undefined {
    return this.#peers.get(peer);
  }

  // ---- requests

  propose(commands: readonly Command[]): Refusal | undefined {
    if (this.#transfer !== undefined) return 'transferring';
    const bodies = commands.filter((command) => this.#takes(command));
    if (bodies.length > 0) this.#append(bodies.map((command) => ({ kind: 'command', command })));
    return undefined;
  }

  /** In the order of its author's numbers, and once by this host. */
  #takes({ author, incarnation, number }: Command): boolean {
    const session = sessionOf(author, incarnation);
    const last = Math.max(this.#replica.sessions.lastOf(author, incarnation), this.#taken.get(session) ?? 0);
    if (number !== last + 1) return false;
    this.#taken.set(session, number);
    return true;
  }

  change(roster: Roster): Refusal | undefined {
    const refusal = this.#refusesChange(roster);
    if (refusal !== undefined) return refusal;
    this.#append([{ kind: 'change', roster }]);
    this.#welcomePeers();
    return undefined;
  }

  #refusesChange(roster: Roster): Refusal | undefined {
    const { log, commit } = this.#replica;
    if (this.#transfer !== undefined) return 'transferring';
    if (!this.hasConfirmedStart) return 'not-ready';
    if (log.lastChange > commit) return 'change-pending';
    if (!isSingleChange(log.roster, roster)) return 'bad-change';
    const added = roster.voters.find((voter) => !log.roster.voters.includes(voter));
    if (added !== undefined && !this.isCaughtUp(added)) return 'not-caught-up';
    return undefined;
  }

  isCaughtUp(peer: ReplicaId): boolean {
    const progress = this.#peers.get(peer);
    if (progress === undefined) return false;
    const { commit, nowMs, timing } = this.#replica;
    return (
      progress.match + CAUGHT_UP >= commit &&
      progress.match > 0 &&
      nowMs - progress.heardMs < timing.electionMs
    );
  }

  transferTo(to: ReplicaId): Refusal | undefined {
    if (this.#transfer !== undefined) return 'transferring';
    if (!this.#peers.has(to) || !this.#replica.log.roster.voters.includes(to)) return 'bad-change';
    this.#transfer = { to, untilMs: this.#replica.nowMs + this.#replica.timing.electionMs };
    this.#tryTransfer();
    return undefined;
  }

  setOrder(best: readonly ReplicaId[]): void {
    const { slotMs } = this.#replica.timing;
    if (this.#order.best.join() === best.join() && this.#order.slotMs === slotMs) return;
    this.#renewOrder({ best, slotMs });
  }

  #renewOrder(news: Partial<CandidateOrder>): void {
    this.#order = { ...this.#order, ...news, version: this.#order.version + 1 };
    this.#replica.takeOrder(this.#order);
  }

  // ---- time

  /** @returns false when this host has to step down. */
  tick(): boolean {
    const { nowMs, timing, log } = this.#replica;
    this.#evaluateTiming();
    if (this.#transfer !== undefined && nowMs >= this.#transfer.untilMs) this.#transfer = undefined;
    if (nowMs - this.#quorumMs >= timing.electionMs) {
      if (!this.#isHeardByMajority(timing.electionMs)) return false;
      this.#quorumMs = nowMs;
    }
    if (nowMs - this.#beatMs < timing.heartbeatMs) return true;
    this.#beatMs = nowMs;
    this.#steward();
    this.#saySilent();
    this.#partFromGone();
    this.#beats += 1;
    const { learners } = log.roster;
    const isForAll = this.#beats % LEARNER_BEATS === 0;
    for (const peer of this.#peers.keys()) this.#replicate(peer, isForAll || !learners.includes(peer));
    return true;
  }

  #evaluateTiming(): void {
    const { nowMs, timing, self, log } = this.#replica;
    timing.evaluate(self, log.roster.voters, this.#peers.size, nowMs - this.#busyMs);
  }

  /** Something is put in order after a pause: from now on nobody is waited for as long as in quiet. */
  #stir(): void {
    const { nowMs } = this.#replica;
    this.#busyMs = nowMs;
    this.#evaluateTiming();
    // Who had the time until now to answer gets the new one from now.
    this.#quorumMs = nowMs;
  }

  /** One step at a time towards the roster that everybody's state calls for. */
  #steward(): void {
    const { log, nowMs, commit } = this.#replica;
    if (log.lastChange > commit) return;
    const roster = nextRoster({
      ...this.#absence,
      isCaughtUp: (peer) => this.isCaughtUp(peer),
      hostedMs: nowMs - this.#sinceMs,
    });
    if (roster !== undefined) this.change(roster);
  }

  get #absence(): Parameters<typeof silentVoters>[0] {
    const { log, self, nowMs, awayMs } = this.#replica;
    const unheardMs = (peer: ReplicaId): number => nowMs - (this.#peers.get(peer)?.heardMs ?? nowMs);
    return { roster: log.roster, self, awayMs, unheardMs };
  }

  /** For whoever is host next: now and then, and at once when somebody is back. */
  #saySilent(): void {
    const { nowMs, awayMs } = this.#replica;
    const silent = silentVoters(this.#absence);
    const isBack = this.#order.silent.some(([one]) => silent.every(([voter]) => voter !== one));
    const isDue = silent.length > 0 && nowMs - this.#saidSilentMs >= awayPartMs(awayMs);
    if (!isBack && !isDue) return;
    this.#saidSilentMs = nowMs;
    this.#renewOrder({ silent });
  }

  /** CheckQuorum (Ongaro 2014, §6.2): a host whom no majority answers is none. */
  #isHeardByMajority(withinMs: number): boolean {
    const { nowMs, self, log } = this.#replica;
    const { voters } = log.roster;
    const heard = voters.filter((voter) => {
      const heardMs = voter === self ? nowMs : (this.#peers.get(voter)?.heardMs ?? -Infinity);
      return nowMs - heardMs <= withinMs;
    });
    return heard.length >= majorityOf(voters);
  }

  flushed(ticket: number): void {
    while (this.#unflushed[0] !== undefined && this.#unflushed[0].ticket <= ticket)
      this.#durable = this.#unflushed.shift()?.upTo ?? this.#durable;
    this.#advance();
  }

  // ---- answers

  answered(from: ReplicaId, answer: Answer): void {
    const progress = this.#peers.get(from);
    const { nowMs, timing, log } = this.#replica;
    if (progress === undefined) return;
    progress.heardMs = nowMs;
    // Not in the step that confirms the change before: that was agreed on by those who counted then.
    if (log.roster.joining.length > 0) this.#steward();
    if (answer.type === 'conflict') {
      this.#goBack(from, progress, answer);
      return;
    }
    if (answer.match > log.lastIndex) return;
    timing.measured(from, nowMs - answer.stamp);
    progress.knownOrder = answer.order;
    progress.matched(answer.match);
    this.#advance();
    this.#replicate(from, false);
    this.#partFromGone();
    this.#tryTransfer();
  }

  #goBack(
    peer: ReplicaId,
    progress: Progress,
    { rejected, hintIndex, hintTerm }: Extract<Answer, { type: 'conflict' }>,
  ): void {
    const isStale = progress.probing ? rejected !== progress.next - 1 : rejected <= progress.match;
    if (isStale) return;
    const agreed = this.#replica.log.lastUpTo(Math.min(hintIndex, rejected - 1), hintTerm);
    progress.goBack(agreed + 1);
    this.#replicate(peer, true);
  }

  // ---- replication

  #append(bodies: readonly EntryBody[]): void {
    const replica = this.#replica;
    if (replica.nowMs - this.#busyMs > replica.timing.heartbeatMs) this.#stir();
    this.#busyMs = replica.nowMs;
    const entries = replica.log.chainOn(bodies.map((body): SentEntry => ({ ...body, term: replica.term })));
    replica.log.append(entries);
    replica.persist({ type: 'append', entries });
    this.#unflushed.push({ ticket: replica.ticket + 1, upTo: replica.log.lastIndex });
    for (const peer of this.#peers.keys()) this.#replicate(peer, false);
  }

  /** @param beat something is sent in any case. */
  #replicate(peer: ReplicaId, beat: boolean): void {
    const progress = this.#peers.get(peer);
    if (progress === undefined) return;
    const { log } = this.#replica;
    const [lastIndex, commit] = [this.#lastFor(peer), this.#commitFor(peer)];
    if (progress.next <= log.base.index) {
      if (beat) this.#sendSnapshot(peer, progress);
      return;
    }
    if (progress.probing) {
      if (beat || progress.sentMs === -Infinity) this.#send(peer, progress, this.#batch(peer, progress.next));
      return;
    }
    let sent = false;
    while (progress.next <= lastIndex && progress.hasRoom) {
      const entries = this.#batch(peer, progress.next);
      this.#send(peer, progress, entries);
      progress.sent(progress.next + entries.length - 1);
      sent = true;
    }
    const owesCommit = progress.isIdle && progress.sentCommit < commit;
    if (!sent && (beat || owesCommit)) this.#send(peer, progress, []);
  }

  #lastFor(peer: ReplicaId): number {
    return this.#gone.get(peer) ?? this.#replica.log.lastIndex;
  }

  #commitFor(peer: ReplicaId): number {
    return Math.min(this.#replica.commit, this.#lastFor(peer));
  }

  #batch(peer: ReplicaId, from: number): readonly Entry[] {
    const entries = this.#replica.log.batch(from);
    const upTo = this.#gone.get(peer);
    return upTo === undefined ? entries : entries.slice(0, Math.max(0, upTo + 1 - from));
  }

  #send(peer: ReplicaId, progress: Progress, entries: readonly SentEntry[]): void {
    const { log, term, timing, nowMs } = this.#replica;
    const commit = this.#commitFor(peer);
    const prevIndex = progress.next - 1;
    const [prevTerm, prevHash] = [log.termAt(prevIndex) ?? 0, log.hashAt(prevIndex) ?? ''];
    progress.sentMs = nowMs;
    progress.sentCommit = commit;
    const order = progress.knownOrder === this.#order.version ? undefined : this.#order;
    // The term is on disk since before this replica was elected, and a majority vouches for the entries, this disk or not.
    this.#replica.sendNow(peer, {
      type: 'append',
      term,
      prevIndex,
      prevTerm,
      prevHash,
      entries,
      commit,
      electionMs: timing.electionMs,
      stamp: nowMs,
      order,
    });
  }

  #sendSnapshot(peer: ReplicaId, progress: Progress): void {
    const { log, term, nowMs } = this.#replica;
    progress.sentMs = nowMs;
    progress.probing = true;
    this.#replica.sendNow(peer, { type: 'install', term, snapshot: log.base, stamp: nowMs });
  }

  #welcomePeers(): void {
    const { log, nowMs, peers } = this.#replica;
    for (const peer of peers)
      if (!this.#peers.has(peer) || this.#gone.delete(peer))
        this.#peers.set(peer, new Progress(log.lastIndex + 1, nowMs));
  }

  #noteGone(): void {
    const { log, commit, peers } = this.#replica;
    if (log.lastChange > commit) return;
    for (const peer of this.#peers.keys())
      if (!peers.includes(peer) && !this.#gone.has(peer)) this.#gone.set(peer, log.lastChange);
  }

  /** Whoever was put out is told that this is agreed on, and nothing more. */
  #partFromGone(): void {
    const { nowMs, timing } = this.#replica;
    for (const [peer, upTo] of this.#gone) {
      const progress = this.#peers.get(peer);
      const isTold = progress === undefined || (progress.match >= upTo && progress.sentCommit >= upTo);
      if (!isTold && nowMs - progress.heardMs < 2 * timing.electionMs) continue;
      this.#gone.delete(peer);
      this.#peers.delete(peer);
    }
  }

  /** To somebody who went without hearing of it: up to where it went. */
  farewell(peer: ReplicaId, upTo: number): void {
    const { log, commit, nowMs } = this.#replica;
    if (this.#peers.has(peer) || upTo > commit || upTo <= log.base.index) return;
    this.#gone.set(peer, upTo);
    this.#peers.set(peer, new Progress(upTo, nowMs));
    this.#replicate(peer, true);
  }

  /** Only an entry of this term is confirmed by counting; with it everything before (Ongaro 2014, §3.6.2). */
  #advance(): void {
    const { log, self, term, commit } = this.#replica;
    const { voters } = log.roster;
    const held = voters
      .map((voter) => (voter === self ? this.#durable : (this.#peers.get(voter)?.match ?? 0)))
      .sort((a, b) => b - a);
    const agreed = held[majorityOf(voters) - 1] ?? 0;
    if (agreed <= commit || log.termAt(agreed) !== term) return;
    this.#replica.confirm(agreed);
    this.#noteGone();
    for (const peer of this.#peers.keys()) this.#replicate(peer, false);
    this.#partFromGone();
  }

  // ---- handing over

  /** A host that a confirmed change has put out of the voters goes, and names who comes. */
  get isPutOut(): boolean {
    const { log, commit, self } = this.#replica;
    return !log.roster.voters.includes(self) && log.lastChange <= commit && this.hasConfirmedStart;
  }

  handOver(): void {
    const { log, nowMs, timing } = this.#replica;
    const [best] = log.roster.voters
      .filter((voter) => nowMs - (this.#peers.get(voter)?.heardMs ?? -Infinity) < timing.electionMs)
      .sort((a, b) => (this.#peers.get(b)?.match ?? 0) - (this.#peers.get(a)?.match ?? 0));
    if (best !== undefined) this.#replica.sendNow(best, { type: 'campaign', term: this.#replica.term });
  }

  #tryTransfer(): void {
    const { log, term } = this.#replica;
    if (this.#transfer === undefined) return;
    const { to } = this.#transfer;
    if (this.#peers.get(to)?.match !== log.lastIndex) return;
    this.#replica.sendNow(to, { type: 'campaign', term });
  }
}
