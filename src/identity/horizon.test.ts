import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FeedId } from '../base/ids.ts';
import { Horizon } from './horizon.ts';

function everythingIn(horizon: Horizon): Map<FeedId, number> {
  const all = new Map<FeedId, number>();
  horizon.raise(all);
  return all;
}

const step = fc.record({
  pasts: fc.array(fc.nat(), { maxLength: 4 }),
  feed: fc.nat({ max: 120 }).map((n) => `feed ${n}` as FeedId),
  seq: fc.integer({ min: 1, max: 30 }),
});

test('shared or not, a horizon says what a full map would say', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const made: { horizon: Horizon; full: Map<FeedId, number> }[] = [];
      for (const { pasts, feed, seq } of steps) {
        const known = pasts
          .map((n) => made[n % Math.max(1, made.length)])
          .filter((past) => past !== undefined);
        const full = new Map<FeedId, number>();
        for (const past of known) {
          for (const [seen, upTo] of past.full) full.set(seen, Math.max(upTo, full.get(seen) ?? 0));
        }
        // An author's own feed only grows.
        const own = Math.max(seq, full.get(feed) ?? 0);
        full.set(feed, own);
        const horizon = Horizon.after(
          known.map((past) => past.horizon),
          { feed, seq: own },
        );
        made.push({ horizon, full });
      }
      for (const { horizon, full } of made) {
        assert.deepEqual(everythingIn(horizon), full);
        for (const [feed, seq] of full) assert.equal(horizon.get(feed), seq);
        assert.equal(horizon.get('none' as FeedId), undefined);
      }
    }),
    { seed: 5 },
  );
});

test('raising a map never takes back what it knows', () => {
  const horizon = Horizon.after([], { feed: 'a' as FeedId, seq: 3 });
  const target = new Map([['a' as FeedId, 7]]);
  horizon.raise(target);
  assert.deepEqual([...target], [['a', 7]]);
});
