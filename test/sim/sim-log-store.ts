/**
 * A log store on a simulated disk. What is committed lies in a volatile layer until `flush`; a crash undoes what was
 * not flushed, whole transactions at a time. A commit can be made to fail. A projection's rows live here too.
 */
import { assert, KithError } from '../../src/base/errors.ts';
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
import type { Entry, FeedInfo, Header, SaltedPart } from '../../src/log/types.ts';
import { NO_ENTRY } from '../../src/log/wire.ts';

export interface SimEntry extends StoredEntry {
  readonly header: Header;
  readonly hash: EntryHash;
}

interface SimFeed {
  state: FeedState;
  evidence: Uint8Array | undefined;
  readonly entries: SimEntry[];
}

interface Image {
  readonly feeds: ReadonlyMap<FeedId, SimFeed>;
  readonly erasures: ReadonlyMap<string, readonly Erasure[]>;
  readonly rows: ReadonlyMap<string, string>;
}

export interface StoreWatcher {
  appended(feed: FeedInfo, entries: readonly Entry[]): void;
  partPut(feed: FeedInfo, header: Header, part: number): void;
}

export class SimLogStore implements LogStore {
  #feeds = new Map<FeedId, SimFeed>();
  #list: readonly FeedState[] | undefined;
  #erasures = new Map<string, readonly Erasure[]>();
  #rows = new Map<string, string>();
  #undo: (() => void)[] | undefined;
  #depth = 0;
  #rollbackHooks: (() => void)[] = [];
  #commitHooks: (() => void)[] = [];
  #volatile: (readonly (() => void)[])[] = [];
  #flushHooks: (() => void)[] = [];
  readonly #watcher: StoreWatcher;
  /** So many commits from now on fail. */
  failing = 0;

  constructor(watcher: StoreWatcher, image?: Image) {
    this.#watcher = watcher;
    if (image === undefined) return;
    this.#feeds = copyFeeds(image.feeds);
    this.#erasures = new Map(image.erasures);
    this.#rows = new Map(image.rows);
  }

  // ---- the simulated disk

  /** What a backup holds: everything up to now. */
  image(): Image {
    return { feeds: copyFeeds(this.#feeds), erasures: new Map(this.#erasures), rows: new Map(this.#rows) };
  }

  get unflushed(): number {
    return this.#volatile.length;
  }

  flush(): void {
    if (this.#volatile.length > 0) this.#volatile = [];
    const hooks = this.#flushHooks;
    if (hooks.length === 0) return;
    this.#flushHooks = [];
    for (const hook of hooks) hook();
  }

  /** Calls `run` when all that is committed now is on disk; never if a crash comes first. */
  whenFlushed(run: () => void): void {
    if (this.#volatile.length === 0) run();
    else this.#flushHooks.push(run);
  }

  /** Keeps the first `keep` of the transactions that were not flushed. */
  crash(keep: number): void {
    assert(this.#depth === 0, 'a crash comes between two turns');
    this.#flushHooks = [];
    while (this.#volatile.length > keep) undoAll(this.#volatile.pop() ?? []);
    this.#volatile = [];
    this.#list = undefined;
  }

  // ---- a projection's table

  row(key: string): string | undefined {
    return this.#rows.get(key);
  }

  rows(): ReadonlyMap<string, string> {
    return this.#rows;
  }

  putRow(key: string, value: string | undefined): void {
    const before = this.#rows.get(key);
    this.#change(() => set(this.#rows, key, before));
    set(this.#rows, key, value);
  }

  clearRows(): void {
    const before = this.#rows;
    this.#change(() => {
      this.#rows = before;
    });
    this.#rows = new Map();
  }

  // ---- reads

  feeds(): readonly FeedState[] {
    this.#list ??= [...this.#feeds.values()].map(({ state }) => state);
    return this.#list;
  }

  feed(id: FeedId): FeedState | undefined {
    return this.#feeds.get(id)?.state;
  }

  /** For checkers: as it lies there, undecoded once more. */
  entries(id: FeedId): readonly SimEntry[] {
    return this.#feeds.get(id)?.entries ?? [];
  }

  *read({ feed, from, to }: ReadRange): IterableIterator<StoredEntry> {
    const entries = this.#feeds.get(feed)?.entries ?? [];
    for (let seq = Math.max(1, from); seq <= Math.min(to, entries.length); seq += 1) {
      const entry = entries[seq - 1];
      if (entry !== undefined) yield entry;
    }
  }

  hashAt(feed: FeedId, seq: number): EntryHash | undefined {
    return this.#feeds.get(feed)?.entries[seq - 1]?.hash;
  }

  sealAfter(feed: FeedId, seq: number): number | undefined {
    return this.#feeds.get(feed)?.entries.find((entry) => entry.seq >= seq && entry.seal !== null)?.seq;
  }

  missingParts(feed: FeedId): readonly ReadRange[] {
    return this.#ranges(feed, (entry) => {
      if (!entry.parts.includes(null)) return false;
      const erased = this.erasedBy(feed, entry.seq);
      return entry.parts.some(
        (part, index) => part === null && !erased.some((erasure) => erasure.part === index),
      );
    });
  }

  asides(): readonly AsideRange[] {
    return [...this.#feeds.keys()].flatMap((feed) =>
      this.#ranges(feed, ({ aside }) => aside === 'quarantined').map((range) => ({
        ...range,
        entries: range.to - range.from + 1,
        sizeBytes: 0,
      })),
    );
  }

