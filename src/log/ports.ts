/** What the log needs of a store. `store/log-store.ts` is the real one, `test/sim/memory-log-store.ts` the twin. */
import type { Bytes } from '../base/bytes.ts';
import type { Hlc } from '../base/hlc.ts';
import type { EntryHash, FeedId } from '../base/ids.ts';
import type { EntryLink, Vector } from '../identity/types.ts';
import type { Entry, FeedInfo, RawEntry, SaltedPart } from './types.ts';

/** One feed as far as this node has it. */
export interface FeedState {
  readonly info: FeedInfo;
  readonly seq: number;
  /** Digest of the last entry; NO_ENTRY while there is none. */
  readonly hash: EntryHash;
  readonly hlc: Hlc;
  /** Up to here entries have been given to the projections, or set aside. */
  readonly folded: number;
  /** What the author had seen of the roll when it wrote the entry at `folded`. */
  readonly seen: Vector;
  /** A fork: the last place that both histories share. Nothing after it stands. */
  readonly forkedAfter: number | undefined;
}

/** Why an entry is in the log and not in the projections. */
export type Aside = 'quarantined' | 'forked';

export interface StoredEntry extends RawEntry {
  readonly seq: number;
  readonly aside: Aside | undefined;
}

export interface ReadRange {
  readonly feed: FeedId;
  readonly from: number;
  readonly to: number;
}

export interface AsideRange extends ReadRange {
  readonly entries: number;
  readonly sizeBytes: number;
}

export interface Erasure {
  readonly target: EntryLink;
  readonly part: number;
  /** The entry that demands it. */
  readonly by: EntryHash;
}

/** Reads are synchronous: the store is embedded, and one transaction is one turn of the event loop. */
export interface LogStore {
  feeds(): readonly FeedState[];
  feed(id: FeedId): FeedState | undefined;
  /** In order, one at a time, so that a reader may stop early. */
  read(range: ReadRange): IterableIterator<StoredEntry>;
  hashAt(feed: FeedId, seq: number): EntryHash | undefined;
  /** The first sealed place at or after `seq`. */
  sealAfter(feed: FeedId, seq: number): number | undefined;
  /** Entries with parts that are neither here nor erased, in order, in ranges of up to 500. */
  missingParts(feed: FeedId): readonly ReadRange[];
  /** What is set aside as quarantined, one row for each unbroken range. */
  asides(): readonly AsideRange[];
  /** What was erased at this place, whether its entry is here or not; by part, then by who demands it. */
  erasedBy(feed: FeedId, seq: number): readonly Erasure[];
  forkEvidence(feed: FeedId): Bytes | undefined;
  /**
   * Runs `work` in one transaction: all of it is on disk when this returns, or nothing after a throw. Inside another
   * one it joins that one, and a throw undoes the whole.
   * @param keeping `replaceable`: a power cut may undo it, with all that is replaceable since the last lasting one.
   */
  transact<Result>(work: () => Result, keeping?: 'lasting' | 'replaceable'): Result;
  /** Calls `run` when the outermost open transaction is on disk, never if it is undone; at once when none is open. */
  afterCommit(run: () => void): void;

  // Only inside `transact`.
  /** Calls `undo` if the transaction is undone; the last one registered first. */
  onRollback(undo: () => void): void;
  addFeed(info: FeedInfo): void;
  /** Next in the feed, without gaps. Erased parts are left out; what follows a known fork is set aside as `forked`. */
  append(feed: FeedId, entries: readonly Entry[]): void;
  setFolded(feed: FeedId, folded: number, seen: Vector): void;
  setAside(range: ReadRange, aside: Aside | undefined): void;
  /** Fills in a part that was withheld before. One that is here already, or erased, stays as it is. */
  putPart(feed: FeedId, seq: number, part: number, bytes: SaltedPart): void;
  /** Removes the bytes for good and remembers that they must not come back. */
  erase(erasure: Erasure): void;
  /** Takes back an erasure that came before its entry, and whose entry turned out to be none that can be erased. */
  unerase(erasure: Erasure): void;
  /** Sets aside what comes after as `forked`. */
  stopAtFork(feed: FeedId, forkedAfter: number, evidence: Bytes): void;
  /**
   * Forgets what was folded (how far, what was seen, what is quarantined, what is erased), so that everything is
   * folded again. Bytes that were erased stay gone.
   */
  resetFolds(): void;
}

/** Seals parts for audiences narrower than the network where they are kept. What was sealed for one context opens for that one alone. */
export interface PartSealer {
  seal(context: string, bytes: Bytes): Bytes;
  /** @throws KithError when the bytes were changed or sealed for another context. */
  open(context: string, sealed: Bytes): Bytes;
}

/** Where an entry of a program that is built on kith stands among those of its kind. */
export interface ExtensionPlace {
  readonly hlc: Hlc;
  readonly feed: FeedId;
  readonly seq: number;
}

/** Keeps the places of such entries. What the entries say stays in the log alone, so that it is erased in one place. */
export interface ExtensionIndex {
  /** Inside the log's transaction. Adding a place again changes nothing. */
  add(kind: string, place: ExtensionPlace): void;
  /** Inside the log's transaction. */
  clear(): void;
  /** In the order of time, then feed, then number; the first ones after `after`. */
  page(kind: string, after: ExtensionPlace | undefined, limit: number): readonly ExtensionPlace[];
}

/** A table computed from the log, kept by a feature; every call happens inside the log's transaction. */
export interface Projection {
  readonly name: string;
  wants(kind: string): boolean;
  /** Must not depend on the order in which entries of different feeds come. */
  apply(entry: FoldedEntry): void;
  /**
   * A part was erased, by right. Whatever was computed from it goes; it must look as if `apply` had been given null in
   * its place. May come before the entry, and more than once.
   */
  erased?(erasure: Erasure): void;
  /** Back to empty, before everything is applied again. */
  reset(): void;
}

export interface FoldedEntry extends Entry {
  readonly feed: FeedInfo;
}
