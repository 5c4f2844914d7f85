/**
 * One SQLite file: opened, migrated, written in transactions. Everything in `store/` goes through here; nothing else
 * holds SQL.
 */
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { assert, KithError } from '../base/errors.ts';
import { asStoreFailure, damagedData, newerData, storeStopped } from './failures.ts';
import { MIGRATIONS } from './migrations.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** All throw KithError `disk-full` | `read-only-data` | `unreachable-data` | `damaged-data` | `store-failed`. */
export interface Statement {
  run(...values: SQLInputValue[]): void;
  get(...values: SQLInputValue[]): Row | undefined;
  all(...values: SQLInputValue[]): Row[];
}

/** For many rows of many columns: an object for each costs more than what is in it. Throws as a statement does. */
export interface TupleStatement {
  /** Each row's columns in the order of the statement. */
  all(...values: SQLInputValue[]): readonly SQLOutputValue[][];
}

export type Keeping = 'lasting' | 'replaceable' | 'soon';

export interface Database {
  /** A prepared statement, kept for the next time. */
  sql(text: string): Statement;
  tuples(text: string): TupleStatement;
  /**
   * All of `work` is on disk when this returns, or nothing after a throw. Nested calls join the outer one; what one
   * of them throws undoes the whole, whoever catches it.
   * @param keeping `replaceable` for what others still hold: a power cut (not a killed process) may take it away again,
   * whole transactions, latest first; the next `lasting` one makes it last too. `soon` for what is found again without it: a killed process may lose
   * the last of these, too, because many are written together; never one before another. Counts for the outermost call.
   * @throws KithError as a statement does, or `store-stopped`: an earlier flush failed, open the file anew.
   */
  transact<Result>(work: () => Result, keeping?: Keeping): Result;
  /** Names the open transaction; undefined when none is. */
  readonly transaction: number | undefined;
  /** Calls `run` when the open transaction is on disk, never if it is undone; at once when none is open. */
  afterCommit(run: () => void): void;
  /** Calls `undo` if the open transaction is undone; the last one registered first. */
  onRollback(undo: () => void): void;
  /**
   * Empties the write-ahead log into the file: after this, erased bytes are in neither.
   * @returns false when a reader elsewhere held it up, so that it has to be done again.
   */
  checkpoint(): boolean;
  /** Writes a compact copy, without free pages and what may linger there. @throws KithError `file-exists` */
  copyTo(path: string): void;
  /** Writes the whole file anew, in place. Takes a second for each 100 MB, or on a Raspberry Pi ten. */
  compact(): void;
  /** What a walk through all tables finds wrong; empty when all is well. */
  integrity(): readonly string[];
  close(): void;
}

export interface DatabaseOptions {
  /** For a second connection that only searches. */
  readonly readOnly?: boolean;
  readonly migrations?: readonly string[];
  /** A disk that is full after so many pages of 4 KiB, for tests. */
  readonly maxPages?: number;
  /** Runs it in a few milliseconds: what is written until then with `soon` is written together. Left out: each at once. */
  readonly later?: (run: () => void) => void;
}

/** @throws KithError `newer-data` | `damaged-data` | `read-only-data` | `unreachable-data` */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  return new SqliteDatabase(path, options);
}

/** SQLite's name for a database that is no file. */
const IN_MEMORY = ':memory:';

/** "kith" in ASCII, at a fixed place of the file: nobody else's database is taken for ours and written to. */
const APPLICATION_ID = 0x6b697468;

/**
 * - `synchronous FULL`: a promise follows a commit; relaxed for transactions that are replaceable.
 * - `secure_delete`: what is erased is overwritten. It does not reach copies that moves within the B-tree leave behind
 *   in pages; see docs/decisions/erasing-from-sqlite.md.
 * - `temp_store MEMORY`: sorting must not spill plaintext into a temporary file.
 * - `cache_size`: 16 MiB hold the inner pages and the busy leaves of a registry of some hundred thousand records; more
 *   made no difference to appending, and an idle node has 150 MB in all.
 * - `mmap_size 0`: a read that fails under a memory map kills the process (SIGBUS) where one without is an error with
 *   a name. Cards of Raspberry Pis fail.
 * - `wal_autocheckpoint`, `journal_size_limit`: pages that change often go from the write-ahead log into the file once
 *   for many commits, and after a burst the log shrinks back to 16 MiB.
 * - `cell_size_check`, `trusted_schema`: a damaged or doctored file shows earlier.
 */
const SETTINGS = `
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -16384;
  PRAGMA mmap_size = 0;
  PRAGMA busy_timeout = 5000;
  PRAGMA journal_size_limit = 16777216;
  PRAGMA wal_autocheckpoint = 4096;
  PRAGMA cell_size_check = ON;
  PRAGMA trusted_schema = OFF;
`;

