/**
 * Sync, decided: compare heights, ask for what is missing, most urgent lane first, push what is new. Pure: the shell
 * (`sync-service.ts`, the simulator, a bundle file) carries out the effects and tells what came of them.
 *
 * Everything that a neighbour can make this hold is bounded: one height a feed, a few requests, a few faults.
 */
import { unreachable } from '../base/errors.ts';
import type { FeedId, NetworkId } from '../base/ids.ts';
import { LANES, type Lane } from '../identity/roles.ts';
import {
  bucketOf,
  differingBuckets,
  forkedAfterOf,
  forkHeight,
  heightOf,
  heightsOf,
  summarise,
} from './heights.ts';
import type { FeedState, ReadRange } from './ports.ts';
import type { Received } from './service.ts';
import { BAD_BYTES, GOES_ON, lastPlace, SYNC_LIMITS } from './sync-limits.ts';
import {
  HEIGHTS_PER_MESSAGE,
  runBytes,
  type FeedHeight,
  type SyncMessage,
  type WantMode,
} from './sync-wire.ts';
import type { FeedInfo, ForkEvidence, Run } from './types.ts';

/** Names a neighbour on one link; the shell chooses. */
export type NeighbourId = string;

export interface LogView {
  feeds(): readonly FeedState[];
  feed(id: FeedId): FeedState | undefined;
}

export type SyncEvent =
  | { readonly type: 'opened'; readonly peer: NeighbourId; readonly lanes: readonly Lane[] }
  | { readonly type: 'closed'; readonly peer: NeighbourId }
  | { readonly type: 'message'; readonly peer: NeighbourId; readonly message: SyncMessage }
  /** What came of the effect `take`. */
  | { readonly type: 'taken'; readonly peer: NeighbourId; readonly feed: FeedId; readonly outcome: Received }
  /** What was read for it is on its way. */
  | { readonly type: 'served'; readonly peer: NeighbourId; readonly feed: FeedId; readonly upTo: number }
  /** It could not be written (disk full, say): nothing more is asked for a while. */
  | { readonly type: 'failed'; readonly peer: NeighbourId; readonly feed: FeedId }
  | { readonly type: 'appended'; readonly feed: FeedInfo; readonly from: number; readonly to: number }
  | { readonly type: 'forked'; readonly evidence: ForkEvidence }
  /** The effect `prove` was carried out; whether it was news, the log shows. */
  | { readonly type: 'proven'; readonly peer: NeighbourId; readonly feed: FeedId }
  /** The roll changed: what was refused for want of it may fit now. */
  | { readonly type: 'roll' }
  /** Ranges with parts that this node may hold and does not. */
  | { readonly type: 'missing'; readonly ranges: readonly ReadRange[] }
  /** Somebody wants to know whether this neighbour is there and has news: it is asked for its heights again. */
  | { readonly type: 'compare'; readonly peer: NeighbourId }
  | { readonly type: 'tick'; readonly nowMs: number };

export type SyncEffect =
  | { readonly type: 'send'; readonly peer: NeighbourId; readonly message: SyncMessage }
  | { readonly type: 'take'; readonly peer: NeighbourId; readonly run: Run }
  | { readonly type: 'fill'; readonly peer: NeighbourId; readonly run: Run }
  | { readonly type: 'prove'; readonly peer: NeighbourId; readonly evidence: ForkEvidence }
  /** Read a run and send it; where nothing can be read, send `none`. */
  | {
      readonly type: 'serve';
      readonly peer: NeighbourId;
      readonly want: Extract<SyncMessage, { type: 'want' }>;
    }
  /** Read a run from here and send it unasked, with the height where it does not reach the end. */
  | { readonly type: 'push'; readonly peer: NeighbourId; readonly feed: FeedId; readonly from: number }
  | { readonly type: 'cut'; readonly peer: NeighbourId; readonly code: SyncFault };

export type SyncFault = 'wrong-network' | 'bad-entries' | 'silent' | 'out-of-turn';

