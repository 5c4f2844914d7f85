/** A room's entries in memory: those after the last snapshot, with the rosters among them. */
import { assert } from '../../base/errors.ts';
import { chained } from './chain.ts';
import { everyone } from './roster.ts';
import type { ChainHash, Entry, Roster, SentEntry, Snapshot } from './types.ts';

/** What one message carries at most: it may have to go in pieces, over others. */
const BATCH_ENTRIES = 512;
const BATCH_BYTES = 64 * 1024;
const ENTRY_BYTES = 200;
/** A device, a life, and what is around them. */
const REPLICA_BYTES = 84;

export class RoomLog {
  #base: Snapshot;
  #entries: Entry[] = [];
  /** Indices of changes after the snapshot, oldest first. */
  #changes: number[] = [];

  constructor(base: Snapshot, entries: readonly Entry[]) {
    this.#base = base;
    this.append(entries);
  }

  get base(): Snapshot {
    return this.#base;
  }

  get length(): number {
    return this.#entries.length;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#base.term;
  }

  get lastHash(): ChainHash {
    return this.#entries.at(-1)?.hash ?? this.#base.hash;
  }

  /** Undefined where there is nothing, or nothing any more. */
  entry(index: number): Entry | undefined {
    return this.#entries[index - this.#base.index - 1];
  }

  termAt(index: number): number | undefined {
    return index === this.#base.index ? this.#base.term : this.entry(index)?.term;
  }

  hashAt(index: number): ChainHash | undefined {
    return index === this.#base.index ? this.#base.hash : this.entry(index)?.hash;
  }

  /** The roster that counts: the newest one, agreed on or not (Ongaro 2014, §4.1). */
  get roster(): Roster {
    return this.rosterAt(this.lastIndex);
  }

  rosterAt(index: number): Roster {
    for (let at = this.#changes.length - 1; at >= 0; at -= 1) {
      const changed = this.#changes[at] ?? 0;
      const entry = changed <= index ? this.entry(changed) : undefined;
      if (entry?.kind === 'change') return entry.roster;
    }
    return this.#base.roster;
  }

  /** Index of the newest change; 0 when it lies before the snapshot. */
  get lastChange(): number {
    return this.#changes.at(-1) ?? 0;
  }

  /** As many from there on as fit one message. */
  batch(from: number): readonly Entry[] {
    const start = from - this.#base.index - 1;
    let [end, bytes] = [start, 0];
    for (; end < this.#entries.length && end - start < BATCH_ENTRIES; end += 1) {
      bytes += sizeOf(this.#entries[end]);
      if (bytes > BATCH_BYTES && end > start) break;
    }
    return this.#entries.slice(start, end);
  }

  between(from: number, to: number): readonly Entry[] {
    return this.#entries.slice(from - this.#base.index - 1, to - this.#base.index);
  }

  /** The entries as they stand here once they follow what is here. */
  chainOn(sent: readonly SentEntry[]): readonly Entry[] {
    let [hash, index] = [this.lastHash, this.lastIndex];
    return sent.map((one) => {
      const entry = chained(hash, (index += 1), one);
      hash = entry.hash;
      return entry;
    });
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      assert(entry.index === this.lastIndex + 1, 'entries follow each other');
      this.#entries.push(entry);
      if (entry.kind === 'change') this.#changes.push(entry.index);
    }
  }

  truncateFrom(index: number): void {
    assert(index > this.#base.index, 'a snapshot stands');
    this.#entries.length = Math.min(this.#entries.length, index - this.#base.index - 1);
    this.#changes = this.#changes.filter((changed) => changed < index);
  }

  compact(base: Snapshot): void {
    this.#entries = this.#entries.slice(base.index - this.#base.index);
    this.#changes = this.#changes.filter((changed) => changed > base.index);
    this.#base = base;
  }

  install(base: Snapshot): void {
    this.#entries = [];
    this.#changes = [];
    this.#base = base;
  }

  /** The last place up to `index` whose term is not above `term`: where two logs may still agree. */
  lastUpTo(index: number, term: number): number {
    let at = Math.min(index, this.lastIndex);
    while (at > this.#base.index && (this.termAt(at) ?? 0) > term) at -= 1;
    return at;
  }
}

/** As it travels, roughly. */
export function sizeOf(entry: Entry | undefined): number {
  if (entry?.kind === 'command') return ENTRY_BYTES + entry.command.body.byteLength;
  return ENTRY_BYTES + (entry?.kind === 'change' ? REPLICA_BYTES * everyone(entry.roster).length : 0);
}
