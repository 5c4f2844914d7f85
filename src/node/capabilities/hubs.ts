import { KithError } from '../../base/errors.ts';
import { parsePeerAddress, printPeerAddress } from '../../net/libp2p/addresses.ts';
import type { Hub, HubsFacade } from '../facade.ts';
import type { Session } from '../session.ts';
import type { NodeContext } from './context.ts';

export function hubsOf(context: NodeContext): HubsFacade {
  return {
    list: async () => describeHubs(context.session()),
    add: async (text) => {
      const session = context.session();
      session.listHub([readHubAddress(text)]);
      return describeHubs(session);
    },
    remove: async (address) => {
      const session = context.session();
      if (!session.log.membership.hubs.includes(address)) {
        throw new KithError('unknown-hub', 'No hub is listed under this address.', {
          next: 'See all: kith hubs',
        });
      }
      session.log.act({ kind: 'hub', address, listed: false });
      return describeHubs(session);
    },
  };
}

/** Nobody can be introduced by a hub of which it is not known which device it is. */
function readHubAddress(text: string): string {
  const { multiaddr, peer, hub } = parsePeerAddress(text);
  if (peer !== undefined && hub === undefined) return printPeerAddress(multiaddr, peer);
  throw new KithError('bad-address', `"${text}" does not say which device the hub is.`, {
    next: 'Take the whole address, with /p2p/12D3… at its end: kith status, on the hub, prints it. A name or another address may stand in front.',
  });
}

function describeHubs(session: Session): Hub[] {
  const { transport } = session.deps;
  return session.log.membership.hubs.map((address) => {
    const peer = session.peerIn(address);
    const member = peer === undefined ? undefined : session.memberOf(peer);
    return {
      address,
      member: member?.number ?? null,
      name: member?.name ?? null,
      self: peer === transport.self,
      linked: transport.links().some((link) => link.peer === peer),
      serves: peer !== undefined && transport.reservedAt().includes(peer),
    };
  });
}
