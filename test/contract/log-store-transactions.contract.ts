/** What every `LogStore` does with transactions: all or nothing, and who hears of it. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import type { Entry, FeedInfo } from '../../src/log/types.ts';
import { NO_ENTRY } from '../../src/log/wire.ts';
import { erasureOf, notes, without } from '../support/author.ts';
import { dumpStore } from '../support/dump.ts';
import { at, type Bench, type Check } from './log-store-bench.ts';

export function transactionContract(name: string, check: Check): void {
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
