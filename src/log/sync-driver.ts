/**
 * Carries out what the sync core decides, on a log. Synchronous and without links of its own: the service puts
 * channels under it, the simulator its network, a bundle its file.
 */
import { isKithError } from '../base/errors.ts';
import type { Bytes } from '../base/bytes.ts';
import { EventQueue } from '../base/event-queue.ts';
import type { Logger } from '../base/ports.ts';
import type { FeedId } from '../base/ids.ts';
import { LANES, mayHold, type Lane, type Standing } from '../identity/roles.ts';
import { heightOf } from './heights.ts';
import type { Log, Received } from './service.ts';
import { SyncCore, type NeighbourId, type SyncEffect, type SyncEvent, type SyncFault } from './sync-core.ts';
import type { ReadRange } from './ports.ts';
import type { ForkEvidence, Run } from './types.ts';
import { decodeMessage, encodeMessage, runBytes, type SyncMessage } from './sync-wire.ts';
import { audiencesOf } from './wire.ts';

export interface SyncPeers {
  /** Queues a frame for the neighbour. */
  send(peer: NeighbourId, frame: Bytes): void;
  /** May more be read and queued for it? When it turns true again, call `drained`. */
  hasRoom(peer: NeighbourId): boolean;
  cut(peer: NeighbourId, code: SyncFault | 'malformed'): void;
  /** What the neighbour may hold, as of now; undefined when it is no member any more. */
  standingOf(peer: NeighbourId): Standing | undefined;
  /** What this node itself may hold, as of now. */
  ownStanding?(): Standing | undefined;
  /** What came of a run that it sent. */
  taken?(peer: NeighbourId, run: Run, outcome: Received): void;
}

const PUSH_BYTES = 64 * 1024;
/** One run of a longer answer: small enough that what is more urgent gets between. */
const RUN_BYTES = 64 * 1024;
/** What a neighbour may ask for in one breath. */
const MOST_CREDIT_BYTES = 8 * 1024 * 1024;
/** Feeds that are going out to one neighbour at once; it may ask for fewer. */
const STREAMS = 16;

type Serve = Extract<SyncEffect, { type: 'serve' }>;

/** A feed on its way to a neighbour, which said how many bytes it can take. */
interface Stream {
  from: number;
  creditBytes: number;
}

