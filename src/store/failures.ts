/** What SQLite says went wrong, as failures that people can act on. */
import { KithError } from '../base/errors.ts';

/** Primary result codes (https://sqlite.org/rescode.html): the low byte of an extended one. */
const SQLITE = { READONLY: 8, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

export function isSqliteError(error: unknown): error is Error & { readonly errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

/** SQLite's errors become ours; others, bugs among them, stay what they are. */
export function asStoreFailure(error: unknown): unknown {
  return isSqliteError(error) ? storeFailure(error) : error;
}

function storeFailure(cause: Error & { readonly errcode: number }): KithError {
  switch (cause.errcode & 0xff) {
    case SQLITE.FULL:
      return new KithError('disk-full', 'The disk is full; nothing was written.', {
        next: 'Free some room.',
        cause,
      });
    case SQLITE.READONLY:
      return new KithError('read-only-data', 'kith may not write to its data folder.', {
        next: GIVE_ACCESS,
        cause,
      });
    case SQLITE.CANTOPEN:
      return new KithError('unreachable-data', 'kith cannot open its data file.', {
        next: GIVE_ACCESS,
        cause,
      });
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return damagedData('The data on this disk is damaged.', cause);
    default:
      return new KithError('store-failed', 'The disk did not do what it was asked to.', {
        next: 'See the log for the cause: kith log',
        cause,
      });
  }
}

const GIVE_ACCESS = 'Give kith write access to it, or another folder with --data.';

export function damagedData(what: string, cause?: unknown): KithError {
  return new KithError('damaged-data', what, {
    next: 'Restore a backup into a new folder: kith restore FILE --data DIR',
    cause,
  });
}

export function newerData(): KithError {
  return new KithError('newer-data', 'This data folder was written by a newer kith.', {
    next: 'Start it with that version, or a later one.',
  });
}

/** After a flush that failed, nobody knows what reached the disk; only what is read anew is certain. */
export function storeStopped(cause: unknown): KithError {
  return new KithError('store-stopped', 'The disk failed earlier, so nothing more is written.', {
    next: 'See to the disk, then start kith again.',
    cause,
  });
}
