/**
 * What is published, as a folder: the launcher, the program in a few files with everything that it imports, and the
 * licences of that. It needs no other package, so it can be installed where no registry is in reach.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import type * as Rolldown from 'rolldown';
import { ROOT } from '../tool.ts';
import { thirdPartyLicenses } from './licenses.ts';

const ENTRY = join(ROOT, 'src', 'main.ts');
/** Beside package.json, as src/ is in a clone: code finds it one folder above in both. */
const PROGRAM = 'program';
const AS_THEY_ARE = ['bin', 'README.md', 'LICENSE', 'CHANGELOG.md'];
/** All but what only a clone can do. */
const FIELDS = ['name', 'version', 'description', 'keywords', 'license', 'type', 'bin', 'exports'];
/** ts-mls looks for these when it is asked for a cipher suite that is not ours. */
const NEVER_LOADED = new Set([
  '@hpke/chacha20poly1305',
  '@hpke/dhkem-x448',
  '@hpke/hybridkem-x-wing',
  '@hpke/ml-kem',
  '@noble/post-quantum/ml-dsa.js',
]);

/**
 * Makes the folder, in place of what is there.
 * @throws Error when an import of the program does not resolve, or a package in it comes without a licence.
 */
export async function makePackage(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of AS_THEY_ARE) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'package.json'), manifest());
  const modules = await bundle(join(folder, PROGRAM));
  writeFileSync(join(folder, 'THIRD-PARTY-LICENSES'), thirdPartyLicenses(modules));
}

function manifest(): string {
  const all = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;
  return `${JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, all[name]])), null, 2)}\n`;
}

/**
 * Names stay as they are in the sources: logs and stack traces tell them.
 * @returns the files that went in
 */
async function bundle(folder: string): Promise<string[]> {
  const { build } = await bundler();
  const { output } = await build({
    cwd: ROOT,
    input: ENTRY,
    platform: 'node',
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'warn',
    output: { dir: folder, format: 'esm', keepNames: true },
  });
  const chunks = output.filter((file) => file.type === 'chunk');
  const own = new Set(chunks.map(({ fileName }) => fileName));
  const missing = chunks
    .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
    .filter((name) => !own.has(name) && !isBuiltin(name) && !NEVER_LOADED.has(name));
  if (missing.length > 0) throw new Error(`not in the bundle: ${missing.join(', ')}`);
  return chunks.flatMap(({ moduleIds }) => moduleIds);
}

async function bundler(): Promise<typeof Rolldown> {
  try {
    return await import('rolldown');
  } catch (cause) {
    // npm ends well even if the part for this platform failed to come.
    throw new Error('rolldown does not start here: delete node_modules and type the same command again', {
      cause,
    });
  }
}
