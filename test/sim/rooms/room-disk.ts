/**
 * A replica's disk: what is safely there, and above it what was written and not flushed. A killed process loses
 * nothing that was written; a power cut loses a suffix of it, and may leave rows that no height covers (a torn tail).
 */
import type {
  Command,
  Entry,
  HeardOfSilence,
  ReplicaId,
  Snapshot,
  StoredReplica,
  Write,
} from '../../../src/rooms/consensus/types.ts';

export interface Unit {
  readonly writes: readonly Write[];
  readonly commit?: number;
  readonly posted?: Command;
}

export class RoomDisk {
  term = 0;
  vote: ReplicaId | undefined;
  base: Snapshot;
  entries = new Map<number, Entry>();
  height: { index: number; hash: string };
  commit = 0;
  heard: HeardOfSilence = { term: 0, silent: [] };
  outbox: Command[] = [];
  #unflushed: Unit[] = [];

  constructor(base: Snapshot) {
    this.base = base;
    this.height = { index: base.index, hash: base.hash };
  }

  get unflushed(): number {
    return this.#unflushed.length;
  }

  write(unit: Unit): void {
    this.#unflushed.push(unit);
  }

  flush(count = this.#unflushed.length): void {
    for (const unit of this.#unflushed.splice(0, count)) this.#store(unit);
  }

  killed(): void {
    this.flush();
  }

  /** @param keep how many of the written units had reached the disk. @param torn rows of the next one, too. */
  powerCut(keep: number, torn: boolean): void {
    const lost = this.#unflushed.slice(keep);
    this.flush(keep);
    this.#unflushed = [];
    const rows = torn ? (lost[0]?.writes ?? []) : [];
    for (const write of rows) {
      if (write.type !== 'append') continue;
      for (const entry of write.entries)
        if (entry.index > this.height.index) this.entries.set(entry.index, entry);
    }
  }

  load(): StoredReplica {
    const { term, vote, base, height, commit, heard } = this;
    return { term, vote, base, height, commit, heard, entries: [...this.entries.values()] };
  }

  /** Is safely here with this hash. */
  holds(index: number, hash: string): boolean {
    if (index <= this.base.index) return true;
    return index <= this.height.index && this.entries.get(index)?.hash === hash;
  }

  rot(index: number): void {
    const entry = this.entries.get(index);
    if (entry !== undefined)
      this.entries.set(index, { ...entry, hash: entry.hash.replace(/^./, (c) => (c === 'a' ? 'b' : 'a')) });
  }

  copy(): RoomDisk {
    const copy = new RoomDisk(this.base);
    const { term, vote, entries, height, commit, heard, outbox } = this;
    Object.assign(copy, {
      term,
      vote,
      entries: new Map(entries),
      height,
      commit,
      heard,
      outbox: [...outbox],
    });
    return copy;
  }

  #store({ writes, commit, posted }: Unit): void {
    for (const write of writes) this.#storeOne(write);
    if (commit !== undefined) this.commit = commit;
    if (posted !== undefined) this.outbox.push(posted);
  }

  #storeOne(write: Write): void {
    switch (write.type) {
      case 'vote':
        this.term = write.term;
        this.vote = write.vote;
        return;
      case 'append': {
        const first = write.entries[0]?.index ?? 0;
        for (const index of this.entries.keys()) if (index >= first) this.entries.delete(index);
        for (const entry of write.entries) {
          this.entries.set(entry.index, entry);
          this.height = { index: entry.index, hash: entry.hash };
        }
        return;
      }
      case 'install':
        this.base = write.snapshot;
        this.entries.clear();
        this.height = { index: write.snapshot.index, hash: write.snapshot.hash };
        this.commit = write.snapshot.index;
        return;
      case 'compact':
        this.base = write.snapshot;
        for (const index of this.entries.keys())
          if (index <= write.snapshot.index) this.entries.delete(index);
        return;
      case 'silent':
        this.heard = { term: write.term, silent: write.silent };
        return;
    }
  }
}
