/** Messages of the channel `/kith/1/sync`. Layouts: docs/protocol/sync.md. */
import type { Bytes } from '../base/bytes.ts';
import { encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import type { CborReader } from '../base/cbor-reader.ts';
import { idFromBytes, idToBytes, type EntryHash, type FeedId, type NetworkId } from '../base/ids.ts';
import type { FeedInfo, ForkEvidence, Run } from './types.ts';
import {
  encodeEvidence,
  encodeFeedInfo,
  encodeRun,
  readEvidence,
  readFeedInfo,
  readRun,
  readWhole,
} from './wire.ts';

export const SYNC_VERSION = 1;
export const BUCKETS = 256;
export const BUCKET_DIGEST_BYTES = 8;
/** Heights in one message. */
export const HEIGHTS_PER_MESSAGE = 2000;

/** Where somebody's copy of a feed ends; of a forked feed, where the part of it ends that both histories share. */
export interface FeedHeight {
  readonly feed: FeedInfo;
  readonly seq: number;
  /** Of its last entry; of a forked feed, the fork's place (`heights.ts`). */
  readonly hash: EntryHash;
  readonly forked: boolean;
}

/** What a run takes of the bytes that were asked for; both ends count alike. */
export function runBytes(run: Run): number {
  return run.entries.reduce(
    (sum, { headerBytes, parts, seal }) =>
      sum +
      headerBytes.byteLength +
      parts.reduce((bytes, part) => bytes + (part?.byteLength ?? 0), seal?.byteLength ?? 0),
    0,
  );
}

export type WantMode = 'entries' | 'parts' | 'evidence';
const MODES: readonly WantMode[] = ['entries', 'parts', 'evidence'];

export type SyncMessage =
  | { readonly type: 'hello'; readonly network: NetworkId; readonly digest: Bytes }
  | { readonly type: 'buckets'; readonly digests: Bytes }
  | { readonly type: 'heights'; readonly heights: readonly FeedHeight[] }
  | {
      readonly type: 'want';
      readonly mode: WantMode;
      readonly feed: FeedId;
      readonly from: number;
      readonly limitBytes: number;
    }
  | { readonly type: 'run'; readonly mode: 'entries' | 'parts'; readonly run: Run }
  | { readonly type: 'evidence'; readonly evidence: ForkEvidence }
  /** The answer to a want that cannot be served. */
  | { readonly type: 'none'; readonly feed: FeedId };

export function encodeMessage(message: SyncMessage): Bytes {
  return encodeCbor(layout(message));
}

function layout(message: SyncMessage): CborValue {
  switch (message.type) {
    case 'hello':
      return [0, SYNC_VERSION, idToBytes(message.network), message.digest];
    case 'buckets':
      return [1, message.digests];
    case 'heights':
      return [2, message.heights.map((h) => [encodeFeedInfo(h.feed), h.seq, idToBytes(h.hash), h.forked])];
    case 'want':
      return [3, MODES.indexOf(message.mode), idToBytes(message.feed), message.from, message.limitBytes];
    case 'run':
      return [4, MODES.indexOf(message.mode), encodeRun(message.run)];
    case 'evidence':
      return [5, encodeEvidence(message.evidence)];
    case 'none':
      return [6, idToBytes(message.feed)];
  }
}

type Reader = (reader: CborReader, places: number) => SyncMessage;

const READERS: readonly Reader[] = [
  ofFields(readHello),
  ofFields(readBuckets),
  ofFields(readHeights),
  ofFields(readWant),
  readRunMessage,
  readProof,
  ofFields(readNone),
];
const PLACES = [4, 2, 2, 5, 3, 2, 2] as const;

/** @throws KithError `malformed` | `version` */
export function decodeMessage(bytes: Bytes): SyncMessage {
  return readWhole(bytes, (reader) => {
    const places = reader.array();
    const type = reader.whole();
    const read = READERS[type];
    if (read === undefined || places !== PLACES[type]) throw malformed('unknown sync message');
    return read(reader, places);
  });
}

/** For small messages, whose places are read as values first. */
function ofFields(read: (fields: readonly CborValue[]) => SyncMessage): Reader {
  return (reader, places) => {
    const fields: CborValue[] = [];
    for (let place = 1; place < places; place += 1) fields.push(reader.value());
    return read(fields);
  };
}

function readHello([version, network, digest]: readonly CborValue[]): SyncMessage {
  if (version !== SYNC_VERSION) throw malformed('another version of sync');
  return { type: 'hello', network: idFromBytes(network), digest: exactly(digest, 32) };
}

function readBuckets([digests]: readonly CborValue[]): SyncMessage {
  return { type: 'buckets', digests: exactly(digests, BUCKETS * BUCKET_DIGEST_BYTES) };
}

function readHeights([heights]: readonly CborValue[]): SyncMessage {
  if (!Array.isArray(heights) || heights.length > HEIGHTS_PER_MESSAGE) throw malformed('too many heights');
  return { type: 'heights', heights: heights.map(readHeight) };
}

function readHeight(value: unknown): FeedHeight {
  if (!Array.isArray(value) || value.length !== 4) throw malformed('a height has four places');
  const [feed, seq, hash, forked] = value as unknown[];
  if (typeof forked !== 'boolean') throw malformed('forked or not');
  return { feed: readFeedInfo(feed), seq: whole(seq), hash: idFromBytes(hash), forked };
}

function readWant([mode, feed, from, limitBytes]: readonly CborValue[]): SyncMessage {
  return {
    type: 'want',
    mode: readMode(mode),
    feed: idFromBytes(feed),
    from: whole(from),
    limitBytes: whole(limitBytes),
  };
}

function readRunMessage(reader: CborReader): SyncMessage {
  const mode = readMode(reader.whole());
  if (mode === 'evidence') throw malformed('a run is entries or parts');
  return { type: 'run', mode, run: readRun(reader) };
}

function readProof(reader: CborReader): SyncMessage {
  return { type: 'evidence', evidence: readEvidence(reader) };
}

function readNone([feed]: readonly CborValue[]): SyncMessage {
  return { type: 'none', feed: idFromBytes(feed) };
}

function readMode(value: unknown): WantMode {
  const mode = typeof value === 'number' ? MODES[value] : undefined;
  if (mode === undefined) throw malformed('unknown kind of want');
  return mode;
}

function whole(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw malformed('a whole number is out of range');
  }
  return value;
}

function exactly(value: unknown, sizeBytes: number): Bytes {
  if (!(value instanceof Uint8Array) || value.byteLength !== sizeBytes)
    throw malformed('bytes of another length');
  return value;
}
