/** What two nodes compare to find out what is missing: one digest, then 256 buckets, then the heights that differ. */
import { createHash, type Hash } from 'node:crypto';
import { equalBytes, utf8, type Bytes } from '../base/bytes.ts';
import { idToBytes, type EntryHash } from '../base/ids.ts';
import { encodeCbor } from '../base/cbor.ts';
import type { Lane } from '../identity/roles.ts';
import type { FeedState } from './ports.ts';
import type { ForkEvidence } from './types.ts';
import { BUCKET_DIGEST_BYTES, BUCKETS, type FeedHeight } from './sync-wire.ts';

/**
 * Of a forked feed: how much of what both histories share is here, and in place of the digest the fork's place, so that
 * copies differ in height until all of them stop at one place and hold everything up to it.
 */
export function heightOf(state: FeedState): FeedHeight {
  const { info: feed, forkedAfter } = state;
  return forkedAfter === undefined
    ? { feed, seq: state.seq, hash: state.hash, forked: false }
    : { feed, seq: Math.min(state.seq, forkedAfter), hash: forkMark(forkedAfter), forked: true };
}

/** The height of whoever holds this evidence, as far as the evidence tells. */
export function forkHeight({ feed, seq }: ForkEvidence): FeedHeight {
  return { feed, seq: seq - 1, hash: forkMark(seq - 1), forked: true };
}

function forkMark(forkedAfter: number): EntryHash {
  return forkedAfter.toString(16).padStart(8, '0').padStart(64, 'f') as EntryHash;
}

/** The last place that both histories share, as a height says it; of a feed that did not fork, Infinity. */
export function forkedAfterOf({ forked, hash }: FeedHeight): number {
  return forked ? Number.parseInt(hash.slice(-8), 16) : Infinity;
}

export function heightsOf(states: readonly FeedState[], lanes: readonly Lane[]): FeedHeight[] {
  return states
    .filter(
      ({ info, seq, forkedAfter }) => lanes.includes(info.lane) && (seq > 0 || forkedAfter !== undefined),
    )
    .map(heightOf)
    .sort((a, b) => (a.feed.id < b.feed.id ? -1 : 1));
}

const EMPTY_BUCKET = createHash('sha256').digest();

export interface Summary {
  /** 32 bytes over all heights: equal means in step. */
  readonly digest: Bytes;
  /** 8 bytes for each bucket of feeds, by the first byte of their id. */
  readonly buckets: Bytes;
}

export function summarise(heights: readonly FeedHeight[]): Summary {
  const hashes = new Map<number, Hash>();
  for (const height of heights) {
    const bucket = bucketOf(height);
    const hash = hashes.get(bucket) ?? createHash('sha256');
    hashes.set(bucket, hash.update(encodeCbor(fieldsOf(height))));
  }
  const buckets = new Uint8Array(BUCKETS * BUCKET_DIGEST_BYTES);
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    const digest = hashes.get(bucket)?.digest() ?? EMPTY_BUCKET;
    buckets.set(digest.subarray(0, BUCKET_DIGEST_BYTES), bucket * BUCKET_DIGEST_BYTES);
  }
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
