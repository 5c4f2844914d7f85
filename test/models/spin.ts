/** Runs Spin over the model of rooms. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const MODEL = fileURLToPath(new URL('./room.pml', import.meta.url));
const hasTools = ['spin', 'cc'].every((tool) => spawnSync('which', [tool]).status === 0);
export const skip = hasTools ? false : 'needs spin and a C compiler: apt-get install spin gcc';
const folder = mkdtempSync(join(tmpdir(), 'kith-spin-'));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Checked {
  readonly errors: number;
  readonly states: number;
  readonly isWhole: boolean;
}

export function check(defines: readonly string[]): Checked {
  const run = (command: string, args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
    return stdout;
  };
  run('spin', [...defines.map((one) => `-D${one}`), '-a', MODEL]);
  run('cc', ['-O2', '-w', '-DSAFETY', '-DCOLLAPSE', '-DMEMLIM=2048', '-o', 'pan', 'pan.c']);
  const said = run('./pan', ['-m2000000']);
  const states = Number(/([0-9.e+]+) states, stored/.exec(said)?.[1]);
  const isWhole = !/max search depth too small|out of memory|interrupted/.test(said);
  return { errors: Number(/errors: (\d+)/.exec(said)?.[1]), states, isWhole };
}
