/** What two nodes compare to find out what is missing: one digest, then 256 buckets, then the heights that differ. */
import { createHash } from 'node:crypto';
import { concatBytes, equalBytes, utf8, type Bytes } from '../base/bytes.ts';
import { idToBytes, type EntryHash } from '../base/ids.ts';
import { encodeCbor } from '../base/cbor.ts';
import type { Lane } from '../identity/roles.ts';
import type { FeedState } from './ports.ts';
import { BUCKET_DIGEST_BYTES, BUCKETS, type FeedHeight } from './sync-wire.ts';

/** Stands in for the digest at a fork, where the two histories have none in common. */
const FORKED = 'f'.repeat(64) as EntryHash;

export function heightOf(state: FeedState): FeedHeight {
  const { info: feed, forkedAfter } = state;
  return forkedAfter === undefined
    ? { feed, seq: state.seq, hash: state.hash, forked: false }
    : { feed, seq: forkedAfter, hash: FORKED, forked: true };
}

export function heightsOf(states: readonly FeedState[], lanes: readonly Lane[]): FeedHeight[] {
  return states
    .filter(({ info, seq, forkedAfter }) => lanes.includes(info.lane) && (seq > 0 || forkedAfter !== undefined))
    .map(heightOf)
    .sort((a, b) => (a.feed.id < b.feed.id ? -1 : 1));
}

export interface Summary {
  /** 32 bytes over all heights: equal means in step. */
  readonly digest: Bytes;
  /** 8 bytes for each bucket of feeds, by the first byte of their id. */
  readonly buckets: Bytes;
}

export function summarise(heights: readonly FeedHeight[]): Summary {
  const hashes = Array.from({ length: BUCKETS }, () => createHash('sha256'));
  for (const height of heights) hashes[bucketOf(height)]?.update(encodeCbor(fieldsOf(height)));
  const buckets = concatBytes(...hashes.map((hash) => new Uint8Array(hash.digest()).subarray(0, BUCKET_DIGEST_BYTES)));
  const digest = new Uint8Array(createHash('sha256').update(utf8('kith heights')).update(buckets).digest());
  return { digest, buckets };
}

function fieldsOf({ feed, seq, hash, forked }: FeedHeight): (Bytes | number | boolean)[] {
  return [idToBytes(feed.id), seq, idToBytes(hash), forked];
}

export function bucketOf({ feed }: FeedHeight): number {
  return Number.parseInt(feed.id.slice(0, 2), 16);
}

export function differingBuckets(ours: Bytes, theirs: Bytes): Set<number> {
  const differing = new Set<number>();
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const [from, to] = [bucket * BUCKET_DIGEST_BYTES, (bucket + 1) * BUCKET_DIGEST_BYTES];
    if (!equalBytes(ours.subarray(from, to), theirs.subarray(from, to))) differing.add(bucket);
  }
  return differing;
}
