import type { NodeFacade } from '../../node/facade.ts';
import type { safetyRoutes } from '../contract/safety.ts';
import type { workRoutes } from '../contract/work.ts';
import type { Handlers } from '../handler.ts';

type SafetyRoutes = typeof safetyRoutes & typeof workRoutes;

export function safetyHandlers(node: NodeFacade): Handlers<SafetyRoutes> {
  const { bundles, safety } = node;
  return {
    async lock({ passphrase, newPassphrase }) {
      await safety.lock({ passphrase, newPassphrase });
      return node.status();
    },
    unlock: ({ passphrase }) => safety.unlock({ passphrase }),
    exportBundle: ({ path, for: whom, replace }, { signal }) =>
      bundles.export({ path, for: whom, replace }, signal),
    importBundle: ({ path }, { signal }) => bundles.import({ path }, signal),
    backup: (request, { signal }) => safety.backup(request, signal),
    restore: (request, { signal }) => safety.restore(request, signal),
  };
}
