/** One folder a node: who may open it, what lies where, and whether it is still the folder that it was. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { KithError } from '../base/errors.ts';
import { takeFolderLock } from '../store/folder-lock.ts';

export interface DataFolder {
  readonly path: string;
  readonly database: string;
  readonly logs: string;
  /** Of files, as far as this node keeps them itself. */
  readonly pieces: string;
  /** Digest of where the database lies: another machine, disk or copy has another one. */
  place(): string;
  release(): void;
}

/**
 * Opens the folder for this process alone; the operating system gives it back however the process ends.
 * @throws KithError `data-in-use` | `cannot-write`
 */
export function openDataFolder(path: string): DataFolder {
  const folder = resolve(path);
  try {
    mkdirSync(join(folder, 'logs'), { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (cause) {
    throw new KithError('cannot-write', `kith cannot write to its data folder ${folder}.`, {
      next: 'Give another one with --data, or free this one.',
      cause,
    });
  }
  const release = takeFolderLock(folder);
  clearLeftovers(folder);
  const database = join(folder, 'kith.db');
  return {
    path: folder,
    database,
    logs: join(folder, 'logs'),
    pieces: join(folder, 'pieces'),
    place: () => placeOf(database),
    release,
  };
}

/** Copies for a backup or out of one hold the keys in clear; a power cut in the middle leaves them lying about. */
function clearLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (/^(backup|restore)-\d+\.tmp/.test(name)) rmSync(join(folder, name), { force: true });
  }
}

/** A copied folder has another inode, a restored or moved disk another machine: either starts a new incarnation. */
function placeOf(database: string): string {
  const { dev, ino } = statSync(database, { bigint: true });
  return createHash('sha256')
    .update(`${machineId()} ${String(dev)} ${String(ino)}`)
    .digest('hex');
}

function machineId(): string {
  const file = ['/etc/machine-id', '/var/lib/dbus/machine-id'].find((name) => existsSync(name));
  return file === undefined ? hostname() : readFileSync(file, 'utf8').trim();
}
