/** What every `LogStore` does. Run by the memory twin and by SQLite alike. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type { FeedId } from '../../src/base/ids.ts';
import type { LogStore, StoredEntry } from '../../src/log/ports.ts';
import type { Entry, FeedInfo } from '../../src/log/types.ts';
import { NO_ENTRY } from '../../src/log/wire.ts';
import { Author, erasureOf, notes, without } from '../support/author.ts';
import { dumpStore } from '../support/dump.ts';

export interface OpenStore {
  readonly store: LogStore;
  /** The same store after the program was stopped and started. */
  reopened(): LogStore;
  close(): void;
}

class Bench {
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
function plain({ seq, headerBytes, parts, seal, aside }: StoredEntry): object {
  const bytes = parts.map((part) => (part === null ? null : toHex(part)));
  return { seq, header: toHex(headerBytes), parts: bytes, seal: seal === null ? null : toHex(seal), aside };
}

function nextOf(reader: IterableIterator<StoredEntry, unknown>): number | undefined {
  const next = reader.next();
  return next.done === true ? undefined : next.value.seq;
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items.at(index);
  assert.ok(item !== undefined, `there is an item ${String(index)}`);
  return item;
}

export function logStoreContract(name: string, open: () => OpenStore): void {
  const check = (title: string, run: (bench: Bench) => void): void => {
    test(title, () => {
      const opened = open();
      try {
        run(new Bench(opened));
      } finally {
        opened.close();
      }
    });
  };

  describe(`${name}: feeds and entries`, () => {
    check('an empty store knows nothing', ({ store, author }) => {
      const { id } = author.feed();
      assert.deepEqual(store.feeds(), []);
      assert.equal(store.feed(id), undefined);
      assert.deepEqual([...store.read({ feed: id, from: 1, to: 10 })], []);
      assert.equal(store.hashAt(id, 1), undefined);
      assert.equal(store.sealAfter(id, 1), undefined);
      assert.deepEqual(store.asides(), []);
      assert.deepEqual(store.erasedBy(id, 1), []);
      assert.equal(store.forkEvidence(id), undefined);
    });

    check('a new feed stands at its start', (bench) => {
      const { feed } = bench.feedOf(0);
      const expected = {
        info: feed,
        seq: 0,
        hash: NO_ENTRY,
        hlc: { ms: 0, n: 0 },
        folded: 0,
        seen: new Map(),
        forkedAfter: undefined,
      };
      assert.deepEqual(bench.store.feed(feed.id), expected);
      bench.reopen();
      assert.deepEqual(bench.store.feeds(), [expected]);
    });

    check('gives back what was appended, and where the feed ends', (bench) => {
      const { feed, entries } = bench.feedOf(3, 'public', 'members', 'roll', 'grant:medical');
      const expected = entries.map(({ header, ...rest }) =>
        plain({ seq: header.seq, ...rest, aside: undefined }),
      );
      assert.deepEqual(bench.read(feed).map(plain), expected);
      const last = at(entries, -1);
      assert.deepEqual(
        { ...bench.store.feed(feed.id) },
        {
          info: feed,
          seq: 3,
          hash: last.hash,
          hlc: last.header.hlc,
          folded: 0,
          seen: new Map(),
          forkedAfter: undefined,
        },
      );
      bench.reopen();
      assert.deepEqual(bench.read(feed).map(plain), expected);
    });

    check('keeps an entry without parts, with empty payloads, and with large ones', (bench) => {
      const feed = bench.author.feed();
      const parts = [0, 1, 70_000, 256 * 1024].map((size) => ({
        audience: 'members',
        payload: new Uint8Array(size).fill(size % 251),
      }));
      const entries = bench.author.write(feed, [
        { kind: 'x-none', lane: 'data', parts: [] },
        { kind: 'x-some', lane: 'data', parts },
      ]);
      bench.store.transact(() => {
        bench.store.addFeed(feed);
        bench.store.append(feed.id, entries);
      });
      bench.reopen();
      assert.deepEqual(
        bench.read(feed).map((entry) => entry.parts),
        entries.map((entry) => entry.parts),
      );
    });

    check('reads ranges in order, past both ends, and stops when told to', (bench) => {
      const { feed } = bench.feedOf(700);
      const seqs = (from: number, to: number): number[] => bench.read(feed, from, to).map(({ seq }) => seq);
      assert.deepEqual(
        seqs(1, 700),
        Array.from({ length: 700 }, (_, index) => index + 1),
      );
      assert.deepEqual(seqs(699, 9999), [699, 700]);
      assert.deepEqual(seqs(-3, 2), [1, 2]);
      assert.deepEqual(seqs(350, 350), [350]);
      assert.deepEqual(seqs(701, 701), []);
      assert.deepEqual(seqs(0, 0), []);
      assert.deepEqual(seqs(5, 4), []);
      const reader = bench.store.read({ feed: feed.id, from: 10, to: 700 });
      assert.equal(nextOf(reader), 10);
      reader.return?.();
    });

    check('two readers at once do not disturb each other, nor does a writer', (bench) => {
      const { feed } = bench.feedOf(300);
      const other = bench.feedOf(300).feed;
      const [one, two] = [
        bench.store.read({ feed: feed.id, from: 1, to: 300 }),
        bench.store.read({ feed: other.id, from: 1, to: 300 }),
      ];
      for (let seq = 1; seq <= 300; seq += 1) {
        assert.equal(nextOf(one), seq);
        assert.equal(nextOf(two), seq);
        if (seq % 50 === 0) bench.store.transact(() => bench.store.setFolded(feed.id, seq, new Map()));
      }
      assert.equal(one.next().done, true);
      assert.equal(two.next().done, true);
    });

    check('feeds do not mix', (bench) => {
      const feeds = [1, 2, 3].map((count) => bench.feedOf(count));
      for (const { feed, entries } of feeds) assert.equal(bench.read(feed).length, entries.length);
      assert.deepEqual(
        bench.store.feeds().map(({ info }) => info.id),
        feeds.map(({ feed }) => feed.id),
      );
      bench.reopen();
      assert.deepEqual(
        bench.store.feeds().map(({ info }) => info),
        feeds.map(({ feed }) => feed),
      );
    });

    check('hashAt names the digest of each entry', (bench) => {
      const { feed, entries } = bench.feedOf(5);
      for (const { header, hash } of entries) assert.equal(bench.store.hashAt(feed.id, header.seq), hash);
      for (const seq of [-1, 0, 6]) assert.equal(bench.store.hashAt(feed.id, seq), undefined);
    });

    check('sealAfter finds the first seal at or after a place', (bench) => {
      const { feed } = bench.feedOf(3);
      bench.grow(feed, 2);
      const found = [-1, 0, 1, 2, 3, 4, 5, 6].map((seq) => bench.store.sealAfter(feed.id, seq));
      assert.deepEqual(found, [3, 3, 3, 3, 3, 5, 5, undefined]);
    });

    check('a feed grows without gaps', (bench) => {
      const { feed } = bench.feedOf(2);
      const [, second] = bench.author.write(feed, notes(2));
      assert.throws(
        () => bench.store.transact(() => bench.store.append(feed.id, second === undefined ? [] : [second])),
        /bug/,
      );
      assert.equal(bench.store.feed(feed.id)?.seq, 2);
    });

    check('writing needs a transaction and a feed', (bench) => {
      const { feed, entries } = bench.feedOf(1);
      const more = bench.author.write(feed, notes(1));
      assert.throws(() => bench.store.append(feed.id, more), /bug/);
      assert.throws(() => bench.store.setFolded(feed.id, 1, new Map()), /bug/);
      assert.throws(() => bench.store.erase(erasureOf(at(entries, 0), 0)), /bug/);
      const unknown = bench.author.feed().id;
      assert.throws(() => bench.store.transact(() => bench.store.append(unknown, more)), /bug/);
      assert.throws(() => bench.store.transact(() => bench.store.addFeed(feed)), /bug/);
    });
  });

  describe(`${name}: folding and standing`, () => {
    check('remembers how far a feed is folded and what its author had seen', (bench) => {
      const { feed } = bench.feedOf(4);
      const seen = new Map<FeedId, number>([
        [bench.author.feed('roll').id, 7],
        [bench.author.feed('roll').id, 2 ** 32 - 1],
      ]);
      bench.store.transact(() => bench.store.setFolded(feed.id, 3, seen));
      bench.reopen();
      assert.equal(bench.store.feed(feed.id)?.folded, 3);
      assert.deepEqual(bench.store.feed(feed.id)?.seen, seen);
    });

    check('sets entries aside and takes them back', (bench) => {
      const { feed } = bench.feedOf(9);
      const other = bench.feedOf(2).feed;
      bench.store.transact(() => {
        bench.store.setAside({ feed: feed.id, from: 2, to: 4 }, 'quarantined');
        bench.store.setAside({ feed: feed.id, from: 7, to: 99 }, 'quarantined');
        bench.store.setAside({ feed: feed.id, from: 3, to: 3 }, undefined);
        bench.store.setAside({ feed: other.id, from: 1, to: 1 }, 'quarantined');
      });
      const ranges = bench.store.asides().map(({ feed: id, from, to, entries }) => [id, from, to, entries]);
      assert.deepEqual(ranges, [
        [feed.id, 2, 2, 1],
        [feed.id, 4, 4, 1],
        [feed.id, 7, 9, 3],
        [other.id, 1, 1, 1],
      ]);
      const [first, , third] = bench.store.asides();
      assert.ok((first?.sizeBytes ?? 0) > 100 && (third?.sizeBytes ?? 0) > 2.9 * (first?.sizeBytes ?? 0));
      assert.deepEqual(
        bench.read(feed, 2, 4).map(({ aside }) => aside),
        ['quarantined', undefined, 'quarantined'],
      );
    });

    check('stops at a fork: what follows is set aside, also what comes later', (bench) => {
      const { feed } = bench.feedOf(5);
      const evidence = utf8('two histories');
      bench.store.transact(() => bench.store.stopAtFork(feed.id, 3, evidence));
      bench.grow(feed, 2);
      bench.reopen();
      assert.equal(bench.store.feed(feed.id)?.forkedAfter, 3);
      assert.deepEqual(bench.store.forkEvidence(feed.id), evidence);
      const aside = (): unknown[] => bench.read(feed).map((entry) => entry.aside);
      assert.deepEqual(aside(), [undefined, undefined, undefined, 'forked', 'forked', 'forked', 'forked']);
      assert.deepEqual(bench.store.asides(), []);
      bench.store.transact(() => bench.store.stopAtFork(feed.id, 1, utf8('earlier')));
      assert.deepEqual(aside().indexOf('forked'), 1);
      assert.deepEqual(bench.store.forkEvidence(feed.id), utf8('earlier'));
    });

    check('a feed can be stopped before anything of it is here', (bench) => {
      const { feed } = bench.feedOf(0);
      bench.store.transact(() => bench.store.stopAtFork(feed.id, 1, utf8('proof')));
      bench.grow(feed, 3);
      assert.deepEqual(
        bench.read(feed).map(({ aside }) => aside),
        [undefined, 'forked', 'forked'],
      );
    });

    check('resetFolds forgets what was folded, and no fork', (bench) => {
      const { feed, entries } = bench.feedOf(6, 'public', 'members');
      bench.store.transact(() => {
        bench.store.setFolded(feed.id, 6, new Map([[feed.id, 3]]));
        bench.store.setAside({ feed: feed.id, from: 1, to: 2 }, 'quarantined');
        bench.store.stopAtFork(feed.id, 4, utf8('proof'));
        bench.store.erase(erasureOf(at(entries, 2), 1));
      });
      bench.store.transact(() => bench.store.resetFolds());
      const state = bench.store.feed(feed.id);
      assert.deepEqual([state?.folded, state?.seen, state?.seq, state?.forkedAfter], [0, new Map(), 6, 4]);
      assert.deepEqual(
        bench.read(feed).map(({ aside }) => aside),
        [undefined, undefined, undefined, undefined, 'forked', 'forked'],
      );
      assert.deepEqual(bench.store.erasedBy(feed.id, 3), []);
      assert.deepEqual(bench.held(feed, 3), [true, false], 'the bytes stay gone');
      assert.deepEqual(bench.store.missingParts(feed.id), [{ feed: feed.id, from: 3, to: 3 }]);
    });
  });

  partsContract(name, check);
  transactionContract(name, check);
}

type Check = (title: string, run: (bench: Bench) => void) => void;

function partsContract(name: string, check: Check): void {
  describe(`${name}: parts`, () => {
    check('says which entries lack parts, in ranges', (bench) => {
      const { feed } = bench.feedOf(2, 'public', 'members');
      bench.grow(feed, 3, (entry) => without(entry, 1));
      bench.grow(feed, 1);
      bench.grow(feed, 600, (entry) => without(entry, 0, 1));
      const ranges = bench.store.missingParts(feed.id).map(({ from, to }) => [from, to]);
      assert.deepEqual(ranges, [
        [3, 5],
        [7, 506],
        [507, 606],
      ]);
      bench.reopen();
      assert.deepEqual(bench.held(feed, 4), [true, false]);
      assert.deepEqual(bench.held(feed, 100), [false, false]);
    });

    check('fills in a part that was withheld, once', (bench) => {
      const { feed } = bench.feedOf(0);
      const [entry] = bench.grow(feed, 1, (whole) => without(whole, 0, 1));
      const part = entry?.parts[1] ?? new Uint8Array(0);
      bench.store.transact(() => bench.store.putPart(feed.id, 1, 1, part));
      assert.deepEqual(bench.read(feed)[0]?.parts, [null, part]);
      assert.equal(bench.store.missingParts(feed.id).length, 1);
      bench.store.transact(() => bench.store.putPart(feed.id, 1, 1, utf8('something else')));
      assert.deepEqual(bench.read(feed)[0]?.parts, [null, part], 'one that is here stays');
      bench.store.transact(() => bench.store.putPart(feed.id, 1, 0, entry?.parts[0] ?? new Uint8Array(0)));
      assert.deepEqual(bench.read(feed)[0]?.parts, entry?.parts);
      assert.deepEqual(bench.store.missingParts(feed.id), []);
      bench.reopen();
      assert.deepEqual(bench.read(feed)[0]?.parts, entry?.parts);
    });

    check('erases a part, and it does not come back', (bench) => {
      const { feed, entries } = bench.feedOf(2, 'public', 'members');
      const [entry] = entries;
      const erasure = erasureOf(at(entries, 0), 1);
      bench.store.transact(() => bench.store.erase(erasure));
      assert.deepEqual(bench.held(feed, 1), [true, false]);
      assert.deepEqual(bench.held(feed, 2), [true, true]);
      assert.deepEqual(bench.store.erasedBy(feed.id, 1), [erasure]);
      assert.deepEqual(bench.store.missingParts(feed.id), [], 'what is erased is not missing');
      const [kept] = bench.read(feed);
      assert.ok(kept !== undefined && entry !== undefined);
      assert.deepEqual(
        plain({ ...kept, parts: [] }),
        plain({ ...entry, parts: [], seq: 1, aside: undefined }),
      );
      bench.store.transact(() => bench.store.putPart(feed.id, 1, 1, entry.parts[1] ?? new Uint8Array(0)));
      assert.deepEqual(bench.held(feed, 1), [true, false]);
      bench.reopen();
      assert.deepEqual(bench.held(feed, 1), [true, false]);
      assert.deepEqual(bench.store.erasedBy(feed.id, 1), [erasure]);
    });

    check('an erased part that arrives later is dropped', (bench) => {
      const feed = bench.author.feed();
      const entries = bench.author.write(feed, notes(3, 'public', 'members'));
      const erasures = [
        erasureOf(at(entries, 1), 0),
        erasureOf(at(entries, 2), 0),
        erasureOf(at(entries, 2), 1),
      ];
      bench.store.transact(() => {
        for (const erasure of erasures) bench.store.erase(erasure);
      });
      bench.reopen();
      bench.store.transact(() => {
        bench.store.addFeed(feed);
        bench.store.append(
          feed.id,
          entries.map((entry, index) => (index === 1 ? without(entry, 1) : entry)),
        );
      });
      assert.deepEqual(
        [1, 2, 3].map((seq) => bench.held(feed, seq)),
        [
          [true, true],
          [false, false],
          [false, false],
        ],
      );
      assert.deepEqual(
        bench.store.missingParts(feed.id).map(({ from, to }) => [from, to]),
        [[2, 2]],
        'part 1 of entry 2',
      );
      assert.deepEqual(bench.store.erasedBy(feed.id, 3), erasures.slice(1));
    });

    check('keeps every demand to erase, each once', (bench) => {
      const { feed, entries } = bench.feedOf(1, 'public', 'members');
      const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
      const [a, b, c] = [
        erasureOf(at(entries, 0), 1, two),
        erasureOf(at(entries, 0), 1, one),
        erasureOf(at(entries, 0), 0, two),
      ];
      bench.store.transact(() => {
        for (const erasure of [a, b, c, a]) bench.store.erase(erasure);
      });
      assert.deepEqual(bench.store.erasedBy(feed.id, 1), [c, b, a]);
    });

    check('takes back an erasure that names nothing', (bench) => {
      const feed = bench.author.feed();
      const entries = bench.author.write(feed, notes(1, 'public', 'members'));
      const [wrong, right] = [erasureOf(at(entries, 0), 0), erasureOf(at(entries, 0), 1)];
      bench.store.transact(() => {
        bench.store.erase(wrong);
        bench.store.erase(right);
        bench.store.unerase(wrong);
        bench.store.addFeed(feed);
        bench.store.append(feed.id, entries);
      });
      assert.deepEqual(bench.held(feed, 1), [true, false]);
      assert.deepEqual(bench.store.erasedBy(feed.id, 1), [right]);
      bench.store.transact(() => bench.store.unerase(right));
      assert.equal(bench.store.missingParts(feed.id).length, 1);
    });

    check('a part that is no longer erased can be put again', (bench) => {
      const { feed, entries } = bench.feedOf(1, 'public', 'members');
      bench.store.transact(() => bench.store.erase(erasureOf(at(entries, 0), 0)));
      bench.store.transact(() => bench.store.resetFolds());
      bench.store.transact(() =>
        bench.store.putPart(feed.id, 1, 0, entries[0]?.parts[0] ?? new Uint8Array(0)),
      );
      assert.deepEqual(bench.read(feed)[0]?.parts, entries[0]?.parts);
      assert.deepEqual(bench.store.missingParts(feed.id), []);
    });
  });
}

function transactionContract(name: string, check: Check): void {
  describe(`${name}: transactions`, () => {
    /** One of everything that writes. */
    const writeAll = (
      { store, author }: Bench,
      { feed, entries }: { feed: FeedInfo; entries: Entry[] },
    ): void => {
      const added = author.feed();
      store.addFeed(added);
      store.append(added.id, author.write(added, notes(2)));
      store.append(feed.id, author.write(feed, notes(3, 'public', 'members')));
      store.setFolded(feed.id, 2, new Map([[feed.id, 2]]));
      store.setAside({ feed: feed.id, from: 1, to: 3 }, 'quarantined');
      store.putPart(feed.id, 1, 1, entries[0]?.parts[1] ?? new Uint8Array(0));
      store.erase(erasureOf(at(entries, 1), 0));
      store.erase({ ...erasureOf(at(entries, 1), 0), target: { feed: added.id, seq: 9, hash: NO_ENTRY } });
      store.stopAtFork(feed.id, 3, utf8('proof'));
      store.resetFolds();
      store.erase(erasureOf(at(entries, 2), 0));
    };

    const start = (bench: Bench): { feed: FeedInfo; entries: Entry[] } => {
      const { feed } = bench.feedOf(0);
      return { feed, entries: bench.grow(feed, 4, (entry) => without(entry, 1)) };
    };

    check('a throw undoes everything', (bench) => {
      const started = start(bench);
      const before = dumpStore(bench.store);
      const stop = new Error('stop');
      assert.throws(
        () =>
          bench.store.transact(() => {
            writeAll(bench, started);
            assert.equal(bench.store.feeds().length, 2, 'inside, it is there');
            throw stop;
          }),
        stop,
      );
      assert.deepEqual(dumpStore(bench.store), before);
      bench.reopen();
      assert.deepEqual(dumpStore(bench.store), before);
    });

    check('what is committed is still there after a restart', (bench) => {
      const started = start(bench);
      bench.store.transact(() => writeAll(bench, started));
      const after = dumpStore(bench.store);
      bench.reopen();
      assert.deepEqual(dumpStore(bench.store), after);
    });

    check('goes on after a rollback as if it had not been', (bench) => {
      const { feed } = start(bench);
      const more = bench.author.write(feed, notes(2));
      assert.throws(() =>
        bench.store.transact(() => {
          bench.store.append(feed.id, more);
          throw new Error('stop');
        }),
      );
      bench.store.transact(() => bench.store.append(feed.id, more));
      assert.equal(bench.store.feed(feed.id)?.seq, 6);
      assert.deepEqual(
        bench.read(feed, 5, 6).map(({ parts }) => parts),
        more.map(({ parts }) => parts),
      );
    });

    check('gives back what the work gives back', ({ store }) => {
      assert.equal(
        store.transact(() => 42),
        42,
      );
    });

    check('an inner transaction joins the outer one', (bench) => {
      const { feed } = start(bench);
      assert.throws(() =>
        bench.store.transact(() => {
          bench.store.transact(() => bench.store.setFolded(feed.id, 4, new Map()));
          throw new Error('stop');
        }),
      );
      assert.equal(bench.store.feed(feed.id)?.folded, 0);
    });

    check('what an inner transaction throws undoes the outer one, even when it is caught', (bench) => {
      const { feed } = start(bench);
      const stop = new Error('stop');
      const swallow = (): void => {
        try {
          bench.store.transact(() => {
            throw stop;
          });
        } catch {
          // The point of the test.
        }
      };
      assert.throws(
        () =>
          bench.store.transact(() => {
            bench.store.setFolded(feed.id, 4, new Map());
            swallow();
          }),
        stop,
      );
      assert.equal(bench.store.feed(feed.id)?.folded, 0);
      bench.store.transact(() => bench.store.setFolded(feed.id, 3, new Map()));
      assert.equal(bench.store.feed(feed.id)?.folded, 3);
    });

    check('afterCommit runs in order, after the outermost transaction, and may write', (bench) => {
      const { feed } = start(bench);
      const calls: string[] = [];
      bench.store.transact(() => {
        bench.store.transact(() => {
          bench.store.afterCommit(() => {
            calls.push('first');
            bench.store.transact(() => bench.store.setFolded(feed.id, 2, new Map()));
          });
        });
        bench.store.afterCommit(() => calls.push('second'));
        calls.push('work');
      });
      bench.store.afterCommit(() => calls.push('none open'));
      assert.deepEqual(calls, ['work', 'first', 'second', 'none open']);
      assert.equal(bench.store.feed(feed.id)?.folded, 2);
    });

    check('a rollback after a listener wrote undoes the right transaction', (bench) => {
      const { feed } = start(bench);
      bench.store.transact(() => {
        bench.store.afterCommit(() => {
          assert.throws(() =>
            bench.store.transact(() => {
              bench.store.setFolded(feed.id, 4, new Map());
              throw new Error('stop');
            }),
          );
        });
        bench.store.setFolded(feed.id, 1, new Map());
      });
      assert.equal(bench.store.feed(feed.id)?.folded, 1);
    });

    check('a rollback drops afterCommit and runs onRollback, last one first', ({ store }) => {
      const calls: string[] = [];
      assert.throws(() =>
        store.transact(() => {
          store.afterCommit(() => calls.push('committed'));
          store.onRollback(() => calls.push('first'));
          store.transact(() => store.onRollback(() => calls.push('second')));
          throw new Error('stop');
        }),
      );
      assert.deepEqual(calls, ['second', 'first']);
      store.transact(() => store.onRollback(() => calls.push('never')));
      assert.deepEqual(calls, ['second', 'first']);
      assert.throws(() => store.onRollback(() => undefined), /bug/);
    });
  });
}
