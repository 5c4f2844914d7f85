/** transmission from the system's packages, each daemon on a machine of its own: `apt install transmission-cli transmission-daemon`. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Machine } from '../scripts/nodes/lan.ts';
import { say, tempFolder } from './processes.ts';

const run = promisify(execFile);
const PEER_PORT = 51_413;
const TRACKER_PORT = 6969;
const TRACKER = fileURLToPath(new URL('rival-tracker.ts', import.meta.url));
const LOOK_MS = 20;

export interface TransmissionSwarm {
  readonly pids: readonly number[];
  /** All but the first begin to fetch it now. @returns milliseconds until each has it. */
  fetch(): Promise<readonly number[]>;
}

interface Daemon {
  readonly machine: Machine;
  readonly folder: string;
  readonly child: ChildProcess;
}

/** The first has the file. Undefined where it is not installed; that is said aloud. */
export async function transmissionSwarm(
  machines: readonly Machine[],
  path: string,
): Promise<TransmissionSwarm | undefined> {
  try {
    await run('transmission-daemon', ['--version']);
  } catch (error) {
    say(`THE RIVAL IS ABSENT: transmission does not run here (${String(error).split('\n')[0] ?? ''})`);
    return undefined;
  }
  const [first, ...others] = machines;
  if (first === undefined) return undefined;
  const torrent = join(tempFolder(), 'large.torrent');
  const announce = `http://${first.address}:${String(TRACKER_PORT)}/announce`;
  await run('transmission-create', ['-o', torrent, '-t', announce, path]);
  await startTracker(first, machines);
  const seeder = await startDaemon(first);
  copyFileSync(path, join(seeder.folder, basename(path)));
  await remote(seeder, '--add', torrent);
  while (!(await remote(seeder, '--list')).includes('100%')) await setTimeout(100);
  const daemons = await Promise.all(others.map(startDaemon));
  return {
    pids: [seeder, ...daemons].map(({ child }) => child.pid ?? 0),
    fetch: async () => {
      const startedMs = performance.now();
      return Promise.all(
        daemons.map(async (daemon) => {
          await remote(daemon, '--add', torrent);
          // Under another name until it is whole and checked.
          const target = join(daemon.folder, basename(path));
          while (!existsSync(target)) await setTimeout(LOOK_MS);
          if (statSync(target).size !== statSync(path).size) throw new Error('it is not whole');
          return performance.now() - startedMs;
        }),
      );
    },
  };
}

/** As its users start it, but for what a closed network has no use for; TCP alone, which is the faster one here. */
async function startDaemon(machine: Machine): Promise<Daemon> {
  const folder = tempFolder();
  const child = inside(machine, 'transmission-daemon', [
    ...['--foreground', '--config-dir', tempFolder(), '--download-dir', folder],
    ...['--no-dht', '--no-lpd', '--no-portmap', '--no-utp', '--no-watch-dir', '--no-incomplete-dir'],
    ...['--peerport', String(PEER_PORT), '--bind-address-ipv4', machine.address],
  ]);
  const daemon = { machine, folder, child };
  for (;;) {
    try {
      await remote(daemon, '--list');
      return daemon;
    } catch {
      await setTimeout(100);
    }
  }
}

async function remote({ machine }: Pick<Daemon, 'machine'>, ...args: readonly string[]): Promise<string> {
  const [program = '', ...rest] = [...machine.under, 'transmission-remote', ...args];
  return (await run(program, rest)).stdout;
}

async function startTracker(machine: Machine, all: readonly Machine[]): Promise<void> {
  const addresses = all.map(({ address }) => `${address}:${String(PEER_PORT)}`);
  const child = inside(machine, process.execPath, [TRACKER, String(TRACKER_PORT), ...addresses]);
  if (child.stdout !== null) await once(child.stdout, 'data');
}

function inside({ under }: Machine, command: string, args: readonly string[]): ChildProcess {
  const [program = '', ...rest] = [...under, command, ...args];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
  process.on('exit', () => child.kill('SIGKILL'));
  child.stdout.resume();
  return child;
}
