/**
 * An inverted index in SQLite: numbers of keys, and for each the slots that are filed under it. New ones lie in rows of
 * their own; each 4,096 of those become a segment, sorted by key, in pages of 500 pairs; eight segments of a level become
 * one of the next (O'Neil et al. 1996, "The Log-Structured Merge-Tree"). So filing a record is one small row at the end of
 * a table, where a row for each of its thirty keys would be thirty of them in thirty places.
 */
import type { Bytes } from '../base/bytes.ts';
import type { Database } from './database.ts';
import { asBytes, asNumber, bytesIn, numberIn } from './rows.ts';

const PENDING_SLOTS = 4096;
const PAGE_PAIRS = 500;
const PAGES_PER_SEGMENT = 2 ** 24;
const FAN_IN = 8;
const TOP_LEVEL = 2;
/** How many postings one question may walk: what the rarest keys have comes first, and of common ones the beginning. */
const WALK_LIMIT = 12_000;

interface Segment {
  readonly no: number;
  readonly level: number;
  /** The first key of each page. */
  readonly firsts: Uint32Array;
}

interface Page {
  readonly keys: Uint32Array;
  readonly slots: Uint32Array;
}

/** Where a key's slots are in one segment. */
interface Span {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
}

export interface Weighed {
  readonly slot: number;
  readonly weight: number;
}

export class KeyIndex {
  readonly #database: Database;
  #segments: Segment[] | undefined;
  #pending: Map<number, number[]> | undefined;
  #pendingCount: number | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  // ---- inside a transaction

  add(slot: number, keys: readonly number[]): void {
    const distinct = Uint32Array.from(new Set(keys));
    this.#database
      .sql('INSERT OR REPLACE INTO record_pending (slot, keys) VALUES (?, ?)')
      .run(slot, new Uint8Array(distinct.buffer));
    this.#forgetOnRollback();
    if (this.#pending !== undefined) for (const key of distinct) file(this.#pending, key, slot);
    this.#pendingCount = this.#countPending() + 1;
    if (this.#pendingCount > PENDING_SLOTS) this.#flush();
  }

  clear(): void {
    for (const table of ['record_pending', 'record_segments', 'record_postings'])
      this.#database.sql(`DELETE FROM ${table}`).run();
    this.#forget();
    this.#forgetOnRollback();
  }

  // ---- at any time

  /** Slots that share the rarest of these keys first. @param live how many records there are. */
  heaviest(keys: readonly number[], live: number, limit: number): readonly Weighed[] {
    const found = [...new Set(keys)]
      .map((key) => this.#look(key))
      .filter(({ size }) => size > 0)
      .sort((a, b) => a.size - b.size);
    const weights = new Map<number, number>();
    let left = WALK_LIMIT;
    for (const { size, slots } of found) {
      const rarity = Math.log1p(live / size);
      for (const slot of slots(left)) {
        weights.set(slot, (weights.get(slot) ?? 0) + rarity);
        left -= 1;
      }
      if (left <= 0) break;
    }
    return heaviestOf(weights, limit);
  }

  /** @returns nothing for a key that more than `most` have. */
  withKey(key: number, most: number): readonly number[] {
    const { size, slots } = this.#look(key);
    if (size > most + PAGE_PAIRS) return [];
    const found = [...slots(most + 1)];
    return found.length > most ? [] : found;
  }

  // ---- looking up

  #look(key: number): { readonly size: number; readonly slots: (limit: number) => Iterable<number> } {
    const pending = this.#needPending().get(key) ?? [];
    const spans = this.#needSegments().flatMap((segment) => spanOf(segment, key));
    const read = spans.map((span) => this.#readSpan(span, key));
    const size = read.reduce((sum, one) => sum + one.size, pending.length);
    const lists = [...read.map(({ slots }) => slots), [pending]];
    return { size, slots: (limit) => firstOf(lists, limit) };
  }

  /** The ends of a long span are read, and what lies between only when it is walked. */
  #readSpan(
    { segment, from, to }: Span,
    key: number,
  ): { size: number; slots: Iterable<readonly number[] | Uint32Array> } {
    const page = (at: number): Uint32Array => slotsOf(this.#page(segment, at), key);
    const first = page(from);
    if (from === to) return { size: first.length, slots: [first] };
    const between = to - from - 1;
    const last = page(to);
    return {
      size: first.length + last.length + between * PAGE_PAIRS,
      slots: (function* () {
        yield first;
        for (let at = from + 1; at < to; at += 1) yield page(at);
        yield last;
      })(),
    };
  }

  #page({ no }: Segment, at: number): Page {
    const [row] = this.#database
      .tuples('SELECT bytes FROM record_postings WHERE row = ?')
      .all(no * PAGES_PER_SEGMENT + at);
    return pageIn(asBytes(row?.[0], 'bytes'));
  }

  // ---- segments

  #flush(): void {
    const rows = this.#database.tuples('SELECT slot, keys FROM record_pending ORDER BY slot').all();
    const pairs: { keys: Uint32Array; slot: number }[] = rows.map(([slot, keys]) => ({
      slot: asNumber(slot, 'slot'),
      keys: numbersIn(asBytes(keys, 'keys')),
    }));
    const base = pairs[0]?.slot ?? 0;
    const total = pairs.reduce((sum, { keys }) => sum + keys.length, 0);
    // A key and a slot as one number that sorts fast: slots of a flush lie close together.
    const packed = new Float64Array(total);
    let at = 0;
    for (const { keys, slot } of pairs)
      for (const key of keys) {
        packed[at] = key * 2 ** 21 + (slot - base);
        at += 1;
      }
    packed.sort();
    this.#write(0, unpacked(packed, base));
    this.#database.sql('DELETE FROM record_pending').run();
    this.#pending = undefined;
    this.#pendingCount = 0;
    for (let level = 0; level < TOP_LEVEL; level += 1) this.#mergeLevel(level);
  }

  #mergeLevel(level: number): void {
    const full = this.#needSegments().filter((segment) => segment.level === level);
    if (full.length < FAN_IN) return;
    this.#write(level + 1, this.#merged(full));
    for (const { no } of full) this.#drop(no);
  }

