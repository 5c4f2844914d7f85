/** What every `LogStore` does with parts: those that are withheld, come late, or are erased. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { erasureOf, notes, without } from '../support/author.ts';
import { at, plain, type Check } from './log-store-bench.ts';

export function partsContract(name: string, check: Check): void {
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
