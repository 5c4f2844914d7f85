/** node test/sim/run-mutant.ts NAME [SEEDS [FIRST]]: plays seeds with one rule broken until a checker notices. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

const [name, seeds = '60', first] = process.argv.slice(2);
const mutant = MUTANTS.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`no such mutant: ${String(name)}`);
const { file, find, replace } = mutant;

let applied = 0;
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith('file:') || !fileURLToPath(url).endsWith(`/${file}`)) return loaded;
    const { source: given = '' } = loaded;
    const source = typeof given === 'string' ? given : Buffer.from(given as Uint8Array).toString('utf8');
    applied += source.split(find).length - 1;
    return { ...loaded, source: source.replace(find, () => replace) };
  },
});

if (mutant.story !== undefined) await import(`../../${mutant.story}`);
const { playSeed } = await import('./workload.ts');
if (applied !== 1)
  throw new Error(`the mutant “${mutant.name}” fits ${String(applied)} places of ${file}, not one`);

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
