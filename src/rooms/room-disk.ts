/** A room's replica on rows of bytes: what it promised, its entries, and what waits. */
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import { chained, genesis } from './consensus/chain.ts';
import { bytesIn, entryFields, exactly, listOf, numberIn, readEntry } from './consensus/wire.ts';
import { sessionOf, Sessions } from './consensus/sessions.ts';
import type { Applied, Entry, Mark, ReplicaId, Snapshot, StoredReplica, Write } from './consensus/types.ts';
import { begun, isMessage, isShown, wholeAbove, type Gap, type PlacedEntry } from './older/core.ts';
import type { RoomRows } from './ports.ts';
import { HEARD_NOTHING, promiseBytes, readPromise, type Promised } from './promise.ts';
import type { Said } from './timeline/timeline.ts';
import type { RoomId } from './types.ts';
import { readSaid, saidFields } from './wire.ts';

export interface KeptEntry {
  readonly entry: Entry;
  /** Of the message in it, where its epoch is over. */
  readonly key: Bytes | undefined;
}

export class RoomDisk {
  readonly #rows: RoomRows;
  readonly #room: RoomId;
  #promise: Promised;

  private constructor(rows: RoomRows, room: RoomId, promise: Promised) {
    this.#rows = rows;
    this.#room = room;
    this.#promise = promise;
  }

  /** Undefined when what was promised cannot be read any more. */
  static open(rows: RoomRows, room: RoomId): RoomDisk | undefined {
    const bytes = rows.promise(room);
    if (bytes === null || bytes === undefined) return undefined;
    const promise = readPromise(bytes);
    const disk = new RoomDisk(rows, room, { ...promise, gaps: promise.gaps ?? [] });
    if (promise.gaps === undefined) disk.#noteWhatCounted();
    return disk;
  }

  /** Inside a transaction: an empty replica, and whatever was here of its log goes. */
  static begin(rows: RoomRows, room: RoomId, base: Snapshot): RoomDisk {
    const height = { index: base.index, hash: base.hash };
    const disk = new RoomDisk(rows, room, {
      term: 0,
      vote: undefined,
      height,
      base,
      gaps: [],
      heard: HEARD_NOTHING,
    });
    rows.dropEntriesFrom(room, 0);
    rows.putCommit(room, base.index);
    disk.#putPromise();
    return disk;
  }

