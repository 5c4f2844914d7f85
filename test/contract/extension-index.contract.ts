/** What every `ExtensionIndex` does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/base/bytes.ts';
import type { FeedId } from '../../src/base/ids.ts';
import type { ExtensionIndex, ExtensionPlace } from '../../src/log/ports.ts';
import { SeededRng } from '../sim/rng.ts';

export interface OpenIndex {
  readonly index: ExtensionIndex;
  readonly transact: (work: () => void) => void;
  readonly close: () => void;
}

const rng = new SeededRng(5);
const FEEDS = [0, 1, 2].map(() => toHex(rng.bytes(32)) as FeedId).sort();

function placesInOrder(): ExtensionPlace[] {
  const places: ExtensionPlace[] = [];
  for (const ms of [1, 2, 2 ** 48 - 1]) {
    for (const n of [0, 65_535])
      for (const feed of FEEDS)
        for (const seq of [1, 2 ** 32 - 1]) places.push({ hlc: { ms, n }, feed, seq });
  }
  return places;
}

export function extensionIndexContract(name: string, open: () => OpenIndex): void {
  const check = (title: string, run: (opened: OpenIndex) => void): void => {
    test(`${name}: extension index: ${title}`, () => {
      const opened = open();
      try {
        run(opened);
      } finally {
        opened.close();
      }
    });
  };

  check(
    'pages by kind in order of time, feed and number, whatever the order of coming',
    ({ index, transact }) => {
      const places = placesInOrder();
      transact(() => {
        for (const place of rng.shuffled(places)) index.add('x-a', place);
        for (const place of places.slice(0, 3)) index.add('x-b', place);
      });
      assert.deepEqual(index.page('x-a', undefined, 1000), places);
      assert.deepEqual(index.page('x-b', undefined, 1000), places.slice(0, 3));
      assert.deepEqual(index.page('x-c', undefined, 1000), []);
      const paged: ExtensionPlace[] = [];
      for (
        let page = index.page('x-a', undefined, 5);
        page.length > 0;
        page = index.page('x-a', paged.at(-1), 5)
      )
        paged.push(...page);
      assert.deepEqual(paged, places);
    },
  );

  check('a cursor need not name a place that is there', ({ index, transact }) => {
    const places = placesInOrder();
    transact(() => {
      for (const [at, place] of places.entries()) if (at !== 4) index.add('x-a', place);
    });
    assert.deepEqual(index.page('x-a', places[4], 2), places.slice(5, 7));
    assert.deepEqual(index.page('x-a', places.at(-1), 2), []);
  });

  check('adding twice changes nothing', ({ index, transact }) => {
    const [place] = placesInOrder();
    assert.ok(place !== undefined);
    transact(() => {
      index.add('x-a', place);
      index.add('x-a', { ...place });
    });
    assert.deepEqual(index.page('x-a', undefined, 10), [place]);
  });

  check('a rollback undoes additions and clearing', ({ index, transact }) => {
    const places = placesInOrder();
    transact(() => {
      for (const place of places.slice(0, 4)) index.add('x-a', place);
    });
    assert.throws(() =>
      transact(() => {
        for (const place of places.slice(4)) index.add('x-a', place);
        index.clear();
        for (const place of places.slice(2, 9)) index.add('x-a', place);
        throw new Error('stop');
      }),
    );
    assert.deepEqual(index.page('x-a', undefined, 100), places.slice(0, 4));
    transact(() => index.clear());
    assert.deepEqual(index.page('x-a', undefined, 100), []);
  });
}
