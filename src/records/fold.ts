/**
 * What a record is, from its entries: the same on every node that holds the same ones, in whatever order they came.
 *
 * Each entry names those that it builds on. A value counts while no entry that builds on it says another one, so what
 * somebody had read and changed is changed, and what two wrote who did not know of each other stands twice: as a
 * conflict if they differ. Which of the two counts first is said by time, of which an author may claim a day more than
 * it had seen and not a year.
 */
import { assert } from '../base/errors.ts';
import { boundedHlc, compareHlc, MAX_DRIFT_MS, maxHlc, nextHlc, type Hlc } from '../base/hlc.ts';
import type { DeviceKey, EntryHash } from '../base/ids.ts';
import type { Fields, KindName } from './kinds/types.ts';
import type { Conflict } from './types.ts';
import type { EntryPlace } from './ports.ts';
import type { Op } from './wire.ts';

/** One entry of a record as far as this node holds it, for one side: what members hold, or what readers see. */
export interface SideEntry {
  readonly place: EntryPlace;
  readonly hash: EntryHash;
  readonly hlc: Hlc;
  readonly device: DeviceKey;
  readonly kind: KindName;
  readonly op: Op;
  readonly org: string;
  readonly after: readonly EntryHash[];
  readonly fields: Fields;
  readonly ended: readonly EntryPlace[];
}

/** What is known by now of one side of a record. Entries that come later may be added; what it says is as of then. */
export interface Side {
  readonly kind: KindName;
  readonly fields: Fields;
  readonly conflicts: readonly Conflict[];
  /** An end: what it left is all there is. */
  readonly end: SideEntry | undefined;
  /** Readers see nothing of it. */
  readonly withheld: boolean;
  /** What the next entry builds on. */
  readonly heads: readonly EntryHash[];
  /** The one that counts first. */
  readonly first: SideEntry;
  /** Of the newest clock of all. */
  readonly latestMs: number;
  /** In the order in which they count. */
  readonly entries: readonly SideEntry[];
}

/** Undefined while nothing of it is here. */
export function foldSide(entries: readonly SideEntry[]): Side | undefined {
  const [first, ...others] = entries;
  if (first === undefined) return undefined;
  return others.length === 0 ? foldOne(first) : SideFold.of(entries);
}

function foldOne(entry: SideEntry): Side {
  return {
    kind: entry.kind,
    fields: withoutEmpty(entry.fields),
    conflicts: [],
    end: entry.op === 'end' ? entry : undefined,
    withheld: entry.op === 'withhold',
    heads: [entry.hash],
    first: entry,
    latestMs: entry.hlc.ms,
    entries: [entry],
  };
}

function withoutEmpty(fields: Fields): Fields {
  return Object.values(fields).includes('')
    ? Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
    : fields;
}

/** An entry among the others of its record. */
interface Placed {
  /** Without its fields once others took the place of all of them. */
  entry: SideEntry;
  /** How many fronts it stands in. */
  uses: number;
  /** Those that it builds on and that are here. */
  readonly parents: readonly Placed[];
  /** The time at which it counts. */
  readonly at: Hlc;
  /** Longer than that of all that it builds on, over whatever way. */
  readonly depth: number;
  /** The last walk that came by. */
  walk: number;
}

/**
 * Who had seen what, and which values stand, kept so that one entry more costs as much as what it replaces: who edits one
 * record thousands of times must not make every node compute its whole history thousands of times.
 */
export class SideFold implements Side {
  readonly #placed = new Map<EntryHash, Placed>();
  /** Named by entries, and not here. */
  readonly #awaited = new Set<EntryHash>();
  /** Of all that counts, and of each field's writers: those that no other one builds on, in order. */
  readonly #fronts = new Map<string, readonly Placed[]>([[ALL, []]]);
  #earliest: Hlc | undefined;
  #latestRoot: Hlc | undefined;
  #first: Placed | undefined;
  #end: Placed | undefined;
  #walks = 0;
  #latestMs = 0;

  /** Of one entry at least, each of them once. */
  static of(entries: readonly SideEntry[]): SideFold {
    const fold = new SideFold();
    const byHash = new Map(entries.map((entry) => [entry.hash, entry]));
    const roots = [...byHash.values()].filter(({ after }) => !after.some((hash) => byHash.has(hash)));
    fold.#earliest = roots.map(({ hlc }) => hlc).reduce((a, b) => (compareHlc(a, b) <= 0 ? a : b));
    for (const entry of parentsFirst(byHash)) fold.#place(entry);
    fold.#count();
    return fold;
  }

