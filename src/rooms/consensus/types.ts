/** Values of the consensus core: who takes part, what is agreed on, what is said, what has to be done. */
import type { Bytes } from '../../base/bytes.ts';

declare const brand: unique symbol;

/**
 * One life of one device's copy of a room: the device and a random name that is drawn anew whenever the copy cannot
 * prove that it is whole. A replica that lost its promises is another replica, and nobody counts its word.
 */
export type ReplicaId = string & { readonly [brand]: 'replica' };
/** SHA-256 over an entry and the hash before it, as hex. */
export type ChainHash = string;

/** Who counts. Whoever is `joining` becomes a voter once it has caught up; learners follow and never count. */
export interface Roster {
  readonly voters: readonly ReplicaId[];
  readonly joining: readonly ReplicaId[];
  readonly learners: readonly ReplicaId[];
}

/** What an author asks to be put in order: numbers of one incarnation go 1, 2, 3 … */
export interface Command {
  readonly author: string;
  readonly incarnation: string;
  readonly number: number;
  readonly body: Bytes;
}

export type EntryBody =
  /** The first entry of a host's term. */
  | { readonly kind: 'start' }
  | { readonly kind: 'change'; readonly roster: Roster }
  | { readonly kind: 'command'; readonly command: Command };

export type Entry = EntryBody & {
  readonly index: number;
  readonly term: number;
  readonly hash: ChainHash;
};

/** Entries as they travel: the chain is computed anew where they arrive. */
export type SentEntry = EntryBody & { readonly term: number };

export type SessionTable = readonly (readonly [session: string, number: number])[];

/** All that has to be known of the entries up to `index` to go on from there. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly hash: ChainHash;
  readonly roster: Roster;
  readonly sessions: SessionTable;
}

/** What is agreed on up to one place: its hash, and how far each author was. */
export type Mark = Pick<Snapshot, 'index' | 'hash' | 'sessions'>;

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'host';

/** What a replica says of its log when it asks for votes. */
export interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface Append {
  readonly type: 'append';
  readonly term: number;
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly prevHash: ChainHash;
  readonly entries: readonly SentEntry[];
  readonly commit: number;
  /** How long the host wants to be waited for. */
  readonly electionMs: number;
  /** Comes back in the answer, to measure the round trip by the host's own clock. */
  readonly stamp: number;
  /** The candidate order, for whoever does not hold this version of it yet. */
  readonly order: CandidateOrder | undefined;
}

/** Voters that were not heard, and for how many milliseconds of some host's time in all. */
export type Silence = readonly (readonly [voter: ReplicaId, ms: number])[];

/** What a host gives those who may come after it. */
export interface CandidateOrder {
  /** Of the host that made it; within its term the version grows. */
  readonly term: number;
  readonly version: number;
  readonly best: readonly ReplicaId[];
  readonly slotMs: number;
  readonly silent: Silence;
}

export type Message =
  | ({ readonly type: 'pre-vote'; readonly term: number } & LogEnd)
  | { readonly type: 'pre-vote-answer'; readonly term: number; readonly granted: boolean }
  | ({ readonly type: 'vote'; readonly term: number; readonly transfer: boolean } & LogEnd)
  | { readonly type: 'vote-answer'; readonly term: number; readonly granted: boolean }
  | Append
  | {
      readonly type: 'appended';
      readonly term: number;
      readonly match: number;
      readonly stamp: number;
      /** Version of the candidate order that is known here; 0 for none of this term. */
      readonly order: number;
    }
  | {
      readonly type: 'conflict';
      readonly term: number;
      /** The `prevIndex` that did not fit … */
      readonly rejected: number;
      /** … and where it may. */
      readonly hintIndex: number;
      readonly hintTerm: number;
      readonly stamp: number;
    }
  | { readonly type: 'install'; readonly term: number; readonly snapshot: Snapshot; readonly stamp: number }
  /** To a host whose term is over. */
  | { readonly type: 'stale'; readonly term: number }
  /** From the host: become host now, nobody is waited for. */
  | { readonly type: 'campaign'; readonly term: number };

