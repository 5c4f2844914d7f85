/** node test/sim/files/run-folder-mutant.ts NAME [SEEDS [FIRST]]: plays lives of folders with one rule broken until a checker notices. */
import { applyMutant } from '../apply-mutant.ts';
import { FOLDER_MUTANTS } from './folder-mutants.ts';

const [name, seeds = '150', first] = process.argv.slice(2);
const mutant = FOLDER_MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`no such mutant: ${String(name)}`);
const applied = applyMutant(mutant);
const { playFolderSeed } = await import('./folder-lives.ts');
applied.mustFit();

const from = Number(first ?? mutant.from);
let found: { seed: number | undefined; rule: string } = { seed: undefined, rule: '' };
for (let seed = from; seed < from + Number(seeds) && found.seed === undefined; seed += 1) {
  try {
    await playFolderSeed(seed);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    found = { seed, rule: (text.split('\n')[0] ?? '').slice(0, 160) };
  }
}
process.stdout.write(`${JSON.stringify(found)}\n`);
