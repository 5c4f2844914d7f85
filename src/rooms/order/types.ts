/** Values of the candidate order: who is how far from whom, and who should put in order because of it. */
import type { ReplicaId } from '../consensus/types.ts';

/** One node's own measurement of the way to another. `unreachable` is said, never guessed from a large number. */
export type Delay =
  | { readonly state: 'reached'; readonly roundUs: number; readonly lossPermille: number }
  | { readonly state: 'unreachable' };

/** What each node measured, as far as it has said so. */
export type DelayRows = ReadonlyMap<ReplicaId, ReadonlyMap<ReplicaId, Delay>>;

export interface Standing {
  readonly replica: ReplicaId;
  /** Voters that it reaches, itself included, over whomever. */
  readonly reached: number;
  readonly reachesMajority: boolean;
  /** Over all voters that it reaches, there and back, by the shortest ways, in whole microseconds. */
  readonly sumUs: number;
  /** Mean of the same; what a move is judged by. */
  readonly meanUs: number;
  /** 1 ÷ the mean way there and back in seconds, scaled by the share that is reached (Wasserman and Faust 1994, §5.2.2). */
  readonly closeness: number;
  /** Closeness as a share of the best one's, 0 … 1. */
  readonly centrality: number;
}
