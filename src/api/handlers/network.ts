import type { NodeFacade } from '../../node/facade.ts';
import type { networkRoutes } from '../contract/network.ts';
import type { Handlers } from '../handler.ts';

export function networkHandlers({ network }: NodeFacade): Handlers<typeof networkRoutes> {
  return {
    found: ({ network: name, ...profile }) => network.found({ network: name, profile }),
    join: ({ invitation, name, org, place }, { signal }) =>
      network.join({ invitation, name, org, place }, signal),
  };
}
