/** Random lives of rooms, in several test files, so that the runner can play them on several cores. */
import { test } from 'node:test';
import { playRoomSeed } from './room-workload.ts';

/** Seeds that one `npm test` plays. */
const SEEDS_BY_DAY = 1000;
/** Seeds that once failed, or fail with one repair undone, and what they are about. */
const SEEDS: readonly (readonly [seed: number, found: string])[] = [
  [170, 'whoever a change puts out alone has it, and must stand for election'],
  [28672, 'who was about to be let in again believes that it is in, and never asks'],
];

/**
 * KITH_SEED=123 plays that one. KITH_SEEDS=100000 plays as many, KITH_FIRST=5000 from there on.
 * @param shard from 0; every `shards`th seed is this file's.
 */
export function playRoomShard(shard: number, shards: number): void {
  const only = process.env['KITH_SEED'];
  if (only !== undefined) {
    if (shard === 0) test(`rooms: seed ${only}`, () => void playRoomSeed(Number(only)));
    return;
  }
  if (shard === 0)
    for (const [seed, found] of SEEDS)
      test(`rooms: seed ${String(seed)}: ${found}`, () => void playRoomSeed(seed));
  const first = Number(process.env['KITH_FIRST'] ?? 1);
  const count = Number(process.env['KITH_SEEDS'] ?? SEEDS_BY_DAY);
  test(`${String(count)} random lives of rooms, part ${String(shard + 1)} of ${String(shards)}`, (context) => {
    const began = performance.now();
    let [simulatedMs, steps] = [0, 0];
    for (let seed = first + shard; seed < first + count; seed += shards) {
      const outcome = playOne(seed);
      simulatedMs += outcome.simulatedMs;
      steps += outcome.steps;
    }
    const realMs = performance.now() - began;
    context.diagnostic(`simulated time ÷ real time: ${String(Math.round(simulatedMs / realMs))}`);
    context.diagnostic(`steps a second: ${String(Math.round((steps / realMs) * 1000))}`);
  });
}

function playOne(seed: number): ReturnType<typeof playRoomSeed> {
  try {
    return playRoomSeed(seed);
  } catch (cause) {
    const again = `KITH_SEED=${String(seed)} npm test -- test/sim/rooms/rooms.sim.test.ts`;
    throw new Error(`seed ${String(seed)} breaks a rule of rooms; once more: ${again}`, { cause });
  }
}
