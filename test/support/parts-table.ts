/** A projection that keeps all that it is given, to be compared: which entries stand, with which parts. */
import assert from 'node:assert/strict';
import { toHex } from '../../src/base/bytes.ts';
import type { Erasure, FoldedEntry, LogStore, Projection } from '../../src/log/ports.ts';

export interface PartsRow {
  readonly kind: string;
  readonly device: string;
  readonly parts: readonly (string | null)[];
}

export class PartsTable implements Projection {
  readonly name = 'parts';
  readonly #store: LogStore;
  #rows = new Map<string, PartsRow>();
  /** Thrown by the next `apply`. */
  failure: Error | undefined;

  constructor(store: LogStore) {
    this.#store = store;
  }

  wants(): boolean {
    return true;
  }

  apply({ header, feed, parts }: FoldedEntry): void {
    if (this.failure !== undefined) throw this.failure;
    const key = keyOf(feed.id, header.seq);
    assert.ok(!this.#rows.has(key), 'an entry is applied once');
    this.#set(key, {
      kind: header.kind,
      device: feed.device,
      parts: parts.map((part) => (part === null ? null : toHex(part))),
    });
  }

  erased({ target, part }: Erasure): void {
    const key = keyOf(target.feed, target.seq);
    const row = this.#rows.get(key);
    if (row !== undefined && part < row.parts.length)
      this.#set(key, { ...row, parts: row.parts.with(part, null) });
  }

  reset(): void {
    const before = this.#rows;
    this.#store.onRollback(() => {
      this.#rows = before;
    });
    this.#rows = new Map();
  }

  /** In the order of their keys, as a table has it. */
  dump(): [string, PartsRow][] {
    return [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  at(feed: string, seq: number): PartsRow | undefined {
    return this.#rows.get(keyOf(feed, seq));
  }

  #set(key: string, row: PartsRow): void {
    const rows = this.#rows;
    const before = rows.get(key);
    this.#store.onRollback(() => {
      if (before === undefined) rows.delete(key);
      else rows.set(key, before);
    });
    rows.set(key, row);
  }
}

function keyOf(feed: string, seq: number): string {
  return `${feed} ${String(seq).padStart(10, '0')}`;
}
