import type { Bytes } from '../base/bytes.ts';
import type { Hlc } from '../base/hlc.ts';
import type { DeviceKey, EntryHash, FeedId } from '../base/ids.ts';
import type { Audience, Lane } from '../identity/roles.ts';
import type { EntryLink } from '../identity/types.ts';

/** What a feed's id is the digest of: a feed belongs to one lane of one incarnation of one device. */
export interface FeedInfo {
  readonly id: FeedId;
  readonly device: DeviceKey;
  /** 16 random bytes, hex; new whenever a store cannot prove that it goes on where it stopped. */
  readonly incarnation: string;
  readonly lane: Lane;
}

/** What the header says of a part: enough to verify it, nothing to guess it by. */
export interface PartRef {
  readonly audience: Audience;
  /** SHA-256 over the part's salt and payload. */
  readonly digest: Bytes;
  /** Of the payload, without the salt. */
  readonly sizeBytes: number;
}

export interface Header {
  readonly feed: FeedId;
  /** From 1. */
  readonly seq: number;
  /** Digest of the entry before; of the first, 32 zero bytes. */
  readonly prev: EntryHash;
  readonly hlc: Hlc;
  readonly kind: string;
  /** Membership acts that the author had seen, where they are news since its entry before. */
  readonly after: readonly EntryLink[];
  readonly parts: readonly PartRef[];
}

/** 16 bytes of salt, then the payload. */
export type SaltedPart = Bytes;

export interface Entry {
  readonly hash: EntryHash;
  readonly header: Header;
  readonly headerBytes: Bytes;
  /** As many as `header.parts`; null where this node does not hold it: not for it, not here yet, or erased. */
  readonly parts: readonly (SaltedPart | null)[];
  /** The device's signature over this entry and, through the chain, over all before it. */
  readonly seal: Bytes | null;
}

/** Consecutive entries of one feed as they travel; the last one is sealed. */
export interface Run {
  readonly feed: FeedInfo;
  readonly entries: readonly RawEntry[];
}

export interface RawEntry {
  readonly headerBytes: Bytes;
  readonly parts: readonly (SaltedPart | null)[];
  readonly seal: Bytes | null;
}

/** What an author writes; the log gives it its place, time and signature. */
export interface Draft {
  readonly kind: string;
  readonly lane: Lane;
  readonly parts: readonly { readonly audience: Audience; readonly payload: Bytes }[];
}

export interface Height {
  readonly seq: number;
  readonly hash: EntryHash;
}

/** Two sealed runs that claim one place: proof that a device's history was written twice. */
export interface ForkEvidence {
  readonly feed: FeedInfo;
  /** The place that both claim. */
  readonly seq: number;
  readonly one: readonly RawEntry[];
  readonly other: readonly RawEntry[];
}