  erasedBy(feed: FeedId, seq: number): readonly Erasure[] {
    return this.#erasures.get(placeOf(feed, seq)) ?? [];
  }

  forkEvidence(feed: FeedId): Uint8Array | undefined {
    return this.#feeds.get(feed)?.evidence;
  }

  // ---- transactions

  transact<Result>(work: () => Result): Result {
    if (this.#depth > 0) return work();
    this.#undo = [];
    this.#rollbackHooks = [];
    this.#commitHooks = [];
    this.#depth = 1;
    let result: Result;
    try {
      result = work();
      if (this.failing > 0) {
        this.failing -= 1;
        throw new KithError('disk-full', 'simulated: the disk is full');
      }
    } catch (error) {
      undoAll(this.#undo);
      for (const hook of this.#rollbackHooks.reverse()) hook();
      this.#depth = 0;
      this.#undo = undefined;
      this.#list = undefined;
      throw error;
    }
    if (this.#undo.length > 0) this.#volatile.push(this.#undo);
    this.#undo = undefined;
    this.#depth = 0;
    for (const hook of this.#commitHooks) hook();
    return result;
  }

  afterCommit(run: () => void): void {
    if (this.#depth === 0) run();
    else this.#commitHooks.push(run);
  }

  onRollback(undo: () => void): void {
    this.#rollbackHooks.push(undo);
  }

  // ---- writes

  addFeed(info: FeedInfo): void {
    const state: FeedState = {
      info,
      seq: 0,
      hash: NO_ENTRY,
      hlc: HLC_ZERO,
      folded: 0,
      seen: new Map(),
      forkedAfter: undefined,
    };
    this.#change(() => this.#feeds.delete(info.id));
    this.#feeds.set(info.id, { state, evidence: undefined, entries: [] });
  }

  append(id: FeedId, entries: readonly Entry[]): void {
    const feed = this.#mustKnow(id);
    const last = entries.at(-1);
    if (last === undefined) return;
    const length = feed.entries.length;
    this.#change(() => {
      feed.entries.length = length;
    });
    for (const { header, hash, headerBytes, parts, seal } of entries) {
      assert(header.seq === feed.entries.length + 1, 'a feed has no gaps');
      const erased = this.erasedBy(id, header.seq);
      const kept =
        erased.length === 0
          ? parts
          : parts.map((part, index) => (erased.some((erasure) => erasure.part === index) ? null : part));
      const aside = header.seq > (feed.state.forkedAfter ?? Infinity) ? 'forked' : undefined;
      feed.entries.push({ seq: header.seq, header, hash, headerBytes, parts: kept, seal, aside });
    }
    this.#watcher.appended(feed.state.info, entries);
    this.#setState(feed, { seq: last.header.seq, hash: last.hash, hlc: last.header.hlc });
  }

  setFolded(id: FeedId, folded: number, seen: Vector): void {
    this.#setState(this.#mustKnow(id), { folded, seen });
  }

  setAside({ feed: id, from, to }: ReadRange, aside: Aside | undefined): void {
    const feed = this.#mustKnow(id);
    for (let seq = from; seq <= Math.min(to, feed.entries.length); seq += 1)
      this.#rewrite(feed, seq, { aside });
  }

  putPart(id: FeedId, seq: number, part: number, bytes: SaltedPart): void {
    const feed = this.#mustKnow(id);
    const entry = feed.entries[seq - 1];
    if (entry === undefined || this.erasedBy(id, seq).some((erasure) => erasure.part === part)) return;
    this.#watcher.partPut(feed.state.info, entry.header, part);
    const parts = entry.parts.map((held, index) => (index === part ? (held ?? bytes) : held));
    this.#rewrite(feed, seq, { parts });
  }

  erase(erasure: Erasure): void {
    const { feed: id, seq } = erasure.target;
    const known = this.erasedBy(id, seq);
    if (!known.some(({ part, by }) => part === erasure.part && by === erasure.by)) {
      this.#setErasures(id, seq, [...known, erasure]);
    }
    const feed = this.#feeds.get(id);
    const entry = feed?.entries[seq - 1];
    if (feed === undefined || entry === undefined) return;
    this.#rewrite(feed, seq, {
      parts: entry.parts.map((held, index) => (index === erasure.part ? null : held)),
    });
  }

  unerase({ target, part, by }: Erasure): void {
    const left = this.erasedBy(target.feed, target.seq).filter(
      (known) => known.part !== part || known.by !== by,
    );
    this.#setErasures(target.feed, target.seq, left);
  }

  stopAtFork(id: FeedId, forkedAfter: number, evidence: Uint8Array): void {
    const feed = this.#mustKnow(id);
    const before = feed.evidence;
    this.#change(() => {
      feed.evidence = before;
    });
    feed.evidence = evidence;
    this.setAside({ feed: id, from: forkedAfter + 1, to: feed.entries.length }, 'forked');
    this.#setState(feed, { forkedAfter });
  }

