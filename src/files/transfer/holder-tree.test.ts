import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRng } from '../../../test/sim/rng.ts';
import { compareQuality, HolderTree, type Quality } from './holder-tree.ts';

test('walks in the order of a sorted list, whatever came and went, and stays flat', () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const rng = new SeededRng(seed);
    const tree = new HolderTree();
    const known = new Map<string, Quality>();
    for (let round = 0; round < 300; round += 1) {
      const name = `holder ${String(rng.below(60))}`;
      if (rng.below(4) === 0) {
        tree.delete(name);
        known.delete(name);
      } else {
        const quality = { name, errors: rng.below(3), expectedMs: rng.below(50) };
        tree.set(quality);
        known.set(name, quality);
      }
      assert.deepEqual([...tree.walk()], [...known.values()].sort(compareQuality), `seed ${String(seed)}`);
      assert.ok(tree.depth <= 2 * Math.log2(known.size + 1) + 1, `seed ${String(seed)}`);
    }
  }
});
