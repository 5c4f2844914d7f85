/** node test/sim/run-mutant.ts NAME [SEEDS [FIRST]]: plays seeds with one rule broken until a checker notices. */
import { applyMutant } from './apply-mutant.ts';
import { MUTANTS } from './mutants.ts';

const [name, seeds = '60', first] = process.argv.slice(2);
const mutant = MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`no such mutant: ${String(name)}`);
const { mustFit } = applyMutant(mutant);

if (mutant.story !== undefined) await import(`../../${mutant.story}`);
const { playSeed } = await import('./workload.ts');
mustFit();

const from = Number(first ?? mutant.from);
if (mutant.story === undefined) process.stdout.write(`${JSON.stringify(hunt(from, Number(seeds)))}\n`);

function hunt(start: number, count: number): { seed: number | undefined; rule: string } {
  for (let seed = start; seed < start + count; seed += 1) {
    try {
      playSeed(seed);
    } catch (error) {
      return {
        seed,
        rule: error instanceof Error ? (error.message.split('\n')[0] ?? '').slice(0, 160) : String(error),
      };
    }
  }
  return { seed: undefined, rule: '' };
}