  /** Page by page: eight segments at once would take hundreds of megabytes. Among equal keys those of earlier ones come first. */
  *#merged(segments: readonly Segment[]): Generator<Page> {
    const runs = segments.map((segment) => new Run(segment.firsts.length, (at) => this.#page(segment, at)));
    let [page, filled] = [emptyPage(), 0];
    for (let least = leastOf(runs); least !== undefined; least = leastOf(runs)) {
      page.keys[filled] = least.key;
      page.slots[filled] = least.slot;
      filled += 1;
      least.next();
      if (filled < PAGE_PAIRS) continue;
      yield page;
      [page, filled] = [emptyPage(), 0];
    }
    if (filled > 0) yield { keys: page.keys.subarray(0, filled), slots: page.slots.subarray(0, filled) };
  }

  #write(level: number, pages: Iterable<Page>): void {
    const last = this.#database.sql('SELECT coalesce(max(no), 0) AS no FROM record_segments').get();
    const no = (last === undefined ? 0 : numberIn(last, 'no')) + 1;
    const insert = this.#database.sql('INSERT INTO record_postings (row, bytes) VALUES (?, ?)');
    const starts: number[] = [];
    for (const { keys, slots } of pages) {
      const both = new Uint32Array(2 * keys.length);
      both.set(keys);
      both.set(slots, keys.length);
      insert.run(no * PAGES_PER_SEGMENT + starts.length, new Uint8Array(both.buffer));
      starts.push(keys[0] ?? 0);
    }
    const firsts = Uint32Array.from(starts);
    this.#database
      .sql('INSERT INTO record_segments (no, level, firsts) VALUES (?, ?, ?)')
      .run(no, level, new Uint8Array(firsts.buffer));
    this.#segments = [...this.#needSegments().filter((segment) => segment.no !== no), { no, level, firsts }];
  }

  #drop(no: number): void {
    this.#database
      .sql('DELETE FROM record_postings WHERE row BETWEEN ? AND ?')
      .run(no * PAGES_PER_SEGMENT, (no + 1) * PAGES_PER_SEGMENT - 1);
    this.#database.sql('DELETE FROM record_segments WHERE no = ?').run(no);
    this.#segments = this.#needSegments().filter((segment) => segment.no !== no);
  }

  // ---- what is kept in memory

  #needSegments(): readonly Segment[] {
    this.#segments ??= this.#database
      .sql('SELECT no, level, firsts FROM record_segments ORDER BY no')
      .all()
      .map((row) => ({
        no: numberIn(row, 'no'),
        level: numberIn(row, 'level'),
        firsts: numbersIn(bytesIn(row, 'firsts')),
      }));
    return this.#segments;
  }

  #needPending(): Map<number, number[]> {
    if (this.#pending !== undefined) return this.#pending;
    const pending = new Map<number, number[]>();
    for (const [slot, keys] of this.#database
      .tuples('SELECT slot, keys FROM record_pending ORDER BY slot')
      .all())
      for (const key of numbersIn(asBytes(keys, 'keys'))) file(pending, key, asNumber(slot, 'slot'));
    this.#pending = pending;
    return pending;
  }

  #countPending(): number {
    if (this.#pendingCount !== undefined) return this.#pendingCount;
    const row = this.#database.sql('SELECT count(*) AS count FROM record_pending').get();
    return row === undefined ? 0 : numberIn(row, 'count');
  }

  #forget(): void {
    this.#segments = undefined;
    this.#pending = undefined;
    this.#pendingCount = undefined;
  }

  #watched: number | undefined;

  #forgetOnRollback(): void {
    if (this.#watched === this.#database.transaction) return;
    this.#watched = this.#database.transaction;
    this.#database.onRollback(() => {
      this.#forget();
    });
  }
}