  /** @returns false where what is here already has to be seen anew in its light: then this fold is of no more use. */
  add(entry: SideEntry): boolean {
    if (this.#placed.has(entry.hash)) return true;
    if (this.#awaited.has(entry.hash)) return false;
    const isRoot = !entry.after.some((hash) => this.#placed.has(hash));
    if (isRoot && this.#movesOthers(entry.hlc)) return false;
    const placed = this.#place(entry);
    const first = this.#first;
    if (first !== undefined && isBefore(placed, first)) {
      if (entry.kind !== first.entry.kind) return false;
      this.#first = placed;
    }
    if (entry.kind === this.kind) this.#take(placed);
    return true;
  }

  get kind(): KindName {
    return this.first.kind;
  }

  get first(): SideEntry {
    assert(this.#first !== undefined, 'a side has an entry');
    return this.#first.entry;
  }

  get latestMs(): number {
    return this.#latestMs;
  }

  get end(): SideEntry | undefined {
    return this.#end?.entry;
  }

  get fields(): Fields {
    const end = this.#end;
    if (end !== undefined) return withoutEmpty(end.entry.fields);
    const fields: Record<string, string> = {};
    for (const name of this.#names()) {
      const winner = this.#front(name).at(-1)?.entry.fields[name] ?? '';
      if (winner !== '') fields[name] = winner;
    }
    return fields;
  }

  get conflicts(): readonly Conflict[] {
    if (this.#end !== undefined) return [];
    return this.#names().flatMap((field) => {
      const front = this.#front(field);
      if (front.length < 2) return [];
      // The last one in the order of time counts first.
      const values = [...new Set(front.map(({ entry }) => entry.fields[field] ?? '').reverse())];
      return values.length > 1 ? [{ field, values }] : [];
    });
  }

  get withheld(): boolean {
    return this.#front(ALL).some(({ entry }) => entry.op === 'withhold');
  }

  get heads(): readonly EntryHash[] {
    return this.#front(ALL)
      .map(({ entry }) => entry.hash)
      .sort();
  }

  get entries(): readonly SideEntry[] {
    const { kind } = this;
    return [...this.#placed.values()]
      .filter(({ entry }) => entry.kind === kind)
      .sort(compare)
      .map(({ entry }) => entry);
  }

  #names(): readonly string[] {
    return [...this.#fronts.keys()].filter((name) => name !== ALL).sort();
  }

  #front(name: string): readonly Placed[] {
    return this.#fronts.get(name) ?? [];
  }

  /** Whether a beginning at that time changes when others count: those that are more than a day past the earliest. */
  #movesOthers(at: Hlc): boolean {
    const { ms, n } = this.#earliest ?? at;
    if (compareHlc(at, { ms, n }) >= 0) return false;
    const bound = { ms: at.ms + MAX_DRIFT_MS, n: at.n };
    return this.#latestRoot !== undefined && compareHlc(this.#latestRoot, bound) > 0;
  }

  /** Those that it builds on are placed. */
  #place(entry: SideEntry): Placed {
    const parents: Placed[] = [];
    for (const hash of new Set(entry.after)) {
      const parent = this.#placed.get(hash);
      if (parent === undefined) this.#awaited.add(hash);
      else parents.push(parent);
    }
    const depth = parents.reduce((most, parent) => Math.max(most, parent.depth), 0) + 1;
    const placed: Placed = { entry, uses: 0, parents, at: this.#timeOf(entry, parents), depth, walk: 0 };
    this.#latestMs = Math.max(this.#latestMs, entry.hlc.ms);
    this.#placed.set(entry.hash, placed);
    this.#awaited.delete(entry.hash);
    return placed;
  }

  #timeOf({ hlc }: SideEntry, parents: readonly Placed[]): Hlc {
    const times = parents.map(({ at }) => at);
    if (times.length > 0) {
      const [latest, own] = [times.reduce(maxHlc), boundedHlc(hlc, times)];
      return compareHlc(own, latest) > 0 ? own : nextHlc(latest);
    }
    const earliest =
      this.#earliest === undefined || compareHlc(hlc, this.#earliest) < 0 ? hlc : this.#earliest;
    this.#earliest = earliest;
    this.#latestRoot = this.#latestRoot === undefined ? hlc : maxHlc(this.#latestRoot, hlc);
    const bound = { ms: earliest.ms + MAX_DRIFT_MS, n: earliest.n };
    return compareHlc(hlc, bound) <= 0 ? hlc : bound;
  }

  /** Of those that were placed, whose kind is the first one's. */
  #count(): void {
    const all = [...this.#placed.values()];
    this.#first = all.reduce((first, placed) => (isBefore(placed, first) ? placed : first));
    for (const placed of all) if (placed.entry.kind === this.kind) this.#take(placed);
  }

  /** Nothing that counts builds on it. */
  #take(placed: Placed): void {
    const { entry } = placed;
    if (entry.op === 'end' && (this.#end === undefined || isBefore(placed, this.#end))) this.#end = placed;
    const names = [ALL, ...Object.keys(entry.fields)];
    placed.uses = names.length;
    const past = this.#pastOf(
      placed,
      names.flatMap((name) => this.#front(name)),
    );
    for (const name of names) {
      const front = this.#front(name);
      const left = past.size === 0 ? front : front.filter((other) => !past.has(other));
      if (left.length < front.length) for (const other of front) if (past.has(other)) this.#leave(other);
      this.#fronts.set(name, inserted(left, placed));
    }
  }

  #leave(placed: Placed): void {
    placed.uses -= 1;
    if (placed.uses === 0 && placed.entry.op !== 'end') placed.entry = { ...placed.entry, fields: {} };
  }

  /** Which of these it builds on, over however many others. */
  #pastOf(placed: Placed, wanted: readonly Placed[]): ReadonlySet<Placed> {
    const found = new Set<Placed>();
    if (placed.parents.length === 0) return found;
    const open = new Set(wanted);
    this.#walks += 1;
    const stack = [...placed.parents];
    // What lies deeper than all that is looked for leads to none of it.
    let least = leastDepth(open);
    for (let next = stack.pop(); next !== undefined && open.size > 0; next = stack.pop()) {
      if (next.walk === this.#walks || next.depth < least) continue;
      next.walk = this.#walks;
      if (open.delete(next)) {
        found.add(next);
        if (next.depth === least) least = leastDepth(open);
      }
      stack.push(...next.parents);
    }
    return found;
  }
}

/** Names no field. */
const ALL = '';

function leastDepth(placed: Iterable<Placed>): number {
  let least = Infinity;
  for (const { depth } of placed) least = Math.min(least, depth);
  return least;
}

/** Without recursion: a record may have a long history. */
function* parentsFirst(byHash: ReadonlyMap<EntryHash, SideEntry>): Generator<SideEntry> {
  const done = new Set<EntryHash>();
  for (const entry of byHash.values()) {
    const stack = [entry];
    for (let next = stack.at(-1); next !== undefined; next = stack.at(-1)) {
      const waiting = done.has(next.hash)
        ? []
        : next.after.flatMap((hash) => (done.has(hash) ? [] : (byHash.get(hash) ?? [])));
      if (waiting.length > 0) {
        stack.push(...waiting);
        continue;
      }
      stack.pop();
      if (done.has(next.hash)) continue;
      done.add(next.hash);
      yield next;
    }
  }
}

function compare(a: Placed, b: Placed): number {
  return (
    compareHlc(a.at, b.at) ||
    (a.entry.device < b.entry.device ? -1 : a.entry.device > b.entry.device ? 1 : 0) ||
    (a.entry.hash < b.entry.hash ? -1 : a.entry.hash > b.entry.hash ? 1 : 0)
  );
}

function isBefore(a: Placed, b: Placed): boolean {
  return compare(a, b) < 0;
}

/** Into a list that is in order; most come last. */
function inserted(list: readonly Placed[], placed: Placed): readonly Placed[] {
  let at = list.length;
  for (let before = list[at - 1]; before !== undefined && isBefore(placed, before); before = list[at - 1])
    at -= 1;
  return [...list.slice(0, at), placed, ...list.slice(at)];
}

// ---- links

export interface LinkEntry {
  readonly hash: EntryHash;
  readonly linked: boolean;
  readonly after: readonly EntryHash[];
  readonly reason: string;
}

/** Linked, if everybody who knew last says so: who took a link back is not overruled by who had not heard of it. */
export function foldLink(entries: readonly LinkEntry[]): {
  readonly linked: boolean;
  readonly heads: readonly EntryHash[];
} {
  const followed = new Set(entries.flatMap(({ after }) => after));
  const heads = entries.filter(({ hash }) => !followed.has(hash));
  return {
    linked: heads.length > 0 && heads.every(({ linked }) => linked),
    heads: heads.map(({ hash }) => hash).sort(),
  };
}
