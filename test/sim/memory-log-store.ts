/** The in-memory twin of `src/store/log-store.ts`, on a simulated disk. One contract suite holds for both. */
import type { Bytes } from '../../src/base/bytes.ts';
import { assert } from '../../src/base/errors.ts';
import { HLC_ZERO } from '../../src/base/hlc.ts';
import type { EntryHash, FeedId } from '../../src/base/ids.ts';
import type { Vector } from '../../src/identity/types.ts';
import type {
  Aside,
  AsideRange,
  Erasure,
  FeedState,
  LogStore,
  ReadRange,
  StoredEntry,
} from '../../src/log/ports.ts';
import type { Entry, FeedInfo, RawEntry, SaltedPart } from '../../src/log/types.ts';
import { MemoryDisk } from './memory-disk.ts';

const NO_ENTRY = '0'.repeat(64) as EntryHash;
const RANGE_ENTRIES = 500;
const NONE: readonly Erasure[] = [];

/** Replaced as a whole, never changed, so that undoing means putting the old one back. */
interface Row extends RawEntry {
  readonly hash: EntryHash;
  readonly aside: Aside | undefined;
  readonly isMissing: boolean;
}

interface Feed {
  state: FeedState;
  /** The entry with number n at n - 1. */
  readonly rows: Row[];
  evidence: Bytes | undefined;
}

export class MemoryLogStore implements LogStore {
  readonly disk: MemoryDisk;
  readonly #feeds = new Map<FeedId, Feed>();
  #erasures = new Map<FeedId, Map<number, readonly Erasure[]>>();
  #list: readonly FeedState[] | undefined;

  constructor(disk: MemoryDisk = new MemoryDisk()) {
    this.disk = disk;
  }

  feeds(): readonly FeedState[] {
    this.#list ??= [...this.#feeds.values()].map(({ state }) => state);
    return this.#list;
  }

  feed(id: FeedId): FeedState | undefined {
    return this.#feeds.get(id)?.state;
  }

  *read({ feed, from, to }: ReadRange): IterableIterator<StoredEntry> {
    const rows = this.#feeds.get(feed)?.rows ?? [];
    for (let seq = Math.max(from, 1); seq <= Math.min(to, rows.length); seq += 1) {
      const row = rows[seq - 1];
      if (row === undefined) return;
      const { headerBytes, parts, seal, aside } = row;
      yield { seq, headerBytes, parts, seal, aside };
    }
  }

  hashAt(feed: FeedId, seq: number): EntryHash | undefined {
    return this.#feeds.get(feed)?.rows[seq - 1]?.hash;
  }

  sealAfter(feed: FeedId, seq: number): number | undefined {
    const rows = this.#feeds.get(feed)?.rows ?? [];
    for (let at = Math.max(seq, 1); at <= rows.length; at += 1) if (rows[at - 1]?.seal !== null) return at;
    return undefined;
  }

  missingParts(feed: FeedId): readonly ReadRange[] {
    return this.#ranges(feed, ({ isMissing }) => isMissing).flatMap(cut);
  }