function* firstOf(lists: readonly Iterable<Iterable<number>>[], limit: number): Generator<number> {
  let left = limit;
  for (const list of lists) {
    for (const some of list) {
      for (const slot of some) {
        if (left <= 0) return;
        left -= 1;
        yield slot;
      }
    }
  }
}

function file(pending: Map<number, number[]>, key: number, slot: number): void {
  const list = pending.get(key);
  if (list === undefined) pending.set(key, [slot]);
  else list.push(slot);
}

/** Pages in which the key may be; none if all keys are greater. */
function spanOf(segment: Segment, key: number): Span[] {
  const { firsts } = segment;
  const to = lastUpTo(firsts, key);
  if (to < 0) return [];
  const from = Math.max(0, lastUpTo(firsts, key - 1));
  return [{ segment, from: Math.min(from, to), to }];
}

/** The last place whose number is at most this; -1 if there is none. */
function lastUpTo(numbers: Uint32Array, most: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= most) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function slotsOf({ keys, slots }: Page, key: number): Uint32Array {
  const to = lastUpTo(keys, key) + 1;
  const from = lastUpTo(keys, key - 1) + 1;
  return slots.subarray(from, to);
}

function pageIn(bytes: Bytes): Page {
  const both = numbersIn(bytes);
  return { keys: both.subarray(0, both.length / 2), slots: both.subarray(both.length / 2) };
}

function numbersIn(bytes: Bytes): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
}

/** Keys and slots that were packed into numbers, sorted: in pages. */
function* unpacked(packed: Float64Array, base: number): Generator<Page> {
  for (let from = 0; from < packed.length; from += PAGE_PAIRS) {
    const some = packed.subarray(from, from + PAGE_PAIRS);
    const page: Page = { keys: new Uint32Array(some.length), slots: new Uint32Array(some.length) };
    for (let at = 0; at < some.length; at += 1) {
      const one = some[at] ?? 0;
      const key = Math.floor(one / 2 ** 21);
      page.keys[at] = key;
      page.slots[at] = base + (one - key * 2 ** 21);
    }
    yield page;
  }
}

function emptyPage(): Page {
  return { keys: new Uint32Array(PAGE_PAIRS), slots: new Uint32Array(PAGE_PAIRS) };
}

/** Walks the pairs of a segment. */
class Run {
  key = 0;
  slot = 0;
  isOver = false;
  readonly #pages: number;
  readonly #read: (at: number) => Page;
  #page: Page = { keys: new Uint32Array(0), slots: new Uint32Array(0) };
  #nextPage = 0;
  #at = -1;

  constructor(pages: number, read: (at: number) => Page) {
    this.#pages = pages;
    this.#read = read;
    this.next();
  }

  next(): void {
    this.#at += 1;
    if (this.#at >= this.#page.keys.length) {
      this.isOver = this.#nextPage >= this.#pages;
      if (this.isOver) return;
      this.#page = this.#read(this.#nextPage);
      this.#nextPage += 1;
      this.#at = 0;
    }
    this.key = this.#page.keys[this.#at] ?? 0;
    this.slot = this.#page.slots[this.#at] ?? 0;
  }
}

function leastOf(runs: readonly Run[]): Run | undefined {
  let least: Run | undefined;
  for (const run of runs) if (!run.isOver && (least === undefined || run.key < least.key)) least = run;
  return least;
}

/** Sorting numbers is much faster than sorting objects, so weight and place are one number: place in the low digits. */
const PLACES = 2 ** 32;
const WEIGHT_STEPS = 1024;

function heaviestOf(weights: ReadonlyMap<number, number>, limit: number): readonly Weighed[] {
  const ranked = Float64Array.from(
    weights,
    ([slot, weight]) => Math.round(weight * WEIGHT_STEPS) * PLACES + (PLACES - 1 - slot),
  );
  return [...ranked.sort().reverse().subarray(0, limit)].map((packed) => {
    const slot = PLACES - 1 - (packed % PLACES);
    return { slot, weight: weights.get(slot) ?? 0 };
  });
}
