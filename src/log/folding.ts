/** Gives entries to the projections when their author's right to write is known, and sets aside what does not stand. */
import type { Bound } from '../identity/authority.ts';
import { idFromBytes, idToBytes, type EntryHash, type FeedId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { equalBytes, type Bytes } from '../base/bytes.ts';
import type { EntryLink, Vector } from '../identity/types.ts';
import type { Aside, Erasure, FeedState, LogStore, Projection, StoredEntry } from './ports.ts';
import type { RollState } from './roll-state.ts';
import type { Entry, FeedInfo } from './types.ts';
import { decodeHeader, encodeFeedInfo, hashHeader, payloadOf, readFeedInfo, readSeq } from './wire.ts';

export const ERASE_KIND = 'erase';

export interface EraseTarget {
  readonly entry: EntryLink;
  readonly part: number;
}

/** As an erasure names it: with all that the feed's id is made of, so that whose entry it is shows before it comes. */
export interface EraseDemand extends EraseTarget {
  readonly feed: FeedInfo;
}

/** Layout: docs/protocol/log.md, "Erasures". Parts of one feed stand together. */
export function encodeErase(demands: readonly EraseDemand[]): Bytes {
  const groups = [...Map.groupBy(demands, ({ feed }) => feed.id).values()];
  return encodeCbor(
    groups.flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      return [
        [
          encodeFeedInfo(first.feed),
          group.map(({ entry, part }) => [entry.seq, idToBytes(entry.hash), part]),
        ],
      ];
    }),
  );
}

/** @throws KithError `malformed` */
export function decodeErase(bytes: Bytes): EraseDemand[] {
  const groups = decodeCbor(bytes);
  if (!Array.isArray(groups) || groups.length === 0) throw malformed('an erasure names parts');
  const demands = (groups as unknown[]).flatMap((group) => {
    if (!Array.isArray(group) || group.length !== 2)
      throw malformed('an erasure names feeds and their parts');
    const [info, parts] = group as unknown[];
    const feed = readFeedInfo(info);
    if (!Array.isArray(parts) || parts.length === 0) throw malformed('an erasure names parts');
    return (parts as unknown[]).map((item) => readDemand(feed, item));
  });
  if (!equalBytes(encodeErase(demands), bytes)) throw malformed('an erasure has another encoding');
  return demands;
}

function readDemand(feed: FeedInfo, item: unknown): EraseDemand {
  if (!Array.isArray(item) || item.length !== 3)
    throw malformed('an erased part has place, digest and number');
  const [seq, hash, part] = item as unknown[];
  if (typeof part !== 'number' || !Number.isInteger(part) || part < 0 || part >= LIMITS.partsPerEntry) {
    throw malformed('a part has a number');
  }
  return { feed, entry: { feed: feed.id, seq: readSeq(seq), hash: idFromBytes<EntryHash>(hash) }, part };
}

/** What keeps the history readable is never erased: the acts themselves, and the word that something was erased. */
function isErasable(feed: FeedInfo, kind: string | undefined, part: number): boolean {
  return kind !== ERASE_KIND && !(feed.lane === 'roll' && part === 0);
}

/** Entries as they may be kept: without the parts that were erased before they came. */
export function withoutErased(store: LogStore, feed: FeedInfo, entries: readonly Entry[]): readonly Entry[] {
  return entries.map((entry) => {
    const erasures = store.erasedBy(feed.id, entry.header.seq);
    if (erasures.length === 0) return entry;
    const erased = new Set<number>();
    for (const erasure of erasures) {
      if (isErasable(feed, entry.header.kind, erasure.part)) erased.add(erasure.part);
      else store.unerase(erasure);
    }
    return { ...entry, parts: entry.parts.map((part, index) => (erased.has(index) ? null : part)) };
  });
}

export interface FoldDeps {
  readonly store: LogStore;
  readonly projections: readonly Projection[];
  /** May the author of an erasure, having seen `seen`, erase what that feed's device wrote? */
  mayErase(eraser: FeedInfo, seen: Vector, target: FeedInfo): boolean;
}

export function hydrate(stored: StoredEntry): Entry {
  return { ...stored, header: decodeHeader(stored.headerBytes), hash: hashHeader(stored.headerBytes) };
}

