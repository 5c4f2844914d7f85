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
  /** One host says so to a hundred replicas a second at most: where links are scarce, others carry it. */
  perPeerMs: 10,
  /** Where nothing was said for long, it is said ever more seldom that nothing is: after so many times the pause … */
  quietShare: 20,
  /** … and at least so often. */
  quietMs: 1000,
} as const;

interface Round {
  smoothMs: number;
  varianceMs: number;
}

export class Timing {
  readonly #rounds = new Map<ReplicaId, Round>();
  #roundMs: number = TIMING.unmeasuredMs;
  /** Nothing is said more often, whatever is measured. */
  #leastMs = 0;

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

  /**
   * By the slowest round trip that a majority needs, with what it varies by.
   * @param peers to how many the host speaks. @param quietMs since when it has put nothing in order.
   */
  evaluate(self: ReplicaId, voters: readonly ReplicaId[], peers: number, quietMs: number): void {
    const { perPeerMs, quietShare, quietMs: most } = TIMING;
    this.#leastMs = Math.max(peers * perPeerMs, Math.min(quietMs / quietShare, most));
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
    return within(Math.max(this.#roundMs, this.#leastMs), TIMING.heartbeatMs);
  }

  /** How often to look whether something is due: as if a message came in the next moment. */
  get tickMs(): number {
    return Math.ceil(within(this.#roundMs, TIMING.heartbeatMs) / 2);
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
