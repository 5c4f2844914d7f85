/** One SQLite file: opened, migrated, written in transactions. Everything in `store/` goes through here; nothing else holds SQL. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { assert, KithError } from '../base/errors.ts';
import { MIGRATIONS } from './migrations.ts';

export interface Database {
  /** A prepared statement, kept for the next time. */
  sql(text: string): StatementSync;
  /**
   * All of `work` is on disk when this returns, or nothing after a throw. Nested calls join the outer one.
   * @throws KithError `disk-full` | `read-only-data` | `damaged-data` | `store-stopped`
   */
  transact<Result>(work: () => Result): Result;
  /** Runs when the open transaction is on disk, at once when none is open. */
  afterCommit(run: () => void): void;
  /** Runs if the open transaction is undone; the last one registered first. */
  onRollback(undo: () => void): void;
  /** Runs after every rollback, so that what is kept in memory follows. */
  onEveryRollback(listener: () => void): void;
  /** Empties the write-ahead log into the file: after this, erased bytes are in neither. */
  checkpoint(): void;
  /** Writes a compact copy without free pages. */
  copyTo(path: string): void;
  close(): void;
}

/** @throws KithError `newer-data` | `damaged-data` | `read-only-data` */
export function openDatabase(path: string): Database {
  return new SqliteDatabase(path);
}

class SqliteDatabase implements Database {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #rollbackListeners: (() => void)[] = [];
  #afterCommit: (() => void)[] = [];
  #undo: (() => void)[] = [];
  #depth = 0;
  /** Set after a flush failed: what is on disk is unknown until the file is opened anew. */
  #broken: unknown;

  constructor(path: string) {
    try {
      this.#database = new DatabaseSync(path);
      this.#prepare();
    } catch (cause) {
      throw cause instanceof KithError ? cause : storeError(cause);
    }
  }

  #prepare(): void {
    const database = this.#database;
    // FULL: a promise follows a commit. secure_delete: what is erased is overwritten. A page cache of 16 MiB serves
    // a registry of some hundred thousand records; memory mapping is left off, since a torn mapping kills the process.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA foreign_keys = ON;
      PRAGMA cache_size = -16384;
      PRAGMA busy_timeout = 2000;
      PRAGMA journal_size_limit = 16777216;
    `);
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
    if (version > MIGRATIONS.length) {
      throw new KithError('newer-data', 'This data folder was written by a newer kith.', {
        next: 'Start it with that version, or a later one.',
      });
    }
    MIGRATIONS.slice(version).forEach((migration, index) => {
      database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${String(version + index + 1)}; COMMIT`);
    });
  }

  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  transact<Result>(work: () => Result): Result {
    if (this.#broken !== undefined) {
      throw new KithError('store-stopped', 'The disk failed earlier, so nothing more is written.', {
        next: 'Free or replace the disk, then start kith again.',
        cause: this.#broken,
      });
    }
    if (this.#depth > 0) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    this.#depth = 1;
    let result: Result;
    try {
      result = work();
    } catch (error) {
      this.#rollback();
      throw asStoreError(error);
    } finally {
      this.#depth = 0;
    }
    this.#commit();
    return result;
  }

  afterCommit(run: () => void): void {
    if (this.#depth === 0) run();
    else this.#afterCommit.push(run);
  }

  onRollback(undo: () => void): void {
    assert(this.#depth > 0, 'only a transaction can be undone');
    this.#undo.push(undo);
  }

  onEveryRollback(listener: () => void): void {
    this.#rollbackListeners.push(listener);
  }

  checkpoint(): void {
    assert(this.#depth === 0, 'no checkpoint inside a transaction');
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  copyTo(path: string): void {
    this.#database.prepare('VACUUM INTO ?').run(path);
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  /** After a commit that failed, nobody knows what reached the disk: never retried, only told. */
  #commit(): void {
    try {
      this.#database.exec('COMMIT');
    } catch (error) {
      const failure = storeError(error);
      if (failure.code !== 'disk-full') this.#broken = error;
      this.#rollback();
      throw failure;
    }
    this.#undo = [];
    for (const run of this.#afterCommit.splice(0)) run();
  }

  #rollback(): void {
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    const undo = this.#undo.splice(0).reverse();
    this.#afterCommit = [];
    for (const run of undo) run();
    for (const listener of this.#rollbackListeners) listener();
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html); the low byte of an extended one. */
const SQLITE = { READONLY: 8, IOERR: 10, CORRUPT: 11, FULL: 13, CANTOPEN: 14, NOTADB: 26 } as const;

function asStoreError(error: unknown): unknown {
  return isSqliteError(error) ? storeError(error) : error;
}

function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number';
}

function storeError(cause: unknown): KithError {
  const code = isSqliteError(cause) ? cause.errcode & 0xff : -1;
  switch (code) {
    case SQLITE.FULL:
      return new KithError('disk-full', 'The disk is full; nothing was written.', { next: 'Free some room.', cause });
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return new KithError('read-only-data', 'kith may not write to its data folder.', {
        next: 'Give it write access, or another folder with --data.',
        cause,
      });
    case SQLITE.CORRUPT:
    case SQLITE.NOTADB:
      return new KithError('damaged-data', 'The data on this disk is damaged.', {
        next: 'Restore a backup into a new folder: kith restore FILE --data DIR',
        cause,
      });
    default:
      return new KithError('store-failed', 'The disk did not take what was to be written.', {
        next: 'See the log for the cause: kith log',
        cause,
      });
  }
}
