/** Changes a line of a module as it is loaded. */
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.ts';

/** Before the module is imported. @returns what says, afterwards, that it fitted one place. */
export function applyMutant({ name, file, find, replace }: Mutant): { readonly mustFit: () => void } {
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
  return {
    mustFit: () => {
      if (applied !== 1)
        throw new Error(`the mutant “${name}” fits ${String(applied)} places of ${file}, not one`);
    },
  };
}
