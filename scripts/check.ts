/**
 * npm run check [STEP…]: everything about the code that a tool can tell; `npm run fix` mends what it can.
 * One step after the other, all of them even if one fails, so that one run shows everything.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, runNode, toolPath } from './tool.ts';

const { values, positionals } = parseArgs({ options: { fix: { type: 'boolean' } }, allowPositionals: true });
const fix = values.fix === true;

/** A file's looks depend on nothing but itself; what the linter finds depends on other files too, so it has none. */
const PRETTIER_CACHE = ['--cache', '--cache-strategy=content'];

const LAYERED = ['src', 'test', 'scripts', 'bin', 'bench'];

const STEPS: Record<string, () => string[][]> = {
  types: () =>
    ['tsconfig.json', 'src/web/tsconfig.json']
      .filter(exists)
      .map((project) => [toolPath('typescript', 'tsc'), '-p', project]),
  lint: () => [[toolPath('eslint'), ...(fix ? ['--fix'] : []), '.']],
  format: () => [
    [toolPath('prettier'), fix ? '--write' : '--check', '--log-level=warn', ...PRETTIER_CACHE, '.'],
  ],
  layers: () => [
    [
      toolPath('dependency-cruiser', 'depcruise'),
      '--config',
      '.dependency-cruiser.js',
      '--output-type',
      'err-long',
      ...LAYERED.filter(exists),
    ],
  ],
  unused: () => [[toolPath('knip')]],
};
const FIXING = ['lint', 'format'];

function exists(path: string): boolean {
  return existsSync(join(ROOT, path));
}

/** @returns whether it went well */
async function run(name: string, commands: readonly string[][]): Promise<boolean> {
  process.stdout.write(`— ${name}\n`);
  const started = performance.now();
  let failed = false;
  for (const command of commands) failed = (await runNode(command)) !== 0 || failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`  ${failed ? 'FAILED' : 'ok'} (${seconds} s)\n`);
  return !failed;
}

const unknown = positionals.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  process.stderr.write(`no step ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}\n`);
  process.exit(2);
}
const wanted = Object.entries(STEPS).filter(([name]) =>
  positionals.length > 0 ? positionals.includes(name) : !fix || FIXING.includes(name),
);
const failed: string[] = [];
for (const [name, commands] of wanted) {
  if (!(await run(name, commands()))) failed.push(name);
}
if (failed.length > 0) {
  process.stderr.write(`check: ${failed.join(', ')} failed\n`);
  process.exitCode = 1;
}
