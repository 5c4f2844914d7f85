/** Records as they stand in the log: their entries read, judged by who may write them, and folded for each side. */
import { isKithError } from '../base/errors.ts';
import type { DeviceKey, MemberId, NetworkId } from '../base/ids.ts';
import { hydrate } from '../log/folding.ts';
import type { LogStore } from '../log/ports.ts';
import type { Entry, FeedInfo, SaltedPart } from '../log/types.ts';
import { payloadOf } from '../log/wire.ts';
import { foldSide, SideFold, type Side, type SideEntry } from './fold.ts';
import { hasHome, isHome } from './ids.ts';
import type { EntryPlace } from './ports.ts';
import type { RecordId } from './types.ts';
import { decodeFieldsPart, decodeRecordPart, type RecordPart } from './wire.ts';

/** One entry, as far as this node holds its parts. */
export interface ReadEntry {
  readonly id: RecordId;
  readonly place: EntryPlace;
  readonly hash: Entry['hash'];
  /** Of the part for members and what this node holds of narrower ones. */
  readonly full: SideEntry | undefined;
  /** Of the public part. */
  readonly open: SideEntry | undefined;
  /** How many parts it was written with. */
  readonly parts: number;
  /** How many of them are here. */
  readonly held: number;
  /** The number of the part that readers hold. */
  readonly openPart: number;
  /** Parts for fewer than all members that are here, or were written and are not. */
  readonly narrow: { readonly held: number; readonly absent: number };
}

export interface Sides {
  readonly full: Side | undefined;
  readonly open: Side | undefined;
  readonly entries: readonly ReadEntry[];
  /** Of somebody who is not its home. */
  readonly refused: readonly ReadEntry[];
}

/** From so many entries on, what was folded is kept: the next one then costs no reading of all others. */
const LONG_FROM = 32;
/** Of all records that are kept, some 300 bytes each. */
const MOST_KEPT_ENTRIES = 100_000;

/** A long record as it stands, without the values that were replaced. */
class LongRecord implements Sides {
  readonly entries: ReadEntry[];
  readonly refused: ReadEntry[];
  full: SideFold | undefined;
  open: SideFold | undefined;

  constructor({ entries, refused, full, open }: Sides) {
    this.entries = entries.map(withoutValues);
    this.refused = refused.map(withoutValues);
    this.full = foldOf(full);
    this.open = foldOf(open);
  }

  /** @returns false where it has to be folded anew: then this one is of no more use. */
  add(read: ReadEntry, counts: boolean): boolean {
    (counts ? this.entries : this.refused).push(withoutValues(read));
    if (!counts) return true;
    const isAdded = [this.full, this.open].map((fold, side) => {
      const entry = side === 0 ? read.full : read.open;
      return fold === undefined || entry === undefined || fold.add(entry);
    });
    if (read.full !== undefined) this.full ??= SideFold.of([read.full]);
    if (read.open !== undefined) this.open ??= SideFold.of([read.open]);
    return isAdded.every(Boolean);
  }
}

function foldOf(side: Side | undefined): SideFold | undefined {
  return side === undefined || side instanceof SideFold ? side : SideFold.of([side.first]);
}

function withoutValues(read: ReadEntry): ReadEntry {
  const [full, open] = [read.full, read.open].map((entry) =>
    entry === undefined ? undefined : { ...entry, fields: {} },
  );
  return { ...read, full, open };
}

function sizeOf({ entries, refused }: Sides): number {
  return entries.length + refused.length;
}

export interface ReadingDeps {
  readonly network: NetworkId;
  readonly store: LogStore;
  memberOf(device: DeviceKey): MemberId | undefined;
  /** Fewer, so that short lives in tests come by there. */
  readonly longFrom?: number | undefined;
}

export class RecordReader {
  /** A record is long from so many entries on, and a person has many notes. */
  readonly longFrom: number;
  readonly #deps: ReadingDeps;
  /** By their rows; whatever was kept first goes first. */
  readonly #long = new Map<number, LongRecord>();

  constructor(deps: ReadingDeps) {
    this.#deps = deps;
    this.longFrom = deps.longFrom ?? LONG_FROM;
  }

  /** As `sides`, but what was said and replaced may be left out of its entries. */
  sidesOf(row: number, places: () => readonly EntryPlace[]): Sides {
    const known = this.#long.get(row);
    if (known !== undefined) return known;
    const all = places();
    const sides = this.sides(all);
    return all.length < this.longFrom ? sides : this.#keep(row, sides);
  }