/** Walks a feed's entries with what their author had seen and how far they stand. */
export class Standing {
  readonly #roll: RollState;
  readonly #feed: FeedInfo;
  #seen: Vector;
  #bound: Bound | undefined;
  #isCut = false;

  constructor(roll: RollState, feed: FeedInfo, seen: Vector) {
    this.#roll = roll;
    this.#feed = feed;
    this.#seen = seen;
  }

  get seen(): Vector {
    return this.#seen;
  }

  /** A fork took part of what the author had seen, so its rights are not known for certain. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Undefined while acts that it builds on are not here. */
  next(entry: Entry): 'stands' | 'quarantined' | 'unauthorised' | undefined {
    const { after, seq } = entry.header;
    const { authority } = this.#roll;
    if (after.length > 0) {
      const past = this.#roll.pastOf(after);
      if (past === undefined) return undefined;
      this.#seen = authority.vectorOf(this.#seen, past.links);
      this.#isCut ||= past.isCut;
      this.#bound = undefined;
    }
    const { device, lane, id } = this.#feed;
    this.#bound ??= authority.boundOf({ device, lane, feed: id, seen: this.#seen });
    if (this.#bound.upTo === undefined) return 'unauthorised';
    return seq <= this.#bound.upTo ? 'stands' : 'quarantined';
  }
}

/** How many of the next entries nobody refuses; those after `shared` are another history's. */
export function countUnrefused(standing: Standing, entries: readonly Entry[], shared: number): number {
  for (const [index, entry] of entries.entries()) {
    if (entry.header.seq > shared) break;
    const verdict = standing.next(entry);
    if (verdict === undefined) break;
    if (verdict === 'unauthorised') return standing.isCut ? entries.length : index;
  }
  return entries.length;
}

/** Folds what is not folded yet of one feed; entries may be given to spare reading them back. */
export function foldFeed(
  deps: FoldDeps,
  roll: RollState,
  state: FeedState,
  fresh?: readonly Entry[],
): number {
  const standing = new Standing(roll, state.info, state.seen);
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

/** Its author's right to erase may have changed where its right to write did not. */
function erasesAsBefore(deps: FoldDeps, feed: FeedInfo, entry: Entry, seen: Vector): boolean {
  if (entry.header.kind !== ERASE_KIND) return true;
  return eraseDemands(entry).every(({ feed: target, entry: link, part }) => {
    const known = deps.store.erasedBy(link.feed, link.seq);
    const did = known.some((erasure) => erasure.part === part && erasure.by === entry.hash);
    return did === (deps.mayErase(feed, seen, target) && isErasable(target, kindAt(deps.store, link), part));
  });
}

function applyErase(deps: FoldDeps, feed: FeedInfo, entry: Entry, seen: Vector): void {
  for (const { feed: target, entry: link, part } of eraseDemands(entry)) {
    if (!deps.mayErase(feed, seen, target) || !isErasable(target, kindAt(deps.store, link), part)) continue;
    const erasure: Erasure = { target: link, part, by: entry.hash };
    deps.store.erase(erasure);
    for (const projection of deps.projections) projection.erased?.(erasure);
  }
}

function kindAt(store: LogStore, { feed, seq }: EntryLink): string | undefined {
  const [stored] = store.read({ feed, from: seq, to: seq });
  return stored === undefined ? undefined : decodeHeader(stored.headerBytes).kind;
}

/** An erasure that cannot be read erases nothing: it stands in the log as what it is. */
function eraseDemands(entry: Entry): EraseDemand[] {
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
export function restandFeed(deps: FoldDeps, roll: RollState, state: FeedState): boolean {
  const standing = new Standing(roll, state.info, new Map());
  let retracted = false;
  for (const stored of readInPages(deps.store, state.info.id, state.folded)) {
    if (stored.aside === 'forked') continue;
    const entry = hydrate(stored);
    const stands = standing.next(entry) === 'stands';
    if (stands === (stored.aside === undefined)) {
      if (stands && !erasesAsBefore(deps, state.info, entry, standing.seen)) retracted = true;
      continue;
    }
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
