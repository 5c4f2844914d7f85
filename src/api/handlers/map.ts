import type { NodeFacade } from '../../node/facade.ts';
import type { mapRoutes } from '../contract/map.ts';
import type { Handlers } from '../handler.ts';

export function mapHandlers({ map }: NodeFacade): Handlers<typeof mapRoutes> {
  return {
    map: async () => ({ nodes: await map.nodes() }),
    path: ({ to }) => map.path(to),
  };
}
