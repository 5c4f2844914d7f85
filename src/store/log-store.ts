/** The log on disk. Parts for fewer than the whole network are sealed; erased ones are overwritten. */
import { toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { assert } from '../base/errors.ts';
import { HLC_ZERO } from '../base/hlc.ts';
import { idFromBytes, idToBytes, type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import { isNarrow, LANES } from '../identity/roles.ts';
import type { Vector } from '../identity/types.ts';
import type {
  Aside,
  AsideRange,
  Erasure,
  FeedState,
  LogStore,
  PartSealer,
  ReadRange,
  StoredEntry,
} from '../log/ports.ts';
import type { Entry, FeedInfo, PartRef, SaltedPart } from '../log/types.ts';
import { decodeHeader, hashHeader, NO_ENTRY } from '../log/wire.ts';
import type { Database } from './database.ts';

const FEED_STRIDE = 2 ** 32;
const ASIDES: readonly (Aside | undefined)[] = [undefined, 'quarantined', 'forked'];
/** Ranges are cut at this length, so that one answer stays small. */
const RANGE_ENTRIES = 500;

interface KnownFeed {
  readonly row: number;
  state: FeedState;
}

export function openLogStore(database: Database, sealer: PartSealer): LogStore {
  return new SqliteLogStore(database, sealer);
}

class SqliteLogStore implements LogStore {
  readonly #database: Database;
  readonly #sealer: PartSealer;
  #feeds = new Map<FeedId, KnownFeed>();
  #list: readonly FeedState[] | undefined;

  constructor(database: Database, sealer: PartSealer) {
    this.#database = database;
    this.#sealer = sealer;
    this.#load();
    database.onEveryRollback(() => {
      this.#load();
    });
  }

  feeds(): readonly FeedState[] {
    this.#list ??= [...this.#feeds.values()].map(({ state }) => state);
    return this.#list;
  }

  feed(id: FeedId): FeedState | undefined {
    return this.#feeds.get(id)?.state;
  }

  *read({ feed, from, to }: ReadRange): IterableIterator<StoredEntry> {
    const known = this.#feeds.get(feed);
    if (known === undefined || from > to) return;
    const base = known.row * FEED_STRIDE;
    // A statement of its own: two readers may be under way at once.
    const select = 'SELECT id, header, parts, seal, aside FROM entries WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 256';
    for (let next = from; next <= to; ) {
      const rows = this.#database.sql(select).all(base + next, base + Math.min(to, FEED_STRIDE - 1));
      for (const row of rows) yield this.#entryOf(feed, Number(row['id']) - base, row);
      if (rows.length < 256) return;
      next = Number(rows.at(-1)?.['id']) - base + 1;
    }
  }

  hashAt(feed: FeedId, seq: number): EntryHash | undefined {
    const id = this.#idOf(feed, seq);
    const row = id === undefined ? undefined : this.#database.sql('SELECT header FROM entries WHERE id = ?').get(id);
    return row === undefined ? undefined : hashHeader(row['header'] as Bytes);
  }

  sealAfter(feed: FeedId, seq: number): number | undefined {
    const known = this.#feeds.get(feed);
    if (known === undefined) return undefined;
    const base = known.row * FEED_STRIDE;
    const row = this.#database
      .sql('SELECT min(id) AS id FROM entries WHERE id BETWEEN ? AND ? AND seal IS NOT NULL')
      .get(base + seq, base + known.state.seq);
    return typeof row?.['id'] === 'number' ? row['id'] - base : undefined;
  }

  missingParts(feed: FeedId): readonly ReadRange[] {
    return this.#ranges(feed, 'SELECT id FROM entries WHERE missing != 0 AND id BETWEEN ? AND ? ORDER BY id');
  }

  asides(): readonly AsideRange[] {
    return [...this.#feeds.keys()].flatMap((feed) =>
      this.#ranges(feed, 'SELECT id FROM entries WHERE aside != 0 AND id BETWEEN ? AND ? ORDER BY id', Infinity).map(
        (range) => ({ ...range, entries: range.to - range.from + 1, sizeBytes: this.#sizeOf(range) }),
      ),
    );
  }

  erasedBy(feed: FeedId, seq: number): readonly Erasure[] {
    const rows = this.#database.sql('SELECT part, hash, by FROM erasures WHERE feed = ? AND seq = ?').all(idToBytes(feed), seq);
    return rows.map((row) => ({
      target: { feed, seq, hash: idFromBytes<EntryHash>(row['hash']) },
      part: Number(row['part']),
      by: idFromBytes<EntryHash>(row['by']),
    }));
  }

  forkEvidence(feed: FeedId): Bytes | undefined {
    const row = this.#database.sql('SELECT evidence FROM feeds WHERE id = ?').get(idToBytes(feed));
    return row?.['evidence'] instanceof Uint8Array ? row['evidence'] : undefined;
  }

  transact<Result>(work: () => Result): Result {
    return this.#database.transact(work);
  }

  afterCommit(run: () => void): void {
    this.#database.afterCommit(run);
  }

  onRollback(undo: () => void): void {
    this.#database.onRollback(undo);
  }

  unerase({ target, part }: Erasure): void {
    this.#database
      .sql('DELETE FROM erasures WHERE feed = ? AND seq = ? AND part = ?')
      .run(idToBytes(target.feed), target.seq, part);
  }

  addFeed(info: FeedInfo): void {
    const { lastInsertRowid } = this.#database
      .sql(
        `INSERT INTO feeds (id, device, incarnation, lane, seq, hash, hlc_ms, hlc_n, folded, seen)
         VALUES (?, ?, ?, ?, 0, ?, 0, 0, 0, ?)`,
      )
      .run(
        idToBytes(info.id),
        idToBytes(info.device),
        Buffer.from(info.incarnation, 'hex'),
        LANES.indexOf(info.lane),
        idToBytes(NO_ENTRY),
        encodeVector(new Map()),
      );
    const state = { info, seq: 0, hash: NO_ENTRY, hlc: HLC_ZERO, folded: 0, seen: new Map(), forkedAfter: undefined };
    this.#keep(info.id, { row: Number(lastInsertRowid), state });
  }

  append(feed: FeedId, entries: readonly Entry[]): void {
    const known = this.#mustKnow(feed);
    const last = entries.at(-1);
    if (last === undefined) return;
    const base = known.row * FEED_STRIDE;
    const insert = this.#database.sql(
      'INSERT INTO entries (id, header, parts, seal, aside, missing) VALUES (?, ?, ?, ?, 0, ?)',
    );
    const erased = this.#hasErasures(feed);
    for (const { header, headerBytes, parts, seal } of entries) {
      const kept = erased ? this.#withoutErased(feed, header.seq, parts) : parts;
      const sealed = kept.map((part, index) => this.#sealPart(feed, header.seq, index, header.parts[index], part));
      insert.run(base + header.seq, headerBytes, encodeCbor(sealed), seal, parts.includes(null) ? 1 : 0);
    }
    const { seq, hlc } = last.header;
    this.#change(feed, { seq, hash: last.hash, hlc });
  }

  setFolded(feed: FeedId, folded: number, seen: Vector): void {
    this.#change(feed, { folded, seen });
  }

  setAside(range: ReadRange, aside: Aside | undefined): void {
    const { row } = this.#mustKnow(range.feed);
    const base = row * FEED_STRIDE;
    this.#database
      .sql('UPDATE entries SET aside = ? WHERE id BETWEEN ? AND ?')
      .run(ASIDES.indexOf(aside), base + range.from, base + range.to);
  }

  putPart(feed: FeedId, seq: number, part: number, bytes: SaltedPart): void {
    if (this.erasedBy(feed, seq).some((erasure) => erasure.part === part)) return;
    this.#rewrite(feed, seq, (parts, refs) =>
      parts.map((held, index) => (index === part ? this.#sealPart(feed, seq, part, refs[part], bytes) : held)),
    );
  }

  erase({ target, part, by }: Erasure): void {
    this.#database
      .sql('INSERT OR IGNORE INTO erasures (feed, seq, part, hash, by) VALUES (?, ?, ?, ?, ?)')
      .run(idToBytes(target.feed), target.seq, part, idToBytes(target.hash), idToBytes(by));
    this.#rewrite(target.feed, target.seq, (parts) => parts.map((held, index) => (index === part ? null : held)));
  }

  stopAtFork(feed: FeedId, forkedAfter: number, evidence: Bytes): void {
    const { state } = this.#mustKnow(feed);
    this.#database.sql('UPDATE feeds SET evidence = ? WHERE id = ?').run(evidence, idToBytes(feed));
    if (state.seq > forkedAfter) this.setAside({ feed, from: forkedAfter + 1, to: state.seq }, 'forked');
    this.#change(feed, { forkedAfter });
  }

  resetFolds(): void {
    this.#database.sql('UPDATE entries SET aside = 0 WHERE aside = ?').run(ASIDES.indexOf('quarantined'));
    for (const feed of this.#feeds.keys()) this.#change(feed, { folded: 0, seen: new Map() });
  }

  // ---- feeds in memory

  #load(): void {
    this.#feeds = new Map();
    this.#list = undefined;
    const select = 'SELECT row, id, device, incarnation, lane, seq, hash, hlc_ms, hlc_n, folded, seen, forked_after FROM feeds ORDER BY id';
    for (const row of this.#database.sql(select).all()) {
      const state = stateOf(row);
      this.#feeds.set(state.info.id, { row: Number(row['row']), state });
    }
  }

  #keep(id: FeedId, known: KnownFeed): void {
    this.#feeds.set(id, known);
    this.#list = undefined;
  }

  #mustKnow(feed: FeedId): KnownFeed {
    const known = this.#feeds.get(feed);
    assert(known !== undefined, 'a feed is added before it is written');
    return known;
  }

  #change(feed: FeedId, change: Partial<FeedState>): void {
    const known = this.#mustKnow(feed);
    const state = { ...known.state, ...change };
    const { seq, hash, hlc, folded, seen, forkedAfter } = state;
    this.#database
      .sql('UPDATE feeds SET seq = ?, hash = ?, hlc_ms = ?, hlc_n = ?, folded = ?, seen = ?, forked_after = ? WHERE row = ?')
      .run(seq, idToBytes(hash), hlc.ms, hlc.n, folded, encodeVector(seen), forkedAfter ?? null, known.row);
    this.#keep(feed, { row: known.row, state });
  }

  #idOf(feed: FeedId, seq: number): number | undefined {
    const known = this.#feeds.get(feed);
    return known === undefined ? undefined : known.row * FEED_STRIDE + seq;
  }

  // ---- entries

  #entryOf(feed: FeedId, seq: number, row: Record<string, unknown>): StoredEntry {
    const headerBytes = row['header'] as Bytes;
    const stored = decodeCbor(row['parts'] as Bytes) as (Bytes | null)[];
    const refs = stored.some((part) => part !== null) ? decodeHeader(headerBytes).parts : [];
    return {
      seq,
      headerBytes,
      parts: stored.map((part, index) => this.#openPart(feed, seq, index, refs[index], part)),
      seal: row['seal'] as Bytes | null,
      aside: ASIDES[Number(row['aside'])],
    };
  }

  #sealPart(feed: FeedId, seq: number, index: number, ref: PartRef | undefined, part: Bytes | null): Bytes | null {
    if (part === null || ref === undefined || !isNarrow(ref.audience)) return part;
    return this.#sealer.seal(`${feed} ${String(seq)} ${String(index)}`, part);
  }

  #openPart(feed: FeedId, seq: number, index: number, ref: PartRef | undefined, part: Bytes | null): Bytes | null {
    if (part === null || ref === undefined || !isNarrow(ref.audience)) return part;
    return this.#sealer.open(`${feed} ${String(seq)} ${String(index)}`, part);
  }

  #rewrite(
    feed: FeedId,
    seq: number,
    change: (parts: readonly (Bytes | null)[], refs: readonly PartRef[]) => readonly (Bytes | null)[],
  ): void {
    const id = this.#idOf(feed, seq);
    const row = id === undefined ? undefined : this.#database.sql('SELECT header, parts FROM entries WHERE id = ?').get(id);
    if (id === undefined || row === undefined) return;
    const refs = decodeHeader(row['header'] as Bytes).parts;
    const parts = change(decodeCbor(row['parts'] as Bytes) as (Bytes | null)[], refs);
    const erased = new Set(this.erasedBy(feed, seq).map((erasure) => erasure.part));
    const missing = parts.some((part, index) => part === null && !erased.has(index));
    this.#database.sql('UPDATE entries SET parts = ?, missing = ? WHERE id = ?').run(encodeCbor(parts), missing ? 1 : 0, id);
  }

  #hasErasures(feed: FeedId): boolean {
    return this.#database.sql('SELECT 1 FROM erasures WHERE feed = ? LIMIT 1').get(idToBytes(feed)) !== undefined;
  }

  #withoutErased(feed: FeedId, seq: number, parts: Entry['parts']): Entry['parts'] {
    const erased = new Set(this.erasedBy(feed, seq).map((erasure) => erasure.part));
    return parts.map((part, index) => (erased.has(index) ? null : part));
  }

  // ---- ranges

  #ranges(feed: FeedId, select: string, limit = RANGE_ENTRIES): ReadRange[] {
    const known = this.#feeds.get(feed);
    if (known === undefined) return [];
    const base = known.row * FEED_STRIDE;
    const ranges: { feed: FeedId; from: number; to: number }[] = [];
    for (const row of this.#database.sql(select).iterate(base, base + FEED_STRIDE - 1)) {
      const seq = Number(row['id']) - base;
      const last = ranges.at(-1);
      if (last !== undefined && last.to === seq - 1 && seq - last.from < limit) last.to = seq;
      else ranges.push({ feed, from: seq, to: seq });
    }
    return ranges;
  }

  #sizeOf({ feed, from, to }: ReadRange): number {
    const base = this.#mustKnow(feed).row * FEED_STRIDE;
    const row = this.#database
      .sql('SELECT sum(length(header) + length(parts)) AS size FROM entries WHERE id BETWEEN ? AND ?')
      .get(base + from, base + to);
    return Number(row?.['size'] ?? 0);
  }
}

function encodeVector(vector: Vector): Bytes {
  const sorted = [...vector].sort(([a], [b]) => (a < b ? -1 : 1));
  return encodeCbor(sorted.map(([feed, seq]) => [idToBytes(feed), seq]));
}

function decodeVector(bytes: Bytes): Vector {
  const value = decodeCbor(bytes) as [Bytes, number][];
  return new Map(value.map(([feed, seq]) => [idFromBytes<FeedId>(feed), seq]));
}

function stateOf(row: Record<string, unknown>): FeedState {
  const lane = LANES[Number(row['lane'])];
  assert(lane !== undefined, 'a stored lane is known');
  const info: FeedInfo = {
    id: idFromBytes<FeedId>(row['id']),
    device: idFromBytes<DeviceKey>(row['device']),
    incarnation: toHex(row['incarnation'] as Bytes),
    lane,
  };
  return {
    info,
    seq: Number(row['seq']),
    hash: idFromBytes<EntryHash>(row['hash']),
    hlc: { ms: Number(row['hlc_ms']), n: Number(row['hlc_n']) },
    folded: Number(row['folded']),
    seen: decodeVector(row['seen'] as Bytes),
    forkedAfter: row['forked_after'] === null ? undefined : Number(row['forked_after']),
  };
}
