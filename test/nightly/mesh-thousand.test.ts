import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isWhole, mistaken, outOfBounds } from '../sim/mesh/mesh-checkers.ts';
import { grow, splitMs } from '../sim/mesh/mesh-play.ts';
import { MeshWorld } from '../sim/mesh/mesh-world.ts';

describe('a thousand nodes', () => {
  it('hold together, though ten in a hundred die at once', () => {
    const world = grow(new MeshWorld({ seed: 7 }), 1000, 40);
    const settled = world.until(() => outOfBounds(world).length === 0 && isWhole(world), 120_000);
    assert.notEqual(settled, undefined, outOfBounds(world).slice(0, 5).join());
    for (const node of world.rng.shuffled(world.nodes).slice(0, 100)) node.crash();
    const { lastingMs } = splitMs(world, 20_000);
    assert.ok(lastingMs <= 10_000, `split for ${String(lastingMs)} ms`);
    assert.notEqual(
      world.until(() => isWhole(world) && mistaken(world).length === 0, 60_000),
      undefined,
    );
  });
});
