/** The first entry of a network. Its digest is the network's name, so it is written before there is a log to write to. */
import type { DeviceKey, NetworkId } from '../base/ids.ts';
import { encodeAct } from '../identity/acts.ts';
import type { Certificate } from '../identity/certificate.ts';
import type { Profile } from '../identity/types.ts';
import type { Run } from './types.ts';
import { feedIdOf } from './wire.ts';
import { FEED_START, sealDrafts, type WritingDeps } from './writing.ts';

export interface Founding {
  readonly network: NetworkId;
  /** To be given to a new log's `receive`. */
  readonly run: Run;
}

export function foundNetwork(
  deps: WritingDeps,
  incarnation: string,
  founder: { readonly network: string; readonly certificate: Certificate; readonly profile: Profile },
): Founding {
  const device = deps.signer.key as DeviceKey;
  const feed = { id: feedIdOf(device, incarnation, 'roll'), device, incarnation, lane: 'roll' } as const;
  const body = { kind: 'genesis', ...founder } as const;
  const draft = {
    kind: 'genesis',
    lane: 'roll',
    parts: [{ audience: 'roll', payload: encodeAct(body) }],
  } as const;
  const [genesis] = sealDrafts(deps, feed, FEED_START, [draft], []);
  if (genesis === undefined) throw new Error('bug: one draft makes one entry');
  return { network: genesis.hash as string as NetworkId, run: { feed, entries: [genesis] } };
}
