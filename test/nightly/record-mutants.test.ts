/** The checkers of the registry are alive (R2): each rule broken on purpose is noticed within a few seeds. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { RECORD_MUTANTS } from '../sim/record-mutants.ts';

const RUNNER = fileURLToPath(new URL('../sim/run-record-mutant.ts', import.meta.url));
const SEEDS = '60';

void test('every mutant of the registry is caught', { concurrency: 2 }, async (suite) => {
  await Promise.all(
    RECORD_MUTANTS.map(({ name }) =>
      suite.test(name, async (context) => {
        const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, name, SEEDS]);
        const found = JSON.parse(stdout) as { seed?: number; rule: string };
        assert.notEqual(found.seed, undefined, 'no checker noticed');
        context.diagnostic(`seed ${String(found.seed)}: ${found.rule}`);
      }),
    ),
  );
});