  /** An entry came to a record that was there. */
  withEntry(row: number, entry: ReadEntry, places: () => readonly EntryPlace[]): Sides {
    const known = this.#long.get(row);
    if (known === undefined) return this.sidesOf(row, places);
    if (known.add(entry, this.#counts(entry))) return known;
    this.#long.delete(row);
    return this.sidesOf(row, places);
  }

  /** Something of it was erased; without a row, all is another now. */
  forget(row?: number): void {
    if (row === undefined) this.#long.clear();
    else this.#long.delete(row);
  }

  #keep(row: number, sides: Sides): Sides {
    const long = new LongRecord(sides);
    let left = MOST_KEPT_ENTRIES - sizeOf(long);
    for (const other of this.#long.values()) left -= sizeOf(other);
    for (const [oldest, other] of this.#long) {
      if (left >= 0) break;
      this.#long.delete(oldest);
      left += sizeOf(other);
    }
    this.#long.set(row, long);
    return long;
  }

  sides(places: readonly EntryPlace[]): Sides {
    return this.fold(places.flatMap((place) => this.entryAt(place) ?? []));
  }

  fold(read: readonly ReadEntry[]): Sides {
    const entries = read.filter((entry) => this.#counts(entry));
    const refused = entries.length === read.length ? [] : read.filter((entry) => !entries.includes(entry));
    return {
      full: foldSide(entries.flatMap(({ full }) => full ?? [])),
      open: foldSide(entries.flatMap(({ open }) => open ?? [])),
      entries,
      refused,
    };
  }

  entryAt(place: EntryPlace): ReadEntry | undefined {
    const { store } = this.#deps;
    const info = store.feed(place.feed)?.info;
    const [stored] = store.read({ feed: place.feed, from: place.seq, to: place.seq });
    return stored === undefined || info === undefined ? undefined : readRecordEntry(info, hydrate(stored));
  }

  /** Begun in this network, a record is edited by its home alone; what came from elsewhere, by all who write. */
  #counts({ id, full, open }: ReadEntry): boolean {
    const entry = full ?? open;
    if (entry === undefined) return false;
    if (!hasHome(id)) return true;
    const member = this.#deps.memberOf(entry.device);
    return member !== undefined && isHome(this.#deps.network, id, { member, org: entry.org });
  }
}

/** Undefined where nothing says which record it is about: parts are not for this node, or erased, or cannot be read. */
export function readRecordEntry(feed: FeedInfo, entry: Entry): ReadEntry | undefined {
  const at = (audience: string): RecordPart | undefined => {
    const part = entry.parts[entry.header.parts.findIndex((ref) => ref.audience === audience)];
    return part === null || part === undefined ? undefined : readable(part, decodeRecordPart);
  };
  const [full, open] = [at('members'), at('public')];
  const head = full ?? open;
  if (head === undefined || (full !== undefined && open !== undefined && full.id !== open.id))
    return undefined;
  const place = { feed: feed.id, seq: entry.header.seq };
  const base = { place, hash: entry.hash, hlc: entry.header.hlc, device: feed.device };
  const narrow = full === undefined ? [] : narrowParts(entry);
  const fields = full === undefined ? {} : withNarrow(full, narrow);
  return {
    id: head.id,
    place,
    hash: entry.hash,
    full: full === undefined ? undefined : { ...base, ...full, fields },
    open: open === undefined ? undefined : { ...base, ...open },
    parts: entry.parts.length,
    held: entry.parts.filter((part) => part !== null).length,
    openPart: entry.header.parts.findIndex(({ audience }) => audience === 'public'),
    narrow: {
      held: narrow.filter((part) => part !== null).length,
      absent: narrow.filter((part) => part === null).length,
    },
  };
}

function narrowParts({ header, parts }: Entry): readonly (SaltedPart | null)[] {
  return header.parts.flatMap(({ audience }, index) =>
    audience === 'members' || audience === 'public' ? [] : [parts[index] ?? null],
  );
}

/** A narrower part's value goes before what the part for members says of that field to the others. */
function withNarrow(part: RecordPart, narrow: readonly (SaltedPart | null)[]): RecordPart['fields'] {
  if (narrow.length === 0) return part.fields;
  const fields: Record<string, string> = { ...part.fields };
  for (const bytes of narrow) {
    const more =
      bytes === null ? undefined : readable(bytes, (payload) => decodeFieldsPart(part.kind, payload));
    for (const [name, value] of Object.entries(more ?? {}))
      if (value !== '' || fields[name] === undefined) fields[name] = value;
  }
  return fields;
}

function readable<Value>(part: SaltedPart, decode: (bytes: Uint8Array) => Value): Value | undefined {
  try {
    return decode(payloadOf(part));
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
