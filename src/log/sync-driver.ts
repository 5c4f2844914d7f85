/**
 * Carries out what the sync core decides, on a log. Synchronous and without links of its own: the service puts
 * channels under it, the simulator its network, a bundle its file.
 */
import { isKithError } from '../base/errors.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Logger } from '../base/ports.ts';
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
/** Requests of one neighbour that wait for room; more than it may have under way is out of turn. */
const WAITING_SERVES = 16;

type Serve = Extract<SyncEffect, { type: 'serve' }>;

export class SyncDriver {
  readonly #log: Log;
  readonly #peers: SyncPeers;
  readonly #logger: Logger;
  readonly #core: SyncCore;
  readonly #queue: SyncEvent[] = [];
  readonly #waiting = new Map<NeighbourId, Serve[]>();
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
    this.#waiting.delete(peer);
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
    const waiting = this.#waiting.get(peer) ?? [];
    while (waiting.length > 0 && this.#peers.hasRoom(peer)) {
      const next = waiting.shift();
      if (next !== undefined) this.#serve(next);
    }
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
        this.#serveWhenRoom(effect);
        return;
      case 'push':
        this.#push(effect.peer, effect.feed, effect.from);
        return;
      case 'cut':
        this.#logger.warn({ peer: effect.peer, code: effect.code }, 'sync with a neighbour ended');
        this.#waiting.delete(effect.peer);
        this.#peers.cut(effect.peer, effect.code);
        return;
    }
  }

  #serveWhenRoom(serve: Serve): void {
    if (this.#peers.hasRoom(serve.peer)) return this.#serve(serve);
    const waiting = this.#waiting.get(serve.peer) ?? [];
    if (waiting.length >= WAITING_SERVES) return this.#peers.cut(serve.peer, 'out-of-turn');
    waiting.push(serve);
    this.#waiting.set(serve.peer, waiting);
  }

  #serve({ peer, want }: Serve): void {
    this.#peers.send(peer, encodeMessage(this.#answer(peer, want)));
  }

  #answer(peer: NeighbourId, want: Serve['want']): SyncMessage {
    const { feed, from, mode } = want;
    if (mode === 'evidence') {
      const evidence = this.#log.evidenceOf(feed);
      return evidence === undefined ? { type: 'none', feed } : { type: 'evidence', evidence };
    }
    const reader = this.#peers.standingOf(peer);
    const lane = this.#log.feed(feed)?.info.lane;
    if (reader === undefined || (reader.role === 'relay' && lane !== 'roll')) return { type: 'none', feed };
    const run = this.#log.runFor(reader, feed, Math.max(1, from), want.limitBytes);
    return run === undefined ? { type: 'none', feed } : { type: 'run', mode, run };
  }

  #push(peer: NeighbourId, feed: Serve['want']['feed'], from: number): void {
    const [reader, state] = [this.#peers.standingOf(peer), this.#log.feed(feed)];
    if (reader === undefined || state === undefined) return;
    const run = this.#log.runFor(reader, feed, from, PUSH_BYTES);
    if (run !== undefined) this.#peers.send(peer, encodeMessage({ type: 'run', mode: 'entries', run }));
    if (run === undefined || run.entries.length < state.seq - from + 1) {
      this.#peers.send(peer, encodeMessage({ type: 'heights', heights: [heightOf(state)] }));
    }
  }
}

