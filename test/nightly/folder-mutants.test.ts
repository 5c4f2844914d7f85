/** The checkers of folders are alive (R2): each rule broken on purpose is noticed within some seeds. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FOLDER_MUTANTS } from '../sim/files/folder-mutants.ts';

const RUNNER = fileURLToPath(new URL('../sim/files/run-folder-mutant.ts', import.meta.url));
const SEEDS = '400';

void test('every mutant of folders is caught', { concurrency: 2 }, async (suite) => {
  await Promise.all(
    FOLDER_MUTANTS.map(({ name }) =>
      suite.test(name, async (context) => {
        const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, name, SEEDS]);
        const found = JSON.parse(stdout) as { seed?: number; rule: string };
        assert.notEqual(found.seed, undefined, 'no checker noticed');
        context.diagnostic(`seed ${String(found.seed)}: ${found.rule}`);
      }),
    ),
  );
});