export class SyncDriver {
  readonly #log: Log;
  readonly #peers: SyncPeers;
  readonly #logger: Logger;
  readonly #core: SyncCore;
  /** Effects may cause events (an append tells its listeners): they wait for their turn. */
  readonly #queue = new EventQueue<SyncEvent>((event) => {
    for (const effect of this.#core.step(event)) this.#carryOut(effect);
  });
  readonly #streams = new Map<NeighbourId, Map<FeedId, Stream>>();
  /** Parts that this node may hold and does not. */
  #missing: readonly ReadRange[] = [];
  #rights = '';

  constructor(log: Log, peers: SyncPeers, logger: Logger) {
    this.#log = log;
    this.#peers = peers;
    this.#logger = logger;
    this.#core = new SyncCore(log.network, { feeds: () => log.feeds(), feed: (id) => log.feed(id) });
    log.on({
      appended: (feed, from, to) => this.handle({ type: 'appended', feed, from, to }),
      membership: () => {
        this.handle({ type: 'roll' });
        this.lookForParts();
      },
      forked: (evidence) => this.handle({ type: 'forked', evidence }),
      refolded: () => this.#setMissing(this.#allMissing()),
    });
    this.lookForParts();
  }

  opened(peer: NeighbourId, lanes: readonly Lane[]): void {
    this.handle({ type: 'opened', peer, lanes });
  }

  closed(peer: NeighbourId): void {
    this.#streams.delete(peer);
    this.handle({ type: 'closed', peer });
  }

  frame(peer: NeighbourId, frame: Bytes): void {
    let message: SyncMessage;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      this.#logger.warn({ peer, error: error.message }, 'a neighbour sent bytes that are no sync message');
      this.#peers.cut(peer, 'malformed');
      return this.closed(peer);
    }
    this.handle({ type: 'message', peer, message });
  }

  drained(peer: NeighbourId): void {
    this.#pump(peer);
  }

  isInStep(): boolean {
    return this.#core.isInStep();
  }

  /** Asks a neighbour for its heights again; `hasAnswered` and `isInStepWith` say what came of it. */
  compare(peer: NeighbourId): void {
    this.handle({ type: 'compare', peer });
  }

  hasAnswered(peer: NeighbourId): boolean {
    return this.#core.hasAnswered(peer);
  }

  isInStepWith(peer: NeighbourId): boolean {
    return this.#core.isInStepWith(peer);
  }

  handle(event: SyncEvent): void {
    this.#queue.push(event);
  }

  #carryOut(effect: SyncEffect): void {
    switch (effect.type) {
      case 'send':
        this.#peers.send(effect.peer, encodeMessage(effect.message));
        return;
      case 'take':
        this.#take(effect.peer, effect.run);
        return;
      case 'fill':
        this.#fill(effect.peer, effect.run);
        return;
      case 'prove':
        this.#prove(effect.peer, effect.evidence);
        return;
      case 'serve':
        this.#serve(effect);
        return;
      case 'push':
        this.#push(effect.peer, effect.feed, effect.from);
        return;
      case 'cut':
        this.#logger.warn({ peer: effect.peer, code: effect.code }, 'sync with a neighbour ended');
        this.#streams.delete(effect.peer);
        this.#peers.cut(effect.peer, effect.code);
        return;
    }
  }

  #take(peer: NeighbourId, run: Run): void {
    const feed = run.feed.id;
    try {
      const outcome = this.#log.receive(run);
      if (outcome.kind === 'refused')
        this.#logger.warn({ peer, feed, code: outcome.code }, 'entries refused');
      this.#peers.taken?.(peer, run, outcome);
      this.#queue.push({ type: 'taken', peer, feed, outcome });
      if (outcome.kind === 'appended') this.#noticeHoles(run);
    } catch (error) {
      this.#couldNotWrite(peer, feed, error);
    }
  }

  #fill(peer: NeighbourId, run: Run): void {
    const feed = run.feed.id;
    try {
      this.#log.fillParts(feed, run.entries);
    } catch (error) {
      this.#couldNotWrite(peer, feed, error);
    }
  }

  #prove(peer: NeighbourId, evidence: ForkEvidence): void {
    const feed = evidence.feed.id;
    try {
      this.#log.receiveEvidence(evidence);
      this.#queue.push({ type: 'proven', peer, feed });
    } catch (error) {
      this.#couldNotWrite(peer, feed, error);
    }
  }

  #couldNotWrite(peer: NeighbourId, feed: FeedId, error: unknown): void {
    if (!isKithError(error)) throw error;
    this.#logger.error({ peer, feed, error }, 'entries could not be written');
    this.#queue.push({ type: 'failed', peer, feed });
  }

  /** After this node's rights changed, what was withheld from it may be its own now. */
  lookForParts(): void {
    const own = this.#peers.ownStanding?.();
    const rights =
      own === undefined ? '' : [own.member, own.role, ...own.grants, ...(own.folders ?? [])].join(' ');
    if (rights === this.#rights) return;
    this.#rights = rights;
    this.#setMissing(this.#allMissing());
  }

  #allMissing(): readonly ReadRange[] {
    return this.#log.feeds().flatMap(({ info }) => this.#missingIn(info.id));
  }

  #missingIn(feed: FeedId): readonly ReadRange[] {
    const own = this.#peers.ownStanding?.();
    return own === undefined ? [] : this.#log.missingFor(own, feed);
  }

  /** A neighbour that had not heard of our rights yet withheld what is ours. */
  #noticeHoles(run: Run): void {
    const own = this.#peers.ownStanding?.();
    if (own === undefined) return;
    const lacks = run.entries.some(
      ({ headerBytes, parts }) =>
        parts.includes(null) &&
        audiencesOf(headerBytes).some((audience, index) => parts[index] === null && mayHold(own, audience)),
    );
    if (!lacks) return;
    const feed = run.feed.id;
    this.#setMissing([...this.#missing.filter((range) => range.feed !== feed), ...this.#missingIn(feed)]);
  }

  #setMissing(ranges: readonly ReadRange[]): void {
    this.#missing = ranges;
    this.handle({ type: 'missing', ranges });
  }

  #serve({ peer, want }: Serve): void {
    const { feed, from, mode } = want;
    if (mode === 'entries') return this.#stream(peer, want);
    if (mode === 'evidence') {
      const evidence = this.#log.evidenceOf(feed);
      return this.#send(
        peer,
        evidence === undefined ? { type: 'none', feed } : { type: 'evidence', evidence },
      );
    }
    const run = this.#read(peer, feed, Math.max(1, from), RUN_BYTES);
    this.#send(peer, run === undefined ? { type: 'none', feed } : { type: 'run', mode, run });
  }

  /** From 0 means: go on where you are, I can take that much more. */
  #stream(peer: NeighbourId, { feed, from, limitBytes }: Serve['want']): void {
    const streams = this.#streams.get(peer) ?? new Map<FeedId, Stream>();
    this.#streams.set(peer, streams);
    const creditBytes = Math.min(limitBytes, MOST_CREDIT_BYTES);
    const known = streams.get(feed);
    if (from > 0) streams.set(feed, { from, creditBytes });
    else if (known !== undefined)
      known.creditBytes = Math.min(known.creditBytes + creditBytes, MOST_CREDIT_BYTES);
    if (streams.size > STREAMS) return this.#peers.cut(peer, 'out-of-turn');
    if (from > 0 && this.#read(peer, feed, from, 1) === undefined) {
      streams.delete(feed);
      return this.#send(peer, { type: 'none', feed });
    }
    this.#pump(peer);
  }

  /** Sends what is asked for while there is room for it: most urgent lane first, feeds of one lane in turn. */
  #pump(peer: NeighbourId): void {
    const streams = this.#streams.get(peer);
    if (streams === undefined) return;
    while (this.#peers.hasRoom(peer)) {
      const next = this.#nextStream(streams);
      if (next === undefined) return;
      const [feed, stream] = next;
      streams.delete(feed);
      const run = this.#read(peer, feed, stream.from, Math.min(RUN_BYTES, stream.creditBytes));
      if (run === undefined) continue;
      // Last in turn.
      streams.set(feed, stream);
      stream.from += run.entries.length;
      stream.creditBytes -= runBytes(run);
      this.#send(peer, { type: 'run', mode: 'entries', run });
      this.handle({ type: 'served', peer, feed, upTo: stream.from - 1 });
    }
  }

  #nextStream(streams: ReadonlyMap<FeedId, Stream>): [FeedId, Stream] | undefined {
    let best: [FeedId, Stream] | undefined;
    let bestLane = Infinity;
    for (const [feed, stream] of streams) {
      const lane = LANES.indexOf(this.#log.feed(feed)?.info.lane ?? 'data');
      if (stream.creditBytes <= 0 || lane >= bestLane) continue;
      best = [feed, stream];
      bestLane = lane;
    }
    return best;
  }

  #read(peer: NeighbourId, feed: FeedId, from: number, limitBytes: number): Run | undefined {
    const reader = this.#peers.standingOf(peer);
    const lane = this.#log.feed(feed)?.info.lane;
    if (reader === undefined || (reader.role === 'relay' && lane !== 'roll')) return undefined;
    return this.#log.runFor(reader, feed, from, limitBytes);
  }

  #send(peer: NeighbourId, message: SyncMessage): void {
    this.#peers.send(peer, encodeMessage(message));
  }

  #push(peer: NeighbourId, feed: Serve['want']['feed'], from: number): void {
    const state = this.#log.feed(feed);
    if (state === undefined) return;
    const run = this.#read(peer, feed, from, PUSH_BYTES);
    if (run !== undefined) this.#send(peer, { type: 'run', mode: 'entries', run });
    if (run === undefined || run.entries.length < state.seq - from + 1) {
      this.#send(peer, { type: 'heights', heights: [heightOf(state)] });
    }
  }
}
