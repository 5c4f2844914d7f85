/** Random lives of folders. KITH_SEED=12 plays that one, KITH_SEEDS=100000 plays as many, KITH_FIRST=5000 from there on. */
import { test } from 'node:test';
import { playFolderSeed } from './folder-lives.ts';

const SEEDS_BY_DAY = 120;

const only = process.env['KITH_SEED'];
const first = Number(only ?? process.env['KITH_FIRST'] ?? 1);
const count = only === undefined ? Number(process.env['KITH_SEEDS'] ?? SEEDS_BY_DAY) : 1;

test(`${String(count)} random lives of folders from ${String(first)}`, async (context) => {
  let events = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      events += (await playFolderSeed(seed)).events;
    } catch (cause) {
      const again = `KITH_SEED=${String(seed)} npm test -- test/sim/files/folders.sim.test.ts`;
      throw new Error(`seed ${String(seed)} breaks a rule of folders; once more: ${again}`, { cause });
    }
  }
  context.diagnostic(`${String(events)} events`);
});
