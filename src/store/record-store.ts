/** The registry's tables: where entries stand, each record in brief and sealed, and the index of keys. */
import { idFromBytes, idToBytes, type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import type {
  EntryPlace,
  ErasureLedger,
  RecordDiary,
  RecordState,
  RecordStore,
  StoredRecord,
} from '../records/ports.ts';
import type { RecordId } from '../records/types.ts';
import type { SQLOutputValue } from 'node:sqlite';
import type { Bytes } from '../base/bytes.ts';
import { assert } from '../base/errors.ts';
import type { Database } from './database.ts';
import { KeyHash } from './key-hash.ts';
import { KeyIndex } from './key-index.ts';
import { asBytes, asNumber, asNumberOrNull, bytesIn, numberIn, textIn } from './rows.ts';

/** `sealing/at-rest.ts` has the real one. */
export interface RecordSealer {
  seal(context: { readonly table: string; readonly key: string }, plaintext: Bytes): Bytes;
  open(context: { readonly table: string; readonly key: string }, sealed: Bytes): Bytes;
  indexKey(label: string, value: string): Bytes;
}

const TABLES = [
  'records',
  'record_ids',
  'record_feeds',
  'record_entries',
  'record_places',
  'record_refs',
  'record_links',
  'record_slots',
] as const;
const COLUMNS = 'row, id, kind, gone, due, expiry_ms, brief';
const AT = `SELECT ${COLUMNS} FROM records WHERE row = ?`;
const PAGE = `SELECT ${COLUMNS} FROM records WHERE row > ? ORDER BY row LIMIT ?`;
const EXPIRED = `SELECT ${COLUMNS} FROM records WHERE expiry_ms <= ? AND gone = 0 ORDER BY expiry_ms LIMIT ?`;
const DUE = `SELECT ${COLUMNS} FROM records WHERE due = 1 LIMIT ?`;
const PLACES =
  'SELECT place FROM records WHERE row = ? AND place IS NOT NULL UNION SELECT place FROM record_entries WHERE record = ? ORDER BY place';
const FEED_STRIDE = 2 ** 32;

export function openRecordStore(database: Database, sealer: RecordSealer): RecordStore {
  return new SqliteRecordStore(database, sealer);
}

class SqliteRecordStore implements RecordStore {
  readonly #database: Database;
  readonly #sealer: RecordSealer;
  readonly #hash: KeyHash;
  readonly #index: KeyIndex;
  /** Numbers of feeds; forgotten when a transaction is undone. */
  readonly #feeds = new Map<FeedId, number>();
  readonly #feedNames = new Map<number, FeedId>();
  #next: number | undefined;
  /** Who looks for a name in vain is about to add it. */
  #absent: { readonly id: RecordId; readonly hash: number } | undefined;
  readonly #kept: (() => void)[] = [];
  #watched: number | undefined;

  constructor(database: Database, sealer: RecordSealer) {
    this.#database = database;
    this.#sealer = sealer;
    this.#hash = new KeyHash(sealer.indexKey('records', 'keys'));
    this.#index = new KeyIndex(database);
  }

  find(id: RecordId): StoredRecord | undefined {
    for (let hash = this.#hash.wide(id); ; hash += 1) {
      const [found] = this.#database.tuples('SELECT row FROM record_ids WHERE hash = ?').all(hash);
      if (found === undefined) {
        this.#absent = { id, hash };
        return undefined;
      }
      const record = this.at(asNumber(found[0], 'row'));
      if (record?.id === id) return record;
    }
  }

  at(row: number): StoredRecord | undefined {
    const [found] = this.#database.tuples(AT).all(row);
    return found === undefined ? undefined : this.#record(found);
  }

  recordOf(place: EntryPlace): number | undefined {
    const feed = this.#feedNo(place.feed);
    if (feed === undefined) return undefined;
    const row = this.#database
      .sql('SELECT record FROM record_places WHERE place = ?')
      .get(feed * FEED_STRIDE + place.seq);
    return row === undefined ? undefined : numberIn(row, 'record');
  }

  placesOf(row: number): readonly EntryPlace[] {
    return this.#database
      .tuples(PLACES)
      .all(row, row)
      .map(([place]) => this.#place(asNumber(place, 'place')));
  }

  referring(id: RecordId): readonly number[] {
    return this.#database
      .tuples('SELECT record FROM record_refs WHERE target = ? ORDER BY record')
      .all(this.#hash.wide(id))
      .map(([record]) => asNumber(record, 'record'));
  }

  linksOf(id: RecordId): readonly EntryPlace[] {
    return this.#database
      .tuples('SELECT place FROM record_links WHERE one = ? ORDER BY place')
      .all(this.#hash.wide(id))
      .map(([place]) => this.#place(asNumber(place, 'place')));
  }

  page(row: number, limit: number): readonly StoredRecord[] {
    return this.#records(PAGE, row, limit);
  }

  expired(nowMs: number, limit: number): readonly StoredRecord[] {
    return this.#records(EXPIRED, nowMs, limit);
  }

  due(limit: number): readonly StoredRecord[] {
    return this.#records(DUE, limit);
  }

  count(): number {
    const row = this.#database.sql('SELECT count(*) AS count FROM records').get();
    return row === undefined ? 0 : numberIn(row, 'count');
  }

  candidates(keys: readonly string[], limit: number): readonly { row: number; weight: number }[] {
    const numbers = keys.map((key) => this.#hash.of(key));
    return this.#index.heaviest(numbers, this.#nextNumber(), limit).flatMap(({ slot, weight }) => {
      const row = this.#ofSlot(slot);
      return row === undefined ? [] : [{ row, weight }];
    });
  }

  sharing(keys: readonly string[], most: number): readonly number[] {
    const slots = new Set(keys.flatMap((key) => this.#index.withKey(this.#hash.of(key), most)));
    return [...slots].flatMap((slot) => this.#ofSlot(slot) ?? []);
  }

  insert(record: RecordState, place: EntryPlace, keys: readonly string[]): number {
    this.#watch();
    const row = this.#take();
    const first = this.#placeNumber(place);
    const numbers = keys.map((key) => this.#hash.of(key));
    this.#database
      .sql(
        'INSERT INTO records (row, id, kind, gone, due, expiry_ms, brief, place, slot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      )
      // Filed for the first time, it is its own slot, and needs no row more to say so.
      .run(row, record.id, ...this.#values(row, record), first, numbers.length === 0 ? null : row);
    this.#database
      .sql('INSERT INTO record_ids (hash, row) VALUES (?, ?)')
      .run(this.#freeHash(record.id), row);
    this.#database.sql('INSERT OR REPLACE INTO record_places (place, record) VALUES (?, ?)').run(first, row);
    if (numbers.length > 0) this.#index.add(row, numbers);
    return row;
  }

  update(row: number, record: RecordState): void {
    this.#database
      .sql('UPDATE records SET kind = ?, gone = ?, due = ?, expiry_ms = ?, brief = ? WHERE row = ?')
      .run(...this.#values(row, record), row);
  }

  remove(row: number): void {
    this.file(row, []);
    this.refer(row, undefined);
    this.#database.sql('DELETE FROM record_ids WHERE row = ?').run(row);
    this.#database.sql('DELETE FROM records WHERE row = ?').run(row);
  }

  addEntry(row: number, place: EntryPlace): void {
    this.#watch();
    const number = this.#placeNumber(place);
    this.#database.sql('INSERT OR IGNORE INTO record_entries (record, place) VALUES (?, ?)').run(row, number);
    this.#database.sql('INSERT OR REPLACE INTO record_places (place, record) VALUES (?, ?)').run(number, row);
  }

  removeEntry(place: EntryPlace): void {
    const [row, feed] = [this.recordOf(place), this.#feedNo(place.feed)];
    if (row === undefined || feed === undefined) return;
    const number = feed * FEED_STRIDE + place.seq;
    this.#database.sql('DELETE FROM record_entries WHERE record = ? AND place = ?').run(row, number);
    this.#database.sql('UPDATE records SET place = NULL WHERE row = ? AND place = ?').run(row, number);
    this.#database.sql('DELETE FROM record_places WHERE place = ?').run(number);
  }

  refer(row: number, target: RecordId | undefined): void {
    this.#database.sql('DELETE FROM record_refs WHERE record = ?').run(row);
    if (target === undefined) return;
    this.#database
      .sql('INSERT OR IGNORE INTO record_refs (target, record) VALUES (?, ?)')
      .run(this.#hash.wide(target), row);
  }

  addLink(ids: readonly RecordId[], place: EntryPlace): void {
    this.#watch();
    const number = this.#placeNumber(place);
    for (const id of ids)
      this.#database
        .sql('INSERT OR IGNORE INTO record_links (one, place) VALUES (?, ?)')
        .run(this.#hash.wide(id), number);
  }

  removeLinks(place: EntryPlace): void {
    const feed = this.#feedNo(place.feed);
    if (feed !== undefined)
      this.#database.sql('DELETE FROM record_links WHERE place = ?').run(feed * FEED_STRIDE + place.seq);
  }

  file(row: number, keys: readonly string[]): void {
    this.#watch();
    const [found] = this.#database.tuples('SELECT slot FROM records WHERE row = ?').all(row);
    assert(found !== undefined, 'what is filed is there');
    const before = asNumberOrNull(found[0], 'slot');
    if (before !== null && before !== row)
      this.#database.sql('DELETE FROM record_slots WHERE slot = ?').run(before);
    const slot = keys.length === 0 ? null : this.#take();
    if (slot !== null)
      this.#database.sql('INSERT INTO record_slots (slot, record) VALUES (?, ?)').run(slot, row);
    this.#database.sql('UPDATE records SET slot = ? WHERE row = ?').run(slot, row);
    if (slot !== null)
      this.#index.add(
        slot,
        keys.map((key) => this.#hash.of(key)),
      );
  }

  clear(): void {
    this.#watch();
    for (const table of TABLES) this.#database.sql(`DELETE FROM ${table}`).run();
    this.#index.clear();
    this.#forget();
  }

  // ---- rows

  #values(
    row: number,
    { kind, gone, due, expiryMs, brief }: RecordState,
  ): [number, number, number, number | null, Bytes] {
    const sealed = this.#sealer.seal({ table: 'records', key: String(row) }, brief);
    return [kind, Number(gone), Number(due), expiryMs ?? null, sealed];
  }

  #records(text: string, ...values: number[]): readonly StoredRecord[] {
    return this.#database
      .tuples(text)
      .all(...values)
      .map((row) => this.#record(row));
  }

  #record([row, id, kind, gone, due, expiryMs, brief]: readonly SQLOutputValue[]): StoredRecord {
    const number = asNumber(row, 'row');
    return {
      row: number,
      id: String(id),
      kind: asNumber(kind, 'kind'),
      gone: gone === 1,
      due: due === 1,
      expiryMs: asNumberOrNull(expiryMs, 'expiry_ms') ?? undefined,
      brief: this.#sealer.open({ table: 'records', key: String(number) }, asBytes(brief, 'brief')),
    };
  }

  #freeHash(id: RecordId): number {
    const absent = this.#absent;
    this.#absent = undefined;
    if (absent?.id === id) return absent.hash;
    let hash = this.#hash.wide(id);
    while (this.#database.sql('SELECT 1 FROM record_ids WHERE hash = ?').get(hash) !== undefined) hash += 1;
    return hash;
  }

  #placeNumber({ feed, seq }: EntryPlace): number {
    return (this.#feedNo(feed) ?? this.#addFeed(feed)) * FEED_STRIDE + seq;
  }

  /** One row of numbers for records and slots, so that most records need no row to say which slot is theirs. */
  #take(): number {
    const number = this.#nextNumber();
    this.#next = number + 1;
    return number;
  }

  #nextNumber(): number {
    if (this.#next !== undefined) return this.#next;
    const row = this.#database
      .sql(
        'SELECT max((SELECT coalesce(max(row), 0) FROM records), (SELECT coalesce(max(slot), 0) FROM record_slots), (SELECT coalesce(max(slot), 0) FROM record_pending)) AS last',
      )
      .get();
    this.#next = (row === undefined ? 0 : numberIn(row, 'last')) + 1;
    return this.#next;
  }

  #ofSlot(slot: number): number | undefined {
    const [own] = this.#database.tuples('SELECT slot FROM records WHERE row = ?').all(slot);
    if (own !== undefined && own[0] === slot) return slot;
    const [other] = this.#database.tuples('SELECT record FROM record_slots WHERE slot = ?').all(slot);
    return other === undefined ? undefined : asNumber(other[0], 'record');
  }

  // ---- feeds by small numbers

  #feedNo(feed: FeedId): number | undefined {
    const known = this.#feeds.get(feed);
    if (known !== undefined) return known;
    const row = this.#database.sql('SELECT no FROM record_feeds WHERE feed = ?').get(idToBytes(feed));
    return row === undefined ? undefined : this.#keep(feed, numberIn(row, 'no'));
  }

  #addFeed(feed: FeedId): number {
    const row = this.#database.sql('SELECT coalesce(max(no), 0) + 1 AS no FROM record_feeds').get();
    const no = row === undefined ? 1 : numberIn(row, 'no');
    this.#database.sql('INSERT INTO record_feeds (no, feed) VALUES (?, ?)').run(no, idToBytes(feed));
    return this.#keep(feed, no);
  }

  #keep(feed: FeedId, no: number): number {
    this.#feeds.set(feed, no);
    this.#feedNames.set(no, feed);
    return no;
  }

  #place(number: number): EntryPlace {
    const no = Math.floor(number / FEED_STRIDE);
    let feed = this.#feedNames.get(no);
    if (feed === undefined) {
      const row = this.#database.sql('SELECT feed FROM record_feeds WHERE no = ?').get(no);
      assert(row !== undefined, 'feeds of places are known');
      feed = idFromBytes<FeedId>(bytesIn(row, 'feed'));
      this.#keep(feed, no);
    }
    return { feed, seq: number - no * FEED_STRIDE };
  }

  #watch(): void {
    if (this.#watched === this.#database.transaction) return;
    this.#watched = this.#database.transaction;
    this.#database.onRollback(() => {
      this.#forget();
    });
  }

  onUndone(forget: () => void): void {
    this.#kept.push(forget);
  }

  #forget(): void {
    for (const forget of this.#kept) forget();
    this.#feeds.clear();
    this.#feedNames.clear();
    this.#next = undefined;
    this.#absent = undefined;
  }
}

export function openErasureLedger(database: Database): ErasureLedger {
  return {
    demanded(erasure) {
      database.sql('INSERT OR IGNORE INTO record_erasures (erasure) VALUES (?)').run(idToBytes(erasure));
    },
    confirmed(erasure, device) {
      database
        .sql('INSERT OR IGNORE INTO record_confirmations (erasure, device) VALUES (?, ?)')
        .run(idToBytes(erasure), idToBytes(device));
    },
    clear() {
      database.sql('DELETE FROM record_erasures').run();
      database.sql('DELETE FROM record_confirmations').run();
    },
    count() {
      const row = database.sql('SELECT count(*) AS count FROM record_erasures').get();
      return row === undefined ? 0 : numberIn(row, 'count');
    },
    unconfirmedBy(device, limit) {
      return database
        .sql(
          `SELECT erasure FROM record_erasures e WHERE NOT EXISTS
             (SELECT 1 FROM record_confirmations c WHERE c.erasure = e.erasure AND c.device = ?) ORDER BY erasure LIMIT ?`,
        )
        .all(idToBytes(device), limit)
        .map((row) => idFromBytes<EntryHash>(bytesIn(row, 'erasure')));
    },
    isDemanded(erasure) {
      const row = database.sql('SELECT 1 FROM record_erasures WHERE erasure = ?').get(idToBytes(erasure));
      return row !== undefined;
    },
    confirmationsOf(erasure) {
      return database
        .sql('SELECT device FROM record_confirmations WHERE erasure = ? ORDER BY device')
        .all(idToBytes(erasure))
        .map((row) => idFromBytes<DeviceKey>(bytesIn(row, 'device')));
    },
  };
}

const ACTIONS = ['read', 'export', 'search'] as const;

export function openRecordDiary(database: Database, sealer: RecordSealer): RecordDiary {
  const hash = new KeyHash(sealer.indexKey('records', 'diary'));
  return {
    noteAccess(accesses) {
      if (accesses.length === 0) return;
      database.transact(() => {
        for (const { atMs, action, record, fields } of accesses)
          database
            .sql('INSERT INTO record_accesses (record, at_ms, action, fields) VALUES (?, ?, ?, ?)')
            .run(hash.wide(record), Math.floor(atMs), ACTIONS.indexOf(action), fields.join(' '));
      });
    },
    accessesOf(record, limit) {
      return database
        .sql('SELECT at_ms, action, fields FROM record_accesses WHERE record = ? ORDER BY row DESC LIMIT ?')
        .all(hash.wide(record), limit)
        .map((row) => ({
          record,
          atMs: numberIn(row, 'at_ms'),
          action: ACTIONS[numberIn(row, 'action')] ?? 'read',
          fields: textIn(row, 'fields').split(' '),
        }));
    },
    progressOf(source) {
      const row = database.sql('SELECT * FROM record_imports WHERE source = ?').get(source);
      if (row === undefined) return undefined;
      const [line, read, added] = [numberIn(row, 'line'), numberIn(row, 'read'), numberIn(row, 'added')];
      return { line, read, added, updated: numberIn(row, 'updated'), skipped: numberIn(row, 'skipped') };
    },
    setProgress(source, { line, read, added, updated, skipped }) {
      database
        .sql(
          'INSERT OR REPLACE INTO record_imports (source, line, read, added, updated, skipped) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(source, line, read, added, updated, skipped);
    },
  };
}