/** Both keep what was committed in order: with NORMAL, only the flush of the write-ahead log waits. */
const KEEP: Readonly<Record<Keeping, string>> = {
  lasting: 'PRAGMA synchronous = FULL',
  replaceable: 'PRAGMA synchronous = NORMAL',
  soon: 'PRAGMA synchronous = NORMAL',
};

interface Transaction {
  readonly id: number;
  readonly committed: (() => void)[];
  readonly undo: (() => void)[];
  /** What a nested call threw; then nothing of this is kept. */
  failure?: { readonly error: unknown };
}

class SqliteDatabase implements Database {
  readonly #database: DatabaseSync;
  readonly #readOnly: boolean;
  readonly #statements = new Map<string, Statement>();
  readonly #tupleStatements = new Map<string, TupleStatement>();
  #open: Transaction | undefined;
  #begun = 0;
  #keeping: Keeping = 'lasting';
  #stopped: { readonly error: unknown } | undefined;
  readonly #later: ((run: () => void) => void) | undefined;
  /** What takes back each of those that are written together, where they are not yet. */
  #together: (() => void)[] | undefined;

  constructor(path: string, { readOnly = false, migrations = MIGRATIONS, maxPages, later }: DatabaseOptions) {
    this.#readOnly = readOnly;
    this.#later = later;
    if (!readOnly && path !== IN_MEMORY) makePrivateFile(path);
    this.#database = named(() => new DatabaseSync(path, { readOnly }));
    try {
      named(() => {
        this.#prepare(migrations);
      });
      if (maxPages !== undefined) this.#database.exec(`PRAGMA max_page_count = ${String(maxPages)}`);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  sql(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = new NamedStatement(named(() => this.#database.prepare(text)));
      this.#statements.set(text, statement);
    }
    return statement;
  }

