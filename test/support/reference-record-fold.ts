/** What a record is, once more: from all its entries at once and in the plainest way (docs/protocol/records.md). */
import { boundedHlc, compareHlc, MAX_DRIFT_MS, maxHlc, nextHlc, type Hlc } from '../../src/base/hlc.ts';
import type { EntryHash } from '../../src/base/ids.ts';
import type { Side, SideEntry } from '../../src/records/fold.ts';

type Told = Pick<Side, 'kind' | 'fields' | 'conflicts' | 'withheld' | 'heads'> & {
  readonly end: EntryHash | undefined;
  readonly order: readonly EntryHash[];
};

export function foldSlowly(entries: readonly SideEntry[]): Told {
  const lineage = new Lineage(entries);
  const kind = lineage.ordered[0]?.kind ?? 'person';
  const counting = lineage.ordered.filter((entry) => entry.kind === kind);
  const heads = lineage.newest(counting);
  const end = counting.find(({ op }) => op === 'end');
  const { fields, conflicts } =
    end === undefined ? mergeFields(counting, lineage) : { fields: withoutEmpty(end.fields), conflicts: [] };
  return {
    kind,
    fields,
    conflicts,
    end: end?.hash,
    withheld: heads.some(({ op }) => op === 'withhold'),
    heads: heads.map(({ hash }) => hash).sort(),
    order: counting.map(({ hash }) => hash),
  };
}

function withoutEmpty(fields: SideEntry['fields']): SideEntry['fields'] {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

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
  const conflicts: Side['conflicts'][number][] = [];
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
