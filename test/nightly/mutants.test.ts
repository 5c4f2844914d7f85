/** The checkers are alive (R2): each rule broken on purpose is noticed within a few seeds. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MUTANTS, type Mutant } from '../sim/mutants.ts';

const RUNNER = fileURLToPath(new URL('../sim/run-mutant.ts', import.meta.url));
/** From where it was first caught; some slack, because every change of the workload moves what a seed means. */
const SEEDS = '300';

void test('every mutant is caught', { concurrency: 2 }, async (suite) => {
  await Promise.all(
    MUTANTS.map((mutant) =>
      suite.test(mutant.name, async (context) => {
        context.diagnostic(
          mutant.story === undefined ? await caughtBySeed(mutant) : await caughtByStory(mutant),
        );
      }),
    ),
  );
});

async function caughtBySeed(mutant: Mutant): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, mutant.name, SEEDS]);
  const found = JSON.parse(stdout) as { seed?: number; rule: string };
  assert.notEqual(found.seed, undefined, 'no checker noticed');
  return `seed ${String(found.seed)}: ${found.rule}`;
}

/** The scenario's own process fails, and not for want of the mutant. */
async function caughtByStory(mutant: Mutant): Promise<string> {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const outcome = await promisify(execFile)(process.execPath, [RUNNER, mutant.name], { env }).then(
    () => undefined,
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  assert.notEqual(outcome, undefined, 'no scenario noticed');
  assert.match(outcome?.stdout ?? '', /not ok|✖/, outcome?.stderr ?? '');
  return mutant.story ?? '';
}
