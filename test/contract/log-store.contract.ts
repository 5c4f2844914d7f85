/** What every `LogStore` does. Run by the memory twin and by SQLite alike. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import type { FeedId } from '../../src/base/ids.ts';
import { NO_ENTRY } from '../../src/log/wire.ts';
import { erasureOf, notes } from '../support/author.ts';
import { at, Bench, nextOf, plain, type Check, type OpenStore } from './log-store-bench.ts';
import { partsContract } from './log-store-parts.contract.ts';
import { transactionContract } from './log-store-transactions.contract.ts';

export function logStoreContract(name: string, open: () => OpenStore): void {
  const check: Check = (title, run) => {
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
