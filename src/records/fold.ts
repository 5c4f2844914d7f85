/**
 * What a record is, from its entries: the same on every node that holds the same ones, in whatever order they came.
 *
 * Each entry names those that it builds on. A value counts while no entry that builds on it says another one, so what
 * somebody had read and changed is changed, and what two wrote who did not know of each other stands twice: as a
 * conflict if they differ. Which of the two counts first is said by time, of which an author may claim a day more than
 * it had seen and not a year.
 */
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
  /** In the order in which they count. */
  readonly entries: readonly SideEntry[];
}

/** Undefined while nothing of it is here. */
export function foldSide(entries: readonly SideEntry[]): Side | undefined {
  const [first] = entries;
  if (first === undefined) return undefined;
  if (entries.length === 1) return foldOne(first);
  const lineage = new Lineage(entries);
  const ordered = lineage.ordered;
  const kind = ordered[0]?.kind ?? first.kind;
  const counting = ordered.filter((entry) => entry.kind === kind);
  const heads = lineage.newest(counting);
  const end = counting.find(({ op }) => op === 'end');
  const { fields, conflicts } = end === undefined ? mergeFields(counting, lineage) : endOf(end);
  return {
    kind,
    fields,
    conflicts,
    end,
    withheld: heads.some(({ op }) => op === 'withhold'),
    heads: heads.map(({ hash }) => hash).sort(),
    entries: counting,
  };
}

function foldOne(entry: SideEntry): Side {
  return {
    kind: entry.kind,
    fields: withoutEmpty(entry.fields),
    conflicts: [],
    end: entry.op === 'end' ? entry : undefined,
    withheld: entry.op === 'withhold',
    heads: [entry.hash],
    entries: [entry],
  };
}

function endOf(end: SideEntry): { readonly fields: Fields; readonly conflicts: readonly Conflict[] } {
  return { fields: withoutEmpty(end.fields), conflicts: [] };
}

function withoutEmpty(fields: Fields): Fields {
  return Object.values(fields).includes('')
    ? Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
    : fields;
}

/** Field by field: the values that nobody has replaced who had seen them. */
function mergeFields(entries: readonly SideEntry[], lineage: Lineage): Pick<Side, 'fields' | 'conflicts'> {
  const writers = new Map<string, SideEntry[]>();
  for (const entry of entries) {
    for (const name of Object.keys(entry.fields)) {
      const known = writers.get(name);
      if (known === undefined) writers.set(name, [entry]);
      else known.push(entry);
    }
  }
  const fields: Record<string, string> = {};
  const conflicts: Conflict[] = [];
  for (const [name, wrote] of [...writers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // The last one in the order of time counts first.
    const values = lineage
      .newest(wrote)
      .map((entry) => entry.fields[name] ?? '')
      .reverse();
    const distinct = [...new Set(values)];
    const [winner = ''] = distinct;
    if (winner !== '') fields[name] = winner;
    if (distinct.length > 1) conflicts.push({ field: name, values: distinct });
  }
  return { fields, conflicts };
}

/** Who had seen what, among the entries of one record. */
class Lineage {
  readonly ordered: readonly SideEntry[];
  readonly #past = new Map<EntryHash, ReadonlySet<EntryHash>>();
  readonly #at = new Map<EntryHash, Hlc>();

  constructor(entries: readonly SideEntry[]) {
    const byHash = new Map(entries.map((entry) => [entry.hash, entry]));
    const roots = [...byHash.values()].filter(({ after }) => !after.some((hash) => byHash.has(hash)));
    const earliest = roots.map(({ hlc }) => hlc).reduce((a, b) => (compareHlc(a, b) <= 0 ? a : b));
    const latestRoot = { ms: earliest.ms + MAX_DRIFT_MS, n: earliest.n };
    for (const entry of byHash.values()) this.#place(entry, byHash, latestRoot);
    this.ordered = [...byHash.values()].sort((a, b) => this.#compare(a, b));
  }

  /** Of these, those that no other of them builds on; in the order of time. */
  newest(of: readonly SideEntry[]): readonly SideEntry[] {
    if (of.length === 1) return of;
    return of.filter(
      ({ hash }) =>
        !of.some((other) => other.hash !== hash && this.#past.get(other.hash)?.has(hash) === true),
    );
  }

  /** Without recursion: a record may have a long history. */
  #place(entry: SideEntry, byHash: ReadonlyMap<EntryHash, SideEntry>, latestRoot: Hlc): void {
    const stack = [entry];
    for (let next = stack.at(-1); next !== undefined; next = stack.at(-1)) {
      const known = next.after.flatMap((hash) => byHash.get(hash) ?? []);
      const waiting = known.filter(({ hash }) => !this.#past.has(hash));
      if (waiting.length > 0 && !this.#past.has(next.hash)) {
        stack.push(...waiting);
        continue;
      }
      stack.pop();
      if (!this.#past.has(next.hash)) this.#settle(next, known, latestRoot);
    }
  }

  #settle(entry: SideEntry, known: readonly SideEntry[], latestRoot: Hlc): void {
    const past = new Set<EntryHash>(entry.after);
    for (const { hash } of known) for (const older of this.#past.get(hash) ?? []) past.add(older);
    this.#past.set(entry.hash, past);
    const times = known.flatMap(({ hash }) => this.#at.get(hash) ?? []);
    const [first] = times;
    if (first === undefined) {
      this.#at.set(entry.hash, compareHlc(entry.hlc, latestRoot) <= 0 ? entry.hlc : latestRoot);
      return;
    }
    const latest = times.reduce(maxHlc);
    const own = boundedHlc(entry.hlc, times);
    this.#at.set(entry.hash, compareHlc(own, latest) > 0 ? own : nextHlc(latest));
  }

  #compare(a: SideEntry, b: SideEntry): number {
    const [atA, atB] = [this.#at.get(a.hash), this.#at.get(b.hash)];
    return (
      (atA !== undefined && atB !== undefined ? compareHlc(atA, atB) : 0) ||
      (a.device < b.device ? -1 : a.device > b.device ? 1 : 0) ||
      (a.hash < b.hash ? -1 : 1)
    );
  }
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
