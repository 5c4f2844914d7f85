import type { NodeFacade } from '../../node/facade.ts';
import type { linkRoutes } from '../contract/links.ts';
import type { Handlers } from '../handler.ts';

export function linkHandlers({ links }: NodeFacade): Handlers<typeof linkRoutes> {
  return {
    peers: async () => ({ peers: await links.peers() }),
    addPeer: async ({ address }) => ({ address, peer: await links.add(address) }),
    bye: () => links.bye(),
  };
}