interface Neighbour {
  readonly lanes: readonly Lane[];
  greeted: boolean;
  /** Its heights were compared with ours. */
  compared: boolean;
  /** Our buckets went out. */
  asked: boolean;
  /** Where the neighbour's copies end, as far as we know. */
  readonly known: Map<FeedId, number>;
  /** Feeds in which it claims to be ahead of us. */
  readonly ahead: Map<FeedId, FeedHeight>;
  readonly inFlight: Map<FeedId, InFlight>;
  readonly refused: Set<FeedId>;
  /** The end of the run that is being taken in. */
  offered: FeedHeight | undefined;
  /** How far each feed was asked for parts that we lack. */
  readonly partsAsked: Map<FeedId, number>;
  partsAgainAtMs: number;
  partsWaitMs: number;
  faults: number;
  silences: number;
}

/** A feed that is coming in: since when nothing new came of it, how far it came, and how much since we asked. */
interface InFlight {
  readonly mode: WantMode;
  sinceMs: number;
  upTo: number;
  takenBytes: number;
  /** All that was asked for has come; it is being taken in. */
  isWhole: boolean;
}

export class SyncCore {
  readonly #network: NetworkId;
  readonly #log: LogView;
  readonly #neighbours = new Map<NeighbourId, Neighbour>();
  /** Where to ask from when a neighbour's history diverged before our end. */
  readonly #goBack = new Map<FeedId, number>();
  #missing: readonly ReadRange[] = [];
  #nowMs = 0;
  #restUntilMs = 0;
  #effects: SyncEffect[] = [];

  constructor(network: NetworkId, log: LogView) {
    this.#network = network;
    this.#log = log;
  }

  step(event: SyncEvent): readonly SyncEffect[] {
    this.#effects = [];
    this.#handle(event);
    this.#evaluate();
    return this.#effects;
  }

  /** No neighbour is known to have anything that we lack. Parts are asked for of whoever may have them. */
  isInStep(): boolean {
    return [...this.#neighbours.values()].every((neighbour) => this.#hasNothingFor(neighbour));
  }

  /** It has answered since it was asked last. */
  hasAnswered(peer: NeighbourId): boolean {
    return this.#neighbours.get(peer)?.compared === true;
  }

  /** It has answered, and is not known to have anything that we lack. */
  isInStepWith(peer: NeighbourId): boolean {
    const neighbour = this.#neighbours.get(peer);
    return neighbour !== undefined && this.#hasNothingFor(neighbour);
  }

  #hasNothingFor(neighbour: Neighbour): boolean {
    return (
      neighbour.compared &&
      [...neighbour.inFlight.values()].every(({ mode }) => mode === 'parts') &&
      this.#wanted(neighbour).length === 0
    );
  }

