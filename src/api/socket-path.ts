/**
 * The path of the API's Unix socket. In the data folder, unless that makes it longer than an operating system takes
 * (108 bytes on Linux, 104 on macOS, the closing zero included).
 */
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { KithError } from '../base/errors.ts';
import { SOCKET_FILE } from './contract.ts';

const MOST_BYTES = 100;

export function socketPathIn(dataFolder: string): string {
  return join(dataFolder, SOCKET_FILE);
}

export function shortEnough(path: string): boolean {
  return Buffer.byteLength(path) <= MOST_BYTES;
}

/**
 * A short path in a folder of this user alone; always the same one for one data folder.
 * @throws KithError `cannot-write` when that folder is somebody else's, or a link.
 */
export async function shortSocketPath(
  dataFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const name = `${createHash('sha256').update(resolve(dataFolder)).digest('hex').slice(0, 16)}.sock`;
  const uid = process.getuid?.() ?? 0;
  const runtime = env['XDG_RUNTIME_DIR'];
  const parents = [...(runtime === undefined || runtime === '' ? [] : [runtime]), tmpdir(), '/tmp'];
  for (const parent of parents) {
    const folder = join(parent, `kith-${String(uid)}`);
    const path = join(folder, name);
    if (!shortEnough(path)) continue;
    if (await makeOwnFolder(folder, uid)) return path;
  }
  throw new KithError('cannot-write', `There is no place for the socket of ${dataFolder}.`, {
    next: 'Choose a data folder with a shorter path: --data DIR',
  });
}

/** @returns false where it cannot be made, or is not a folder of this user. */
async function makeOwnFolder(folder: string, uid: number): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (!found.isDirectory() || found.uid !== uid) return false;
    await chmod(folder, 0o700);
    return true;
  } catch {
    return false;
  }
}

/** Removes a socket that a crashed node left. @throws KithError `already-running` when somebody answers on it. */
export async function freeSocket(path: string): Promise<void> {
  if (await answers(path)) {
    throw new KithError('already-running', 'A kith node is already running for this data folder.', {
      next: 'Use it as it is, or stop it: kith stop',
    });
  }
  await rm(path, { force: true });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => {
      resolve(false);
    });
  });
}
