/** The same random work on both stores, with rollbacks and restarts in between, leaves both alike. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isNarrow } from '../../src/identity/roles.ts';
import type { LogStore } from '../../src/log/ports.ts';
import type { Entry } from '../../src/log/types.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openLogStore } from '../../src/store/log-store.ts';
import { MemoryDisk } from '../sim/memory-disk.ts';
import { MemoryLogStore } from '../sim/memory-log-store.ts';
import { Author, erasureOf, notes, without } from '../support/author.ts';
import { dumpStore } from '../support/dump.ts';
import { fakeSealer } from '../support/sealer.ts';

const FEEDS = 3;
const ENTRIES = 24;

/** Feeds that are written already; the stores hold more and more of them. */
const author = new Author(11);
const FEED = Array.from({ length: FEEDS }, () => author.feed());
const WRITTEN = FEED.map((feed) =>
  [8, 8, 8].flatMap((count) => author.write(feed, notes(count, 'public', 'members', 'admins'))),
);
const PLACES = FEED.flatMap(({ id: feed }) =>
  Array.from({ length: ENTRIES }, (_, index) => ({ feed, seq: index + 1 })),
);

type Work = (store: LogStore) => void;

const feedNumber = fc.nat(FEEDS - 1);
const seq = fc.integer({ min: 1, max: ENTRIES });
const part = fc.nat(2);

function entry(feed: number, at: number): Entry {
  const found = WRITTEN[feed]?.[at - 1];
  assert.ok(found !== undefined);
  return found;
}

/** Does `work` when the feed is there, with where it ends. */
function onFeed(feed: number, work: (store: LogStore, end: number) => void): Work {
  return (store) => {
    const state = store.feed(FEED[feed]?.id ?? ('' as never));
    if (state !== undefined) work(store, state.seq);
  };
}

const works: fc.Arbitrary<Work> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ feed: feedNumber, count: fc.integer({ min: 1, max: 9 }), withheld: fc.uniqueArray(part) })
      .map(append),
  },
  {
    weight: 2,
    arbitrary: fc.record({ feed: feedNumber, at: seq, part, by: fc.nat(2) }).map(
      ({ feed, at, part: index, by }): Work =>
        (store) =>
          store.erase(erasureOf(entry(feed, at), index, new Uint8Array(32).fill(by))),
    ),
  },
  fc.record({ feed: feedNumber, at: seq, part, by: fc.nat(2) }).map(
    ({ feed, at, part: index, by }): Work =>
      (store) =>
        store.unerase(erasureOf(entry(feed, at), index, new Uint8Array(32).fill(by))),
  ),
  {
    weight: 3,
    arbitrary: fc.record({ feed: feedNumber, at: seq, part }).map(({ feed, at, part: index }) =>
      onFeed(feed, (store, end) => {
        const bytes = entry(feed, at).parts[index];
        if (at <= end && bytes) store.putPart(entry(feed, at).header.feed, at, index, bytes);
      }),
    ),
  },
  fc
    .record({ feed: feedNumber, from: seq, to: seq, aside: fc.constantFrom('quarantined', undefined) })
    .map(({ feed, from, to, aside }) =>
      onFeed(feed, (store) => store.setAside({ feed: entry(feed, 1).header.feed, from, to }, aside)),
    ),
  fc
    .record({ feed: feedNumber, folded: seq, saw: fc.dictionary(fc.constantFrom('0', '1', '2'), seq) })
    .map(({ feed, folded, saw }) =>
      onFeed(feed, (store) => {
        const seen = Object.entries(saw).map(
          ([other, upTo]) => [entry(Number(other), 1).header.feed, upTo] as const,
        );
        store.setFolded(entry(feed, 1).header.feed, folded, new Map(seen));
      }),
    ),
  fc
    .record({ feed: feedNumber, after: fc.nat(ENTRIES), evidence: fc.uint8Array({ maxLength: 9 }) })
    .map(({ feed, after, evidence }) =>
      onFeed(feed, (store) => store.stopAtFork(entry(feed, 1).header.feed, after, evidence)),
    ),
  fc.constant<Work>((store) => store.resetFolds()),
);

function append({ feed, count, withheld }: { feed: number; count: number; withheld: number[] }): Work {
  return (store) => {
    const info = FEED[feed];
    if (info === undefined) return;
    if (store.feed(info.id) === undefined) store.addFeed(info);
    const end = store.feed(info.id)?.seq ?? 0;
    store.append(
      info.id,
      (WRITTEN[feed] ?? []).slice(end, end + count).map((one) => without(one, ...withheld)),
    );
  };
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      works: fc.array(works, { minLength: 1, maxLength: 6 }),
      undone: fc.nat(3).map((n) => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);

const UNDONE = new Error('undone on purpose');

function perform(store: LogStore, all: readonly Work[], undone: boolean): void {
  try {
    store.transact(() => {
      for (const work of all) work(store);
      if (undone) throw UNDONE;
    });
  } catch (error) {
    if (error !== UNDONE) throw error;
  }
}

test('memory and SQLite hold the same after the same work', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-twins-'));
  let run = 0;
  try {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        run += 1;
        const path = join(folder, `${String(run)}.db`);
        let database = openDatabase(path);
        let sqlite = openLogStore(database, fakeSealer, isNarrow);
        const disk = new MemoryDisk();
        const memory = new MemoryLogStore(disk);
        for (const next of steps) {
          if (next === 'restart') {
            database.close();
            database = openDatabase(path);
            sqlite = openLogStore(database, fakeSealer, isNarrow);
            disk.crash();
          } else {
            for (const store of [memory, sqlite]) perform(store, next.works, next.undone);
          }
          assert.deepEqual(dumpStore(sqlite, PLACES), dumpStore(memory, PLACES));
        }
        database.close();
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
