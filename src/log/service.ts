/**
 * The log: the one door for writing. Appends what this device writes, takes in what others wrote, and keeps roll and
 * projections in step, each in one transaction. Synchronous, because the store is: there is no moment in between.
 */
import { assert, KithError } from '../base/errors.ts';
import { maxHlc, HLC_ZERO, type HybridClock } from '../base/hlc.ts';
import type { DeviceKey, FeedId, MemberId, NetworkId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { encodeCbor } from '../base/cbor.ts';
import type { Logger, Rng } from '../base/ports.ts';
import { encodeAct, type ActBody } from '../identity/acts.ts';
import type { Authority } from '../identity/authority.ts';
import type { Lane, Standing as Reader } from '../identity/roles.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { EntryLink, Membership, Vector } from '../identity/types.ts';
import { judgeRun, provesFork, readEntryIfAny, type RunRefusal, type RunVerdict } from './core.ts';
import {
  encodeErase,
  ERASE_KIND,
  countUnrefused,
  foldFeed,
  hydrate,
  restandFeed,
  Standing,
  withoutErased,
  type EraseTarget,
  type FoldDeps,
} from './folding.ts';
import { fillIn, withoutOthers } from './holding.ts';
import type { AsideRange, Erasure, FeedState, LogStore, Projection, ReadRange } from './ports.ts';
import { actOf, emptyRoll, rollOf, type Forks, type RollState } from './roll-state.ts';
import type { Draft, Entry, FeedInfo, ForkEvidence, Height, RawEntry, Run } from './types.ts';
import { refusalSentence, writtenTwice } from './refusals.ts';
import { readMissing, readRun } from './serving.ts';
import { decodeHeader, encodeEvidence, feedIdOf, hashHeader, readEvidence, readWhole } from './wire.ts';
import { FEED_START, sealDrafts, splitForSeals } from './writing.ts';

export interface LogDeps {
  readonly store: LogStore;
  readonly verifier: Verifier;
  readonly clock: HybridClock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly projections: readonly Projection[];
  readonly network: NetworkId;
  /** This device; its feeds are those of this incarnation. */
  readonly self: { readonly signer: Signer; readonly incarnation: string };
  /** Restricted folders that list this member. */
  foldersOf?(member: MemberId): ReadonlySet<string>;
}

export type Received =
  | { readonly kind: 'appended'; readonly count: number }
  | { readonly kind: 'nothing-new' }
  | { readonly kind: 'gap' | 'diverged' }
  | { readonly kind: 'fork'; readonly evidence: ForkEvidence }
  | { readonly kind: 'refused'; readonly code: RunRefusal | FeedRefusal };

export type FeedRefusal =
  | 'unknown-device'
  | 'unauthorised'
  | 'unreadable-act'
  | 'too-many-feeds'
  | 'stopped-at-fork'
  | 'quarantine-full';

export interface LogEvents {
  /** Entries came into the log, written here or received. */
  appended(feed: FeedInfo, from: number, to: number): void;
  membership(membership: Membership): void;
  forked(evidence: ForkEvidence): void;
  /** Everything was folded anew: what had been erased may be no longer, and its parts are missing then. */
  refolded(): void;
  /** Others hold more of this incarnation's history than its own store: that was set back, and must not go on here. */
  setBack(feed: FeedInfo): void;
}

export class Log {
  readonly #deps: LogDeps;
  readonly #listeners: Partial<LogEvents>[] = [];
  #self: LogDeps['self'];
  #roll: RollState;

  constructor(deps: LogDeps) {
    this.#deps = deps;
    this.#self = deps.self;
    this.#roll = emptyRoll(deps.network);
    this.#roll = this.#storedRoll();
    for (const feed of deps.store.feeds()) deps.clock.witness(feed.hlc);
  }

  get membership(): Membership {
    return this.#roll.membership;
  }

  get authority(): Authority {
    return this.#roll.authority;
  }

  readonly #foldersOf = (member: MemberId): ReadonlySet<string> =>
    this.#deps.foldersOf?.(member) ?? new Set();

  get network(): NetworkId {
    return this.#deps.network;
  }

  on(events: Partial<LogEvents>): void {
    this.#listeners.push(events);
  }

  feeds(): readonly FeedState[] {
    return this.#deps.store.feeds();
  }

  feed(id: FeedId): FeedState | undefined {
    return this.#deps.store.feed(id);
  }

  /**
   * Appends drafts of one lane, all or none, with one signature for each 1,024.
   * @throws KithError `too-large` | `role-writes-nothing` | `not-a-member` | `written-twice` | what the store throws.
   */
  append(drafts: readonly Draft[]): readonly Entry[] {
    const lane = drafts[0]?.lane;
    if (lane === undefined) return [];
    assert(
      lane !== 'roll' && drafts.every((draft) => draft.lane === lane),
      'one append is of one lane; acts have a door of their own',
    );
    return this.#deps.store.transact(() =>
      splitForSeals(drafts).flatMap((piece) => this.#appendSealed(lane, piece)),
    );
  }

  /** Writes a membership act, after checking that it will count. @throws KithError with the code of the rule that it breaks. */
  act(body: ActBody, extraParts: Draft['parts'] = []): EntryLink {
    const parts = [{ audience: 'roll', payload: encodeAct(body) }, ...extraParts];
    const [entry] = this.#appendSealed('roll', [{ kind: body.kind, lane: 'roll', parts }]);
    assert(entry !== undefined, 'one draft makes one entry');
    return { feed: entry.header.feed, seq: entry.header.seq, hash: entry.hash };
  }

  /** Erases parts on every node that hears of it. The history stays whole. */
  erase(targets: readonly EraseTarget[]): void {
    const demands = targets.map((target) => {
      const feed = this.#deps.store.feed(target.entry.feed)?.info;
      assert(feed !== undefined, 'what is erased here was written or received here');
      return { ...target, feed };
    });
    const drafts: Draft[] = [];
    for (let at = 0; at < demands.length; at += TARGETS_PER_ERASURE) {
      const payload = encodeErase(demands.slice(at, at + TARGETS_PER_ERASURE));
      drafts.push({ kind: ERASE_KIND, lane: 'data', parts: [{ audience: 'public', payload }] });
    }
    this.append(drafts);
  }

  /** Takes in a run that somebody sent. Whatever it holds, the log stays whole; what is refused says why. */
  receive(run: Run): Received {
    const { store, verifier } = this.#deps;
    const self = this.#self.signer.key as DeviceKey;
    const state = store.feed(run.feed.id);
    const isFounding = this.#isFounding(run);
    // A push may overtake the beginning that a newcomer has asked for. What begins and does not found waits for the roll.
    if (this.membership.devices.size === 0 && !isFounding && !begins(run)) return { kind: 'gap' };
    const refusal = this.#refusesFeed(run, state);
    if (refusal !== undefined) return { kind: 'refused', code: refusal };
    const head = state === undefined || state.seq === 0 ? undefined : { seq: state.seq, hash: state.hash };
    const verdict = judgeRun(run, { head, hashAt: (seq) => store.hashAt(run.feed.id, seq) }, verifier);
    if (liesPastStop(state, verdict)) return { kind: 'refused', code: 'stopped-at-fork' };
    switch (verdict.kind) {
      case 'refused':
      case 'gap':
      case 'diverged':
        return verdict;
      case 'fork':
        return this.#fork(run, verdict.seq);
      case 'fits': {
        if (verdict.entries.length === 0) return { kind: 'nothing-new' };
        const received = this.#take(
          run.feed,
          withoutOthers(this.membership, self, run.feed, verdict.entries, this.#foldersOf),
        );
        const isOwn = !isFounding && run.feed.id === this.ownFeed(run.feed.lane).id;
        if (isOwn && received.kind === 'appended')
          store.afterCommit(() => this.#tell((events) => events.setBack?.(run.feed)));
        return received;
      }
    }
  }

  /** Somebody shows that a device wrote two histories. @returns true when it was news. */
  receiveEvidence(evidence: ForkEvidence): boolean {
    const { store, verifier } = this.#deps;
    if (!this.#roll.certified.has(evidence.feed.device)) return false;
    const state = store.feed(evidence.feed.id);
    if (state === undefined && !this.#hasRoomFor(evidence.feed.device)) return false;
    const known = state?.forkedAfter;
    if (known !== undefined && known < evidence.seq) return false;
    if (!provesFork(evidence, verifier)) return false;
    this.#stop(evidence);
    return true;
  }

  evidenceOf(feed: FeedId): ForkEvidence | undefined {
    const bytes = this.#deps.store.forkEvidence(feed);
    return bytes === undefined ? undefined : readWhole(bytes, readEvidence);
  }

  /** One entry as this node holds it. */
  entryAt(feed: FeedId, seq: number): Entry | undefined {
    const [stored] = this.#deps.store.read({ feed, from: seq, to: seq });
    return stored === undefined ? undefined : hydrate(stored);
  }

  /** What was erased at a place, and who demands it. */
  erasedAt(feed: FeedId, seq: number): readonly Erasure[] {
    return this.#deps.store.erasedBy(feed, seq);
  }

  /** Entries of one feed that stand, in order; not those that wait for acts. */
  *entriesOf(feed: FeedId, from: number, to: number): Generator<Entry> {
    const { store } = this.#deps;
    const last = Math.min(to, store.feed(feed)?.folded ?? 0);
    if (from > last) return;
    for (const stored of store.read({ feed, from, to: last }))
      if (stored.aside === undefined) yield hydrate(stored);
  }

  /** What lies in quarantine. */
  asides(): readonly AsideRange[] {
    return this.#deps.store.asides();
  }

  /**
   * Reads a run for somebody who holds parts as `reader` may. It ends at a seal, within the byte limit where a seal
   * allows it. Undefined when there is nothing from `from` on.
   */
  runFor(reader: Reader, feed: FeedId, from: number, limitBytes: number): Run | undefined {
    const state = this.#deps.store.feed(feed);
    return state === undefined || from > state.seq
      ? undefined
      : readRun(this.#deps.store, reader, state, from, limitBytes);
  }

  /** Ranges of a feed in which a part is missing that this reader may hold. */
  missingFor(reader: Reader, feed: FeedId): readonly ReadRange[] {
    const state = this.#deps.store.feed(feed);
    return state === undefined ? [] : readMissing(this.#deps.store, reader, state);
  }

  /** Parts for entries that this node already has. @returns how many were new and right. */
  fillParts(feed: FeedId, entries: readonly RawEntry[]): number {
    const { store } = this.#deps;
    const info = store.feed(feed)?.info;
    if (info === undefined) return 0;
    const ours = (entry: Entry): readonly Entry[] =>
      withoutOthers(this.membership, this.#self.signer.key as DeviceKey, info, [entry], this.#foldersOf);
    return store.transact(() => {
      const filled = fillIn(store, feed, entries, ours);
      if (filled > 0) this.#refoldAll(this.#roll);
      return filled;
    });
  }

  /** Computes roll and projections anew from the log. */
  rebuild(): void {
    this.#deps.store.transact(() => {
      const roll = this.#storedRoll();
      this.#adopt(roll);
      this.#refoldAll(roll);
    });
  }

  /** Where each of these devices' feeds stands here: what a revocation names. */
  cutsOf(devices: readonly DeviceKey[]): EntryLink[] {
    return this.feeds()
      .filter(({ info, seq }) => devices.includes(info.device) && info.lane !== 'roll' && seq > 0)
      .map(({ info, seq, hash }) => ({ feed: info.id, seq, hash }));
  }

  /** From now on this device writes new feeds: its old ones are somebody's copy, or forked, or ahead of this store. */
  startIncarnation(incarnation: string): void {
    this.#self = { ...this.#self, incarnation };
  }

  ownFeed(lane: Lane): FeedInfo {
    const { signer, incarnation } = this.#self;
    const device = signer.key as DeviceKey;
    return { id: feedIdOf(device, incarnation, lane), device, incarnation, lane };
  }

  ownHeight(lane: Lane): Height | undefined {
    const state = this.#deps.store.feed(this.ownFeed(lane).id);
    return state === undefined || state.seq === 0 ? undefined : { seq: state.seq, hash: state.hash };
  }

  #appendSealed(lane: Lane, drafts: readonly Draft[]): Entry[] {
    const { store } = this.#deps;
    const feed = this.ownFeed(lane);
    const state = store.feed(feed.id);
    if (state?.forkedAfter !== undefined) throw writtenTwice();
    const seen = lane === 'roll' ? undefined : state?.seen;
    const end = state === undefined ? FEED_START : { seq: state.seq, hash: state.hash };
    const { clock, rng } = this.#deps;
    const writing = { clock, rng, signer: this.#self.signer };
    const entries = sealDrafts(writing, feed, end, drafts, this.#newsSince(feed.id, seen));
    if (lane !== 'roll') this.#mustBeAllowed(feed);
    const roll = lane === 'roll' ? this.#rollWith(feed, entries) : this.#roll;
    if (lane === 'roll') this.#mustCount(roll, entries);
    this.#commit(feed, entries, roll);
    return entries;
  }

  /** Written now, an entry has seen every act that is here. */
  #mustBeAllowed({ id, device, lane }: FeedInfo): void {
    const seen = this.authority.vectorOf(new Map(), this.membership.heads);
    if (this.authority.boundOf({ device, lane, feed: id, seen }).upTo === Infinity) return;
    const code =
      this.membership.devices.get(device)?.active === true ? 'role-writes-nothing' : 'not-a-member';
    throw new KithError(code, refusalSentence(code), { next: 'Ask an admin of the network.' });
  }

  /**
   * Acts that this node knows and the feed's last entry had not seen. A feed begins with a link to what let its device
   * in: should a fork cut off the heads, its right to write is still known.
   */
  #newsSince(feed: FeedId, seen: Vector | undefined): EntryLink[] {
    const { heads } = this.membership;
    const news = heads.filter((head) => head.feed !== feed && (seen?.get(head.feed) ?? 0) < head.seq);
    const admission = this.#deps.store.feed(feed)?.seq ? undefined : this.#admission();
    const isMore =
      admission !== undefined && admission.feed !== feed && !news.some(({ hash }) => hash === admission.hash);
    return (isMore ? [admission, ...news] : news).slice(0, LIMITS.linksPerEntry);
  }

  #admission(): EntryLink | undefined {
    const counts = new Set(this.membership.order);
    const own = this.#self.signer.key;
    const act = this.#roll.acts.find(
      ({ id, body }) => 'certificate' in body && body.certificate.device === own && counts.has(id),
    );
    return act === undefined ? undefined : { feed: act.feed, seq: act.seq, hash: act.id };
  }

  #rollWith(feed: FeedInfo, entries: readonly Entry[]): RollState {
    const { verifier, network, store } = this.#deps;
    const shared = store.feed(feed.id)?.forkedAfter ?? Infinity;
    const acts = entries
      .filter(({ header }) => header.seq <= shared)
      .map((entry) => actOf(feed, entry, { verifier, network }));
    return rollOf(network, [...this.#roll.acts, ...acts], this.#rollForks());
  }

  #rollForks(): Forks {
    const forks = new Map<FeedId, number>();
    for (const { info, forkedAfter } of this.feeds()) {
      if (info.lane === 'roll' && forkedAfter !== undefined) forks.set(info.id, forkedAfter);
    }
    return forks;
  }

  #mustCount(roll: RollState, entries: readonly Entry[]): void {
    const own = new Set(entries.map(({ hash }) => hash));
    const refused = roll.membership.refused.find(({ act }) => own.has(act));
    if (refused === undefined) return;
    throw new KithError(refused.code, refusalSentence(refused.code), {
      next: 'See who may do what: kith members',
    });
  }

  #take(feed: FeedInfo, entries: readonly Entry[]): Received {
    if (feed.lane === 'roll') return this.#takeActs(feed, entries);
    const upTo = this.#firstUnauthorised(feed, entries);
    const standing = entries.slice(0, upTo);
    // Only a sealed entry may end what is stored: what comes after an unsealed one could not be proven to others.
    if (standing.at(-1)?.seal === null || standing.length === 0)
      return { kind: 'refused', code: 'unauthorised' };
    // Whoever sent it has it still. That an alarm is here, its receipt says, and waits for the disk.
    this.#commit(feed, standing, this.#roll, 'replaceable');
    return { kind: 'appended', count: standing.length };
  }

  #takeActs(feed: FeedInfo, entries: readonly Entry[]): Received {
    let roll: RollState;
    try {
      roll = this.#rollWith(feed, entries);
    } catch (error) {
      if (error instanceof KithError) return { kind: 'refused', code: 'unreadable-act' };
      throw error;
    }
    this.#commit(feed, entries, roll);
    return { kind: 'appended', count: entries.length };
  }

  #firstUnauthorised(feed: FeedInfo, entries: readonly Entry[]): number {
    const state = this.#deps.store.feed(feed.id);
    if (state === undefined)
      return countUnrefused(new Standing(this.#roll, feed, new Map()), entries, Infinity);
    // What follows what is aside is aside too: so all nodes hold the same, whenever they heard of what set it aside.
    if (state.folded !== state.seq || (state.seq > 0 && this.#isAside(state))) return entries.length;
    return countUnrefused(new Standing(this.#roll, feed, state.seen), entries, state.forkedAfter ?? Infinity);
  }

  #isAside({ info, seq }: FeedState): boolean {
    const [last] = this.#deps.store.read({ feed: info.id, from: seq, to: seq });
    return last?.aside !== undefined;
  }

  /** The one transaction: entries, what they fold to, and what a change of the roll means for what was there before. */
  #commit(
    feed: FeedInfo,
    entries: readonly Entry[],
    roll: RollState,
    keeping: 'lasting' | 'replaceable' = 'lasting',
  ): void {
    const { store, clock } = this.#deps;
    const before = this.#roll;
    store.transact(() => {
      if (store.feed(feed.id) === undefined) store.addFeed(feed);
      const state = store.feed(feed.id);
      assert(state !== undefined, 'a feed is there after it was added');
      const kept = withoutErased(store, feed, entries);
      store.append(feed.id, kept);
      const grown = { ...state, seq: state.seq + entries.length };
      // Before anything is folded: projections may ask whose device wrote it.
      this.#adopt(roll);
      if (feed.lane === 'roll') {
        store.setFolded(feed.id, lastShared(grown), state.seen);
        this.#followRoll(before, roll);
      } else if (state.folded === state.seq) {
        foldFeed(this.#foldDeps(roll), roll, grown, kept);
      }
      store.afterCommit(() => {
        const [first, last] = [entries[0], entries.at(-1)];
        if (first === undefined || last === undefined) return;
        this.#tell((events) => events.appended?.(feed, first.header.seq, last.header.seq));
        if (roll !== before) this.#tell((events) => events.membership?.(roll.membership));
      });
    }, keeping);
    clock.witness(entries.map(({ header }) => header.hlc).reduce(maxHlc, HLC_ZERO));
  }

  /** In force at once, for what else this transaction does; back to what was before, should it be undone. */
  #adopt(roll: RollState): void {
    const before = this.#roll;
    if (roll === before) return;
    this.#roll = roll;
    this.#deps.store.onRollback(() => {
      this.#roll = before;
    });
  }

  /** Judges again what the new acts touch, and folds what waited for them. */
  #followRoll(before: RollState, roll: RollState): void {
    const deps = this.#foldDeps(roll);
    let retracted = false;
    for (const state of this.feeds()) {
      if (state.info.lane === 'roll') continue;
      const { device } = state.info;
      const touched = before.authority.fingerprint(device) !== roll.authority.fingerprint(device);
      if (touched && restandFeed(deps, roll, state)) retracted = true;
    }
    if (retracted) this.#refoldAll(roll);
    else this.#foldWaiting(deps, roll);
  }

  #foldWaiting(deps: FoldDeps, roll: RollState): void {
    for (const state of this.feeds()) {
      if (state.info.lane !== 'roll' && state.folded < state.seq) foldFeed(deps, roll, state);
    }
  }

  #refoldAll(roll: RollState): void {
    const { store, projections } = this.#deps;
    for (const projection of projections) projection.reset();
    store.resetFolds();
    for (const state of this.feeds()) {
      if (state.info.lane === 'roll') store.setFolded(state.info.id, lastShared(state), state.seen);
    }
    this.#foldWaiting(this.#foldDeps(roll), roll);
    store.afterCommit(() => this.#tell((events) => events.refolded?.()));
  }

  #foldDeps(roll: RollState): FoldDeps {
    const { store, projections } = this.#deps;
    return {
      store,
      projections,
      mayErase: (eraser, seen, target) => {
        const author = roll.authority.authorAt(eraser.device, seen);
        if (author?.role === 'admin') return true;
        return author !== undefined && roll.membership.devices.get(target.device)?.member === author.member;
      },
    };
  }

  #refusesFeed(run: Run, state: FeedState | undefined): FeedRefusal | undefined {
    const { device, lane } = run.feed;
    if (this.#isFounding(run)) return undefined;
    // Acts of a device that was never rightly let in do not count, but others may have built on them in good faith.
    const known = lane === 'roll' ? this.#roll.certified : this.membership.devices;
    if (!known.has(device)) return 'unknown-device';
    if (state === undefined) return this.#hasRoomFor(device) ? undefined : 'too-many-feeds';
    const quota = LIMITS.quarantineEntriesPerDevice;
    const bound = this.authority.boundOf({
      device,
      lane: lane === 'roll' ? 'data' : lane,
      feed: run.feed.id,
      seen: state.seen,
    });
    return state.seq >= (bound.upTo ?? 0) + quota ? 'quarantine-full' : undefined;
  }

  #hasRoomFor(device: DeviceKey): boolean {
    return this.feeds().filter(({ info }) => info.device === device).length < LIMITS.feedsPerDevice;
  }

  /** Before a network is known, only the feed that founds it comes in. */
  #isFounding(run: Run): boolean {
    if (this.membership.devices.size > 0 || run.feed.lane !== 'roll') return false;
    const first = run.entries[0];
    return (
      first !== undefined && (hashHeader(first.headerBytes) as string) === (this.#deps.network as string)
    );
  }

  #fork(run: Run, seq: number): Received {
    const ours: RawEntry[] = [];
    const end = this.#deps.store.sealAfter(run.feed.id, seq);
    if (end === undefined) return { kind: 'refused', code: 'unsealed' };
    for (const stored of this.#deps.store.read({ feed: run.feed.id, from: seq, to: end })) ours.push(stored);
    const first = run.entries.findIndex((entry) => decodeHeader(entry.headerBytes).seq === seq);
    const evidence: ForkEvidence = { feed: run.feed, seq, one: ours, other: run.entries.slice(first) };
    this.#stop(evidence);
    return { kind: 'fork', evidence };
  }

  #stop(evidence: ForkEvidence): void {
    const { store, logger } = this.#deps;
    store.transact(() => {
      if (store.feed(evidence.feed.id) === undefined) store.addFeed(evidence.feed);
      store.stopAtFork(evidence.feed.id, evidence.seq - 1, encodeCbor(encodeEvidence(evidence)));
      this.rebuild();
      store.afterCommit(() => {
        const { feed, seq } = evidence;
        logger.warn({ feed: feed.id, device: feed.device, seq }, 'a feed was written twice');
        this.#tell((events) => events.forked?.(evidence));
        this.#tell((events) => events.membership?.(this.membership));
      });
    });
  }

  #storedRoll(): RollState {
    return rollOf(this.#deps.network, this.#storedActs(), this.#rollForks());
  }

  #storedActs(): RollState['acts'] {
    const { store, verifier, network } = this.#deps;
    return store
      .feeds()
      .filter(({ info }) => info.lane === 'roll')
      .flatMap((state) => {
        const to = lastShared(state);
        return to === 0
          ? []
          : [...store.read({ feed: state.info.id, from: 1, to })].map((stored) =>
              actOf(state.info, hydrate(stored), { verifier, network }),
            );
      });
  }

  #tell(call: (events: Partial<LogEvents>) => void): void {
    for (const listener of this.#listeners) call(listener);
  }
}

/** Erased parts named by one entry: about 100 bytes each at most, with a feed of its own. */
const TARGETS_PER_ERASURE = 2000;

/** Up to here all copies of a feed are one, wherever they go on. */
function lastShared({ seq, forkedAfter }: FeedState): number {
  return Math.min(seq, forkedAfter ?? Infinity);
}

/** Once our copy reaches the fork, nothing is news but a contradiction further back: the fork was earlier then. */
function liesPastStop(state: FeedState | undefined, verdict: RunVerdict): boolean {
  if (state?.forkedAfter === undefined || state.seq < state.forkedAfter) return false;
  if (verdict.kind === 'fork') return verdict.seq > state.forkedAfter;
  return verdict.kind === 'gap' || (verdict.kind === 'fits' && verdict.entries.length > 0);
}

function begins(run: Run): boolean {
  const first = run.entries[0];
  return first !== undefined && readEntryIfAny(first)?.header.seq === 1;
}
