/** What the registry needs of a store. `store/record-store.ts` is the real one. */
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey, EntryHash, FeedId } from '../base/ids.ts';
import type { ImportProgress, RecordId } from './types.ts';

/** Where an entry stands in the log. */
export interface EntryPlace {
  readonly feed: FeedId;
  readonly seq: number;
}

export interface StoredRecord {
  /** Names the record on this node, while its index is not rebuilt. */
  readonly row: number;
  readonly id: RecordId;
  /** The kind's number in the table of kinds. */
  readonly kind: number;
  readonly gone: boolean;
  /** Something of it has to be erased that is still here. */
  readonly due: boolean;
  readonly expiryMs: number | undefined;
  /** What a search has to know of it; sealed where it is kept. */
  readonly brief: Bytes;
}

export type RecordState = Omit<StoredRecord, 'row'>;

/** Where entries stand, what a search looks up by, and what each record is in brief; what they say stays in the log alone. */
export interface RecordStore {
  find(id: RecordId): StoredRecord | undefined;
  at(row: number): StoredRecord | undefined;
  /** The record that this entry is about. */
  recordOf(place: EntryPlace): number | undefined;
  placesOf(row: number): readonly EntryPlace[];
  /** Records that name this one: notes, consents. */
  referring(id: RecordId): readonly number[];
  /** Entries that link this record with others, or take that back. */
  linksOf(id: RecordId): readonly EntryPlace[];
  /** In the order in which they came; those after `row`. */
  page(row: number, limit: number): readonly StoredRecord[];
  /** Not gone, and their time is over. */
  expired(nowMs: number, limit: number): readonly StoredRecord[];
  /** Those that have something to erase. */
  due(limit: number): readonly StoredRecord[];
  count(): number;
  /** Rows of records whose names share keys with the question, and how rare those are. */
  candidates(
    keys: readonly string[],
    limit: number,
  ): readonly { readonly row: number; readonly weight: number }[];
  /** Rows of records that share one of these keys; of keys that more than `most` have, none. */
  sharing(keys: readonly string[], most: number): readonly number[];

  // Only inside the log's transaction.
  /** Begins a record with its first entry, filed under these keys. @returns its row. */
  insert(record: RecordState, place: EntryPlace, keys: readonly string[]): number;
  update(row: number, record: RecordState): void;
  remove(row: number): void;
  addEntry(row: number, place: EntryPlace): void;
  removeEntry(place: EntryPlace): void;
  refer(row: number, target: RecordId | undefined): void;
  addLink(ids: readonly RecordId[], place: EntryPlace): void;
  removeLinks(place: EntryPlace): void;
  /** Called when a transaction is undone: what was kept in memory of it is not so. */
  onUndone(forget: () => void): void;
  /** Files a record under these keys, and no longer under others. */
  file(row: number, keys: readonly string[]): void;
  clear(): void;
}

/** Who has overwritten what was to be erased. */
export interface ErasureLedger {
  // Inside the log's transaction.
  demanded(erasure: EntryHash): void;
  confirmed(erasure: EntryHash, device: DeviceKey): void;
  clear(): void;
  // At any time.
  unconfirmedBy(device: DeviceKey, limit: number): readonly EntryHash[];
  isDemanded(erasure: EntryHash): boolean;
  confirmationsOf(erasure: EntryHash): readonly DeviceKey[];
  /** Of those that were demanded. */
  count(): number;
}

/** One reading or handing out of what few may see. */
export interface Access {
  readonly atMs: number;
  readonly action: 'read' | 'export' | 'search';
  readonly record: RecordId;
  readonly fields: readonly string[];
}

/** Kept on this node alone, and not computed from the log. */
export interface RecordDiary {
  noteAccess(access: readonly Access[]): void;
  accessesOf(record: RecordId, limit: number): readonly Access[];
  progressOf(source: string): ImportProgress | undefined;
  /** Joins the open transaction. */
  setProgress(source: string, progress: ImportProgress): void;
}
