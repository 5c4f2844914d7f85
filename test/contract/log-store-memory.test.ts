import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeedInfo } from '../../src/log/types.ts';
import { MemoryDisk } from '../sim/memory-disk.ts';
import { MemoryExtensionIndex } from '../sim/memory-extension-index.ts';
import { MemoryLogStore } from '../sim/memory-log-store.ts';
import { Author, notes } from '../support/author.ts';
import { dumpStore } from '../support/dump.ts';
import { extensionIndexContract } from './extension-index.contract.ts';
import { logStoreContract } from './log-store.contract.ts';

logStoreContract('memory', () => {
  const disk = new MemoryDisk();
  const store = new MemoryLogStore(disk);
  return {
    store,
    reopened: () => {
      disk.crash();
      return store;
    },
    close: () => undefined,
  };
});

extensionIndexContract('memory', () => {
  const disk = new MemoryDisk();
  return {
    index: new MemoryExtensionIndex(disk),
    transact: (work) => disk.transact(work),
    close: () => undefined,
  };
});

interface Volatile {
  readonly disk: MemoryDisk;
  readonly store: MemoryLogStore;
  readonly feed: FeedInfo;
  readonly grow: () => void;
}

function volatileStore(): Volatile {
  const disk = new MemoryDisk({ flushes: 'never' });
  const store = new MemoryLogStore(disk);
  const author = new Author(1);
  const feed = author.feed();
  store.transact(() => store.addFeed(feed));
  const grow = (): void => store.transact(() => store.append(feed.id, author.write(feed, notes(1))));
  return { disk, store, feed, grow };
}

test('a crash loses what was not flushed', () => {
  const { disk, store, feed, grow } = volatileStore();
  grow();
  disk.flush();
  const flushed = dumpStore(store);
  grow();
  grow();
  assert.equal(disk.unflushed, 2);
  disk.crash();
  assert.deepEqual(dumpStore(store), flushed);
  assert.equal(store.feed(feed.id)?.seq, 1);
});

test('a crash may lose the newest transactions and keep older ones, whatever it cuts', () => {
  for (let keep = 0; keep <= 4; keep += 1) {
    const { disk, store, feed, grow } = volatileStore();
    disk.flush();
    for (let count = 0; count < 4; count += 1) grow();
    disk.crash({ keep });
    assert.equal(store.feed(feed.id)?.seq, keep);
    assert.equal([...store.read({ feed: feed.id, from: 1, to: 9 })].length, keep);
    assert.equal(disk.unflushed, 0, 'what survived a crash is safe');
  }
});

test('a commit that fails leaves nothing, and the disk takes nothing more until a crash', () => {
  const { disk, store, feed, grow } = volatileStore();
  grow();
  disk.flush();
  const before = dumpStore(store);
  const failure = new Error('the card is worn');
  disk.failNextCommit(failure);
  assert.throws(() => store.transact(() => store.setFolded(feed.id, 1, new Map())), failure);
  assert.deepEqual(dumpStore(store), before);
  assert.throws(() => store.transact(() => undefined), /failed earlier/);
  disk.crash();
  assert.deepEqual(dumpStore(store), before);
  store.transact(() => store.setFolded(feed.id, 1, new Map()));
  assert.equal(store.feed(feed.id)?.folded, 1);
});

test('a crash in the middle of a transaction undoes it', () => {
  const { disk, store, feed, grow } = volatileStore();
  grow();
  disk.flush();
  assert.throws(() =>
    store.transact(() => {
      store.setFolded(feed.id, 1, new Map());
      disk.crash();
      assert.equal(store.feed(feed.id)?.folded, 0);
      throw new Error('the process is gone');
    }),
  );
  assert.equal(store.feed(feed.id)?.folded, 0);
});
