/** What this node's beacons say, and which of its lives they are from. */
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import type { Clock } from '../base/ports.ts';
import type { OwnFacts } from '../net/presence/core.ts';
import { rollHeadOf } from './roll-head.ts';
import type { Meta } from './keys.ts';
import type { Session } from './session.ts';

const EPOCH = 'presence epoch';

/** Larger with every start, whatever the clock does meanwhile. */
export function nextEpoch(meta: Meta, clock: Clock): number {
  const stored = meta.get(EPOCH);
  const last = stored === undefined ? 0 : decodeCbor(stored);
  const epoch = Math.max(typeof last === 'number' ? last + 1 : 1, Math.floor(clock.nowMs()));
  meta.set(EPOCH, encodeCbor(epoch));
  return epoch;
}

export function ownFacts(session: Session): OwnFacts {
  return {
    capacity: session.deps.capacity,
    addresses: session.deps.transport.listening().map((address) => address.replace(/\/p2p\/[^/]+$/, '')),
    entries: session.log.feeds().reduce((sum, { seq }) => sum + seq, 0),
    rollHead: rollHeadOf(session.log.membership.heads) ?? '',
  };
}