  #handle(event: SyncEvent): void {
    switch (event.type) {
      case 'opened':
        this.#open(event.peer, event.lanes);
        break;
      case 'closed':
        this.#neighbours.delete(event.peer);
        break;
      case 'message':
        this.#message(event.peer, event.message);
        break;
      case 'taken':
        this.#taken(event.peer, event.feed, event.outcome);
        break;
      case 'served': {
        const known = this.#neighbours.get(event.peer)?.known;
        known?.set(event.feed, Math.max(known.get(event.feed) ?? 0, event.upTo));
        break;
      }
      case 'failed':
        this.#failed(event.peer, event.feed);
        break;
      case 'appended':
        this.#appended(event.feed, event.from, event.to);
        break;
      case 'forked':
        for (const peer of this.#neighbours.keys())
          this.#send(peer, { type: 'evidence', evidence: event.evidence });
        this.#caughtUp(event.evidence.feed.id);
        break;
      case 'proven':
        this.#proven(event.peer, event.feed);
        break;
      case 'roll':
        for (const neighbour of this.#neighbours.values()) neighbour.refused.clear();
        break;
      case 'missing':
        this.#missing = event.ranges;
        for (const neighbour of this.#neighbours.values()) this.#askPartsAgain(neighbour);
        break;
      case 'compare':
        this.#compare(event.peer);
        break;
      case 'tick':
        this.#tick(event.nowMs);
        break;
      default:
        unreachable(event);
    }
  }

  #open(peer: NeighbourId, lanes: readonly Lane[]): void {
    this.#neighbours.set(peer, {
      lanes,
      greeted: false,
      compared: false,
      asked: false,
      known: new Map(),
      ahead: new Map(),
      inFlight: new Map(),
      refused: new Set(),
      offered: undefined,
      partsAsked: new Map(),
      partsAgainAtMs: this.#nowMs + SYNC_LIMITS.partsAgainMs,
      partsWaitMs: SYNC_LIMITS.partsAgainMs,
      faults: 0,
      silences: 0,
    });
    this.#send(peer, {
      type: 'hello',
      network: this.#network,
      digest: summarise(this.#heights(lanes)).digest,
    });
  }

  #message(peer: NeighbourId, message: SyncMessage): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    if (!neighbour.greeted && message.type !== 'hello') return this.#cut(peer, 'out-of-turn');
    switch (message.type) {
      case 'hello':
        return this.#hello(peer, neighbour, message);
      case 'buckets':
        this.#sendHeights(peer, neighbour, message.digests);
        // One of us wrote between the two hellos: what was equal for us was not for it.
        if (!neighbour.asked) this.#sendBuckets(peer, neighbour);
        return;
      case 'heights':
        return this.#learnHeights(peer, neighbour, message.heights);
      case 'want':
        if (message.from > 0)
          neighbour.known.set(
            message.feed,
            Math.max(neighbour.known.get(message.feed) ?? 0, message.from - 1),
          );
        this.#effects.push({ type: 'serve', peer, want: message });
        return;
      case 'run':
        return message.mode === 'parts'
          ? this.#parts(peer, neighbour, message.run)
          : this.#run(peer, neighbour, message.run);
      case 'evidence':
        neighbour.offered = forkHeight(message.evidence);
        this.#effects.push({ type: 'prove', peer, evidence: message.evidence });
        return;
      case 'none':
        return this.#none(neighbour, message.feed);
      default:
        unreachable(message);
    }
  }

  #hello(peer: NeighbourId, neighbour: Neighbour, hello: Extract<SyncMessage, { type: 'hello' }>): void {
    if (hello.network !== this.#network) return this.#cut(peer, 'wrong-network');
    if (neighbour.greeted) return this.#cut(peer, 'out-of-turn');
    neighbour.greeted = true;
    const heights = this.#heights(neighbour.lanes);
    if (Buffer.compare(summarise(heights).digest, hello.digest) === 0) {
      neighbour.compared = true;
      for (const height of heights) neighbour.known.set(height.feed.id, height.seq);
    } else {
      this.#sendBuckets(peer, neighbour);
    }
  }

  /** Of one that has not greeted yet, the greeting will be the answer. */
  #compare(peer: NeighbourId): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour?.greeted !== true) return;
    neighbour.compared = false;
    this.#sendBuckets(peer, neighbour);
  }

  #sendBuckets(peer: NeighbourId, neighbour: Neighbour): void {
    neighbour.asked = true;
    this.#send(peer, { type: 'buckets', digests: summarise(this.#heights(neighbour.lanes)).buckets });
  }

  #sendHeights(peer: NeighbourId, neighbour: Neighbour, theirs: Uint8Array): void {
    const heights = this.#heights(neighbour.lanes);
    const differing = differingBuckets(summarise(heights).buckets, theirs);
    const [same, news] = [
      heights.filter((h) => !differing.has(bucketOf(h))),
      heights.filter((h) => differing.has(bucketOf(h))),
    ];
    for (const height of same) neighbour.known.set(height.feed.id, height.seq);
    // At least one, though empty: it ends the comparison.
    for (let at = 0; at === 0 || at < news.length; at += HEIGHTS_PER_MESSAGE) {
      this.#send(peer, { type: 'heights', heights: news.slice(at, at + HEIGHTS_PER_MESSAGE) });
    }
  }

  #learnHeights(peer: NeighbourId, neighbour: Neighbour, heights: readonly FeedHeight[]): void {
    neighbour.compared = true;
    for (const height of heights) this.#learn(neighbour, height);
    if (neighbour.known.size > SYNC_LIMITS.heightsPerNeighbour) this.#cut(peer, 'out-of-turn');
  }

  #learn(neighbour: Neighbour, height: FeedHeight): void {
    const { feed, seq } = height;
    if (!neighbour.lanes.includes(feed.lane)) return;
    neighbour.known.set(feed.id, Math.max(neighbour.known.get(feed.id) ?? 0, seq));
    if (this.#isNews(height)) neighbour.ahead.set(feed.id, height);
  }

  #isNews(height: FeedHeight): boolean {
    if (this.#isNewFork(height)) return true;
    const own = this.#log.feed(height.feed.id);
    if (own === undefined) return height.seq > 0;
    if (own.forkedAfter !== undefined) return own.seq < own.forkedAfter && height.seq > own.seq;
    return height.seq > own.seq || (height.seq === own.seq && height.hash !== own.hash);
  }

  /** Does it know of a fork where we know of none, or of a later one? */
  #isNewFork(height: FeedHeight): boolean {
    return forkedAfterOf(height) < (this.#log.feed(height.feed.id)?.forkedAfter ?? Infinity);
  }

  #run(peer: NeighbourId, neighbour: Neighbour, run: Run): void {
    const last = lastPlace(run);
    if (last === undefined) return this.#fault(peer, neighbour, run.feed.id);
    neighbour.known.set(run.feed.id, Math.max(neighbour.known.get(run.feed.id) ?? 0, last.seq));
    neighbour.offered = { ...last, feed: run.feed, forked: false };
    this.#keepComing(peer, neighbour, run, last.seq);
    this.#effects.push({ type: 'take', peer, run });
    if (neighbour.known.size > SYNC_LIMITS.heightsPerNeighbour) this.#cut(peer, 'out-of-turn');
  }

  /** More is asked for while this is being checked and written, so that the link is never idle. */
  #keepComing(peer: NeighbourId, neighbour: Neighbour, run: Run, last: number): void {
    const coming = neighbour.inFlight.get(run.feed.id);
    const target = neighbour.ahead.get(run.feed.id)?.seq ?? 0;
    if (coming?.mode !== 'entries') return;
    if (last > coming.upTo) {
      // Only what brings us further counts as an answer: one neighbour must not keep a feed from the others.
      coming.upTo = last;
      coming.sinceMs = this.#nowMs;
      neighbour.silences = 0;
    }
    if (last >= target) {
      coming.isWhole = true;
      return;
    }
    coming.takenBytes += runBytes(run);
    if (coming.takenBytes < SYNC_LIMITS.windowBytes / 2) return;
    this.#send(peer, {
      type: 'want',
      mode: 'entries',
      feed: run.feed.id,
      from: 0,
      limitBytes: coming.takenBytes,
    });
    coming.takenBytes = 0;
  }

  #taken(peer: NeighbourId, feed: FeedId, outcome: Received): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour !== undefined) this.#digested(neighbour, feed, outcome);
    switch (outcome.kind) {
      case 'appended':
        this.#goBack.delete(feed);
        this.#caughtUp(feed);
        return;
      case 'nothing-new':
        this.#caughtUp(feed);
        return;
      case 'gap':
        return;
      case 'diverged': {
        const end = this.#log.feed(feed)?.seq ?? 1;
        const from = this.#goBack.get(feed) ?? end + 1;
        this.#goBack.set(feed, Math.max(1, from - Math.max(1, 2 * (end + 1 - from))));
        return;
      }
      case 'fork':
        this.#goBack.delete(feed);
        this.#caughtUp(feed);
        return;
      case 'refused':
        if (neighbour === undefined) return;
        if (BAD_BYTES.has(outcome.code)) this.#fault(peer, neighbour, feed);
        else neighbour.refused.add(feed);
        return;
      default:
        unreachable(outcome);
    }
  }

  #digested(neighbour: Neighbour, feed: FeedId, outcome: Received): void {
    const coming = neighbour.inFlight.get(feed);
    // A gap is closed by what was asked for, and that is still to come.
    if (outcome.kind === 'gap') {
      if (coming !== undefined) coming.isWhole = false;
    } else if (coming?.isWhole === true || !GOES_ON.has(outcome.kind)) {
      // What does not simply go on is asked for anew, from where it makes sense.
      neighbour.inFlight.delete(feed);
    }
    // It showed all that it has, and we had it: whatever else it claims.
    if (outcome.kind === 'nothing-new' && coming?.isWhole === true) neighbour.ahead.delete(feed);
    this.#learnOffered(neighbour, feed);
  }

  #failed(peer: NeighbourId, feed: FeedId): void {
    this.#restUntilMs = this.#nowMs + SYNC_LIMITS.restMs;
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    neighbour.inFlight.delete(feed);
    this.#learnOffered(neighbour, feed);
  }

  /** Whatever came of a run that was pushed: it has this, and when we can take it, it is asked for. */
  #learnOffered(neighbour: Neighbour, feed: FeedId): void {
    const { offered } = neighbour;
    neighbour.offered = undefined;
    if (offered?.feed.id !== feed) return;
    const ahead = neighbour.ahead.get(feed);
    if (ahead === undefined || offered.forked || (!ahead.forked && ahead.seq < offered.seq))
      this.#learn(neighbour, offered);
  }

  #caughtUp(feed: FeedId): void {
    for (const neighbour of this.#neighbours.values()) {
      const ahead = neighbour.ahead.get(feed);
      if (ahead !== undefined && !this.#isNews(ahead)) neighbour.ahead.delete(feed);
    }
  }

  #appended(feed: FeedInfo, from: number, to: number): void {
    for (const [peer, neighbour] of this.#neighbours) {
      const known = neighbour.known.get(feed.id) ?? 0;
      if (!neighbour.greeted || !neighbour.lanes.includes(feed.lane) || known >= to) continue;
      if (known >= from - 1 && to - known <= SYNC_LIMITS.pushEntries) {
        neighbour.known.set(feed.id, to);
        this.#effects.push({ type: 'push', peer, feed: feed.id, from: known + 1 });
      } else {
        const state = this.#log.feed(feed.id);
        if (state !== undefined) this.#send(peer, { type: 'heights', heights: [heightOf(state)] });
      }
    }
    this.#caughtUp(feed.id);
  }

  #parts(peer: NeighbourId, neighbour: Neighbour, run: Run): void {
    const feed = run.feed.id;
    const last = lastPlace(run);
    if (last === undefined) return this.#fault(peer, neighbour, feed);
    if (neighbour.inFlight.get(feed)?.mode === 'parts') {
      neighbour.inFlight.delete(feed);
      neighbour.silences = 0;
      neighbour.partsAsked.set(feed, Math.max(neighbour.partsAsked.get(feed) ?? 0, last.seq));
    }
    this.#effects.push({ type: 'fill', peer, run });
  }

  #none(neighbour: Neighbour, feed: FeedId): void {
    if (neighbour.inFlight.get(feed)?.mode === 'parts') neighbour.partsAsked.set(feed, Infinity);
    else neighbour.ahead.delete(feed);
    neighbour.inFlight.delete(feed);
  }

  #proven(peer: NeighbourId, feed: FeedId): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    neighbour.offered = undefined;
    if (neighbour.inFlight.get(feed)?.mode === 'evidence') neighbour.inFlight.delete(feed);
    // It showed what it has, and we still do not believe it: not asked again.
    const height = neighbour.ahead.get(feed);
    if (height !== undefined && this.#isNewFork(height)) neighbour.ahead.delete(feed);
    this.#caughtUp(feed);
  }

  #askPartsAgain(neighbour: Neighbour): void {
    neighbour.partsAsked.clear();
    neighbour.partsWaitMs = SYNC_LIMITS.partsAgainMs;
    neighbour.partsAgainAtMs = this.#nowMs + neighbour.partsWaitMs;
  }

  #fault(peer: NeighbourId, neighbour: Neighbour, feed: FeedId): void {
    neighbour.faults += 1;
    neighbour.refused.add(feed);
    if (neighbour.faults >= SYNC_LIMITS.faults) this.#cut(peer, 'bad-entries');
  }

  #tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const [peer, neighbour] of this.#neighbours) {
      for (const [feed, { sinceMs }] of neighbour.inFlight) {
        if (nowMs - sinceMs < SYNC_LIMITS.timeoutMs) continue;
        neighbour.inFlight.delete(feed);
        neighbour.silences += 1;
      }
      if (neighbour.silences >= SYNC_LIMITS.silences) this.#cut(peer, 'silent');
      if (nowMs >= neighbour.partsAgainAtMs) {
        neighbour.partsAsked.clear();
        neighbour.partsWaitMs = Math.min(2 * neighbour.partsWaitMs, SYNC_LIMITS.partsAgainMaxMs);
        neighbour.partsAgainAtMs = nowMs + neighbour.partsWaitMs;
      }
    }
  }

  /** Looks at the state and asks for what is missing: whatever happened, in whatever order. */
  #evaluate(): void {
    if (this.#nowMs < this.#restUntilMs) return;
    const busy = new Set([...this.#neighbours.values()].flatMap((n) => [...n.inFlight.keys()]));
    for (const [peer, neighbour] of this.#neighbours) {
      if (!neighbour.greeted) continue;
      for (const height of this.#wanted(neighbour)) {
        if (neighbour.inFlight.size >= SYNC_LIMITS.wantsPerNeighbour) break;
        if (busy.has(height.feed.id)) continue;
        busy.add(height.feed.id);
        const own = this.#log.feed(height.feed.id)?.seq ?? 0;
        const end = height.seq === own ? own : own + 1;
        this.#want(peer, neighbour, height, this.#goBack.get(height.feed.id) ?? end);
      }
      if (neighbour.inFlight.size === 0) this.#wantParts(peer, neighbour);
    }
  }

  /** What to ask this neighbour for, most urgent first; nothing but the roll while it has news of that. */
  #wanted(neighbour: Neighbour): FeedHeight[] {
    if (neighbour.ahead.size === 0) return [];
    const wanted = [...neighbour.ahead.values()].filter(({ feed }) => !neighbour.refused.has(feed.id));
    const roll = wanted.filter(({ feed }) => feed.lane === 'roll');
    if (roll.length > 0) return roll;
    return wanted.sort((a, b) => LANES.indexOf(a.feed.lane) - LANES.indexOf(b.feed.lane));
  }

  #want(peer: NeighbourId, neighbour: Neighbour, height: FeedHeight, from: number): void {
    this.#ask(peer, neighbour, this.#isNewFork(height) ? 'evidence' : 'entries', height.feed.id, from);
  }

  #wantParts(peer: NeighbourId, neighbour: Neighbour): void {
    const asked = (feed: FeedId): number => neighbour.partsAsked.get(feed) ?? 0;
    const range = this.#missing.find(({ feed, to }) => to > asked(feed));
    if (range === undefined) return;
    this.#ask(peer, neighbour, 'parts', range.feed, Math.max(range.from, asked(range.feed) + 1));
  }

  #ask(peer: NeighbourId, neighbour: Neighbour, mode: WantMode, feed: FeedId, from: number): void {
    neighbour.inFlight.set(feed, {
      mode,
      sinceMs: this.#nowMs,
      upTo: from - 1,
      takenBytes: 0,
      isWhole: false,
    });
    this.#send(peer, { type: 'want', mode, feed, from, limitBytes: SYNC_LIMITS.windowBytes });
  }

  #heights(lanes: readonly Lane[]): FeedHeight[] {
    return heightsOf(this.#log.feeds(), lanes);
  }

  #send(peer: NeighbourId, message: SyncMessage): void {
    this.#effects.push({ type: 'send', peer, message });
  }

  #cut(peer: NeighbourId, code: SyncFault): void {
    this.#neighbours.delete(peer);
    this.#effects.push({ type: 'cut', peer, code });
  }
}
