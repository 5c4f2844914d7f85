/** Who is linked to whom, and how everybody stands, in the words of the roll. */
import type { DeviceKey, LinkKey } from '../../base/ids.ts';
import type { Conduct as PeerConduct } from '../../net/conduct/core.ts';
import type { MapNode as KnownNode } from '../../net/mesh/service.ts';
import type { Conduct, MapFacade, MapNode, MapStop, NetworkPath } from '../facade.ts';
import type { Session } from '../session.ts';
import { findMember, iso, memberOfDevice, type NodeContext } from './context.ts';

export function mapOf(context: NodeContext): MapFacade {
  return {
    nodes: async () => nodesOf(context.session()),
    path: async (who) => pathOf(context.session(), who),
  };
}

/** Every active device of the roll, whether it was heard of or not: by peer number, then by key. */
function nodesOf(session: Session): MapNode[] {
  const known = new Map(session.links.map().map((node) => [node.node, node]));
  const conduct = conductsOf(session);
  return [...session.log.membership.devices.values()]
    .filter(({ active }) => active)
    .flatMap(({ key, link }) => describeNode(session, key, known.get(link), conduct.get(link)))
    .sort((a, b) => a.member - b.member || (a.device < b.device ? -1 : 1));
}

function describeNode(
  session: Session,
  key: DeviceKey,
  known: KnownNode | undefined,
  conduct: Conduct | undefined,
): MapNode[] {
  const member = memberOfDevice(session, key);
  if (member === undefined) return [];
  const { number, name, org, place, role } = member;
  const heardMs = session.heardMs(key);
  const beacon = known?.beacon;
  return [
    {
      member: number,
      name,
      org,
      place,
      role,
      device: key,
      status: known?.status ?? 'away',
      neighbours: (known?.neighbours ?? []).flatMap((node) => stopOf(session, node)),
      lastHeard: heardMs === undefined ? null : iso(heardMs),
      addresses: beacon?.addresses ?? [],
      capacity: beacon?.capacity ?? null,
      entries: beacon?.entries ?? null,
      conduct: conduct ?? null,
      you: key === session.device,
    },
  ];
}

function stopOf(session: Session, node: LinkKey): MapStop[] {
  const device = session.log.membership.byLink.get(node);
  const member = device === undefined ? undefined : memberOfDevice(session, device);
  return device === undefined || member === undefined
    ? []
    : [{ member: member.number, name: member.name, device }];
}

/** To whichever of the member's devices is nearest. */
function pathOf(session: Session, who: string): NetworkPath {
  const member = findMember(session, who);
  const paths = member.devices.flatMap((device) => {
    const link = session.log.membership.devices.get(device)?.link;
    const path = link === undefined ? undefined : session.links.pathTo(link);
    return path === undefined ? [] : [path];
  });
  const [shortest] = paths.sort((a, b) => a.length - b.length);
  return {
    to: member.number,
    name: member.name,
    path: shortest?.flatMap((node) => stopOf(session, node)) ?? null,
  };
}

/** By link key: what neighbours did that an admin should know of. */
export function conductsOf(session: Session): Map<LinkKey, Conduct> {
  return new Map(session.links.conduct.list().map((one) => [one.peer, describeConduct(one)]));
}

function describeConduct({ standing, reason, untilMs, score }: PeerConduct): Conduct {
  return { standing, reason, score, until: untilMs === undefined ? null : iso(untilMs) };
}
