import type { Logger } from '../../base/ports.ts';
import type { NodeFacade } from '../../node/facade.ts';
import type { statusRoutes } from '../contract/status.ts';
import type { eventRoutes } from '../contract/events.ts';
import type { logRoutes } from '../contract/log.ts';
import type { Handlers } from '../handler.ts';

type NodeRoutes = typeof statusRoutes & typeof eventRoutes & typeof logRoutes;

export function nodeHandlers(node: NodeFacade, logger: Logger): Handlers<NodeRoutes> {
  return {
    status: () => node.status(),
    metrics: () => node.metrics(),
    /** Answers at once: stopping ends the API, and with it this request. */
    stop() {
      node.stop().catch((err: unknown) => {
        logger.error({ err }, 'the node did not stop in order');
      });
      return Promise.resolve({ stopping: true });
    },
    async events() {
      const { state, ready } = await node.status();
      return { first: { type: 'state', state, ready }, subscribe: (send) => node.events.subscribe(send) };
    },
    log: ({ net, follow, lines }, { signal }) => node.log.lines({ net, follow, lines }, signal),
  };
}