export type ConsensusEvent =
  | { readonly type: 'tick' }
  | { readonly type: 'message'; readonly from: ReplicaId; readonly message: Message }
  | { readonly type: 'propose'; readonly commands: readonly Command[] }
  | { readonly type: 'change'; readonly roster: Roster }
  | { readonly type: 'transfer'; readonly to: ReplicaId }
  /** Somebody was put out at that place, which is agreed on, and does not know. */
  | { readonly type: 'farewell'; readonly to: ReplicaId; readonly upTo: number }
  /** The best candidates first, as this host sees it. */
  | { readonly type: 'order'; readonly best: readonly ReplicaId[] }
  /** The way to a peer broke. */
  | { readonly type: 'unlinked'; readonly peer: ReplicaId }
  /** This machine slept, or stood still. */
  | { readonly type: 'woke' }
  /** All writes up to this ticket are on disk. */
  | { readonly type: 'flushed'; readonly ticket: number }
  | { readonly type: 'flush-failed' };

export type Write =
  | { readonly type: 'vote'; readonly term: number; readonly vote: ReplicaId | undefined }
  /** Replaces everything from the first entry's index on. */
  | { readonly type: 'append'; readonly entries: readonly Entry[] }
  /** Replaces the whole log above `known`, up to which it is agreed on here. */
  | { readonly type: 'install'; readonly snapshot: Snapshot; readonly known: Mark }
  /** Entries up to the snapshot are not needed to go on. */
  | { readonly type: 'compact'; readonly snapshot: Snapshot }
  | ({ readonly type: 'silent' } & HeardOfSilence);

/** By the word of the host of that term. */
export interface HeardOfSilence {
  readonly term: number;
  readonly silent: Silence;
}

/** `again`: was applied before. `gap`: an earlier one of its author is missing. Both count for nothing. */
export type Verdict = 'new' | 'again' | 'gap';

export interface Applied {
  readonly entry: Entry;
  readonly verdict: Verdict;
}

export type Refusal =
  'not-host' | 'transferring' | 'not-ready' | 'change-pending' | 'bad-change' | 'not-caught-up';
export type Fault = 'diverged' | 'rewrites-confirmed' | 'flush-failed';

export type Effect =
  /** To be written in this order; then flushed, then answered by `flushed`. */
  | { readonly type: 'persist'; readonly ticket: number; readonly writes: readonly Write[] }
  /** Not before everything up to ticket `after` is on disk. */
  | { readonly type: 'send'; readonly to: ReplicaId; readonly message: Message; readonly after: number }
  /** Confirmed: to be written with `commit` before it is shown, and needs no flush. */
  | { readonly type: 'apply'; readonly applied: readonly Applied[]; readonly commit: number }
  /** Confirmed elsewhere, and came as a snapshot: what lies before it has to be fetched. */
  | { readonly type: 'installed'; readonly snapshot: Snapshot }
  | {
      readonly type: 'role';
      readonly role: Role;
      readonly term: number;
      readonly host: ReplicaId | undefined;
    }
  | { readonly type: 'refused'; readonly what: 'propose' | 'change' | 'transfer'; readonly code: Refusal }
  /** This replica takes part no longer, until it is started anew. */
  | { readonly type: 'stopped'; readonly fault: Fault };

/** What lies on disk. */
export interface StoredReplica {
  readonly term: number;
  readonly vote: ReplicaId | undefined;
  readonly base: Snapshot;
  /** Written last with every append: what lies above was never acknowledged. */
  readonly height: { readonly index: number; readonly hash: ChainHash };
  readonly commit: number;
  /** Nobody is put out by this alone, so an old word does no harm. */
  readonly heard: HeardOfSilence;
  /** By index, as far as they can be read. */
  readonly entries: readonly Entry[];
}
