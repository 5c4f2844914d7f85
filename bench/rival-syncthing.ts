/** Syncthing from the system's packages, started as its users start it: `apt install syncthing`. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
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

export interface Rivals {
  readonly pids: readonly [number, number];
  readonly stop: () => Promise<void>;
}

/** Two that keep these folders in step over loopback, nothing of the world around; undefined where it is not installed. */
export async function syncthingPair(from: string, to: string): Promise<Rivals | undefined> {
  const homes = [tempFolder(), tempFolder()] as const;
  try {
    for (const home of homes) await run('syncthing', ['generate', '--home', home], { env: ENVIRONMENT });
  } catch (error) {
    say(`THE RIVAL IS ABSENT: syncthing does not run here (${String(error).split('\n')[0] ?? ''})`);
    return undefined;
  }
  const [one, other] = [await startOne(homes[0]), await startOne(homes[1])];
  await introduce(one, other, from);
  await introduce(other, one, to);
  while (!(await isLinked(one))) await setTimeout(100);
  // Until both have looked at their empty folders.
  for (const { ask } of [one, other])
    while ((await ask<{ state: string }>('db/status?folder=bench')).state !== 'idle') await setTimeout(100);
  const stopOne = async ({ child }: One): Promise<void> => {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  };
  return {
    pids: [one.pid, other.pid],
    stop: async () => {
      await Promise.all([stopOne(one), stopOne(other)]);
    },
  };
}

interface One {
  readonly child: ReturnType<typeof spawn>;
  readonly pid: number;
  readonly id: string;
  readonly address: string;
  readonly ask: <Answer>(path: string, put?: { method: 'PUT' | 'PATCH'; body: unknown }) => Promise<Answer>;
}

async function startOne(home: string): Promise<One> {
  const [gui, port] = [await freePort(), await freePort()];
  const child = spawn(
    'syncthing',
    ['serve', '--home', home, '--no-browser', '--no-restart', `--gui-address=127.0.0.1:${String(gui)}`],
    { env: { ...ENVIRONMENT, STNORESTART: '1' }, stdio: 'ignore' },
  );
  process.on('exit', () => child.kill('SIGKILL'));
  const base = `http://127.0.0.1:${String(gui)}/`;
  while (!(await answers(base))) await setTimeout(20);
  const key = /<apikey>([^<]+)</.exec(readFileSync(join(home, 'config.xml'), 'utf8'))?.[1] ?? '';
  const ask = async <Answer>(path: string, put?: { method: string; body: unknown }): Promise<Answer> => {
    const response = await fetch(`${base}rest/${path}`, {
      method: put?.method ?? 'GET',
      headers: { 'X-API-Key': key },
      ...(put === undefined ? {} : { body: JSON.stringify(put.body) }),
    });
    if (!response.ok) throw new Error(`syncthing: ${path}: ${String(response.status)}`);
    const text = await response.text();
    return JSON.parse(text === '' ? 'null' : text) as Answer;
  };
  const address = `tcp://127.0.0.1:${String(port)}`;
  const body = {
    listenAddresses: [address],
    globalAnnounceEnabled: false,
    localAnnounceEnabled: false,
    relaysEnabled: false,
    natEnabled: false,
    urAccepted: -1,
    crashReportingEnabled: false,
    reconnectionIntervalS: 1,
  };
  await ask('config/options', { method: 'PATCH', body });
  const { myID } = await ask<{ myID: string }>('system/status');
  return { child, pid: child.pid ?? 0, id: myID, address, ask };
}

/** The watcher's delay is 1 s, as the bar has it; Syncthing's own default is 10. */
async function introduce({ id, ask }: One, other: One, path: string): Promise<void> {
  const device = { deviceID: other.id, addresses: [other.address] };
  await ask(`config/devices/${other.id}`, { method: 'PUT', body: device });
  const devices = [{ deviceID: id }, { deviceID: other.id }];
  const folder = { id: 'bench', path, devices, fsWatcherEnabled: true, fsWatcherDelayS: 1 };
  await ask('config/folders/bench', { method: 'PUT', body: folder });
}

async function isLinked({ ask }: One): Promise<boolean> {
  const { connections } = await ask<{ connections: Record<string, { connected: boolean }> }>(
    'system/connections',
  );
  return Object.values(connections).some(({ connected }) => connected);
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
