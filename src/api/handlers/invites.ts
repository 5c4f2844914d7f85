import type { NodeFacade } from '../../node/facade.ts';
import type { inviteRoutes } from '../contract/invites.ts';
import type { Handlers } from '../handler.ts';

export function inviteHandlers({ invites }: NodeFacade): Handlers<typeof inviteRoutes> {
  return {
    async invite(request) {
      const { link, code, ...invite } = await invites.create(request);
      return { ...invite, ...(link === null ? {} : { link }), ...(code === null ? {} : { code }) };
    },
    invites: async () => ({ invites: await invites.list() }),
    withdrawInvite: ({ id }) => invites.withdraw(id),
  };
}
