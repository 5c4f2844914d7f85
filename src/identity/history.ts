/** The acts in causal order: who had seen what, and one line in which all nodes count them. */
import { boundedHlc, compareHlc, HLC_ZERO, maxHlc, nextHlc, type Hlc } from '../base/hlc.ts';
import type { EntryHash, FeedId } from '../base/ids.ts';
import type { Act, EntryLink, Vector } from './types.ts';

export interface PlacedAct {
  readonly act: Act;
  /** How far its author had seen each roll feed, this act included. */
  readonly vector: Vector;
  /** When it counts: after all that it builds on, and no further ahead than its author could know. */
  readonly at: Hlc;
}

/** Is `a` in the causal past of what had seen `vector`? */
export function isSeen(a: Act, vector: Vector): boolean {
  return (vector.get(a.feed) ?? 0) >= a.seq;
}

export function isBefore(a: PlacedAct, b: PlacedAct): boolean {
  return a !== b && isSeen(a.act, b.vector);
}

export function areConcurrent(a: PlacedAct, b: PlacedAct): boolean {
  return a !== b && !isBefore(a, b) && !isBefore(b, a);
}

/**
 * Places every act whose past is here, in the one order that follows causality and, where that says nothing, bounded
 * time and then digest. Links to acts that are not here (a fork's other branch) say nothing about the past.
 */
export function placeActs(acts: readonly Act[]): PlacedAct[] {
  const byId = new Map(acts.map((act) => [act.id, act]));
  const previous = previousInFeed(acts);
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
  const vector = new Map<FeedId, number>();
  const times: Hlc[] = [];
  for (const before of past) {
    const known = placed.get(before.id);
    if (known === undefined) continue;
    mergeInto(vector, known.vector);
    times.push(known.at);
  }
  vector.set(act.feed, act.seq);
  const latest = times.reduce(maxHlc, HLC_ZERO);
  const own = boundedHlc(act.hlc, times);
  return { act, vector, at: compareHlc(own, latest) > 0 ? own : nextHlc(latest) };
}

export function mergeInto(target: Map<FeedId, number>, source: Vector): void {
  for (const [feed, seq] of source) {
    if (seq > (target.get(feed) ?? 0)) target.set(feed, seq);
  }
}

function linked(byId: ReadonlyMap<EntryHash, Act>, link: EntryLink): Act | undefined {
  const act = byId.get(link.hash);
  return act !== undefined && act.feed === link.feed && act.seq === link.seq ? act : undefined;
}

function previousInFeed(acts: readonly Act[]): Map<EntryHash, Act> {
  const previous = new Map<EntryHash, Act>();
  const last = new Map<FeedId, Act>();
  for (const act of [...acts].sort((a, b) => a.seq - b.seq || (a.id < b.id ? -1 : 1))) {
    const before = last.get(act.feed);
    if (before !== undefined) previous.set(act.id, before);
    last.set(act.feed, act);
  }
  return previous;
}

function inOrder(a: PlacedAct, b: PlacedAct): number {
  return compareHlc(a.at, b.at) || (a.act.id < b.act.id ? -1 : 1);
}