  asides(): readonly AsideRange[] {
    return [...this.#feeds.keys()].flatMap((feed) =>
      this.#ranges(feed, ({ aside }) => aside === 'quarantined').map((range) => ({
        ...range,
        entries: range.to - range.from + 1,
        sizeBytes: [...this.read(range)].reduce((sum, entry) => sum + sizeOf(entry), 0),
      })),
    );
  }

  erasedBy(feed: FeedId, seq: number): readonly Erasure[] {
    return this.#erasures.get(feed)?.get(seq) ?? NONE;
  }

  forkEvidence(feed: FeedId): Bytes | undefined {
    return this.#feeds.get(feed)?.evidence;
  }

  transact<Result>(work: () => Result, keeping: 'lasting' | 'replaceable' = 'lasting'): Result {
    return this.disk.transact(work, keeping);
  }

  afterCommit(run: () => void): void {
    this.disk.afterCommit(run);
  }

  onRollback(undo: () => void): void {
    this.disk.onRollback(undo);
  }

  addFeed(info: FeedInfo): void {
    assert(!this.#feeds.has(info.id), 'a feed is added once');
    this.disk.wrote(() => {
      this.#feeds.delete(info.id);
      this.#list = undefined;
    });
    const state = {
      info,
      seq: 0,
      hash: NO_ENTRY,
      hlc: HLC_ZERO,
      folded: 0,
      seen: new Map(),
      forkedAfter: undefined,
    };
    this.#feeds.set(info.id, { state, rows: [], evidence: undefined });
    this.#list = undefined;
  }

  append(id: FeedId, entries: readonly Entry[]): void {
    const feed = this.#mustGet(id);
    const { rows, state } = feed;
    const before = rows.length;
    this.disk.wrote(() => {
      rows.length = before;
    });
    for (const { header, headerBytes, hash, parts: given, seal } of entries) {
      assert(header.seq === rows.length + 1, 'a feed grows by one entry after the other');
      const erased = this.#erasedParts(id, header.seq);
      const parts = erased.size === 0 ? given : given.map((part, index) => (erased.has(index) ? null : part));
      const aside = header.seq > (state.forkedAfter ?? Infinity) ? 'forked' : undefined;
      rows.push({ headerBytes, hash, parts, seal, aside, isMissing: isMissing(parts, erased) });
    }
    const last = entries.at(-1);
    if (last !== undefined)
      this.#change(feed, { seq: last.header.seq, hash: last.hash, hlc: last.header.hlc });
  }

  setFolded(feed: FeedId, folded: number, seen: Vector): void {
    this.#change(this.#mustGet(feed), { folded, seen });
  }

  setAside({ feed, from, to }: ReadRange, aside: Aside | undefined): void {
    const { rows } = this.#mustGet(feed);
    for (let seq = from; seq <= Math.min(to, rows.length); seq += 1) this.#replace(rows, seq, { aside });
  }

  putPart(feed: FeedId, seq: number, part: number, bytes: SaltedPart): void {
    const { rows } = this.#mustGet(feed);
    const row = rows[seq - 1];
    assert(row !== undefined && part < row.parts.length, 'a part belongs to an entry that is here');
    const erased = this.#erasedParts(feed, seq);
    if (erased.has(part) || row.parts[part] !== null) return;
    const parts = row.parts.with(part, bytes);
    this.#replace(rows, seq, { parts, isMissing: isMissing(parts, erased) });
  }

  erase(erasure: Erasure): void {
    const { feed, seq } = erasure.target;
    const known = this.erasedBy(feed, seq);
    if (!known.some(({ part, by }) => part === erasure.part && by === erasure.by)) {
      this.#setErasures(feed, seq, [...known, erasure].sort(byPart));
    }
    this.#settle(feed, seq);
  }

  unerase(erasure: Erasure): void {
    const { feed, seq } = erasure.target;
    const rest = this.erasedBy(feed, seq).filter(
      ({ part, by }) => part !== erasure.part || by !== erasure.by,
    );
    this.#setErasures(feed, seq, rest);
    this.#settle(feed, seq);
  }

  stopAtFork(feed: FeedId, forkedAfter: number, evidence: Bytes): void {
    const known = this.#mustGet(feed);
    const before = known.evidence;
    this.disk.wrote(() => {
      known.evidence = before;
    });
    known.evidence = evidence;
    this.#change(known, { forkedAfter });
    this.setAside({ feed, from: forkedAfter + 1, to: Infinity }, 'forked');
  }

  resetFolds(): void {
    for (const feed of this.#feeds.values()) {
      feed.rows.forEach(({ aside }, index) => {
        if (aside === 'quarantined') this.#replace(feed.rows, index + 1, { aside: undefined });
      });
      this.#change(feed, { folded: 0, seen: new Map() });
    }
    const before = this.#erasures;
    this.disk.wrote(() => {
      this.#erasures = before;
    });
    this.#erasures = new Map();
    for (const [feed, places] of before) for (const seq of places.keys()) this.#settle(feed, seq);
  }

  #mustGet(feed: FeedId): Feed {
    const known = this.#feeds.get(feed);
    assert(known !== undefined, 'a feed is added before it is written');
    return known;
  }

  #change(feed: Feed, change: Partial<FeedState>): void {
    const before = feed.state;
    this.disk.wrote(() => {
      feed.state = before;
      this.#list = undefined;
    });
    feed.state = { ...before, ...change };
    this.#list = undefined;
  }

  #replace(rows: Row[], seq: number, change: Partial<Row>): void {
    const before = rows[seq - 1];
    if (before === undefined) return;
    this.disk.wrote(() => {
      rows[seq - 1] = before;
    });
    rows[seq - 1] = { ...before, ...change };
  }

  #erasedParts(feed: FeedId, seq: number): ReadonlySet<number> {
    const erasures = this.erasedBy(feed, seq);
    return erasures.length === 0 ? NO_PARTS : new Set(erasures.map(({ part }) => part));
  }

  #setErasures(feed: FeedId, seq: number, erasures: readonly Erasure[]): void {
    const places = this.#erasures.get(feed) ?? new Map<number, readonly Erasure[]>();
    const before = places.get(seq);
    this.disk.wrote(() => {
      if (before === undefined) places.delete(seq);
      else places.set(seq, before);
    });
    if (erasures.length === 0) places.delete(seq);
    else places.set(seq, erasures);
    this.#erasures.set(feed, places);
  }

  /** Makes an entry that is here fit what is erased of it. */
  #settle(feed: FeedId, seq: number): void {
    const rows = this.#feeds.get(feed)?.rows;
    const row = rows?.[seq - 1];
    if (rows === undefined || row === undefined) return;
    const erased = this.#erasedParts(feed, seq);
    const parts = row.parts.map((part, index) => (erased.has(index) ? null : part));
    this.#replace(rows, seq, { parts, isMissing: isMissing(parts, erased) });
  }

  #ranges(feed: FeedId, fits: (row: Row) => boolean): ReadRange[] {
    const ranges: { feed: FeedId; from: number; to: number }[] = [];
    this.#mustGet(feed).rows.forEach((row, index) => {
      if (!fits(row)) return;
      const last = ranges.at(-1);
      if (last?.to === index) last.to = index + 1;
      else ranges.push({ feed, from: index + 1, to: index + 1 });
    });
    return ranges;
  }
}

const NO_PARTS: ReadonlySet<number> = new Set();

function isMissing(parts: Row['parts'], erased: ReadonlySet<number>): boolean {
  return parts.some((part, index) => part === null && !erased.has(index));
}

function byPart(a: Erasure, b: Erasure): number {
  return a.part - b.part || (a.by < b.by ? -1 : 1);
}

function sizeOf({ headerBytes, parts }: StoredEntry): number {
  return parts.reduce((sum, part) => sum + (part?.byteLength ?? 0), headerBytes.byteLength);
}

function cut({ feed, from, to }: ReadRange): ReadRange[] {
  const pieces: ReadRange[] = [];
  for (let at = from; at <= to; at += RANGE_ENTRIES)
    pieces.push({ feed, from: at, to: Math.min(to, at + RANGE_ENTRIES - 1) });
  return pieces;
}
