/** What lies before a summary comes from others, who can make up none of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SeededRng } from '../../../test/sim/rng.ts';
import {
  ADA,
  applied,
  BASE,
  END,
  HISTORY,
  markAt,
  page,
  SENT,
  WHOLE,
  word,
} from '../../../test/support/room-history.ts';
import {
  begun,
  lackingIn,
  takePage,
  wholeAbove,
  type Gap,
  type OlderPage,
  type PlacedEntry,
} from './core.ts';

function words(placed: readonly PlacedEntry[]): string[] {
  return placed.flatMap(({ entry, counted }) =>
    counted && entry.kind === 'command'
      ? [`${String(entry.index)} ${entry.command.author.slice(0, 1)}${String(entry.command.number)}`]
      : [],
  );
}

/** Page by page, from the top; undefined when that ends before everything is here. */
function fetched(gap: Gap, sizes: () => number, make: (above: number, upTo: number) => OlderPage): string[] {
  const all: PlacedEntry[] = [];
  let left: Gap | undefined = gap;
  while (left !== undefined) {
    const upTo: number = left.reached.index;
    const taken = takePage(left, make(Math.max(left.from.index, upTo - sizes()), upTo));
    if (taken.type !== 'taken') return [taken.type];
    all.unshift(...taken.placed);
    left = taken.gap;
  }
  return words(all);
}

describe('what lies before a summary', () => {
  it('comes page by page, the newest first, and shows each message where it counted', () => {
    const expected = ['2 a1', '3 b1', '4 a2', '8 b2', '10 b3', '11 a3'];
    for (const size of [1, 2, 3, 5, END])
      assert.deepEqual(
        fetched(
          WHOLE,
          () => size,
          (above, upTo) => page(HISTORY, above, upTo),
        ),
        expected,
      );
  });

  it('leads down to what was confirmed here before', () => {
    const gap = begun({ from: markAt(HISTORY, 5), to: markAt(HISTORY, END) });
    const shown = fetched(
      gap,
      () => 2,
      (above, upTo) => page(HISTORY, above, upTo),
    );
    assert.deepEqual(shown, ['8 b2', '10 b3', '11 a3']);
    const other = { ...gap, from: { ...gap.from, hash: BASE.hash } };
    assert.equal(takePage(other, page(HISTORY, 5, END)).type, 'diverged');
  });

  it('is refused where it does not lead by its hashes to what is here', () => {
    const forged = applied(SENT.map((one, at) => (at === 3 ? word(ADA, 7) : one)));
    assert.equal(takePage(WHOLE, page(forged, 0, END)).type, 'refused');
    assert.equal(takePage(WHOLE, { ...page(HISTORY, 4, END), before: BASE.hash }).type, 'refused');
    assert.equal(takePage(WHOLE, page(HISTORY, 2, END - 1)).type, 'refused', 'it begins elsewhere');
    assert.equal(takePage(WHOLE, page(HISTORY, END, END)).type, 'refused', 'it is empty');
    const shorter = begun({ from: markAt(HISTORY, 6), to: markAt(HISTORY, END) });
    assert.equal(takePage(shorter, page(HISTORY, 3, END)).type, 'refused', 'it goes too far');
  });

  it('is had anew when somebody said wrongly what counted, whatever it was', () => {
    for (const [at, { entry }] of HISTORY.placed.entries()) {
      if (entry.kind !== 'command') continue;
      const lying = HISTORY.placed.map((one, place) =>
        place === at ? { ...one, counted: !one.counted } : one,
      );
      for (const size of [1, 3, END])
        assert.deepEqual(
          fetched(
            WHOLE,
            () => size,
            (above, upTo) => page({ ...HISTORY, placed: lying }, above, upTo),
          ),
          ['misled'],
          `of ${String(entry.index)}, by ${String(size)}`,
        );
    }
  });

  it('shows nothing but what counted, whoever lies about whatever', () => {
    const truth = words(HISTORY.placed);
    const rng = new SeededRng(5);
    let lies = 0;
    for (let round = 0; round < 2000; round += 1) {
      const placed = HISTORY.placed.map((one) => ({ ...one, counted: one.counted !== rng.chance(15) }));
      const shown = fetched(
        WHOLE,
        () => rng.between(1, 5),
        (above, upTo) => page({ ...HISTORY, placed }, above, upTo),
      );
      if (shown[0] === 'misled') lies += 1;
      else assert.deepEqual(shown, truth);
    }
    assert.ok(lies > 1000, String(lies));
  });

  it('is counted, and nobody reads over it', () => {
    const gaps = [
      begun({ from: markAt(HISTORY, 2), to: markAt(HISTORY, 4) }),
      { ...begun({ from: markAt(HISTORY, 6), to: markAt(HISTORY, 9) }), reached: markAt(HISTORY, 8) },
    ];
    assert.equal(lackingIn(gaps), 4);
    assert.deepEqual(
      [11, 8, 7, 6, 5, 4, 3, 2, 1].map((upTo) => wholeAbove(gaps, upTo)),
      [8, 8, 7, 4, 4, 4, 3, 0, 0],
    );
  });
});
