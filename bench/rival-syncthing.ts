/** Syncthing from the system's packages, started as its users start it: `apt install syncthing`. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { say, settledBytes, tempFolder } from './processes.ts';

const run = promisify(execFile);
const ENVIRONMENT = { ...process.env, STNODEFAULTFOLDER: '1', STNOUPGRADE: '1' };

export interface Started {
  /** From starting the process to the first answer of its API, each. */
  readonly startMs: readonly number[];
  readonly idleBytes: number;
}

/** @returns undefined where it is not installed; that is said aloud. */
export async function startSyncthing(times: number): Promise<Started | undefined> {
  const home = tempFolder();
  try {
    await run('syncthing', ['generate', '--home', home], { env: ENVIRONMENT });
  } catch (error) {
    say(`THE RIVAL IS ABSENT: syncthing does not run here (${String(error).split('\n')[0] ?? ''})`);
    return undefined;
  }
  const startMs: number[] = [];
  let idleBytes = 0;
  for (let round = 0; round < times; round += 1) {
    const port = await freePort();
    const startedMs = performance.now();
    const child = spawn(
      'syncthing',
      ['serve', '--home', home, '--no-browser', '--no-restart', `--gui-address=127.0.0.1:${String(port)}`],
      { env: ENVIRONMENT, stdio: 'ignore' },
    );
    process.on('exit', () => child.kill('SIGKILL'));
    while (!(await answers(`http://127.0.0.1:${String(port)}/`))) await setTimeout(5);
    startMs.push(performance.now() - startedMs);
    idleBytes = Math.max(idleBytes, await settledBytes(child));
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }
  return { startMs, idleBytes };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
