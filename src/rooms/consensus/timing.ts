/**
 * How long to wait for whom: from measured round trips, which hold the other side's flush, by the rule of RFC 6298.
 * A room on one LAN fails over in a fraction of a second, one over a satellite does not elect somebody at every delay.
 */
import { majorityOf } from './roster.ts';
import type { ReplicaId } from './types.ts';

export const TIMING = {
  heartbeatMs: { least: 50, most: 2000 },
  electionMs: { least: 300, most: 12_000 },
  slotMs: { least: 20, most: 1000 },
  /** As long as nothing is measured. */
  unmeasuredMs: 100,
} as const;

interface Round {
  smoothMs: number;
  varianceMs: number;
}

export class Timing {
  readonly #rounds = new Map<ReplicaId, Round>();
  #roundMs: number = TIMING.unmeasuredMs;

  /** One answer of a peer came after so many milliseconds. */
  measured(peer: ReplicaId, roundMs: number): void {
    const round = this.#rounds.get(peer);
    if (round === undefined) {
      this.#rounds.set(peer, { smoothMs: roundMs, varianceMs: roundMs / 2 });
      return;
    }
    round.varianceMs += (Math.abs(roundMs - round.smoothMs) - round.varianceMs) / 4;
    round.smoothMs += (roundMs - round.smoothMs) / 8;
  }

  /** The slowest round trip that a majority needs, with what it varies by. */
  evaluate(self: ReplicaId, voters: readonly ReplicaId[]): void {
    const others = voters.filter((voter) => voter !== self);
    const known = others.flatMap((voter) => {
      const round = this.#rounds.get(voter);
      return round === undefined ? [] : [round.smoothMs + 4 * round.varianceMs];
    });
    const needed = majorityOf(voters) - 1;
    const slowest = known.sort((a, b) => a - b)[needed - 1];
    if (slowest !== undefined) this.#roundMs = slowest;
  }

  get heartbeatMs(): number {
    return within(this.#roundMs, TIMING.heartbeatMs);
  }

  get electionMs(): number {
    return within(4 * this.heartbeatMs + 2 * this.#roundMs, TIMING.electionMs);
  }

  /** What the next candidate waits longer than the one before it. */
  get slotMs(): number {
    return within(2 * this.#roundMs, TIMING.slotMs);
  }
}

function within(value: number, { least, most }: { readonly least: number; readonly most: number }): number {
  return Math.round(Math.min(most, Math.max(least, value)));
}
