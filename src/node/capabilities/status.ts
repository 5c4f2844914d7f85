/** How the node is, in one look. */
import type { Transport } from '../../net/ports.ts';
import type { NodeStatus } from '../facade.ts';
import { rollHeadOf } from '../roll-head.ts';
import type { Session } from '../session.ts';
import { isoOf } from './context.ts';

/** What is true of the program and its folder, whatever the network. */
export type ProgramStatus = Pick<
  NodeStatus,
  'state' | 'passphrase' | 'joining' | 'data' | 'version' | 'startedAt'
>;

type NetworkStatus = Omit<NodeStatus, keyof ProgramStatus | 'listening'>;

const NO_NETWORK: NetworkStatus = {
  ready: false,
  network: null,
  networkId: null,
  member: null,
  name: null,
  role: null,
  revoked: false,
  neighbours: 0,
  inStep: false,
  members: 0,
  entries: 0,
  quarantined: 0,
  membershipAsOf: null,
  rollHead: null,
};

export function statusOf(
  program: ProgramStatus,
  transport: Transport | undefined,
  session: Session | undefined,
): NodeStatus {
  const network = session === undefined ? NO_NETWORK : networkStatus(session);
  return { ...program, ...network, listening: transport?.listening() ?? [] };
}

function networkStatus(session: Session): NetworkStatus {
  const { membership } = session.log;
  const own = session.ownMember;
  const linked = session.deps.transport.links().filter(({ peer }) => session.isMember(peer));
  return {
    ready: own !== undefined,
    network: own === undefined ? null : membership.name,
    networkId: session.log.network,
    member: own?.number ?? null,
    name: own?.name ?? null,
    role: own?.role ?? null,
    revoked: session.isRevoked,
    neighbours: new Set(linked.map(({ peer }) => peer)).size,
    inStep: linked.length > 0 && session.sync.isInStep(),
    members: [...membership.members.values()].filter(({ status }) => status === 'active').length,
    entries: session.log.feeds().reduce((sum, { seq }) => sum + seq, 0),
    quarantined: session.log.asides().reduce((sum, { entries }) => sum + entries, 0),
    ...newestAct(session),
  };
}

function newestAct(session: Session): Pick<NodeStatus, 'membershipAsOf' | 'rollHead'> {
  const rollHead = rollHeadOf(session.log.membership.heads);
  if (rollHead === undefined) return { membershipAsOf: null, rollHead: null };
  const roll = session.log.feeds().filter(({ info }) => info.lane === 'roll');
  const newestMs = Math.max(...roll.map(({ hlc }) => hlc.ms));
  return { membershipAsOf: isoOf({ ms: newestMs, n: 0 }), rollHead };
}
