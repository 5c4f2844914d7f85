/** node test/sim/rooms/run-room-mutant.ts NAME [SEEDS [FIRST]]: plays lives of rooms, or the stories, with one rule broken. */
import { applyMutant } from '../apply-mutant.ts';
import { ROOM_MUTANTS } from './room-mutants.ts';

const [name, seeds = '1500', first] = process.argv.slice(2);
const mutant = ROOM_MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`no such mutant: ${String(name)}`);
const applied = applyMutant(mutant);
if (mutant.story !== undefined) await import(`../../../${mutant.story}`);
const { playRoomSeed } = await import('./room-workload.ts');
applied.mustFit();

if (mutant.story === undefined) {
  const from = Number(first ?? mutant.from);
  let found: { seed: number | undefined; rule: string } = { seed: undefined, rule: '' };
  for (let seed = from; seed < from + Number(seeds) && found.seed === undefined; seed += 1) {
    try {
      playRoomSeed(seed);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      found = { seed, rule: (text.split('\n')[0] ?? '').slice(0, 160) };
    }
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
