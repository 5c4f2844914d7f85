/** The acts that this node holds and what they fold to. Replaced as a whole, so a failed transaction leaves no trace. */
import type { NetworkId } from '../base/ids.ts';
import { decodeAct, isActKind, type ActContext } from '../identity/acts.ts';
import { malformed } from '../base/cbor.ts';
import { foldMembership, type FoldResult } from '../identity/fold.ts';
import type { Act } from '../identity/types.ts';
import type { Entry, FeedInfo } from './types.ts';
import { payloadOf } from './wire.ts';

export interface RollState extends FoldResult {
  readonly network: NetworkId;
  readonly acts: readonly Act[];
}

export function emptyRoll(network: NetworkId): RollState {
  return rollOf(network, []);
}

export function rollOf(network: NetworkId, acts: readonly Act[]): RollState {
  return { network, acts, ...foldMembership(network, acts) };
}

/** @throws KithError `malformed` when an entry of a roll lane holds no act that can be read and checked. */
export function actOf(feed: FeedInfo, entry: Entry, context: ActContext): Act {
  const { header, hash } = entry;
  if (!isActKind(header.kind)) throw malformed('the roll holds membership acts only');
  const ref = header.parts[0];
  const part = entry.parts[0];
  if (ref?.audience !== 'roll' || part === null || part === undefined) throw malformed('an act is open to everybody');
  return {
    id: hash,
    feed: feed.id,
    seq: header.seq,
    device: feed.device,
    hlc: header.hlc,
    after: header.after,
    body: decodeAct(header.kind, payloadOf(part), context),
  };
}
