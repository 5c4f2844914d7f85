/** The log on disk. Parts for fewer than the whole network are sealed; erased ones are overwritten where they lie. */
import { hash } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import { assert, isKithError } from '../base/errors.ts';
import type { EntryHash, FeedId } from '../base/ids.ts';
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
import type { Entry, FeedInfo, PartRef, RawEntry, SaltedPart } from '../log/types.ts';
import type { Database, Keeping } from './database.ts';
import { holds, packBody, PART, wipePart, type StoredPart } from './entry-body.ts';
import { ABSENT, ASIDE_CODES, checksum, LYING_COLUMNS, lyingIn, partsOf, type Lying } from './entry-row.ts';
import { ErasureTable } from './erasure-table.ts';
import { damagedData } from './failures.ts';
import { RecentEntries } from './recent-entries.ts';
import { FeedTable } from './feed-table.ts';
import { numberIn, numberOrNullIn } from './rows.ts';

const FEED_STRIDE = 2 ** 32;
/** Ranges are cut at this length, so that whoever reads one holds little. */
const RANGE_ENTRIES = 500;
/** Rows read at once: few at first, for who stops early, and more while they are small. */
const FIRST_PAGE_ROWS = 8;
const PAGE_ROWS = 256;
const PAGE_BYTES = 256 * 1024;

const ENTRIES = 'entries e LEFT JOIN bodies b ON b.row = e.body';
const SELECT = `SELECT ${LYING_COLUMNS} FROM ${ENTRIES}`;
// Made once: a text that is put together anew has to be hashed anew to find its statement.
const READ_PAGE = `${SELECT} WHERE e.id BETWEEN ? AND ? ORDER BY e.id LIMIT ?`;
const FIND = `${SELECT} WHERE e.id = ?`;
/** Said twice: the index is on what is aside at all. */
const QUARANTINED = `aside != 0 AND aside = ${String(ASIDE_CODES.quarantined)}`;

/** @param isNarrow which audiences' parts are sealed; all, when nothing is said. */
export function openLogStore(
  database: Database,
  sealer: PartSealer,
  isNarrow: (audience: string) => boolean = () => true,
): LogStore {
  return new SqliteLogStore(database, sealer, isNarrow);
}

class SqliteLogStore implements LogStore {
  readonly #database: Database;
  readonly #sealer: PartSealer;
  readonly #isNarrow: (audience: string) => boolean;
  readonly #feeds: FeedTable;
  readonly #erasures: ErasureTable;
  readonly #recent = new RecentEntries(RECENT_BYTES);
  /** The transaction that would have to take back what is kept as recent. */
  #watched: number | undefined;
  /** Only ever grows, over rollbacks too: a body goes to the end of its table. */
  #lastBody: number;

  constructor(database: Database, sealer: PartSealer, isNarrow: (audience: string) => boolean) {
    this.#database = database;
    this.#sealer = sealer;
    this.#isNarrow = isNarrow;
    this.#feeds = new FeedTable(database);
    this.#erasures = new ErasureTable(database);
    const last = database.sql('SELECT coalesce(max(row), 0) AS row FROM bodies').get();
    this.#lastBody = last === undefined ? 0 : numberIn(last, 'row');
  }

  feeds(): readonly FeedState[] {
    return this.#feeds.all();
  }

  feed(id: FeedId): FeedState | undefined {
    return this.#feeds.get(id)?.state;
  }

