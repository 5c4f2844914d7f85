/** What a node carries, and within which quotas. A table without opinions about neighbours; the core asks it. */
import { KeyTree } from './key-tree.ts';
import type { Copy, CopyId, Lock, Receipt } from './types.ts';
import type { Key } from './wire.ts';

/** Whose letter it counts as, for quotas: the neighbour that brought it, or this node. */
export type Source = string;
export const OWN: Source = '';

export interface Held {
  readonly id: CopyId;
  readonly sizeBytes: number;
  readonly expiryHours: number;
  readonly source: Source;
  readonly locks: readonly Lock[];
  /** For this device, and not opened yet. */
  ours: boolean;
  stored: boolean;
  closed: number;
}

export type Ended = Pick<Held, 'id' | 'expiryHours'>;

export interface KnownReceipt {
  readonly lock: Lock;
  readonly copy: CopyId;
  readonly expiryHours: number;
  stored: boolean;
}

export interface CarriageLimits {
  readonly carriedBytes: number;
  readonly carriedLetters: number;
  readonly perNeighbourBytes: number;
  readonly receipts: number;
}

/** Room is made in strides, so that a full store does not search itself for every letter. */
const STRIDE = 1 / 20;

export class Carriage {
  readonly #limits: CarriageLimits;
  readonly letters = new Map<CopyId, Held>();
  readonly receipts = new Map<Lock, KnownReceipt>();
  /** Copies that all recipients have: they never come back. Of those that were carried here, or that receipts name. */
  readonly gone = new Map<CopyId, number>();
  readonly #byLock = new Map<Lock, Set<Held>>();
  readonly #byCopy = new Map<CopyId, Set<Lock>>();
  readonly #bytes = new Map<Source, number>();
  #carriedBytes = 0;
  #carriedLetters = 0;
  #tree: KeyTree | undefined;

  constructor(limits: CarriageLimits) {
    this.#limits = limits;
  }

  /** Of what is on disk, and nothing else: to be in it is a promise. */
  get tree(): KeyTree {
    this.#tree ??= new KeyTree(this.#storedKeys());
    return this.#tree;
  }