  tuples(text: string): TupleStatement {
    let known = this.#tupleStatements.get(text);
    if (known === undefined) {
      const statement = named(() => this.#database.prepare(text));
      statement.setReturnArrays(true);
      known = { all: (...values) => named(() => statement.all(...values) as unknown as SQLOutputValue[][]) };
      this.#tupleStatements.set(text, known);
    }
    return known;
  }

  get transaction(): number | undefined {
    return this.#open?.id;
  }

  transact<Result>(work: () => Result, keeping: Keeping = 'lasting'): Result {
    if (this.#open !== undefined) return join(this.#open, work);
    if (this.#stopped !== undefined) throw storeStopped(this.#stopped.error);
    if (keeping === 'soon' && this.#later !== undefined) return this.#transactTogether(work);
    this.#writeTogether();
    this.#begin(keeping);
    this.#begun += 1;
    const transaction: Transaction = { id: this.#begun, committed: [], undo: [] };
    this.#open = transaction;
    let result: Result;
    try {
      result = join(transaction, work);
      if (transaction.failure !== undefined) throw transaction.failure.error;
      this.#commit();
    } catch (error) {
      this.#rollBack(transaction);
      throw error;
    }
    this.#open = undefined;
    for (const run of transaction.committed) run();
    return result;
  }

  #begin(keeping: Keeping): void {
    named(() => {
      if (KEEP[keeping] !== KEEP[this.#keeping]) this.#database.exec(KEEP[keeping]);
      this.#keeping = keeping;
      this.#database.exec('BEGIN IMMEDIATE');
    });
  }

  /** Inside of one that stays open for others; what throws takes back its own part alone. */
  #transactTogether<Result>(work: () => Result): Result {
    if (this.#together === undefined) {
      this.#begin('soon');
      this.#together = [];
      this.#later?.(() => {
        try {
          if (this.#database.isOpen) this.#writeTogether();
        } catch {
          // Nobody waits for it: what was in it is found again, and whoever writes next hears why it cannot.
        }
      });
    }
    this.#begun += 1;
    const transaction: Transaction = { id: this.#begun, committed: [], undo: [] };
    this.#open = transaction;
    named(() => {
      this.#database.exec('SAVEPOINT part');
    });
    let result: Result;
    try {
      result = join(transaction, work);
      if (transaction.failure !== undefined) throw transaction.failure.error;
      named(() => {
        this.#database.exec('RELEASE part');
      });
    } catch (error) {
      this.#takeBackPart(transaction);
      throw error;
    }
    this.#open = undefined;
    this.#together.push(...transaction.undo);
    for (const run of transaction.committed) run();
    return result;
  }

  #takeBackPart(transaction: Transaction): void {
    this.#open = undefined;
    for (const undo of transaction.undo.reverse()) undo();
    // A full disk ends the whole of it.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK TO part; RELEASE part');
    else this.#endTogether();
  }

  #endTogether(): void {
    const undo = this.#together ?? [];
    this.#together = undefined;
    for (const one of undo.reverse()) one();
  }

  /** @throws KithError what a commit throws; then it is as if none of them had been. */
  #writeTogether(): void {
    if (this.#together === undefined) return;
    try {
      this.#commit();
      this.#together = undefined;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#endTogether();
      throw error;
    }
  }

  afterCommit(run: () => void): void {
    if (this.#open === undefined) run();
    else this.#open.committed.push(run);
  }

  onRollback(undo: () => void): void {
    assert(this.#open !== undefined, 'only a transaction can be undone');
    this.#open.undo.push(undo);
  }

  checkpoint(): boolean {
    assert(this.#open === undefined, 'no checkpoint inside a transaction');
    if (this.#stopped !== undefined) throw storeStopped(this.#stopped.error);
    this.#writeTogether();
    const row = this.#flushing(() => this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get());
    return row?.['busy'] === 0;
  }

  copyTo(path: string): void {
    // An empty file of our own making is what VACUUM INTO accepts, and nobody else may read it.
    if (existsSync(path)) {
      throw new KithError('file-exists', 'There is a file of this name already.', {
        next: 'Choose another name.',
      });
    }
    this.#writeTogether();
    makePrivateFile(path);
    try {
      named(() => this.#database.prepare('VACUUM INTO ?').run(path));
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }

  compact(): void {
    assert(this.#open === undefined, 'no compaction inside a transaction');
    this.#writeTogether();
    named(() => {
      this.#database.exec('VACUUM');
    });
    this.checkpoint();
  }

  integrity(): readonly string[] {
    const rows = named(() => this.#database.prepare('PRAGMA quick_check').all());
    const found = rows.map((row) => String(row['quick_check']));
    return found.length === 1 && found[0] === 'ok' ? [] : found;
  }

  close(): void {
    if (!this.#database.isOpen) return;
    this.#statements.clear();
    this.#tupleStatements.clear();
    try {
      if (this.#stopped === undefined) this.#writeTogether();
      if (!this.#readOnly && this.#stopped === undefined) this.checkpoint();
    } finally {
      this.#database.close();
    }
  }

  #prepare(migrations: readonly string[]): void {
    const database = this.#database;
    const version = readPragma(database, 'user_version');
    if (version > migrations.length) throw newerData();
    const isNew = readPragma(database, 'page_count') === 0;
    if (!isNew && readPragma(database, 'application_id') !== APPLICATION_ID) {
      throw damagedData('This is not a data file of kith.');
    }
    if (!this.#readOnly) database.exec('PRAGMA journal_mode = WAL');
    database.exec(SETTINGS);
    migrations.forEach((migration, index) => {
      if (index < version) return;
      const numbers = `PRAGMA application_id = ${String(APPLICATION_ID)}; PRAGMA user_version = ${String(index + 1)}`;
      this.transact(() => {
        database.exec(`${migration}; ${numbers}`);
      });
    });
  }

  #commit(): void {
    this.#flushing(() => {
      this.#database.exec('COMMIT');
    });
  }

  /**
   * A flush that failed is not tried again: what the system then takes for written may never reach the disk (Rebello
   * et al. 2020, "Can Applications Recover from fsync Failures?"). A full disk is no such case: SQLite knows that
   * nothing of the transaction counts, and goes on when there is room.
   */
  #flushing<Result>(flush: () => Result): Result {
    try {
      return named(flush);
    } catch (error) {
      if (!(error instanceof KithError && error.code === 'disk-full')) this.#stopped = { error };
      throw error;
    }
  }

  #rollBack(transaction: Transaction): void {
    this.#open = undefined;
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    } catch (error) {
      this.#stopped = { error };
    }
    for (const undo of transaction.undo.reverse()) undo();
  }
}

/** Runs part of a transaction, and remembers that it failed, should anybody catch what it throws. */
function join<Result>(transaction: Transaction, work: () => Result): Result {
  try {
    const result = work();
    assert(!(result instanceof Promise), 'a transaction is one turn of the event loop');
    return result;
  } catch (error) {
    transaction.failure ??= { error };
    throw error;
  }
}

class NamedStatement implements Statement {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
  }

  run(...values: SQLInputValue[]): void {
    try {
      this.#statement.run(...values);
    } catch (error) {
      throw asStoreFailure(error);
    }
  }

  get(...values: SQLInputValue[]): Row | undefined {
    try {
      return this.#statement.get(...values);
    } catch (error) {
      throw asStoreFailure(error);
    }
  }

  all(...values: SQLInputValue[]): Row[] {
    try {
      return this.#statement.all(...values);
    } catch (error) {
      throw asStoreFailure(error);
    }
  }
}

function named<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw asStoreFailure(error);
  }
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id' | 'page_count'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/** SQLite gives its companions (`-wal`, `-shm`) the same rights. */
function makePrivateFile(path: string): void {
  if (existsSync(path)) return;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch {
    // SQLite finds out the same, and says it in a way that is understood here.
  }
}
