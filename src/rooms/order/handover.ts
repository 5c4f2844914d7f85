/**
 * When a host hands over to a better one: only when the gain is large, lasting and rare. Rooms whose delays wander around
 * a threshold would move all the time otherwise, and every move costs everybody a pause.
 */
import type { ReplicaId } from '../consensus/types.ts';
import type { Standing } from './types.ts';

export const HANDOVER = {
  leastGainShare: 0.2,
  leastGainUs: 10_000,
  /** In a row, of the same better one. */
  evaluations: 3,
  tenureMs: 60_000,
  betweenMovesMs: 5 * 60_000,
} as const;

export class Handover {
  readonly #self: ReplicaId;
  readonly #sinceMs: number;
  #movedMs: number | undefined;
  #better: ReplicaId | undefined;
  #times = 0;

  /** @param movedMs when the room moved last, as far as this host knows: its own coming was a move, or not. */
  constructor(self: ReplicaId, sinceMs: number, movedMs: number | undefined) {
    this.#self = self;
    this.#sinceMs = sinceMs;
    this.#movedMs = movedMs;
  }

  /** @returns who should be host instead, now. */
  evaluate(nowMs: number, ranked: readonly Standing[]): ReplicaId | undefined {
    const better = this.#muchBetter(ranked);
    this.#times =
      better !== undefined && better === this.#better ? this.#times + 1 : Number(better !== undefined);
    this.#better = better;
    if (better === undefined || this.#times < HANDOVER.evaluations) return undefined;
    if (nowMs - this.#sinceMs < HANDOVER.tenureMs) return undefined;
    if (this.#movedMs !== undefined && nowMs - this.#movedMs < HANDOVER.betweenMovesMs) return undefined;
    this.#movedMs = nowMs;
    this.#times = 0;
    return better;
  }

  #muchBetter(ranked: readonly Standing[]): ReplicaId | undefined {
    const [best] = ranked;
    const own = ranked.find(({ replica }) => replica === this.#self);
    if (best === undefined || own === undefined || best === own || !best.reachesMajority) return undefined;
    if (!own.reachesMajority) return best.replica;
    if (best.reached < own.reached) return undefined;
    const gainUs = own.meanUs - best.meanUs;
    const isLarge = gainUs >= HANDOVER.leastGainUs && gainUs >= HANDOVER.leastGainShare * own.meanUs;
    return isLarge ? best.replica : undefined;
  }
}
