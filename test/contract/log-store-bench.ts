/** What the suites of the `LogStore` contract work with. */
import assert from 'node:assert/strict';
import { toHex } from '../../src/base/bytes.ts';
import type { LogStore, StoredEntry } from '../../src/log/ports.ts';
import type { Entry, FeedInfo } from '../../src/log/types.ts';
import { Author, notes } from '../support/author.ts';

export interface OpenStore {
  readonly store: LogStore;
  /** The same store after the program was stopped and started. */
  reopened(): LogStore;
  close(): void;
}

export class Bench {
  readonly author = new Author(1);
  readonly #open: OpenStore;
  store: LogStore;

  constructor(open: OpenStore) {
    this.#open = open;
    this.store = open.store;
  }

  reopen(): void {
    this.store = this.#open.reopened();
  }

  /** A feed with `count` entries in it. */
  feedOf(count: number, ...audiences: readonly string[]): { feed: FeedInfo; entries: Entry[] } {
    const feed = this.author.feed();
    const entries = count === 0 ? [] : this.author.write(feed, notes(count, ...audiences));
    this.store.transact(() => {
      this.store.addFeed(feed);
      this.store.append(feed.id, entries);
    });
    return { feed, entries };
  }

  /** More entries, written and appended in one transaction. */
  grow(feed: FeedInfo, count: number, change: (entry: Entry) => Entry = (entry) => entry): Entry[] {
    const entries = this.author.write(feed, notes(count, 'public', 'members'));
    this.store.transact(() => {
      this.store.append(feed.id, entries.map(change));
    });
    return entries;
  }

  read(feed: FeedInfo, from = 1, to = Infinity) {
    return [...this.store.read({ feed: feed.id, from, to })];
  }

  /** Held parts of one entry, as true and false. */
  held(feed: FeedInfo, seq: number): boolean[] {
    return this.read(feed, seq, seq).flatMap(({ parts }) => parts.map((part) => part !== null));
  }
}

/** Without what Node's Buffer adds to bytes. */
export function plain({ seq, headerBytes, parts, seal, aside }: StoredEntry): object {
  const bytes = parts.map((part) => (part === null ? null : toHex(part)));
  return { seq, header: toHex(headerBytes), parts: bytes, seal: seal === null ? null : toHex(seal), aside };
}

export function nextOf(reader: IterableIterator<StoredEntry, unknown>): number | undefined {
  const next = reader.next();
  return next.done === true ? undefined : next.value.seq;
}

export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items.at(index);
  assert.ok(item !== undefined, `there is an item ${String(index)}`);
  return item;
}

export type Check = (title: string, run: (bench: Bench) => void) => void;
