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
    const page: Page = { keys: new Uint32Array(total), slots: new Uint32Array(total) };
    for (const [index, one] of packed.entries()) {
      const key = Math.floor(one / 2 ** 21);
      page.keys[index] = key;
      page.slots[index] = base + (one - key * 2 ** 21);
    }
    this.#write(0, page);
    this.#database.sql('DELETE FROM record_pending').run();
    this.#pending = undefined;
    this.#pendingCount = 0;
    for (let level = 0; level < TOP_LEVEL; level += 1) this.#mergeLevel(level);
  }

  #mergeLevel(level: number): void {
    const full = this.#needSegments().filter((segment) => segment.level === level);
    if (full.length < FAN_IN) return;
    const merged = merge(full.map((segment) => this.#whole(segment)));
    for (const { no } of full) this.#drop(no);
    this.#write(level + 1, merged);
  }

  #whole(segment: Segment): Page {
    const pages = segment.firsts.length;
    const all = Array.from({ length: pages }, (_, at) => this.#page(segment, at));
    const total = all.reduce((sum, { keys }) => sum + keys.length, 0);
    const whole: Page = { keys: new Uint32Array(total), slots: new Uint32Array(total) };
    let at = 0;
    for (const { keys, slots } of all) {
      whole.keys.set(keys, at);
      whole.slots.set(slots, at);
      at += keys.length;
    }
    return whole;
  }

  #write(level: number, { keys, slots }: Page): void {
    const last = this.#database.sql('SELECT coalesce(max(no), 0) AS no FROM record_segments').get();
    const no = (last === undefined ? 0 : numberIn(last, 'no')) + 1;
    const pages = Math.ceil(keys.length / PAGE_PAIRS);
    const firsts = new Uint32Array(pages);
    const insert = this.#database.sql('INSERT INTO record_postings (row, bytes) VALUES (?, ?)');
    for (let page = 0; page < pages; page += 1) {
      const [from, to] = [page * PAGE_PAIRS, Math.min(keys.length, (page + 1) * PAGE_PAIRS)];
      const both = new Uint32Array(2 * (to - from));
      both.set(keys.subarray(from, to));
      both.set(slots.subarray(from, to), to - from);
      firsts[page] = keys[from] ?? 0;
      insert.run(no * PAGES_PER_SEGMENT + page, new Uint8Array(both.buffer));
    }
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

/** Sorted lists to one; among equal keys those of earlier lists come first. */
function merge(lists: readonly Page[]): Page {
  const [first, ...others] = lists;
  if (first === undefined) return { keys: new Uint32Array(0), slots: new Uint32Array(0) };
  if (others.length === 0) return first;
  const half = lists.length >> 1;
  return mergeTwo(merge(lists.slice(0, half)), merge(lists.slice(half)));
}

function mergeTwo(a: Page, b: Page): Page {
  const total = a.keys.length + b.keys.length;
  const merged: Page = { keys: new Uint32Array(total), slots: new Uint32Array(total) };
  let [left, right] = [0, 0];
  for (let at = 0; at < total; at += 1) {
    const takesLeft =
      right >= b.keys.length || (left < a.keys.length && (a.keys[left] ?? 0) <= (b.keys[right] ?? 0));
    merged.keys[at] = (takesLeft ? a.keys[left] : b.keys[right]) ?? 0;
    merged.slots[at] = (takesLeft ? a.slots[left] : b.slots[right]) ?? 0;
    if (takesLeft) left += 1;
    else right += 1;
  }
  return merged;
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
