/**
 * npm run check [STEP…]: everything about the code that a tool can tell; `npm run fix` mends what it can.
 * All steps, even if one fails, so that one run shows everything; what one says is shown in one piece when it is over.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ended, ROOT, spawnNode, toolPath } from './tool.ts';

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

/** The longest begins, and takes as long as all the others together. */
const LONGEST = 'lint';
/** Steps that mend change the same files. */
const AT_ONCE = fix ? 1 : 2;

/** @returns whether it went well */
async function run(name: string, commands: readonly string[][]): Promise<boolean> {
  const started = performance.now();
  const said: string[] = [];
  let failed = false;
  for (const command of commands) failed = (await runQuietly(command, said)) !== 0 || failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`— ${name}\n${said.join('')}  ${failed ? 'FAILED' : 'ok'} (${seconds} s)\n`);
  return !failed;
}

function runQuietly(command: readonly string[], said: string[]): Promise<number> {
  const child = spawnNode(command, process.env, ['pipe', 'pipe']);
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return ended(child);
}

async function runFrom(steps: readonly (readonly [string, () => string[][]])[]): Promise<string[]> {
  const left = [...steps].sort(([a], [b]) => Number(b === LONGEST) - Number(a === LONGEST));
  const failed: string[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      if (!(await run(next[0], next[1]()))) failed.push(next[0]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return failed;
}

const unknown = positionals.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  process.stderr.write(`no step ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}\n`);
  process.exit(2);
}
const wanted = Object.entries(STEPS).filter(([name]) =>
  positionals.length > 0 ? positionals.includes(name) : !fix || FIXING.includes(name),
);
const failed = await runFrom(wanted);
if (failed.length > 0) {
  process.stderr.write(`check: ${failed.join(', ')} failed\n`);
  process.exitCode = 1;
}
