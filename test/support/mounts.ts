/** Disks in memory on this machine, mounted inside of folders; only some may do that. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Anew each time: what was on it before is gone. */
export function mount(path: string): void {
  run('mount', '-t', 'tmpfs', '-o', 'size=1m', 'kith-test', path);
}

/** The same folder in two places: a disk that was taken out and comes back as it was. */
export function mountAgain(from: string, path: string): void {
  run('mount', '--bind', from, path);
}

/** Also while somebody has a file of it open. */
export function unmount(path: string): void {
  run('umount', '-l', path);
}

/** Why not; undefined where one can. */
export const cannotMount: string | undefined = whyNot();

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'disks in memory are mounted on Linux';
  const place = mkdtempSync(join(tmpdir(), 'kith-mount-'));
  try {
    mount(place);
    unmount(place);
    return undefined;
  } catch {
    return 'this user may not mount anything';
  } finally {
    rmSync(place, { recursive: true });
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
