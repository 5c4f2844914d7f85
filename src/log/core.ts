/**
 * What makes a run of entries valid: decided from its bytes and from the place where our copy of the feed ends, never
 * from this node's clock, settings or order of arrival.
 */
import type { EntryHash } from '../base/ids.ts';
import { isKithError } from '../base/errors.ts';
import type { Verifier } from '../identity/signing.ts';
import type { Entry, FeedInfo, ForkEvidence, Height, RawEntry, Run } from './types.ts';
import { decodeHeader, hashHeader, NO_ENTRY, partMatches, SEAL_PURPOSE, sealStatement } from './wire.ts';

export type RunVerdict =
  /** The part of the run that is new, whole and sealed. Empty: nothing new. */
  | { readonly kind: 'fits'; readonly entries: readonly Entry[] }
  /** The run starts past our end. */
  | { readonly kind: 'gap' }
  /** Sealed, and `seq` is the first place where it contradicts what we hold. */
  | { readonly kind: 'fork'; readonly seq: number }
  /** Sealed, and it contradicts what we hold somewhere before it starts. */
  | { readonly kind: 'diverged' }
  | { readonly kind: 'refused'; readonly code: RunRefusal };

export type RunRefusal = 'malformed' | 'broken-chain' | 'unsealed' | 'bad-seal' | 'bad-part';

export interface OwnCopy {
  /** Where our copy of the feed ends; undefined when we hold nothing of it. */
  readonly head: Height | undefined;
  /** The digest of an entry that we hold. */
  hashAt(seq: number): EntryHash | undefined;
}

export function judgeRun(run: Run, own: OwnCopy, verifier: Verifier): RunVerdict {
  let entries: Entry[];
  try {
    entries = run.entries.map(readEntry);
  } catch (error) {
    if (isKithError(error, 'malformed')) return { kind: 'refused', code: 'malformed' };
    throw error;
  }
  const code = brokenRule(run.feed, entries, verifier);
  if (code !== undefined) return { kind: 'refused', code };
  const conflict = entries.find((entry) => contradicts(entry, own));
  if (conflict !== undefined)
    return followsOurs(conflict, own) ? { kind: 'fork', seq: conflict.header.seq } : { kind: 'diverged' };
  const end = own.head?.seq ?? 0;
  const first = entries[0];
  if (first === undefined || first.header.seq > end + 1) return { kind: 'gap' };
  return { kind: 'fits', entries: entries.filter((entry) => entry.header.seq > end) };
}

/** @throws KithError `malformed` */
export function readEntry({ headerBytes, parts, seal }: RawEntry): Entry {
  return { headerBytes, parts, seal, header: decodeHeader(headerBytes), hash: hashHeader(headerBytes) };
}

function brokenRule(feed: FeedInfo, entries: readonly Entry[], verifier: Verifier): RunRefusal | undefined {
  if (!isChain(feed, entries)) return 'broken-chain';
  if (!entries.every(partsMatch)) return 'bad-part';
  const last = entries.at(-1);
  if (last === undefined || last.seal === null) return 'unsealed';
  // The chain covers what lies before the last seal, so one check covers the run; seals inside it ride along and
  // would be relied on by whoever receives a shorter piece from us, so they are checked too.
  return entries.every((entry) => sealHolds(feed, entry, verifier)) ? undefined : 'bad-seal';
}

function isChain(feed: FeedInfo, entries: readonly Entry[]): boolean {
  return entries.every(({ header }, index) => {
    if (header.feed !== feed.id) return false;
    const before = entries[index - 1];
    if (before === undefined) return (header.seq === 1) === (header.prev === NO_ENTRY);
    return header.seq === before.header.seq + 1 && header.prev === before.hash;
  });
}

function partsMatch(entry: Entry): boolean {
  if (entry.parts.length !== entry.header.parts.length) return false;
  return entry.header.parts.every((ref, index) => {
    const part = entry.parts[index];
    return part === null || (part !== undefined && partMatches(ref, part));
  });
}

function sealHolds(feed: FeedInfo, entry: Entry, verifier: Verifier): boolean {
  if (entry.seal === null) return true;
  const statement = sealStatement(feed.id, entry.header.seq, entry.hash);
  return verifier.verify(feed.device, SEAL_PURPOSE, statement, entry.seal);
}

function contradicts(entry: Entry, own: OwnCopy): boolean {
  const end = own.head?.seq ?? 0;
  const { seq, prev } = entry.header;
  if (seq <= end) return own.hashAt(seq) !== entry.hash;
  return seq === end + 1 && end > 0 && prev !== own.head?.hash;
}

function followsOurs({ header }: Entry, own: OwnCopy): boolean {
  const end = own.head?.seq ?? 0;
  return header.seq <= end && (header.seq === 1 || own.hashAt(header.seq - 1) === header.prev);
}

/** Does this prove that one device wrote two histories? Anybody can check it, whoever passes it on. */
export function provesFork(evidence: ForkEvidence, verifier: Verifier): boolean {
  try {
    const [one, other] = [evidence.one.map(readEntry), evidence.other.map(readEntry)];
    const [a, b] = [one[0], other[0]];
    if (a?.header.seq !== evidence.seq || b?.header.seq !== evidence.seq) return false;
    if (a.hash === b.hash || a.header.prev !== b.header.prev) return false;
    return [one, other].every(
      (entries) =>
        isChain(evidence.feed, entries) &&
        entries.at(-1)?.seal !== null &&
        entries.every((entry) => sealHolds(evidence.feed, entry, verifier)),
    );
  } catch (error) {
    if (isKithError(error, 'malformed')) return false;
    throw error;
  }
}

/** @returns undefined where it is none. */
export function readEntryIfAny(raw: RawEntry): Entry | undefined {
  try {
    return readEntry(raw);
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