  /**
   * A store of before said only which messages people see: not which changes of keys counted, nor that a summary stood
   * for what was not there. What lies below a summary that more was let go after stays as it is: nobody knows what counted.
   */
  #noteWhatCounted(): void {
    const { base } = this.#promise;
    const placed = this.placed(1, this.#rows.commit(this.#room));
    const isWhole = placed[0]?.entry.index === 1;
    const cameAsSummary = base.index > 0 && placed.every(({ entry }) => entry.index > base.index);
    const sessions = new Sessions(isWhole ? [] : base.sessions);
    const known = isWhole ? placed : placed.filter(({ entry }) => entry.index > base.index);
    this.#rows.transact(() => {
      for (const { entry, counted } of known) {
        const isNew = sessions.apply(entry) === 'new' && entry.kind === 'command';
        if (isNew && !counted) this.#rows.count(this.#room, entry.index, false);
      }
      if (cameAsSummary) this.#lack(genesis(fromHex(this.#room)), base);
      this.#putPromise();
    });
  }

  load(): StoredReplica {
    const { term, vote, height, base, heard } = this.#promise;
    const entries = this.#rows
      .entries(this.#room, base.index + 1)
      .flatMap(({ bytes }) => entryIn(bytes) ?? []);
    return { term, vote, base, height, commit: this.#rows.commit(this.#room), heard, entries };
  }

  /** Inside a transaction. */
  write(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    for (const write of writes) this.#writeOne(write);
    this.#putPromise();
  }

  #writeOne(write: Write): void {
    switch (write.type) {
      case 'vote':
        this.#promise = { ...this.#promise, term: write.term, vote: write.vote };
        return;
      case 'append':
        this.#append(write.entries);
        return;
      case 'install':
        return this.#install(write);
      case 'compact':
        // The rows stay: they are what people read back in.
        this.#promise = { ...this.#promise, base: write.snapshot };
        return;
      case 'silent':
        this.#promise = { ...this.#promise, heard: { term: write.term, silent: write.silent } };
        return;
    }
  }

  /** What people see stays; what lies between that and the summary is fetched from others. */
  #install({ snapshot, known }: Extract<Write, { type: 'install' }>): void {
    const { index, hash } = snapshot;
    this.#rows.dropEntriesFrom(this.#room, known.index + 1);
    this.#rows.putCommit(this.#room, index);
    this.#promise = { ...this.#promise, base: snapshot, height: { index, hash } };
    this.#lack(known, snapshot);
  }

  #lack(from: Mark, to: Mark): void {
    this.#promise = { ...this.#promise, gaps: [...this.#promise.gaps, begun({ from, to })] };
  }

  #append(entries: readonly Entry[]): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    if (first.index <= this.#promise.height.index) this.#rows.dropEntriesFrom(this.#room, first.index);
    for (const entry of entries) this.#rows.putEntry(this.#room, entry.index, entryBytes(entry));
    this.#promise = { ...this.#promise, height: { index: last.index, hash: last.hash } };
  }

  /** Inside a transaction: what is confirmed, and which of it people see. */
  confirm(applied: readonly Applied[], commit: number): void {
    for (const { entry, verdict } of applied) {
      if (entry.kind !== 'command' || verdict !== 'new') continue;
      const { author, incarnation, number } = entry.command;
      this.#rows.count(this.#room, entry.index, isMessage(entry.command.body));
      this.#rows.dropWaiting(this.#room, sessionOf(author, incarnation), number);
    }
    this.#rows.putCommit(this.#room, commit);
  }

  waiting(): readonly Said[] {
    return this.#rows
      .waiting(this.#room)
      .map(keptIn)
      .sort((a, b) => a.command.number - b.command.number);
  }

  /** All that was written before lasts from here on. */
  flush(): void {
    this.#rows.transact(() => {
      this.#rows.putCommit(this.#room, this.#rows.commit(this.#room));
    });
  }

  keepWaiting(said: readonly Said[], keeping: 'lasting' | 'replaceable' = 'lasting'): void {
    this.#rows.transact(() => {
      for (const one of said) {
        const { author, incarnation, number } = one.command;
        this.#rows.putWaiting(
          this.#room,
          sessionOf(author, incarnation),
          number,
          encodeCbor([saidFields(one), one.key ?? null]),
        );
      }
    }, keeping);
  }

  /** Never over a gap: what is older comes once it is here. */
  page(before: number, limit: number): readonly KeptEntry[] {
    const above = this.wholeAbove(before - 1);
    return this.#rows.shown(this.#room, before, limit).flatMap(({ index, bytes, key }) => {
      const entry = index > above ? entryIn(bytes) : undefined;
      return entry === undefined ? [] : [{ entry, key }];
    });
  }

  // ---- what came as a summary

  get gaps(): readonly Gap[] {
    return this.#promise.gaps;
  }

  /** All that is confirmed above that place, up to the one given, is here. */
  wholeAbove(upTo: number): number {
    return wholeAbove(this.#promise.gaps, upTo);
  }

  /** @param now what is left of the gap, or has to be had of it anew; undefined when nothing is. */
  fill(gap: Gap, now: Gap | undefined, placed: readonly PlacedEntry[]): void {
    const gaps = this.#promise.gaps.flatMap((one) => (one === gap ? (now ?? []) : [one]));
    this.#rows.transact(() => {
      for (const one of placed) {
        const { entry, counted } = one;
        this.#rows.putEntry(this.#room, entry.index, entryBytes(entry));
        if (counted) this.#rows.count(this.#room, entry.index, isShown(one));
      }
      this.#promise = { ...this.#promise, gaps };
      this.#putPromise();
    }, 'replaceable');
  }

  /** Those that are here and can be read, with whether they counted. */
  placed(from: number, to: number): readonly PlacedEntry[] {
    return this.#rows.entries(this.#room, from, to).flatMap(({ bytes, counted }) => {
      const entry = entryIn(bytes);
      return entry === undefined ? [] : [{ entry, counted }];
    });
  }

  /** Of what has left memory, too; undefined where it is not here any more. */
  entries(from: number, to: number): readonly Entry[] {
    return this.#rows.entries(this.#room, from, to).flatMap(({ bytes }) => entryIn(bytes) ?? []);
  }

  #putPromise(): void {
    this.#rows.putPromise(this.#room, promiseBytes(this.#promise));
  }
}

function keptIn(bytes: Uint8Array): Said {
  const [said, key] = exactly(listOf(decodeCbor(bytes)), 2);
  return { ...readSaid(said), key: key === null ? undefined : bytesIn(key) };
}

/** With the hash before it, so that the entry can be checked where it lies. */
function entryBytes(entry: Entry): Uint8Array {
  return encodeCbor([entry.index, fromHex(entry.hash), entryFields(entry)]);
}

/** Undefined when it cannot be read: then it counts as not there. */
function entryIn(bytes: Uint8Array): Entry | undefined {
  try {
    const [index, hash, sent] = exactly(listOf(decodeCbor(bytes)), 3);
    return { ...readEntry(sent), index: numberIn(index), hash: toHex(bytesIn(hash)) };
  } catch (error) {
    if (!isKithError(error, 'malformed')) throw error;
    return undefined;
  }
}

/** The first entry of a room that is founded here. */
export function firstEntry(base: Snapshot, voter: ReplicaId): Entry {
  return chained(base.hash, 1, {
    kind: 'change',
    term: 1,
    roster: { voters: [voter], joining: [], learners: [] },
  });
}
