/** Runs the tools that come with the packages, each on the Node that runs this. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');

/** Path of the script that a package installs as its command. */
export function toolPath(name: string, command = name): string {
  const folder = join(ROOT, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const script = typeof bin === 'string' ? bin : bin[command];
  if (script === undefined) throw new Error(`${name} has no command ${command}`);
  return join(folder, script);
}

/**
 * Runs a script in the project's root with this process's streams, and passes on the signals that end one.
 * @returns its exit code, 1 when a signal ended it
 */
export function runNode(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  return ended(spawnNode(args, env, ['inherit', 'inherit']));
}

/** This process's own, or one to read from. */
type Stream = 'inherit' | 'pipe';

export function spawnNode(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  [stdout, stderr]: readonly [Stream, Stream],
): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['inherit', stdout, stderr], env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => child.kill(signal));
  }
  return child;
}

/** @returns the exit code, 1 when a signal ended it; what it wrote has been read by then. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
