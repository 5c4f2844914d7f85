/** The acts in causal order: who had seen what, and one line in which all nodes count them. */
import { boundedHlc, compareHlc, HLC_ZERO, maxHlc, nextHlc, type Hlc } from '../base/hlc.ts';
import type { EntryHash, FeedId } from '../base/ids.ts';
import { Horizon, type Seen } from './horizon.ts';
import type { Act, EntryLink } from './types.ts';

export interface PlacedAct {
  readonly act: Act;
  /** What it builds on directly, and what nothing else of that covers. */
  readonly past: readonly PlacedAct[];
  /** How far its author had seen each roll feed, this act included. */
  readonly vector: Horizon;
  /** Where it stands in the line: after all that it builds on, and no further ahead than its author could know. */
  readonly at: Hlc;
}

/** Is `a` in the causal past of what had seen `vector`? */
export function isSeen(a: Act, vector: Seen): boolean {
  return (vector.get(a.feed) ?? 0) >= a.seq;
}

export function isBefore(a: PlacedAct, b: PlacedAct): boolean {
  return a !== b && isSeen(a.act, b.vector);
}

export function areConcurrent(a: PlacedAct, b: PlacedAct): boolean {
  return a !== b && !isBefore(a, b) && !isBefore(b, a);
}

/**
 * Places acts in the one order that follows causality and, where that says nothing, bounded time, claimed time and
 * then digest. Links to acts that are not here (what a fork left behind) say nothing about the past.
 */
export function placeActs(acts: readonly Act[]): PlacedAct[] {
  const distinct = [...new Map(acts.map((act) => [act.id, act])).values()];
  const byId = new Map(withoutForks(distinct).map((act) => [act.id, act]));
  const previous = previousInFeed([...byId.values()]);
  const placed = new Map<EntryHash, PlacedAct>();
  const stack = [...byId.values()];
  while (stack.length > 0) {
    const act = stack.at(-1);
    if (act === undefined) break;
    const past = [previous.get(act.id), ...act.after.map((link) => linked(byId, link))].filter(
      (a) => a !== undefined,
    );
    const waiting = past.filter((before) => !placed.has(before.id));
    if (waiting.length > 0 && !placed.has(act.id)) {
      stack.push(...waiting);
      continue;
    }
    stack.pop();
    if (!placed.has(act.id)) placed.set(act.id, place(act, past, placed));
  }
  return [...placed.values()].sort(inOrder);
}

function place(act: Act, past: readonly Act[], placed: ReadonlyMap<EntryHash, PlacedAct>): PlacedAct {
  const known = past.map((before) => placed.get(before.id)).filter((before) => before !== undefined);
  const times = known.map(({ at }) => at);
  const latest = times.reduce(maxHlc, HLC_ZERO);
  const own = boundedHlc(act.hlc, times);
  const newest = known.filter((a) => !known.some((b) => isBefore(a, b)));
  return {
    act,
    past: newest,
    vector: Horizon.after(
      newest.map(({ vector }) => vector),
      act,
    ),
    at: compareHlc(own, latest) > 0 ? own : nextHlc(latest),
  };
}

/** The line in which acts count. */
export function inOrder(a: PlacedAct, b: PlacedAct): number {
  if (a === b) return 0;
  return compareHlc(a.at, b.at) || compareHlc(a.act.hlc, b.act.hlc) || (a.act.id < b.act.id ? -1 : 1);
}

/**
 * Of a feed that was written twice, only what both histories share counts. The log stops such a feed before it comes
 * here; this keeps the fold the same for every node, whatever it is given.
 */
function withoutForks(acts: readonly Act[]): readonly Act[] {
  const places = new Set<string>();
  const forkedAt = new Map<FeedId, number>();
  for (const { feed, seq } of acts) {
    const place = `${feed} ${seq}`;
    if (places.has(place)) forkedAt.set(feed, Math.min(seq, forkedAt.get(feed) ?? Infinity));
    places.add(place);
  }
  return forkedAt.size === 0 ? acts : acts.filter(({ feed, seq }) => seq < (forkedAt.get(feed) ?? Infinity));
}

function linked(byId: ReadonlyMap<EntryHash, Act>, link: EntryLink): Act | undefined {
  const act = byId.get(link.hash);
  return act !== undefined && act.feed === link.feed && act.seq === link.seq ? act : undefined;
}

function previousInFeed(acts: readonly Act[]): Map<EntryHash, Act> {
  const previous = new Map<EntryHash, Act>();
  const last = new Map<FeedId, Act>();
  for (const act of acts.toSorted((a, b) => a.seq - b.seq)) {
    const before = last.get(act.feed);
    if (before !== undefined) previous.set(act.id, before);
    last.set(act.feed, act);
  }
  return previous;
}