  *read({ feed, from, to }: ReadRange): IterableIterator<StoredEntry> {
    const known = this.#feeds.get(feed);
    if (known === undefined) return;
    const base = known.row * FEED_STRIDE;
    if (from === to) {
      const recent = this.#recent.get(base + from);
      const lying = recent === undefined ? this.#find(feed, from) : undefined;
      if (recent !== undefined) yield recent;
      else if (lying !== undefined) yield this.#stored(feed, lying);
      return;
    }
    const page = this.#database.tuples(READ_PAGE);
    const last = base + Math.min(to, known.state.seq);
    let limit = FIRST_PAGE_ROWS;
    // Whole pages, so that no statement is open while the caller does something else to the table.
    for (let next = base + Math.max(from, 1); next <= last;) {
      const recent = this.#recent.get(next);
      if (recent !== undefined) {
        next += 1;
        yield recent;
        continue;
      }
      const rows = page.all(next, last, limit);
      if (rows.length < Math.min(limit, last - next + 1)) throw entriesGone();
      let sizeBytes = 0;
      for (const row of rows) {
        const lying = lyingIn(row);
        if (lying.id !== next) throw entriesGone();
        sizeBytes += lying.header.byteLength + (lying.body?.byteLength ?? 0);
        next += 1;
        const stored = this.#stored(feed, lying);
        this.#recent.add(lying.id, stored);
        yield stored;
      }
      limit =
        sizeBytes < PAGE_BYTES / 2 ? Math.min(PAGE_ROWS, limit * 2) : Math.max(1, Math.floor(limit / 2));
    }
  }

  hashAt(feed: FeedId, seq: number): EntryHash | undefined {
    // The whole row, so that its checksum speaks for the header: a damaged one would look like somebody's fork.
    const lying = this.#find(feed, seq);
    return lying === undefined ? undefined : (hash('sha256', lying.header, 'hex') as EntryHash);
  }

  sealAfter(feed: FeedId, seq: number): number | undefined {
    const known = this.#feeds.get(feed);
    if (known === undefined) return undefined;
    const base = known.row * FEED_STRIDE;
    const row = this.#database
      .sql('SELECT id FROM entries WHERE id BETWEEN ? AND ? AND seal IS NOT NULL ORDER BY id LIMIT 1')
      .get(base + Math.max(seq, 1), base + known.state.seq);
    return row === undefined ? undefined : numberIn(row, 'id') - base;
  }

  missingParts(feed: FeedId): readonly ReadRange[] {
    return this.#ranges(feed, 'missing != 0').flatMap(cut);
  }

