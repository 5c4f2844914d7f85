/** A data folder belongs to one process. SQLite's own lock says so on every platform, and ends with the process. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KithError } from '../base/errors.ts';

/** @returns gives the folder back. @throws KithError `data-in-use` */
export function takeFolderLock(folder: string): () => void {
  const lock = new DatabaseSync(join(folder, 'lock.db'));
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new KithError('data-in-use', `A kith node is running on ${folder} already.`, {
      next: 'Use that one, or stop it first: kith stop',
      cause,
    });
  }
  return () => {
    lock.close();
  };
}
