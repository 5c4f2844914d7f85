/** Replicas named by their places in a list that both sides have: a large room's rows of delays would be mostly names. */
import { hash } from 'node:crypto';
import { fromHex, type Bytes } from '../../base/bytes.ts';
import { everyone } from '../consensus/roster.ts';
import type { ReplicaId, Roster } from '../consensus/types.ts';

export const PLACES_BYTES = 8;

export interface Places {
  /** Of another roster, places mean somebody else. */
  readonly digest: Bytes;
  readonly replicas: readonly ReplicaId[];
  readonly of: ReadonlyMap<ReplicaId, number>;
}

export function placesIn(roster: Roster): Places {
  const replicas = [...everyone(roster)].sort();
  const digest = fromHex(hash('sha256', replicas.join('\n'), 'hex').slice(0, 2 * PLACES_BYTES));
  return { digest, replicas, of: new Map(replicas.map((replica, place) => [replica, place])) };
}
