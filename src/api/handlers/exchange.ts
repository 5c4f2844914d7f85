import type { NodeFacade } from '../../node/facade.ts';
import type { exchangeRoutes } from '../contract/exchange.ts';
import type { Handlers } from '../handler.ts';

export function exchangeHandlers({ exchange }: NodeFacade): Handlers<typeof exchangeRoutes> {
  return {
    importRecords: ({ path, format, domain, only, columns, check }, { signal }) =>
      exchange.import({ path, format, domain, only, columns, check }, signal),
    exportRecords: ({ format, audience, counted, path, replace }, { signal }) =>
      exchange.export({ format, audience, counted, path, replace }, signal),
  };
}
