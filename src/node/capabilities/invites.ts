import { KithError } from '../../base/errors.ts';
import { isLabel } from '../../identity/acts.ts';
import { formatInviteLink } from '../../identity/invite-link.ts';
import type { Invite as RollInvite } from '../../identity/types.ts';
import { refusalSentence } from '../../log/refusals.ts';
import type { Invite, InvitesFacade } from '../facade.ts';
import type { Session } from '../session.ts';
import { findByStart, iso, type NodeContext } from './context.ts';

export function invitesOf(context: NodeContext): InvitesFacade {
  return {
    create: async ({ role, name, lastsMs, uses, form }) => {
      const session = context.session();
      mustBeAdmin(session);
      if (!isLabel(name)) throw new KithError('bad-name', 'A name has at most 120 printable characters.');
      const expiresMs = Math.floor(context.clock.nowMs() + lastsMs);
      const made = { role, name, expires: iso(expiresMs), uses };
      if (form === 'code') {
        const { code, invite } = session.host.openCode(role, name, expiresMs, uses);
        context.emit({ type: 'invite', change: 'made', id: invite });
        return { id: invite, link: null, code: code.locator + code.secret, ...made };
      }
      const { seed, invite } = session.host.openLink(role, name, expiresMs, uses);
      context.emit({ type: 'invite', change: 'made', id: invite });
      const link = formatInviteLink({
        network: session.log.network,
        seed,
        networkName: session.log.membership.name,
        name,
        forDevice: false,
        expiresMs,
        addresses: [...session.deps.transport.listening(), ...session.log.membership.hubs],
      });
      return { id: invite, link, code: null, ...made };
    },
    list: async () => {
      const session = context.session();
      return [...session.log.membership.invites.values()].map((invite) => describeInvite(session, invite));
    },
    withdraw: async (start) => {
      const session = context.session();
      const invite = findByStart([...session.log.membership.invites.values()], ({ key }) => key, start);
      if (invite === undefined) {
        throw new KithError('unknown-invitation', 'There is no such invitation.', {
          next: 'See all: kith invite list',
        });
      }
      if (!invite.withdrawn) session.log.act({ kind: 'withdraw', invite: invite.key });
      context.emit({ type: 'invite', change: 'withdrawn', id: invite.key });
      return describeInvite(session, session.log.membership.invites.get(invite.key) ?? invite);
    },
  };
}

function mustBeAdmin(session: Session): void {
  if (session.ownMember?.role === 'admin' && !session.isRevoked) return;
  throw new KithError('not-an-admin', refusalSentence('not-an-admin'), {
    next: 'Ask an admin: kith members',
  });
}

function describeInvite(session: Session, invite: RollInvite): Invite {
  const { key, form, role, name, expiresMs, uses, used, withdrawn, by } = invite;
  const isOver = expiresMs <= session.deps.clock.nowMs();
  const status = withdrawn ? 'withdrawn' : used >= uses ? 'used-up' : isOver ? 'expired' : 'open';
  const inviter = session.log.membership.members.get(by)?.number ?? 0;
  return { id: key, form, role, name, expires: iso(expiresMs), uses, used, status, by: inviter };
}