  resetFolds(): void {
    for (const feed of this.#feeds.values()) {
      for (const entry of feed.entries) {
        if (entry.aside === 'quarantined') this.#rewrite(feed, entry.seq, { aside: undefined });
      }
      this.#setState(feed, { folded: 0, seen: new Map() });
    }
    const before = this.#erasures;
    this.#change(() => {
      this.#erasures = before;
    });
    this.#erasures = new Map();
  }

  // ----

  #setErasures(feed: FeedId, seq: number, erasures: readonly Erasure[]): void {
    const [key, map] = [placeOf(feed, seq), this.#erasures];
    const before = map.get(key);
    this.#change(() => set(map, key, before));
    set(map, key, erasures.length === 0 ? undefined : erasures);
  }

  #rewrite(feed: SimFeed, seq: number, change: Partial<Pick<SimEntry, 'aside' | 'parts'>>): void {
    const before = feed.entries[seq - 1];
    if (before === undefined) return;
    this.#change(() => {
      feed.entries[seq - 1] = before;
    });
    feed.entries[seq - 1] = { ...before, ...change };
  }

  #setState(feed: SimFeed, change: Partial<FeedState>): void {
    const before = feed.state;
    this.#change(() => {
      feed.state = before;
    });
    feed.state = { ...before, ...change };
    this.#list = undefined;
  }

  #change(undo: () => void): void {
    assert(this.#undo !== undefined, 'the store changes inside a transaction only');
    this.#undo.push(undo);
    this.#list = undefined;
  }

  #mustKnow(id: FeedId): SimFeed {
    const feed = this.#feeds.get(id);
    assert(feed !== undefined, 'the feed is known');
    return feed;
  }

  #ranges(id: FeedId, wants: (entry: SimEntry) => boolean): ReadRange[] {
    const ranges: { feed: FeedId; from: number; to: number }[] = [];
    for (const entry of this.#feeds.get(id)?.entries ?? []) {
      if (!wants(entry)) continue;
      const last = ranges.at(-1);
      if (last?.to === entry.seq - 1) last.to = entry.seq;
      else ranges.push({ feed: id, from: entry.seq, to: entry.seq });
    }
    return ranges;
  }
}

function placeOf(feed: FeedId, seq: number): string {
  return `${feed} ${String(seq)}`;
}

function copyFeeds(feeds: ReadonlyMap<FeedId, SimFeed>): Map<FeedId, SimFeed> {
  return new Map([...feeds].map(([id, feed]) => [id, { ...feed, entries: [...feed.entries] }]));
}

function set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function undoAll(undos: readonly (() => void)[]): void {
  for (let at = undos.length - 1; at >= 0; at -= 1) undos[at]?.();
}
