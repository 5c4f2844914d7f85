import type { NodeFacade } from '../../node/facade.ts';
import type { hubRoutes } from '../contract/hubs.ts';
import type { Handlers } from '../handler.ts';

export function hubHandlers({ hubs }: NodeFacade): Handlers<typeof hubRoutes> {
  return {
    hubs: async () => ({ hubs: await hubs.list() }),
    addHub: async ({ address }) => ({ hubs: await hubs.add(address) }),
    removeHub: async ({ address }) => ({ hubs: await hubs.remove(address) }),
  };
}
