/** Random lives of the registry. KITH_SEED=12 plays that one, KITH_SEEDS=100000 plays as many. */
import { test } from 'node:test';
import { playRecordSeed } from './record-lives.ts';

const SEEDS_BY_DAY = 100;

const only = process.env['KITH_SEED'];
const first = Number(only ?? process.env['KITH_FIRST'] ?? 1);
const count = only === undefined ? Number(process.env['KITH_SEEDS'] ?? SEEDS_BY_DAY) : 1;

test(`${String(count)} random lives of the registry from ${String(first)}`, () => {
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      playRecordSeed(seed);
    } catch (cause) {
      const again = `KITH_SEED=${String(seed)} npm test -- test/sim/records.sim.test.ts`;
      throw new Error(`seed ${String(seed)} breaks a rule of records; once more: ${again}`, { cause });
    }
  }
});
