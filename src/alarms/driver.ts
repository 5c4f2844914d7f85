/** Carries out what the core decides, on a log and a store of acknowledgements. Synchronous, without links of its own: the service puts channels under it, the simulator its network. */
import { isKithError } from '../base/errors.ts';
import type { Bytes } from '../base/bytes.ts';
import { EventQueue } from '../base/event-queue.ts';
import type { Logger } from '../base/ports.ts';
import type { FeedId } from '../base/ids.ts';
import { mayHold, type Standing } from '../identity/roles.ts';
import type { Verifier } from '../identity/signing.ts';
import type { Log } from '../log/service.ts';
import type { Run } from '../log/types.ts';
import { decodeHeader } from '../log/wire.ts';
import { decodeAlarmMessage, encodeAlarmMessage, type UrgentHeight } from './channel-wire.ts';
import { AlarmCore, type AlarmEffect, type AlarmEvent, type AlarmFault, type NeighbourId } from './core.ts';
import type { AckStore } from './ports.ts';
import type { Ack, AlertId } from './types.ts';
import { ACK_PURPOSE, ackStatement } from './wire.ts';

/** One frame of alerts. */
const PUSH_BYTES = 64 * 1024;
/** Frames of one feed in one go; what is more than that comes over sync. */
const MOST_FRAMES = 4;

export interface AlarmPeers {
  send(peer: NeighbourId, frame: Bytes): void;
  hasRoom(peer: NeighbourId): boolean;
  cut(peer: NeighbourId, code: AlarmFault | 'malformed'): void;
  standingOf(peer: NeighbourId): Standing | undefined;
}

export interface DriverDeps {
  readonly log: Log;
  readonly acks: AckStore;
  readonly verifier: Verifier;
  readonly logger: Logger;
  readonly peers: AlarmPeers;
  /** Alerts that are not over. */
  active(): readonly AlertId[];
  /** Does this node hold what it says? */
  holds(alert: AlertId): boolean;
  /** Acknowledgements were news, and are on disk. */
  acked(acks: readonly Ack[]): void;
}

export class AlarmDriver {
  readonly #deps: DriverDeps;
  readonly #core: AlarmCore;
  /** Effects may cause events (an append tells its listeners): they wait for their turn. */
  readonly #queue = new EventQueue<AlarmEvent>((event) => {
    for (const effect of this.#core.step(event)) this.#carryOut(effect);
  });

  constructor(deps: DriverDeps) {
    this.#deps = deps;
    const { log, acks } = deps;
    this.#core = new AlarmCore(log.network, {
      heights: () => urgentHeights(log),
      height: (feed) => log.feed(feed)?.seq ?? 0,
      alerts: () => deps.active(),
      acks: (alert) => (deps.holds(alert) ? acks.of(alert) : undefined),
    });
  }

  frame(peer: NeighbourId, frame: Bytes): void {
    try {
      this.handle({ type: 'message', peer, message: decodeAlarmMessage(frame) });
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      this.#deps.logger.warn(
        { peer, error: error.message },
        'a neighbour sent bytes that are no alarm message',
      );
      this.handle({ type: 'closed', peer });
      this.#deps.peers.cut(peer, 'malformed');
    }
  }

  /**
   * This node's own word, or what came in: kept first, then passed on. What this node says is flushed, with the alarm
   * that it is about. What others say they have themselves: a flush for each would be most of what an alarm costs.
   */
  keep(acks: readonly Ack[], from: NeighbourId | undefined): void {
    const news = this.#deps.acks.add(acks, from === undefined ? 'lasting' : 'replaceable');
    if (news.length === 0) return;
    this.handle({ type: 'acked', acks: news, from });
    this.#deps.acked(news);
  }

  handle(event: AlarmEvent): void {
    this.#queue.push(event);
  }

  #carryOut(effect: AlarmEffect): void {
    const { peers, logger } = this.#deps;
    switch (effect.type) {
      case 'send':
        peers.send(effect.peer, encodeAlarmMessage(effect.message));
        return;
      case 'push':
        this.#push(effect.peer, effect.feed, effect.from);
        return;
      case 'take':
        this.#take(effect.peer, effect.run);
        return;
      case 'admit':
        this.#admit(effect.peer, effect.acks);
        return;
      case 'cut':
        logger.warn({ peer: effect.peer, code: effect.code }, 'the alarm channel with a neighbour was ended');
        peers.cut(effect.peer, effect.code);
        return;
    }
  }

  #push(peer: NeighbourId, feed: FeedId, first: number): void {
    const { log, peers } = this.#deps;
    let from = first;
    for (let frame = 0; frame < MOST_FRAMES && peers.hasRoom(peer); frame += 1) {
      const reader = peers.standingOf(peer);
      const run = reader === undefined ? undefined : log.runFor(reader, feed, from, PUSH_BYTES);
      if (reader === undefined || run === undefined || lacksPart(run, reader)) return;
      peers.send(peer, encodeAlarmMessage({ type: 'run', run }));
      from += run.entries.length;
    }
  }

  #take(peer: NeighbourId, run: Run): void {
    const { log, logger } = this.#deps;
    const feed = run.feed.id;
    try {
      const outcome = log.receive(run);
      if (outcome.kind === 'refused') logger.warn({ peer, feed, code: outcome.code }, 'alerts refused');
      this.#queue.push({ type: 'taken', peer, feed, outcome });
    } catch (error) {
      if (!isKithError(error)) throw error;
      logger.error({ peer, feed, error }, 'alerts could not be written');
      this.#queue.push({ type: 'taken', peer, feed, outcome: { kind: 'failed' } });
    }
  }

  #admit(peer: NeighbourId, acks: readonly Ack[]): void {
    const fresh = acks.filter((ack) => this.#isNews(ack));
    const genuine = fresh.filter((ack) => this.#isGenuine(ack));
    if (genuine.length < fresh.length) {
      this.#deps.logger.warn({ peer }, 'acknowledgements were not signed by whom they name');
      this.#queue.push({ type: 'forged', peer });
    }
    try {
      this.keep(genuine, peer);
    } catch (error) {
      if (!isKithError(error)) throw error;
      this.#deps.logger.error({ peer, error }, 'acknowledgements could not be written');
    }
  }

  /** Of a device that is in, about an alert that is here: what anybody can make a node keep is bounded by both. */
  #isNews({ alert, device, state }: Ack): boolean {
    const { log, acks } = this.#deps;
    if (log.membership.devices.get(device)?.active !== true || !this.#deps.holds(alert)) return false;
    return !acks.of(alert).some((known) => known.device === device && known.state === state);
  }

  #isGenuine(ack: Ack): boolean {
    const { verifier, log } = this.#deps;
    return verifier.verify(ack.device, ACK_PURPOSE, ackStatement(log.network, ack), ack.signature);
  }
}

/**
 * A reader's node holds entries for members without what they say. From it, a member would take such an alarm as one
 * that says nothing; it comes whole from somebody who has it.
 */
function lacksPart({ entries }: Run, reader: Standing): boolean {
  return entries.some(
    ({ headerBytes, parts }) =>
      parts.includes(null) &&
      decodeHeader(headerBytes).parts.some(
        ({ audience }, at) => parts[at] === null && mayHold(reader, audience),
      ),
  );
}

function urgentHeights(log: Log): UrgentHeight[] {
  return log
    .feeds()
    .filter(({ info, seq }) => info.lane === 'urgent' && seq > 0)
    .map(({ info, seq, hash }) => ({ feed: info, seq, hash }));
}
