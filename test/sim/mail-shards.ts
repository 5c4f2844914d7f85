/** Random lives of letters, in several test files, so that the runner can play them on several cores. */
import { test } from 'node:test';
import { playMailSeed } from './mail-workload.ts';

/** Seeds that one `npm test` plays. */
const SEEDS_BY_DAY = 500;
/** Seeds that once failed, and what they are about. */
const SEEDS: readonly (readonly [seed: number, found: string])[] = [
  [524, 'the disk refused when a letter was to be dropped, and nobody tried again'],
  [100, 'a letter for several was evicted after it was opened here, and came back'],
];

/**
 * KITH_SEED=123 plays that one. KITH_SEEDS=100000 plays as many, KITH_FIRST=5000 from there on.
 * @param shard from 0; every `shards`th seed is this file's.
 */
export function playMailShard(shard: number, shards: number): void {
  const only = process.env['KITH_SEED'];
  if (only !== undefined) {
    if (shard === 0) test(`letters: seed ${only}`, () => void playMailSeed(Number(only)));
    return;
  }
  if (shard === 0) {
    for (const [seed, found] of SEEDS)
      test(`letters: seed ${String(seed)}: ${found}`, () => void playMailSeed(seed));
  }
  const first = Number(process.env['KITH_FIRST'] ?? 1);
  const count = Number(process.env['KITH_SEEDS'] ?? SEEDS_BY_DAY);
  test(`${String(count)} random lives of letters, part ${String(shard + 1)} of ${String(shards)}`, (context) => {
    const began = performance.now();
    let simulatedMs = 0;
    for (let seed = first + shard; seed < first + count; seed += shards) simulatedMs += playOne(seed);
    const ratio = Math.round(simulatedMs / (performance.now() - began));
    context.diagnostic(`simulated time ÷ real time: ${String(ratio)}`);
  });
}

function playOne(seed: number): number {
  try {
    return playMailSeed(seed).simulatedMs;
  } catch (cause) {
    const again = `KITH_SEED=${String(seed)} npm test -- test/sim/mail.sim.test.ts`;
    throw new Error(`seed ${String(seed)} breaks a rule of letters; once more: ${again}`, { cause });
  }
}
