/**
 * Decides what crosses the alarm channel: new alerts at once to every neighbour that lacks them, acknowledgements
 * likewise, and what one side misses after a link opened, a repeat, or a change of the roll. Says what to do; the
 * service does it, and tells what came of it.
 */
import { createHash } from 'node:crypto';
import { equalBytes, toHex, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import { idToBytes, type FeedId, type NetworkId } from '../base/ids.ts';
import type { Received } from '../log/service.ts';
import type { FeedInfo, Run } from '../log/types.ts';
import { decodeHeader } from '../log/wire.ts';
import {
  CHANNEL_LIMITS,
  DIGEST_BYTES,
  KEY_BYTES,
  type AlarmMessage,
  type Summary,
  type UrgentHeight,
} from './channel-wire.ts';
import { ACK_STATES, type Ack, type AlertId } from './types.ts';

export type NeighbourId = string;

/** What the core may look at: this node's own copy. */
export interface AlarmView {
  heights(): readonly UrgentHeight[];
  height(feed: FeedId): number;
  /** Alerts that are not over, oldest first. */
  alerts(): readonly AlertId[];
  /** Undefined for an alert that this node does not hold. */
  acks(alert: AlertId): readonly Ack[] | undefined;
}

export type AlarmFault = 'other-network' | 'out-of-turn' | 'bad-entries' | 'bad-acks';

export type AlarmEvent =
  | { readonly type: 'opened' | 'closed'; readonly peer: NeighbourId }
  | { readonly type: 'message'; readonly peer: NeighbourId; readonly message: AlarmMessage }
  /** Entries of an urgent feed came into the log. */
  | { readonly type: 'appended'; readonly feed: FeedInfo; readonly to: number }
  | {
      readonly type: 'taken';
      readonly peer: NeighbourId;
      readonly feed: FeedId;
      readonly outcome: Received | { readonly kind: 'failed' };
    }
  /** Alerts that this node holds since now. */
  | { readonly type: 'stood'; readonly alerts: readonly AlertId[] }
  /** Acknowledgements that were news here and are on disk. */
  | { readonly type: 'acked'; readonly acks: readonly Ack[]; readonly from: NeighbourId | undefined }
  /** Some of them were not signed by whom they name. */
  | { readonly type: 'forged'; readonly peer: NeighbourId }
  | { readonly type: 'roll' }
  | { readonly type: 'tick'; readonly nowMs: number };

export type AlarmEffect =
  | { readonly type: 'send'; readonly peer: NeighbourId; readonly message: AlarmMessage }
  /** Read that feed from there on, as far as one frame goes, and send it. */
  | { readonly type: 'push'; readonly peer: NeighbourId; readonly feed: FeedId; readonly from: number }
  | { readonly type: 'take'; readonly peer: NeighbourId; readonly run: Run }
  /** Check, and keep what is news. */
  | { readonly type: 'admit'; readonly peer: NeighbourId; readonly acks: readonly Ack[] }
  | { readonly type: 'cut'; readonly peer: NeighbourId; readonly code: AlarmFault };

interface Neighbour {
  greeted: boolean;
  /** Heights were compared: whatever `has` does not name, it lacks. */
  compared: boolean;
  /** How far it has, or is being sent, each feed that is here. */
  readonly has: Map<FeedId, number>;
  /** Feeds and alerts that were asked after since the last summary. */
  readonly asked: Set<string>;
  /** Since the last summary that went there. */
  sentHeights: boolean;
  faults: number;
  repeatMs: number;
  pauseMs: number;
}

const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 5 * 60 * 1000;
const MOST_FAULTS = 3;
/** Refusals that mean: this node has not heard of the author's admission yet. */
const TOO_EARLY: ReadonlySet<string> = new Set([
  'unknown-device',
  'unauthorised',
  'too-many-feeds',
  'quarantine-full',
  'stopped-at-fork',
]);

export class AlarmCore {
  readonly #network: NetworkId;
  readonly #view: AlarmView;
  readonly #neighbours = new Map<NeighbourId, Neighbour>();
  /** Something was refused that a change of the roll may let in. */
  #waits = false;
  #nowMs = 0;
  #effects: AlarmEffect[] = [];

  constructor(network: NetworkId, view: AlarmView) {
    this.#network = network;
    this.#view = view;
  }

  step(event: AlarmEvent): readonly AlarmEffect[] {
    this.#effects = [];
    this.#on(event);
    return this.#effects;
  }

  #on(event: AlarmEvent): void {
    switch (event.type) {
      case 'opened':
        return this.#opened(event.peer);
      case 'closed':
        this.#neighbours.delete(event.peer);
        return;
      case 'message':
        return this.#heard(event.peer, event.message);
      case 'appended':
        return this.#spread(event.feed.id, event.to);
      case 'taken':
        return this.#taken(event.peer, event.feed, event.outcome);
      case 'stood':
        return this.#askForAcks(event.alerts);
      case 'acked':
        return this.#forward(event.acks, event.from);
      case 'forged':
        return this.#fault(event.peer, 'bad-acks');
      case 'roll':
        if (this.#waits) this.#compareAll();
        this.#waits = false;
        return;
      case 'tick':
        return this.#tick(event.nowMs);
    }
  }

  #opened(peer: NeighbourId): void {
    this.#neighbours.set(peer, {
      greeted: false,
      compared: false,
      has: new Map(),
      asked: new Set(),
      sentHeights: false,
      faults: 0,
      repeatMs: this.#nowMs + FIRST_PAUSE_MS,
      pauseMs: FIRST_PAUSE_MS,
    });
    this.#send(peer, { type: 'hello', network: this.#network, summary: this.#summary() });
  }

  #heard(peer: NeighbourId, message: AlarmMessage): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    if (message.type === 'hello') return this.#hello(peer, neighbour, message);
    if (!neighbour.greeted) return this.#cut(peer, 'out-of-turn');
    switch (message.type) {
      case 'summary':
        return this.#compare(peer, neighbour, message.summary);
      case 'heights':
        return this.#heights(peer, neighbour, message.heights);
      case 'want':
        if (message.from <= this.#view.height(message.feed))
          this.#effects.push({ type: 'push', peer, feed: message.feed, from: message.from });
        return;
      case 'run':
        return this.#run(peer, neighbour, message.run);
      case 'acked':
        return this.#acked(peer, neighbour, message.alerts);
      case 'keys':
        return this.#keys(peer, neighbour, message.alert, message.keys);
      case 'acks':
        this.#effects.push({ type: 'admit', peer, acks: message.acks });
        return;
    }
  }

  #hello(
    peer: NeighbourId,
    neighbour: Neighbour,
    { network, summary }: Extract<AlarmMessage, { type: 'hello' }>,
  ): void {
    if (neighbour.greeted) return this.#cut(peer, 'out-of-turn');
    if (network !== this.#network) return this.#cut(peer, 'other-network');
    neighbour.greeted = true;
    this.#compare(peer, neighbour, summary);
  }

  // ---- alerts

  #compare(peer: NeighbourId, neighbour: Neighbour, theirs: Summary): void {
    const ours = this.#summary();
    neighbour.asked.clear();
    if (equalBytes(ours.heights, theirs.heights)) {
      neighbour.compared = true;
      for (const { feed, seq } of this.#view.heights()) neighbour.has.set(feed.id, seq);
    } else this.#sendHeights(peer, neighbour);
    if (!equalBytes(ours.acks, theirs.acks)) this.#sendAcked(peer, this.#view.alerts());
  }

  #sendHeights(peer: NeighbourId, neighbour: Neighbour): void {
    neighbour.sentHeights = true;
    const all = this.#view.heights();
    // The last message is a shorter one: what none of them names is not there.
    for (let at = 0; at <= all.length; at += CHANNEL_LIMITS.heights)
      this.#send(peer, { type: 'heights', heights: all.slice(at, at + CHANNEL_LIMITS.heights) });
  }

  #heights(peer: NeighbourId, neighbour: Neighbour, heights: readonly UrgentHeight[]): void {
    for (const { feed, seq } of heights) if (this.#view.height(feed.id) > 0) neighbour.has.set(feed.id, seq);
    if (heights.length === CHANNEL_LIMITS.heights) return;
    neighbour.compared = true;
    for (const { feed, seq } of this.#view.heights()) this.#pushTo(peer, neighbour, feed.id, seq);
    if (!neighbour.sentHeights) this.#sendHeights(peer, neighbour);
  }

  /** Ahead of everything else that goes to this neighbour; once, whoever it came from. */
  #pushTo(peer: NeighbourId, neighbour: Neighbour, feed: FeedId, to: number): void {
    const has = neighbour.has.get(feed) ?? 0;
    if (has >= to) return;
    neighbour.has.set(feed, to);
    this.#effects.push({ type: 'push', peer, feed, from: has + 1 });
  }

  #spread(feed: FeedId, to: number): void {
    for (const [peer, neighbour] of this.#neighbours)
      if (neighbour.compared) this.#pushTo(peer, neighbour, feed, to);
  }

  #run(peer: NeighbourId, neighbour: Neighbour, run: Run): void {
    if (run.feed.lane !== 'urgent') return this.#fault(peer, 'bad-entries');
    // Before it is taken: what comes into the log goes to everybody who lacks it, and this one does not.
    const claimed = endOf(run);
    neighbour.has.set(run.feed.id, Math.max(neighbour.has.get(run.feed.id) ?? 0, claimed));
    this.#effects.push({ type: 'take', peer, run });
  }

  #taken(peer: NeighbourId, feed: FeedId, outcome: Extract<AlarmEvent, { type: 'taken' }>['outcome']): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    if (outcome.kind === 'gap') {
      if (neighbour.asked.has(feed)) return;
      neighbour.asked.add(feed);
      this.#send(peer, { type: 'want', feed, from: this.#view.height(feed) + 1 });
    } else if (outcome.kind === 'refused') {
      if (TOO_EARLY.has(outcome.code)) this.#waits = true;
      else this.#fault(peer, 'bad-entries');
    } else if (outcome.kind === 'failed') this.#hurry(neighbour);
  }

  // ---- acknowledgements

  #askForAcks(alerts: readonly AlertId[]): void {
    for (const [peer, neighbour] of this.#neighbours) {
      this.#hurry(neighbour);
      if (neighbour.greeted) this.#sendAcked(peer, alerts);
    }
  }

  #sendAcked(peer: NeighbourId, alerts: readonly AlertId[]): void {
    const newest = alerts.slice(-CHANNEL_LIMITS.alerts);
    this.#send(peer, {
      type: 'acked',
      alerts: newest.map((alert) => ({ alert, digest: digestOf(this.#view.acks(alert) ?? []) })),
    });
  }

  #acked(
    peer: NeighbourId,
    neighbour: Neighbour,
    alerts: Extract<AlarmMessage, { type: 'acked' }>['alerts'],
  ): void {
    for (const { alert, digest } of alerts) {
      const acks = this.#view.acks(alert);
      if (acks !== undefined && !equalBytes(digestOf(acks), digest))
        this.#sendKeys(peer, neighbour, alert, acks);
    }
  }

  #sendKeys(peer: NeighbourId, neighbour: Neighbour, alert: AlertId, acks: readonly Ack[]): void {
    neighbour.asked.add(alert);
    const keys = acks.slice(0, CHANNEL_LIMITS.keys).map(keyOf);
    this.#send(peer, { type: 'keys', alert, keys: joined(keys) });
  }

  /** Sends what they lack; and asks for what we lack, unless they have our list already. */
  #keys(peer: NeighbourId, neighbour: Neighbour, alert: AlertId, keys: Bytes): void {
    const acks = this.#view.acks(alert);
    if (acks === undefined) return;
    const theirs = new Set<string>();
    for (let at = 0; at < keys.byteLength; at += KEY_BYTES)
      theirs.add(toHex(keys.subarray(at, at + KEY_BYTES)));
    const ours = new Set(acks.map((ack) => toHex(keyOf(ack))));
    this.#sendAcks(
      peer,
      acks.filter((ack) => !theirs.has(toHex(keyOf(ack)))),
    );
    if (!neighbour.asked.has(alert) && theirs.difference(ours).size > 0)
      this.#sendKeys(peer, neighbour, alert, acks);
  }

  #forward(acks: readonly Ack[], from: NeighbourId | undefined): void {
    for (const [peer, neighbour] of this.#neighbours)
      if (neighbour.greeted && peer !== from) this.#sendAcks(peer, acks);
  }

  #sendAcks(peer: NeighbourId, acks: readonly Ack[]): void {
    for (let at = 0; at < acks.length; at += CHANNEL_LIMITS.acks)
      this.#send(peer, { type: 'acks', acks: acks.slice(at, at + CHANNEL_LIMITS.acks) });
  }

  // ---- repeats

  /** Again and again, more and more rarely: what was lost on the way, or could not be written, comes so after all. */
  #tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const [peer, neighbour] of this.#neighbours) {
      if (!neighbour.greeted || nowMs < neighbour.repeatMs) continue;
      neighbour.pauseMs = Math.min(2 * neighbour.pauseMs, LONGEST_PAUSE_MS);
      neighbour.repeatMs = nowMs + neighbour.pauseMs;
      this.#sendSummary(peer, neighbour);
    }
  }

  #sendSummary(peer: NeighbourId, neighbour: Neighbour): void {
    neighbour.sentHeights = false;
    this.#send(peer, { type: 'summary', summary: this.#summary() });
  }

  #hurry(neighbour: Neighbour): void {
    neighbour.pauseMs = FIRST_PAUSE_MS;
    neighbour.repeatMs = Math.min(neighbour.repeatMs, this.#nowMs + FIRST_PAUSE_MS);
  }

  #compareAll(): void {
    for (const [peer, neighbour] of this.#neighbours)
      if (neighbour.greeted) this.#sendSummary(peer, neighbour);
  }

  // ---- the rest

  #summary(): Summary {
    const heights = createHash('sha256');
    for (const { feed, seq, hash } of [...this.#view.heights()].sort((a, b) =>
      a.feed.id < b.feed.id ? -1 : 1,
    ))
      heights.update(`${feed.id} ${String(seq)} ${hash}\n`);
    const acks = createHash('sha256');
    for (const alert of [...this.#view.alerts()].slice(-CHANNEL_LIMITS.alerts).sort())
      acks.update(idToBytes(alert)).update(digestOf(this.#view.acks(alert) ?? []));
    return { heights: shortened(heights.digest()), acks: shortened(acks.digest()) };
  }

  #fault(peer: NeighbourId, code: AlarmFault): void {
    const neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) return;
    neighbour.faults += 1;
    if (neighbour.faults >= MOST_FAULTS) this.#cut(peer, code);
  }

  #cut(peer: NeighbourId, code: AlarmFault): void {
    this.#neighbours.delete(peer);
    this.#effects.push({ type: 'cut', peer, code });
  }

  #send(peer: NeighbourId, message: AlarmMessage): void {
    this.#effects.push({ type: 'send', peer, message });
  }
}

/** The place of its last entry; 0 where that cannot be read, which the log finds out. */
function endOf(run: Run): number {
  const last = run.entries.at(-1);
  try {
    return last === undefined ? 0 : decodeHeader(last.headerBytes).seq;
  } catch (error) {
    if (isKithError(error, 'malformed')) return 0;
    throw error;
  }
}

/** Enough of the device's key, and the state: names one acknowledgement among those of an alert. */
function keyOf({ device, state }: Ack): Bytes {
  const key = idToBytes(device).slice(0, KEY_BYTES);
  key[KEY_BYTES - 1] = ACK_STATES.indexOf(state);
  return key;
}

function joined(keys: readonly Bytes[]): Bytes {
  const all = new Uint8Array(keys.length * KEY_BYTES);
  keys.forEach((key, index) => {
    all.set(key, index * KEY_BYTES);
  });
  return all;
}

function digestOf(acks: readonly Ack[]): Bytes {
  const digest = createHash('sha256');
  for (const key of acks.map((ack) => toHex(keyOf(ack))).sort()) digest.update(key);
  return shortened(digest.digest());
}

function shortened(digest: Uint8Array): Bytes {
  return new Uint8Array(digest.subarray(0, DIGEST_BYTES));
}
