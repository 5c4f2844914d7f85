/**
 * Carries out what the sync core decides, on a log. Synchronous and without links of its own: the service puts
 * channels under it, the simulator its network, a bundle its file.
 */
import { isKithError } from '../base/errors.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Logger } from '../base/ports.ts';
import type { FeedId } from '../base/ids.ts';
import type { Lane, Standing } from '../identity/roles.ts';
import { heightOf } from './heights.ts';
import type { Log, Received } from './service.ts';
import { SyncCore, type NeighbourId, type SyncEffect, type SyncEvent, type SyncFault } from './sync-core.ts';
import type { Run } from './types.ts';
import { decodeMessage, encodeMessage, type SyncMessage } from './sync-wire.ts';

export interface SyncPeers {
  /** Queues a frame for the neighbour. */
  send(peer: NeighbourId, frame: Bytes): void;
  /** May more be read and queued for it? When it turns true again, call `drained`. */
  hasRoom(peer: NeighbourId): boolean;
  cut(peer: NeighbourId, code: SyncFault | 'malformed'): void;
  /** What the neighbour may hold, as of now; undefined when it is no member any more. */
  standingOf(peer: NeighbourId): Standing | undefined;
  /** What came of a run that it sent. */
  taken?(peer: NeighbourId, run: Run, outcome: Received): void;
}

const PUSH_BYTES = 64 * 1024;
/** One run of a longer answer: small enough that what is more urgent gets between. */
const RUN_BYTES = 256 * 1024;
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
  readonly #queue: SyncEvent[] = [];
  readonly #streams = new Map<NeighbourId, Map<FeedId, Stream>>();
  #running = false;

  constructor(log: Log, peers: SyncPeers, logger: Logger) {
    this.#log = log;
    this.#peers = peers;
    this.#logger = logger;
    this.#core = new SyncCore(log.network, { feeds: () => log.feeds(), feed: (id) => log.feed(id) });
    log.on({
      appended: (feed, from, to) => this.handle({ type: 'appended', feed, from, to }),
      membership: () => this.handle({ type: 'roll' }),
      forked: (evidence) => this.handle({ type: 'forked', evidence }),
    });
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

  /** Effects may cause events (an append tells its listeners): they wait for their turn. */
  handle(event: SyncEvent): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#core.step(next)) this.#carryOut(effect);
      }
    } finally {
      this.#running = false;
    }
  }

  #carryOut(effect: SyncEffect): void {
    switch (effect.type) {
      case 'send':
        this.#peers.send(effect.peer, encodeMessage(effect.message));
        return;
      case 'take': {
        const feed = effect.run.feed.id;
        const outcome = this.#log.receive(effect.run);
        if (outcome.kind === 'refused') this.#logger.warn({ peer: effect.peer, feed, code: outcome.code }, 'entries refused');
        this.#peers.taken?.(effect.peer, effect.run, outcome);
        this.#queue.push({ type: 'taken', peer: effect.peer, feed, outcome });
        return;
      }
      case 'fill':
        this.#log.fillParts(effect.run.feed.id, effect.run.entries);
        return;
      case 'prove':
        this.#log.receiveEvidence(effect.evidence);
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

  #serve({ peer, want }: Serve): void {
    const { feed, from, mode } = want;
    if (mode === 'entries') return this.#stream(peer, want);
    if (mode === 'evidence') {
      const evidence = this.#log.evidenceOf(feed);
      return this.#send(peer, evidence === undefined ? { type: 'none', feed } : { type: 'evidence', evidence });
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
    else if (known !== undefined) known.creditBytes = Math.min(known.creditBytes + creditBytes, MOST_CREDIT_BYTES);
    if (streams.size > STREAMS) return this.#peers.cut(peer, 'out-of-turn');
    if (from > 0 && this.#read(peer, feed, from, 1) === undefined) {
      streams.delete(feed);
      return this.#send(peer, { type: 'none', feed });
    }
    this.#pump(peer);
  }

  /** Sends what is asked for, one run of each feed in turn, while there is room for it. */
  #pump(peer: NeighbourId): void {
    const streams = this.#streams.get(peer) ?? new Map<FeedId, Stream>();
    for (let sent = true; sent; ) {
      sent = false;
      for (const [feed, stream] of streams) {
        if (stream.creditBytes <= 0 || !this.#peers.hasRoom(peer)) continue;
        const run = this.#read(peer, feed, stream.from, Math.min(RUN_BYTES, stream.creditBytes));
        if (run === undefined) {
          streams.delete(feed);
          continue;
        }
        const frame = encodeMessage({ type: 'run', mode: 'entries', run });
        this.#peers.send(peer, frame);
        stream.from += run.entries.length;
        stream.creditBytes -= frame.byteLength;
        sent = true;
      }
    }
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

