/** The checkers of rooms are alive (R2): each rule broken on purpose is noticed, by a seed or by a story. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Mutant } from '../sim/mutants.ts';
import { ROOM_MUTANTS } from '../sim/rooms/room-mutants.ts';

const RUNNER = fileURLToPath(new URL('../sim/rooms/run-room-mutant.ts', import.meta.url));

void test('every mutant of rooms is caught', { concurrency: 2 }, async (suite) => {
  await Promise.all(
    ROOM_MUTANTS.map((mutant) =>
      suite.test(mutant.name, async (context) => {
        context.diagnostic(
          mutant.story === undefined ? await caughtBySeed(mutant) : await caughtByStory(mutant),
        );
      }),
    ),
  );
});

async function caughtBySeed({ name }: Mutant): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, name, '1500']);
  const found = JSON.parse(stdout) as { seed?: number; rule: string };
  assert.notEqual(found.seed, undefined, 'no checker noticed');
  return `seed ${String(found.seed)}: ${found.rule}`;
}

/** The stories' own process fails, and not for want of the mutant. */
async function caughtByStory({ name }: Mutant): Promise<string> {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const outcome = await promisify(execFile)(process.execPath, [RUNNER, name], { env }).then(
    () => undefined,
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  assert.notEqual(outcome, undefined, 'no story noticed');
  const failed = /✖ (.*?) \(|not ok \d+ - (.*)/.exec(outcome?.stdout ?? '');
  assert.ok(failed, outcome?.stderr ?? '');
  return failed[1] ?? failed[2] ?? '';
}