  asides(): readonly AsideRange[] {
    return this.feeds().flatMap(({ info }) =>
      this.#ranges(info.id, QUARANTINED).map((range) => ({
        ...range,
        entries: range.to - range.from + 1,
        sizeBytes: this.#sizeOf(range),
      })),
    );
  }

  erasedBy(feed: FeedId, seq: number): readonly Erasure[] {
    return this.#erasures.at(feed, seq);
  }

  forkEvidence(feed: FeedId): Bytes | undefined {
    return this.#feeds.evidenceOf(feed);
  }

  transact<Result>(work: () => Result, keeping?: Keeping): Result {
    return this.#database.transact(work, keeping);
  }

  afterCommit(run: () => void): void {
    this.#database.afterCommit(run);
  }

  onRollback(undo: () => void): void {
    this.#database.onRollback(undo);
  }

  addFeed(info: FeedInfo): void {
    this.#mustTransact();
    this.#feeds.add(info);
  }

  append(feed: FeedId, entries: readonly Entry[]): void {
    this.#mustTransact();
    const { row, state } = this.#feeds.mustGet(feed);
    let end: Pick<FeedState, 'seq' | 'hash' | 'hlc'> = state;
    for (const entry of entries) {
      const { seq, hlc } = entry.header;
      assert(seq === end.seq + 1, 'a feed grows by one entry after the other');
      this.#insert(
        row * FEED_STRIDE + seq,
        feed,
        entry,
        seq > (state.forkedAfter ?? Infinity) ? 'forked' : undefined,
      );
      end = { seq, hash: entry.hash, hlc };
    }
    if (entries.length > 0) this.#feeds.advance(feed, end);
  }

  setFolded(feed: FeedId, folded: number, seen: Vector): void {
    this.#mustTransact();
    this.#feeds.setFolded(feed, folded, seen);
  }

  setAside({ feed, from, to }: ReadRange, aside: Aside | undefined): void {
    this.#mustTransact();
    this.#recent.clear();
    const base = this.#feeds.mustGet(feed).row * FEED_STRIDE;
    this.#database
      .sql('UPDATE entries SET aside = ? WHERE id BETWEEN ? AND ?')
      .run(ASIDE_CODES[aside ?? 'none'], base + from, base + Math.min(to, FEED_STRIDE - 1));
  }

  putPart(feed: FeedId, seq: number, part: number, bytes: SaltedPart): void {
    this.#mustTransact();
    const lying = this.#find(feed, seq);
    assert(lying !== undefined && part < lying.count, 'a part belongs to an entry that is here');
    if (this.#erasures.partsAt(feed, seq).has(part)) return;
    const parts = partsOf(lying);
    const held = parts[part];
    if (held === undefined || holds(held)) return;
    parts[part] = this.#sealed(feed, seq, part, bytes, undefined);
    if (lying.bodyRow !== null && lying.body !== null) {
      this.#overwrite(lying.bodyRow, new Uint8Array(lying.body.byteLength));
    }
    this.#settle({ ...lying, ...this.#addBody(packBody(parts)) }, feed, seq);
  }

  erase(erasure: Erasure): void {
    this.#mustTransact();
    this.#erasures.add(erasure);
    const { feed, seq } = erasure.target;
    const lying = this.#find(feed, seq);
    if (lying === undefined) return;
    if (lying.bodyRow === null || lying.body === null) return this.#settle(lying, feed, seq);
    const body = wipePart(lying.body, lying.count, erasure.part);
    this.#overwrite(lying.bodyRow, body);
    this.#settle({ ...lying, body }, feed, seq);
  }

  unerase(erasure: Erasure): void {
    this.#mustTransact();
    this.#erasures.remove(erasure);
    const { feed, seq } = erasure.target;
    const lying = this.#find(feed, seq);
    if (lying !== undefined) this.#settle(lying, feed, seq);
  }

  stopAtFork(feed: FeedId, forkedAfter: number, evidence: Bytes): void {
    this.#mustTransact();
    this.#feeds.setFork(feed, forkedAfter, evidence);
    this.setAside({ feed, from: forkedAfter + 1, to: Infinity }, 'forked');
  }

  resetFolds(): void {
    this.#mustTransact();
    this.#recent.clear();
    this.#database.sql(`UPDATE entries SET aside = 0 WHERE ${QUARANTINED}`).run();
    this.#feeds.resetFolds();
    for (const { feed, seq } of this.#erasures.clear()) {
      const lying = this.#find(feed, seq);
      if (lying !== undefined) this.#settle(lying, feed, seq);
    }
  }

  #mustTransact(): void {
    const { transaction } = this.#database;
    assert(transaction !== undefined, 'the log is written inside a transaction');
    if (this.#watched === transaction) return;
    this.#watched = transaction;
    this.#database.onRollback(() => {
      this.#recent.clear();
    });
  }

  // ---- rows

  #insert(
    id: number,
    feed: FeedId,
    { header, headerBytes, parts, seal }: Entry,
    aside: Aside | undefined,
  ): void {
    const erased = this.#erasures.partsAt(feed, header.seq);
    const stored = parts.map((part, index) =>
      part === null || erased.has(index)
        ? ABSENT
        : this.#sealed(feed, header.seq, index, part, header.parts[index]),
    );
    const { bodyRow, body } = stored.some(holds) ? this.#addBody(packBody(stored)) : NO_BODY;
    const isMissing = stored.some((part, index) => !holds(part) && !erased.has(index));
    const held = parts.map((part, index) => (erased.has(index) ? null : part));
    this.#recent.add(id, { seq: header.seq, headerBytes, parts: held, seal, aside });
    this.#database
      .sql(
        'INSERT INTO entries (id, header, seal, parts, body, crc, aside, missing) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        id,
        headerBytes,
        seal,
        parts.length,
        bodyRow,
        checksum({ header: headerBytes, seal, count: parts.length, body }),
        ASIDE_CODES[aside ?? 'none'],
        Number(isMissing),
      );
  }

  #addBody(body: Bytes): { readonly bodyRow: number; readonly body: Bytes } {
    this.#lastBody += 1;
    this.#database.sql('INSERT INTO bodies (row, bytes) VALUES (?, ?)').run(this.#lastBody, body);
    return { bodyRow: this.#lastBody, body };
  }

  /** With as many bytes as before, so that SQLite writes them to the same place. */
  #overwrite(bodyRow: number, body: Bytes): void {
    this.#database.sql('UPDATE bodies SET bytes = ? WHERE row = ?').run(body, bodyRow);
  }

  /** Makes the entry's row fit its body and what is erased of it. */
  #settle(lying: Lying, feed: FeedId, seq: number): void {
    this.#recent.forget(lying.id);
    const erased = this.#erasures.partsAt(feed, seq);
    const isMissing = partsOf(lying).some((part, index) => !holds(part) && !erased.has(index));
    this.#database
      .sql('UPDATE entries SET body = ?, crc = ?, missing = ? WHERE id = ?')
      .run(lying.bodyRow, checksum(lying), Number(isMissing), lying.id);
  }

  #find(feed: FeedId, seq: number): Lying | undefined {
    const known = this.#feeds.get(feed);
    if (known === undefined || seq < 1 || seq > known.state.seq) return undefined;
    const [row] = this.#database.tuples(FIND).all(known.row * FEED_STRIDE + seq);
    if (row === undefined) throw entriesGone();
    return lyingIn(row);
  }

  #stored(feed: FeedId, lying: Lying): StoredEntry {
    const seq = lying.id % FEED_STRIDE;
    const parts = partsOf(lying).map((part, index) => this.#opened(feed, seq, index, part));
    return { seq, headerBytes: lying.header, parts, seal: lying.seal, aside: lying.aside };
  }

  /** A part whose audience nobody names is sealed. */
  #sealed(feed: FeedId, seq: number, index: number, part: SaltedPart, ref: PartRef | undefined): StoredPart {
    if (ref !== undefined && !this.#isNarrow(ref.audience)) return { state: PART.plain, bytes: part };
    return { state: PART.sealed, bytes: this.#sealer.seal(contextOf(feed, seq, index), part) };
  }

  #opened(feed: FeedId, seq: number, index: number, part: StoredPart): RawEntry['parts'][number] {
    if (part.state === PART.plain) return part.bytes;
    if (part.state !== PART.sealed) return null;
    try {
      return this.#sealer.open(contextOf(feed, seq, index), part.bytes);
    } catch (error) {
      if (isKithError(error)) throw damagedData('A sealed part of the log was changed on this disk.', error);
      throw error;
    }
  }

  // ---- ranges

  /** Unbroken ranges of one feed's entries; `where` is what an index was made for. */
  #ranges(feed: FeedId, where: string): ReadRange[] {
    const base = this.#feeds.mustGet(feed).row * FEED_STRIDE;
    return this.#database
      .sql(
        `SELECT min(id) AS first, max(id) AS last
         FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS island FROM entries WHERE ${where} AND id BETWEEN ? AND ?)
         GROUP BY island ORDER BY first`,
      )
      .all(base, base + FEED_STRIDE - 1)
      .map((row) => ({ feed, from: numberIn(row, 'first') - base, to: numberIn(row, 'last') - base }));
  }

  #sizeOf({ feed, from, to }: ReadRange): number {
    const base = this.#feeds.mustGet(feed).row * FEED_STRIDE;
    const row = this.#database
      .sql(
        `SELECT sum(length(e.header) + coalesce(length(b.bytes), 0)) AS size FROM ${ENTRIES} WHERE e.id BETWEEN ? AND ?`,
      )
      .get(base + from, base + to);
    return row === undefined ? 0 : (numberOrNullIn(row, 'size') ?? 0);
  }
}

/** As much as neighbours are told of at once, and some. */
const RECENT_BYTES = 2 * 1024 * 1024;
const NO_BODY = { bodyRow: null, body: null } as const;

function entriesGone(): Error {
  return damagedData('Entries of the log are gone from this disk.');
}

/** Where a sealed part stands: it opens nowhere else. */
function contextOf(feed: FeedId, seq: number, part: number): string {
  return `entries ${feed} ${String(seq)} ${String(part)}`;
}

function cut(range: ReadRange): ReadRange[] {
  const pieces: ReadRange[] = [];
  for (let from = range.from; from <= range.to; from += RANGE_ENTRIES) {
    pieces.push({ feed: range.feed, from, to: Math.min(range.to, from + RANGE_ENTRIES - 1) });
  }
  return pieces;
}
