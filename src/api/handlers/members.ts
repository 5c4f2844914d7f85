import type { NodeFacade } from '../../node/facade.ts';
import type { memberRoutes } from '../contract/members.ts';
import type { Handlers } from '../handler.ts';

export function memberHandlers({ members }: NodeFacade): Handlers<typeof memberRoutes> {
  return {
    members: async () => ({ members: await members.list() }),
    member: ({ who }) => members.show(who),
    rename: ({ who, ...change }) => members.rename(who, change),
    setRole: ({ who, role }) => members.setRole(who, role),
    setGrant: ({ who, grant, given }) => members.setGrant(who, grant, given),
    revokeMember: ({ who }) => members.revoke(who),
    verification: ({ who }) => members.verification(who),
    confirmVerification: ({ who, digits }) => members.confirmVerification(who, digits),
    quarantine: async () => ({ quarantine: await members.quarantine() }),
    acceptQuarantined: ({ feed, upTo }) => members.accept(feed, upTo),
  };
}
