/** Messages of the channel `/kith/1/alarm`. Layouts: docs/protocol/alarm.md. */
import type { Bytes } from '../base/bytes.ts';
import { encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { idFromBytes, idToBytes, type EntryHash, type FeedId, type NetworkId } from '../base/ids.ts';
import type { FeedInfo, Run } from '../log/types.ts';
import { encodeFeedInfo, encodeRun, readFeedInfo, readRun, readSeq, readWhole } from '../log/wire.ts';
import type { Ack, AlertId } from './types.ts';
import { ackLayout, exactly, list, readAck, tuple } from './wire.ts';

export const ALARM_VERSION = 1;
export const DIGEST_BYTES = 16;
export const KEY_BYTES = 8;
export const CHANNEL_LIMITS = { heights: 2000, alerts: 256, keys: 20_000, acks: 512 } as const;

/** Where somebody's copy of an urgent feed ends. */
export interface UrgentHeight {
  readonly feed: FeedInfo;
  readonly seq: number;
  readonly hash: EntryHash;
}

/** What a node has, in few bytes: equal means in step. */
export interface Summary {
  readonly heights: Bytes;
  readonly acks: Bytes;
}

export type AlarmMessage =
  | { readonly type: 'hello'; readonly network: NetworkId; readonly summary: Summary }
  | { readonly type: 'summary'; readonly summary: Summary }
  | { readonly type: 'heights'; readonly heights: readonly UrgentHeight[] }
  | { readonly type: 'run'; readonly run: Run }
  | { readonly type: 'want'; readonly feed: FeedId; readonly from: number }
  /** Alerts with a digest of what is acknowledged. */
  | {
      readonly type: 'acked';
      readonly alerts: readonly { readonly alert: AlertId; readonly digest: Bytes }[];
    }
  /** Short names of the acknowledgements of one alert, one after the other. */
  | { readonly type: 'keys'; readonly alert: AlertId; readonly keys: Bytes }
  | { readonly type: 'acks'; readonly acks: readonly Ack[] };

export function encodeAlarmMessage(message: AlarmMessage): Bytes {
  return encodeCbor(layout(message));
}

function layout(message: AlarmMessage): CborValue {
  switch (message.type) {
    case 'hello':
      return [0, ALARM_VERSION, idToBytes(message.network), message.summary.heights, message.summary.acks];
    case 'summary':
      return [1, message.summary.heights, message.summary.acks];
    case 'heights':
      return [2, message.heights.map(({ feed, seq, hash }) => [encodeFeedInfo(feed), seq, idToBytes(hash)])];
    case 'run':
      return [3, encodeRun(message.run)];
    case 'want':
      return [4, idToBytes(message.feed), message.from];
    case 'acked':
      return [5, message.alerts.map(({ alert, digest }) => [idToBytes(alert), digest])];
    case 'keys':
      return [6, idToBytes(message.alert), message.keys];
    case 'acks':
      return [7, message.acks.map(ackLayout)];
  }
}

type Reader = (fields: readonly unknown[]) => AlarmMessage;

const RUN = 3;
const READERS: readonly (readonly [places: number, read: Reader] | undefined)[] = [
  [5, readHello],
  [3, ([heights, acks]) => ({ type: 'summary', summary: readSummary(heights, acks) })],
  [2, ([heights]) => ({ type: 'heights', heights: list(heights, readHeight, CHANNEL_LIMITS.heights) })],
  undefined, // a run is read as it stands, not as values first
  [3, ([feed, from]) => ({ type: 'want', feed: idFromBytes(feed), from: readSeq(from) })],
  [2, ([alerts]) => ({ type: 'acked', alerts: list(alerts, readAcked, CHANNEL_LIMITS.alerts) })],
  [3, ([alert, keys]) => ({ type: 'keys', alert: idFromBytes(alert), keys: readKeys(keys) })],
  [2, ([acks]) => ({ type: 'acks', acks: list(acks, readAck, CHANNEL_LIMITS.acks) })],
];

/** @throws KithError `malformed` */
export function decodeAlarmMessage(bytes: Bytes): AlarmMessage {
  return readWhole(bytes, (reader) => {
    const places = reader.array();
    const type = reader.whole();
    if (type === RUN && places === 2) return { type: 'run', run: readRun(reader) };
    const [wanted, read] = READERS[type] ?? [];
    if (read === undefined || places !== wanted) throw malformed('unknown alarm message');
    return read(Array.from({ length: places - 1 }, () => reader.value()));
  });
}

function readHello([version, network, heights, acks]: readonly unknown[]): AlarmMessage {
  if (version !== ALARM_VERSION) throw malformed('another version of the alarm channel');
  return { type: 'hello', network: idFromBytes(network), summary: readSummary(heights, acks) };
}

function readSummary(heights: unknown, acks: unknown): Summary {
  return { heights: exactly(heights, DIGEST_BYTES), acks: exactly(acks, DIGEST_BYTES) };
}

function readHeight(value: unknown): UrgentHeight {
  const [feed, seq, hash] = tuple(value, 3, 'a height');
  const info = readFeedInfo(feed);
  if (info.lane !== 'urgent') throw malformed('only urgent feeds are compared here');
  return { feed: info, seq: readSeq(seq), hash: idFromBytes(hash) };
}

function readAcked(value: unknown): { alert: AlertId; digest: Bytes } {
  const [alert, digest] = tuple(value, 2, 'an alert with its digest');
  return { alert: idFromBytes(alert), digest: exactly(digest, DIGEST_BYTES) };
}

function readKeys(value: unknown): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength % KEY_BYTES !== 0)
    throw malformed('keys of another length');
  if (value.byteLength > CHANNEL_LIMITS.keys * KEY_BYTES) throw malformed('too many keys');
  return value;
}
