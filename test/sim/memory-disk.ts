/**
 * A disk as the simulator has it: transactions, and a volatile layer above what is safely stored. A crash loses what
 * was not flushed, or the newest part of it: a suffix of the committed transactions, never one in the middle, never
 * half of one.
 *
 * Nothing is copied. Whoever changes something says how to undo it; that list is the volatile layer.
 */
import { assert } from '../../src/base/errors.ts';

type Undo = () => void;

interface Transaction {
  /** How to undo what it wrote. */
  readonly written: Undo[];
  /** Those that follow it in memory; a crash takes them with the process. */
  readonly followers: Undo[];
  readonly committed: (() => void)[];
  failure?: { readonly error: unknown };
}

export interface MemoryDiskOptions {
  /** `commit`: like SQLite with `synchronous = FULL`. `never`: only `flush` makes anything safe. */
  readonly flushes?: 'commit' | 'never';
}

export class MemoryDisk {
  readonly #flushes: 'commit' | 'never';
  /** Of each transaction that is committed and not flushed, oldest first. */
  #volatile: (readonly Undo[])[] = [];
  #open: Transaction | undefined;
  #nextFailure: Error | undefined;
  #stopped: Error | undefined;

  constructor({ flushes = 'commit' }: MemoryDiskOptions = {}) {
    this.#flushes = flushes;
  }

  /** Transactions that a crash may lose. */
  get unflushed(): number {
    return this.#volatile.length;
  }

  /** @param keeping `replaceable`: safe with the next transaction that is lasting, or a flush. */
  transact<Result>(work: () => Result, keeping: 'lasting' | 'replaceable' = 'lasting'): Result {
    if (this.#open !== undefined) return join(this.#open, work);
    if (this.#stopped !== undefined) throw new Error('this disk failed earlier', { cause: this.#stopped });
    const transaction: Transaction = { written: [], followers: [], committed: [] };
    this.#open = transaction;
    let result: Result;
    try {
      result = join(transaction, work);
      if (transaction.failure !== undefined) throw transaction.failure.error;
      this.#commit(transaction, keeping);
    } catch (error) {
      this.#rollBack(transaction);
      throw error;
    }
    this.#open = undefined;
    for (const run of transaction.committed) run();
    return result;
  }

  afterCommit(run: () => void): void {
    if (this.#open === undefined) run();
    else this.#open.committed.push(run);
  }

  onRollback(undo: Undo): void {
    this.#needOpen().followers.push(undo);
  }

  /** Whoever writes says here how to undo it. */
  wrote(undo: Undo): void {
    this.#needOpen().written.push(undo);
  }

  flush(): void {
    assert(this.#open === undefined, 'no flush inside a transaction');
    this.#volatile = [];
  }

  /** The power fails. @param keep how many of the unflushed transactions had reached the disk, the oldest ones. */
  crash({ keep = 0 }: { readonly keep?: number } = {}): void {
    if (this.#open !== undefined) this.#rollBack(this.#open);
    for (const written of this.#volatile.splice(keep).reverse()) undoAll(written);
    this.#volatile = [];
    this.#stopped = undefined;
    this.#nextFailure = undefined;
  }

  /** The next commit fails: what it wrote is undone, and nothing more is taken until a crash, as when a flush fails. */
  failNextCommit(error: Error): void {
    this.#nextFailure = error;
  }

  #commit({ written }: Transaction, keeping: 'lasting' | 'replaceable'): void {
    if (this.#nextFailure !== undefined) {
      this.#stopped = this.#nextFailure;
      this.#nextFailure = undefined;
      throw this.#stopped;
    }
    if (this.#flushes === 'commit' && keeping === 'lasting') this.#volatile = [];
    else if (written.length > 0) this.#volatile.push(written);
  }

  #rollBack(transaction: Transaction): void {
    this.#open = undefined;
    undoAll(transaction.written);
    undoAll(transaction.followers);
  }

  #needOpen(): Transaction {
    assert(this.#open !== undefined, 'the disk is written inside a transaction');
    return this.#open;
  }
}

function join<Result>(transaction: Transaction, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    transaction.failure ??= { error };
    throw error;
  }
}

function undoAll(list: readonly Undo[]): void {
  for (let at = list.length - 1; at >= 0; at -= 1) list[at]?.();
}
