/** Scenes that tests and the bench play. */
import assert from 'node:assert/strict';
import { isSettled, isWhole, mistaken, outOfBounds, parts } from './mesh-checkers.ts';
import type { MeshWorld } from './mesh-world.ts';

const SETTLES_MS = 120_000;
const REST_MS = 3 * 60_000;

/** Nodes join one after the other, each through one of the first three. @param everyMs between two of them. */
export function grow(world: MeshWorld, count: number, everyMs = 50): MeshWorld {
  for (let at = 0; at < count; at += 1) {
    const known = world.rng.pick(world.nodes.slice(0, 3));
    world.add(known === undefined ? [] : [known]);
    world.run(everyMs);
  }
  return world;
}

/** Runs until the mesh is whole, within its bounds, and all know it as it is. @returns how long that took. */
export function settle(world: MeshWorld): number {
  const tookMs = world.until(() => isSettled(world, world.options.capacity), SETTLES_MS);
  const seed = `seed ${String(world.options.seed)}`;
  assert.ok(
    tookMs !== undefined,
    `${seed}: ${String(parts(world).length)} parts; ${outOfBounds(world).slice(0, 3).join('; ')}; ${mistaken(world).slice(0, 3).join('; ')}`,
  );
  return tookMs;
}

/** At rest no link comes or goes, and beats and refreshes are all that travels. @returns bytes sent a node and second. */
export function restIsQuiet(world: MeshWorld): number {
  // What was decided just before is still carried out.
  world.run(15_000);
  world.resetTraffic();
  world.run(REST_MS);
  const { linksUp, linksDown, bytes } = world.traffic;
  const seed = `seed ${String(world.options.seed)}`;
  assert.deepEqual({ linksUp, linksDown }, { linksUp: 0, linksDown: 0 }, `${seed}: links change at rest`);
  const rate = bytes / world.running().length / (REST_MS / 1000);
  assert.ok(rate <= 1000, `${seed}: ${rate.toFixed(0)} bytes a second and node at rest`);
  return rate;
}

export interface Splits {
  /** How long at a stretch the mesh was split, at the most. */
  readonly lastingMs: number;
  /** Until nobody believed any more in reaching somebody who is gone. */
  readonly deadMs: number;
}

/** Watches the mesh, four times a second. */
export function splitMs(world: MeshWorld, forMs: number): Splits {
  const startMs = world.nowMs;
  const gone = world.nodes.filter(({ state }) => state !== 'up').map(({ id }) => id);
  let [splitSince, lastingMs, deadMs] = [startMs, 0, 0];
  while (world.nowMs - startMs < forMs) {
    world.run(250);
    if (isWhole(world)) splitSince = world.nowMs;
    else lastingMs = Math.max(lastingMs, world.nowMs - splitSince);
    const [witness] = world.running();
    if (gone.some((id) => witness?.core.presence.isReachable(id))) deadMs = world.nowMs - startMs;
  }
  return { lastingMs, deadMs };
}
