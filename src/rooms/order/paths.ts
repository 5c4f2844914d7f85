/** Shortest ways between all, by Floyd and Warshall, over directed delays in whole microseconds. */
import type { ReplicaId } from '../consensus/types.ts';
import type { Delay, DelayRows } from './types.ts';

/** No way at all. */
export const NO_WAY = -1;

/**
 * What one way costs: half of what the node at its beginning measured there and back, and again for every time that
 * it has to be tried because of loss. Undefined where nobody said anything: no way is known.
 */
export function costUs(delay: Delay | undefined): number {
  if (delay === undefined || delay.state === 'unreachable' || delay.lossPermille >= 1000) return NO_WAY;
  return Math.ceil((delay.roundUs * 1000) / (2 * (1000 - delay.lossPermille)));
}

/** @returns `ways[from][to]` in microseconds, or `NO_WAY`; nodes in the order in which they are given. */
export function shortestWays(nodes: readonly ReplicaId[], rows: DelayRows): readonly (readonly number[])[] {
  const ways = nodes.map((from) => nodes.map((to) => (from === to ? 0 : costUs(rows.get(from)?.get(to)))));
  for (let over = 0; over < nodes.length; over += 1)
    for (const row of ways) relaxOver(row, ways[over] ?? [], over);
  return ways;
}

function relaxOver(row: number[], onward: readonly number[], over: number): void {
  const toOver = row[over] ?? NO_WAY;
  if (toOver === NO_WAY) return;
  for (const [to, rest] of onward.entries()) {
    const known = row[to] ?? NO_WAY;
    if (rest !== NO_WAY && (known === NO_WAY || toOver + rest < known)) row[to] = toOver + rest;
  }
}