  *#storedKeys(): Generator<Key> {
    for (const { id, stored } of this.letters.values()) if (stored) yield id;
    for (const { lock, stored } of this.receipts.values()) if (stored) yield lock;
  }

  has(key: Key): boolean {
    return this.letters.has(key as CopyId) || this.receipts.has(key as Lock);
  }

  receiptsOf(copy: CopyId): ReadonlySet<Lock> {
    return this.#byCopy.get(copy) ?? NONE;
  }

  // ---- letters

  isOpened({ locks }: Copy): boolean {
    return locks.every((lock) => this.receipts.has(lock));
  }

  add(copy: Copy, source: Source, ours: boolean): Held {
    const { id, expiryHours, locks } = copy;
    const closed = locks.filter((lock) => !this.receipts.has(lock)).length;
    const held: Held = {
      id,
      expiryHours,
      source,
      locks,
      ours,
      closed,
      stored: false,
      sizeBytes: copy.bytes.byteLength,
    };
    this.letters.set(id, held);
    for (const lock of locks) {
      const waiting = this.#byLock.get(lock);
      if (waiting === undefined) this.#byLock.set(lock, new Set([held]));
      else waiting.add(held);
    }
    this.#count(held, 1);
    return held;
  }

  remove(id: CopyId): void {
    const held = this.letters.get(id);
    if (held === undefined) return;
    this.letters.delete(id);
    for (const lock of held.locks) {
      const waiting = this.#byLock.get(lock);
      waiting?.delete(held);
      if (waiting?.size === 0) this.#byLock.delete(lock);
    }
    this.#count(held, -1);
    this.#tree = undefined;
  }

  storedLetter(id: CopyId): Held | undefined {
    const held = this.letters.get(id);
    if (held === undefined || held.stored) return undefined;
    held.stored = true;
    this.#tree = undefined;
    return held;
  }

  #count({ source, sizeBytes }: Held, sign: 1 | -1): void {
    if (source === OWN) return;
    this.#bytes.set(source, (this.#bytes.get(source) ?? 0) + sign * sizeBytes);
    this.#carriedBytes += sign * sizeBytes;
    this.#carriedLetters += sign;
  }

  /** What has to go so that a letter of this size from there fits. Never one's own, nor what is to be opened here. */
  roomFor(source: Source, sizeBytes: number): readonly Held[] | 'no-room' {
    const limits = this.#limits;
    const share = (this.#bytes.get(source) ?? 0) + sizeBytes;
    if (share > limits.perNeighbourBytes)
      return this.#leastUrgent(source, share - limits.perNeighbourBytes, 1);
    const overBytes = this.#carriedBytes + sizeBytes - limits.carriedBytes;
    const overLetters = this.#carriedLetters + 1 - limits.carriedLetters;
    if (overBytes <= 0 && overLetters <= 0) return [];
    return this.#leastUrgent(this.#largestSource(), overBytes, overLetters);
  }

  /** Whoever takes up most gives way first: so one neighbour cannot push out what the others brought. */
  #largestSource(): Source {
    let largest: Source = OWN;
    for (const [source, bytes] of this.#bytes)
      if (largest === OWN || bytes > (this.#bytes.get(largest) ?? 0)) largest = source;
    return largest;
  }

  #leastUrgent(source: Source, bytes: number, letters: number): readonly Held[] | 'no-room' {
    const mayGo = [...this.letters.values()]
      .filter((held) => held.source === source && !held.ours)
      .sort((a, b) => a.expiryHours - b.expiryHours);
    const strideBytes = bytes > 0 ? this.#limits.perNeighbourBytes * STRIDE : 0;
    const going: Held[] = [];
    let freed = 0;
    for (const held of mayGo) {
      if (freed >= Math.max(bytes, strideBytes) && going.length >= letters) break;
      going.push(held);
      freed += held.sizeBytes;
    }
    return freed >= bytes && going.length >= letters ? going : 'no-room';
  }

  // ---- receipts

  /** @returns letters whose last lock it opens. */
  addReceipt({ lock, copy, expiryHours }: Receipt): readonly Held[] {
    this.receipts.set(lock, { lock, copy, expiryHours, stored: false });
    const known = this.#byCopy.get(copy);
    if (known === undefined) this.#byCopy.set(copy, new Set([lock]));
    else known.add(lock);
    const opened: Held[] = [];
    for (const held of this.#byLock.get(lock) ?? []) {
      held.closed -= 1;
      if (held.closed === 0) opened.push(held);
    }
    return opened;
  }

  storedReceipt(lock: Lock): void {
    const known = this.receipts.get(lock);
    if (known === undefined || known.stored) return;
    known.stored = true;
    this.#tree = undefined;
  }

  removeReceipt({ lock, copy }: KnownReceipt): void {
    if (!this.receipts.delete(lock)) return;
    const known = this.#byCopy.get(copy);
    known?.delete(lock);
    if (known?.size === 0) this.#byCopy.delete(copy);
    for (const held of this.#byLock.get(lock) ?? []) held.closed += 1;
    this.#tree = undefined;
  }

  /** Receipts to forget when there are too many. */
  surplusReceipts(): readonly KnownReceipt[] {
    return this.#surplus(this.receipts, ({ expiryHours }) => expiryHours).map(([, known]) => known);
  }

  // ---- what is gone

  /** @returns what to forget of it, as there is too much. */
  bury({ id, expiryHours }: Ended): readonly CopyId[] {
    this.gone.set(id, expiryHours);
    const surplus = this.#surplus(this.gone, (hours) => hours).map(([known]) => known);
    for (const known of surplus) this.gone.delete(known);
    return surplus;
  }

  /** Those that are over soonest. */
  #surplus<Name, Known>(
    all: ReadonlyMap<Name, Known>,
    hoursOf: (known: Known) => number,
  ): readonly (readonly [Name, Known])[] {
    const { receipts } = this.#limits;
    if (all.size <= receipts) return [];
    const sorted = [...all].sort(([, a], [, b]) => hoursOf(a) - hoursOf(b));
    return sorted.slice(0, Math.ceil(all.size - receipts + receipts * STRIDE));
  }

  get carried(): { readonly letters: number; readonly bytes: number } {
    return { letters: this.#carriedLetters, bytes: this.#carriedBytes };
  }
}

const NONE: ReadonlySet<Lock> = new Set();
