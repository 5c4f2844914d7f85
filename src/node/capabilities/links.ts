import type { LinksFacade, Peer } from '../facade.ts';
import type { Session } from '../session.ts';
import type { KnownPeer } from '../../net/mesh/service.ts';
import { parsePeerAddress } from '../../net/libp2p/addresses.ts';
import { isKithError } from '../../base/errors.ts';
import type { Link, Transport } from '../../net/ports.ts';
import { conductsOf } from './map.ts';
import { iso, type NodeContext } from './context.ts';

const DIAL_MS = 10_000;
const LOOKS = 10;
const LOOK_MS = 100;
const ANSWER_MS = 2000;

export interface LinksContext extends NodeContext {
  transport(): Transport;
  /** An address given by hand, for this run of the node. */
  give(address: string): void;
}

export function linksOf(context: LinksContext): LinksFacade {
  return {
    peers: async () => peersOf(context.session()),
    add: async (address) => {
      const link = await dial(context, address);
      if (link === undefined) return null;
      const session = context.session();
      const peer = peersOf(session).find(({ address: at, device }) => device !== '' && at === link.address);
      return (
        peer ??
        peersOf(session).find(({ device }) => device === session.log.membership.byLink.get(link.peer)) ??
        null
      );
    },
    bye: async () => ({ told: context.session().links.rest() }),
  };
}

/** Whether somebody answers there now or not, the address is remembered, unless it is none. */
async function dial(context: LinksContext, address: string): Promise<Link | undefined> {
  const isRunning = context.state() === 'running';
  const beganMs = context.clock.nowMs();
  if (isRunning) context.session().links.wake();
  try {
    const link = await context.transport().dial(address, { signal: AbortSignal.timeout(DIAL_MS) });
    context.give(address);
    return isRunning ? link : undefined;
  } catch (error) {
    if (!isKithError(error) || error.code === 'bad-address') throw error;
    context.give(address);
    // Before it has joined, a node links with nobody: that somebody answered is all that can be found out.
    if (!isRunning && error.code === 'link-refused') return undefined;
    const standing = isRunning ? await linkThere(context, address, beganMs) : undefined;
    if (standing === undefined) throw error;
    return standing;
  }
}

/**
 * Of two links to one peer one is given up: that of a moment ago when both sides dialled at once, or this one when there
 * was one before. The other stands, or soon will; an older one has to prove it, for its other end may be long gone.
 */
async function linkThere(context: LinksContext, address: string, sinceMs: number): Promise<Link | undefined> {
  const { multiaddr, peer } = parsePeerAddress(address);
  const isThere = ({ link }: KnownPeer): boolean =>
    peer === undefined ? link.address.startsWith(`${String(multiaddr)}/`) : link.peer === peer;
  const silent = new Set<Link>();
  for (let look = 0; look < LOOKS; look += 1) {
    const { links } = context.session();
    const known = links.peers().filter((one) => isThere(one) && !silent.has(one.link));
    for (const { link, sinceMs: stoodMs } of known) {
      if (stoodMs >= sinceMs || (await links.answers(link, ANSWER_MS))) return link;
      silent.add(link);
    }
    await new Promise<void>((resolve) => {
      context.timers.after(LOOK_MS, resolve);
    });
  }
  return undefined;
}

/** One row a device: two links to the same one are about to become one. */
function peersOf(session: Session): Peer[] {
  const rows = session.links.peers().flatMap((known) => describePeer(session, known));
  return rows.filter((row, index) => rows.findIndex(({ device }) => device === row.device) === index);
}

function describePeer(session: Session, { link, sinceMs, rttMs }: KnownPeer): Peer[] {
  const device = session.log.membership.byLink.get(link.peer);
  const member = session.memberOf(link.peer);
  if (device === undefined || member === undefined) return [];
  return [
    {
      member: member.number,
      name: member.name,
      device,
      link: link.relayed ? 'relayed' : 'direct',
      rttMs: rttMs === undefined ? null : Math.round(rttMs * 100) / 100,
      address: link.address,
      direction: link.direction,
      since: iso(sinceMs),
      status: session.links.statusOf(link.peer),
      conduct: conductsOf(session).get(link.peer) ?? null,
    },
  ];
}
