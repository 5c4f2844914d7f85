/** What this node's beacons say, and which of its lives they are from. */
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import type { Clock } from '../base/ports.ts';
import type { Log } from '../log/service.ts';
import type { Transport } from '../net/ports.ts';
import type { OwnFacts } from '../net/presence/core.ts';
import type { Capacity } from '../net/presence/types.ts';
import { rollHeadOf } from './roll-head.ts';
import type { Meta } from './keys.ts';

const EPOCH = 'presence epoch';

/** Larger with every start, whatever the clock does meanwhile. */
export function nextEpoch(meta: Meta, clock: Clock): number {
  const stored = meta.get(EPOCH);
  const last = stored === undefined ? 0 : decodeCbor(stored);
  const epoch = Math.max(typeof last === 'number' ? last + 1 : 1, Math.floor(clock.nowMs()));
  meta.set(EPOCH, encodeCbor(epoch));
  return epoch;
}

interface FactSources {
  readonly capacity: Capacity;
  readonly transport: Pick<Transport, 'listening'>;
  readonly log: Log;
}

export function ownFacts({ capacity, transport, log }: FactSources): OwnFacts {
  return {
    capacity,
    addresses: transport.listening().map((address) => address.replace(/\/p2p\/[^/]+$/, '')),
    entries: log.feeds().reduce((sum, { seq }) => sum + seq, 0),
    rollHead: rollHeadOf(log.membership.heads) ?? '',
  };
}
