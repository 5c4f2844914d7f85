/** Random lives in several test files, so that the runner can play them on several cores. */
import { test } from 'node:test';
import { SEEDS } from './seeds.ts';
import { playSeed } from './workload.ts';

/** Seeds that one `npm test` plays. */
const SEEDS_BY_DAY = 2000;

/**
 * KITH_SEED=123 plays that one. KITH_SEEDS=100000 plays as many, KITH_FIRST=5000 from there on.
 * @param shard from 0; every `shards`th seed is this file's.
 */
export function playShard(shard: number, shards: number): void {
  const only = process.env['KITH_SEED'];
  if (only !== undefined) {
    if (shard === 0) test(`seed ${only}`, () => void playSeed(Number(only)));
    return;
  }
  if (shard === 0) {
    for (const [seed, found] of SEEDS) test(`seed ${String(seed)}: ${found}`, () => void playSeed(seed));
  }
  const first = Number(process.env['KITH_FIRST'] ?? 1);
  const count = Number(process.env['KITH_SEEDS'] ?? SEEDS_BY_DAY);
  test(`${String(count)} random lives, part ${String(shard + 1)} of ${String(shards)}`, (context) => {
    const began = performance.now();
    let simulatedMs = 0;
    for (let seed = first + shard; seed < first + count; seed += shards) simulatedMs += playOne(seed);
    const ratio = Math.round(simulatedMs / (performance.now() - began));
    context.diagnostic(`simulated time ÷ real time: ${String(ratio)}`);
  });
}

function playOne(seed: number): number {
  try {
    return playSeed(seed).simulatedMs;
  } catch (cause) {
    const again = `KITH_SEED=${String(seed)} npm test -- test/sim/log-sync.sim.test.ts`;
    throw new Error(`seed ${String(seed)} breaks a rule; once more: ${again}`, { cause });
  }
}
