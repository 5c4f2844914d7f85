/**
 * npm test [-- OPTION… FILE…]: Node's test runner over all tests but the nightly ones, or over the files that are
 * named. Options are the runner's own (`node --help`, those with --test).
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from '../bin/built.js';
import { ended, ROOT, spawnNode } from './tool.ts';

const ALL = ['src/**/*.test.ts', 'test/**/*.test.ts'];
const NOT_EVERY_TIME = ['test/nightly/**'];

/** Real-node tests wait more than they compute, so on a small machine three run at once. */
const AT_ONCE = Math.max(3, availableParallelism());

const SILENCE_MS = 15 * 60_000;

/** The runner's options that stand alone; of its others the next argument is the value. */
const FLAGS = new Set(['--test', '--test-only', '--test-force-exit', '--test-update-snapshots']);
const WITH_VALUE = /^(--(test-|import$|require$|conditions$|env-file)|-[rC]$)/;

const options: string[] = [];
const files: string[] = [];
for (const arg of process.argv.slice(2)) {
  const isFile = !arg.startsWith('-') && !takesValue(options.at(-1));
  (isFile ? files : options).push(arg);
}

function takesValue(option: string | undefined): boolean {
  return option !== undefined && WITH_VALUE.test(option) && !option.includes('=') && !FLAGS.has(option);
}

const tests = files.length > 0 ? files : globSync(ALL, { cwd: ROOT, exclude: NOT_EVERY_TIME }).sort();

// What is covered are sources, and the cache makes functions look uncovered that are not.
const measured = options.some((option) => option.includes('coverage'))
  ? { KITH_SOURCES: '1' }
  : { NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'kith') };
const env = { ...process.env, ...measured };

// What real nodes in tests run is what would be published; where that cannot be built, nothing is tested.
await ensureBuilt(ROOT);

// A test that waits for ever fails after that time.
const TIME_LIMIT = '--test-timeout=600000';

process.exitCode = await runWatched(
  ['--test', `--test-concurrency=${AT_ONCE}`, TIME_LIMIT, ...options, ...tests],
  env,
);

/**
 * One that turns in a circle, or leaves something open, keeps its process alive past any time limit of the runner's:
 * when nothing was heard for `SILENCE_MS`, the run is interrupted, and the runner says which file it was in.
 */
async function runWatched(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};
  const child = spawnNode(args, { ...environment, ...colour }, ['pipe', 'inherit']);
  const timer = setTimeout(() => {
    process.stderr.write(`nothing was heard for ${String(SILENCE_MS / 60_000)} minutes: interrupted\n`);
    child.kill('SIGINT');
  }, SILENCE_MS);
  child.stdout?.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    timer.refresh();
  });
  return ended(child).finally(() => clearTimeout(timer));
}
