/** Gives entries to the projections when their author's right to write is known, and sets aside what does not stand. */
import type { Authority, Bound } from '../identity/authority.ts';
import type { FeedId } from '../base/ids.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import type { Bytes } from '../base/bytes.ts';
import { encodeLink, readLink } from '../identity/acts.ts';
import type { EntryLink, Vector } from '../identity/types.ts';
import type { Aside, FeedState, LogStore, Projection, StoredEntry } from './ports.ts';
import type { Entry, FeedInfo } from './types.ts';
import { decodeHeader, hashHeader, payloadOf } from './wire.ts';

export const ERASE_KIND = 'erase';

export interface EraseTarget {
  readonly entry: EntryLink;
  readonly part: number;
}

export function encodeErase(targets: readonly EraseTarget[]): Bytes {
  return encodeCbor(targets.map(({ entry, part }) => [encodeLink(entry), part]));
}

/** @throws KithError `malformed` */
export function decodeErase(bytes: Bytes): EraseTarget[] {
  const value = decodeCbor(bytes);
  if (!Array.isArray(value) || value.length === 0) throw malformed('an erasure names parts');
  return (value as unknown[]).map((item) => {
    const [entry, part] = Array.isArray(item) ? (item as unknown[]) : [];
    if (typeof part !== 'number' || !Number.isInteger(part) || part < 0) throw malformed('a part has a number');
    return { entry: readLink(entry), part };
  });
}

export interface FoldDeps {
  readonly store: LogStore;
  readonly projections: readonly Projection[];
  /** May the author of an erasure, having seen `seen`, erase what that feed's device wrote? */
  mayErase(eraser: FeedInfo, seen: Vector, target: FeedId): boolean;
}

export function hydrate(stored: StoredEntry): Entry {
  return { ...stored, header: decodeHeader(stored.headerBytes), hash: hashHeader(stored.headerBytes) };
}

/** Walks a feed's entries with what their author had seen and how far they stand. */
export class Standing {
  readonly #authority: Authority;
  readonly #feed: FeedInfo;
  #seen: Vector;
  #bound: Bound | undefined;

  constructor(authority: Authority, feed: FeedInfo, seen: Vector) {
    this.#authority = authority;
    this.#feed = feed;
    this.#seen = seen;
  }

  get seen(): Vector {
    return this.#seen;
  }

  /** Undefined while acts that it builds on are not here. */
  next(entry: Entry): 'stands' | 'quarantined' | 'unauthorised' | undefined {
    const { after, seq } = entry.header;
    if (after.length > 0) {
      if (!this.#authority.knows(after)) return undefined;
      this.#seen = this.#authority.vectorOf(this.#seen, after);
      this.#bound = undefined;
    }
    const { device, lane, id } = this.#feed;
    this.#bound ??= this.#authority.boundOf({ device, lane, feed: id, seen: this.#seen });
    if (this.#bound.upTo === undefined) return 'unauthorised';
    return seq <= this.#bound.upTo ? 'stands' : 'quarantined';
  }
}

/** Folds what is not folded yet of one feed; entries may be given to spare reading them back. */
export function foldFeed(deps: FoldDeps, authority: Authority, state: FeedState, fresh?: readonly Entry[]): number {
  const standing = new Standing(authority, state.info, state.seen);
  const last = Math.min(state.seq, state.forkedAfter ?? Infinity);
  let folded = state.folded;
  for (const entry of fresh ?? readEntries(deps.store, state.info.id, folded + 1, last)) {
    if (entry.header.seq > last) break;
    const verdict = standing.next(entry);
    if (verdict === undefined) break;
    if (verdict === 'stands') applyEntry(deps, state.info, entry, standing.seen);
    else aside(deps, state.info.id, entry.header.seq, 'quarantined');
    folded = entry.header.seq;
  }
  if (folded !== state.folded) deps.store.setFolded(state.info.id, folded, standing.seen);
  return folded - state.folded;
}

function* readEntries(store: LogStore, feed: FeedId, from: number, to: number): Generator<Entry> {
  if (from > to) return;
  for (const stored of store.read({ feed, from, to })) yield hydrate(stored);
}

function aside(deps: FoldDeps, feed: FeedId, seq: number, why: Aside | undefined): void {
  deps.store.setAside({ feed, from: seq, to: seq }, why);
}

function applyEntry(deps: FoldDeps, feed: FeedInfo, entry: Entry, seen: Vector): void {
  if (entry.header.kind === ERASE_KIND) applyErase(deps, feed, entry, seen);
  for (const projection of deps.projections) {
    if (projection.wants(entry.header.kind)) projection.apply({ ...entry, feed });
  }
}

function applyErase(deps: FoldDeps, feed: FeedInfo, entry: Entry, seen: Vector): void {
  for (const target of eraseTargets(entry)) {
    if (!deps.mayErase(feed, seen, target.entry.feed)) continue;
    deps.store.erase({ target: target.entry, part: target.part, by: entry.hash });
  }
}

/** An erasure that cannot be read erases nothing: it stands in the log as what it is. */
function eraseTargets(entry: Entry): EraseTarget[] {
  const part = entry.parts[0];
  if (part === null || part === undefined) return [];
  try {
    return decodeErase(payloadOf(part));
  } catch {
    return [];
  }
}

/**
 * Judges a feed's folded entries again after the roll changed. Newly standing ones are applied at once.
 * @returns true when something that was applied stands no longer: then the projections must be rebuilt.
 */
export function restandFeed(deps: FoldDeps, authority: Authority, state: FeedState): boolean {
  const standing = new Standing(authority, state.info, new Map());
  let retracted = false;
  for (const stored of readInPages(deps.store, state.info.id, state.folded)) {
    if (stored.aside === 'forked') continue;
    const entry = hydrate(stored);
    const stands = standing.next(entry) === 'stands';
    if (stands === (stored.aside === undefined)) continue;
    aside(deps, state.info.id, stored.seq, stands ? undefined : 'quarantined');
    if (stands) applyEntry(deps, state.info, entry, standing.seen);
    else retracted = true;
  }
  deps.store.setFolded(state.info.id, state.folded, standing.seen);
  return retracted;
}

const PAGE_ENTRIES = 1000;

/** Reads a page to its end before the caller changes any of its rows. */
function* readInPages(store: LogStore, feed: FeedId, to: number): Generator<StoredEntry> {
  for (let from = 1; from <= to; from += PAGE_ENTRIES) {
    yield* [...store.read({ feed, from, to: Math.min(to, from + PAGE_ENTRIES - 1) })];
  }
}
