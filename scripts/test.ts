/**
 * npm test [-- OPTION… FILE…]: Node's test runner over all tests but the nightly ones, or over the files that are
 * named. Options are the runner's own (`node --help`, those with --test).
 */
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ROOT, runNode } from './tool.ts';

const ALL = ['src/**/*.test.ts', 'test/**/*.test.ts'];
const NOT_EVERY_TIME = ['test/nightly/**'];

/** Real-node tests wait more than they compute, so on a small machine two run at once. */
const AT_ONCE = Math.max(2, availableParallelism());

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

// The cache makes functions look uncovered that are not.
const env = options.some((option) => option.includes('coverage'))
  ? process.env
  : { ...process.env, NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'kith') };

// A test that hangs, or fails and leaves a server open, must not hold up the verdict for ever.
const SAFETY_NET = ['--test-timeout=600000', '--test-force-exit'];

process.exitCode = await runNode(
  ['--test', `--test-concurrency=${AT_ONCE}`, ...SAFETY_NET, ...options, ...tests],
  env,
);
