/**
 * What lies before a summary, fetched from others page by page, the newest first. Each page has to lead, by its hashes, to
 * what is here already, and has to count its authors' messages down to what was known below: so nobody can make up, leave
 * out, move or double what was said. Pure.
 */
import type { Bytes } from '../../base/bytes.ts';
import { bodyIn } from '../bodies.ts';
import { chained } from '../consensus/chain.ts';
import { sessionOf } from '../consensus/sessions.ts';
import type { Entry, Mark, SentEntry } from '../consensus/types.ts';

/** Entries above `from`, up to `to`, came as a summary. Those above `reached` are here by now. */
export interface Gap {
  readonly from: Mark;
  readonly reached: Mark;
  readonly to: Mark;
}

/** All entries above some place, up to `upTo`. */
export interface OlderPage {
  readonly upTo: number;
  /** The hash before the first of them. */
  readonly before: string;
  readonly entries: readonly CountedEntry[];
}

export interface CountedEntry {
  readonly entry: SentEntry;
  /** It is the one of its author and number that counted when it was applied. */
  readonly counted: boolean;
}

/** One that is here. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly counted: boolean;
}

export type Taken =
  | {
      readonly type: 'taken';
      readonly placed: readonly PlacedEntry[];
      /** What is still to be had; undefined when that was all. */
      readonly gap: Gap | undefined;
    }
  /** Not what was asked for, or not what happened. */
  | { readonly type: 'refused' }
  /** This page or one before it said wrongly what counted: all of them have to be had anew. */
  | { readonly type: 'misled'; readonly gap: Gap }
  /** What was confirmed here, and what is confirmed there, are two histories. */
  | { readonly type: 'diverged' };

export function takePage(gap: Gap, { upTo, before, entries }: OlderPage): Taken {
  const { from, reached } = gap;
  const first = upTo - entries.length + 1;
  if (upTo !== reached.index || entries.length === 0 || first <= from.index) return { type: 'refused' };
  let hash = before;
  const placed = entries.map(({ entry, counted }, at): PlacedEntry => {
    const here = chained(hash, first + at, entry);
    ({ hash } = here);
    return { entry: here, counted };
  });
  if (hash !== reached.hash) return { type: 'refused' };
  const counts = countedDown(new Map(reached.sessions), placed);
  const isEnd = first - 1 === from.index;
  if (counts === undefined || (isEnd && !isSame(counts, from))) return { type: 'misled', gap: begun(gap) };
  if (isEnd && before !== from.hash) return { type: 'diverged' };
  const mark: Mark = { index: first - 1, hash: before, sessions: [...counts] };
  return { type: 'taken', placed, gap: isEnd ? undefined : { ...gap, reached: mark } };
}

export function begun({ from, to }: Omit<Gap, 'reached'>): Gap {
  return { from, reached: to, to };
}

/**
 * How far each author was before these entries. An entry counted if and only if its number was the next one of its author:
 * undefined where what is said of it cannot be.
 */
function countedDown(
  counts: Map<string, number>,
  placed: readonly PlacedEntry[],
): Map<string, number> | undefined {
  for (const { entry, counted } of [...placed].reverse()) {
    if (entry.kind !== 'command') continue;
    const { author, incarnation, number } = entry.command;
    const session = sessionOf(author, incarnation);
    const after = counts.get(session) ?? 0;
    if (counted ? number !== after || number === 0 : number === after + 1) return undefined;
    if (counted) counts.set(session, number - 1);
  }
  return counts;
}

function isSame(counts: ReadonlyMap<string, number>, { sessions }: Mark): boolean {
  const known = new Map(sessions);
  const names = new Set([...known.keys(), ...counts.keys()]);
  return [...names].every((name) => (counts.get(name) ?? 0) === (known.get(name) ?? 0));
}

/** The place above which everything up to `upTo` is here. */
export function wholeAbove(gaps: readonly Gap[], upTo: number): number {
  const cut = gaps.filter(({ from, reached }) => from.index < upTo && reached.index > from.index);
  return Math.max(0, ...cut.map(({ reached }) => Math.min(reached.index, upTo)));
}

/** How many entries are not here. */
export function lackingIn(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { from, reached }) => sum + reached.index - from.index, 0);
}

/** People see messages, each where it counted. */
export function isShown({ entry, counted }: PlacedEntry): boolean {
  return counted && entry.kind === 'command' && isMessage(entry.command.body);
}

export function isMessage(body: Bytes): boolean {
  return bodyIn(body)?.kind !== 'commit';
}
