/** What happened, told to whoever listens; what happens often is gathered and told a few times a second. */
import type { MemberId } from '../../base/ids.ts';
import type { Membership } from '../../identity/types.ts';
import type { MailChange } from '../../mail/index.ts';
import { systemTimers } from '../system.ts';
import type { NodeEvent } from '../facade.ts';
import type { Session } from '../session.ts';
import { memberOfDevice } from './context.ts';

const GATHER_MS = 250;

export interface NodeEvents {
  emit(event: NodeEvent): void;
  subscribe(listener: (event: NodeEvent) => void): () => void;
  watch(session: Session): void;
}

export function eventsFrom(): NodeEvents {
  const listeners = new Set<(event: NodeEvent) => void>();
  const emit = (event: NodeEvent): void => {
    for (const listener of listeners) listener(event);
  };
  return {
    emit,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    watch: (session) => {
      watchLog(session, emit);
      watchLinks(session, emit);
      session.links.watch(() => {
        emit({ type: 'map' });
      });
    },
  };
}

function watchLog(session: Session, emit: (event: NodeEvent) => void): void {
  let before = session.log.membership;
  let added = 0;
  let waiting = false;
  session.log.on({
    membership: (membership) => {
      for (const event of rollEvents(before, membership)) emit(event);
      before = membership;
    },
    appended: (_, from, to) => {
      added += to - from + 1;
      if (waiting) return;
      waiting = true;
      systemTimers.after(GATHER_MS, () => {
        const total = session.log.feeds().reduce((sum, { seq }) => sum + seq, 0);
        emit({ type: 'entries', added, total, kinds: [] });
        added = 0;
        waiting = false;
      });
    },
    forked: ({ feed }) => {
      const member = memberOfDevice(session, feed.device)?.number ?? 0;
      emit({ type: 'fork', feed: feed.id, member, device: feed.device });
    },
  });
}

export function tellLetters(
  session: Session,
  emit: (event: NodeEvent) => void,
): (change: MailChange) => void {
  return (change) => {
    const { members } = session.log.membership;
    if (change.type === 'received') {
      const { id, from } = change.letter;
      emit({ type: 'letter', change: 'arrived', id, from: members.get(from)?.number ?? 1 });
    } else {
      emit({ type: 'letter', change: 'changed', id: change.id, from: session.ownMember?.number ?? 1 });
    }
  };
}

function* rollEvents(before: Membership, now: Membership): Generator<NodeEvent> {
  for (const [id, member] of now.members) {
    const was = before.members.get(id);
    const told = { type: 'member', member: member.number, name: member.name } as const;
    if (was === undefined) yield { ...told, change: 'joined' };
    else if (was.status !== member.status) yield { ...told, change: 'revoked' };
    else if (was !== member && differs(was, member)) yield { ...told, change: 'changed' };
  }
  for (const [key, device] of now.devices) {
    const was = before.devices.get(key);
    const told = { type: 'device', member: numberOf(now, device.member), device: key } as const;
    if (was === undefined) yield { ...told, change: 'linked' };
    else if (was.active && !device.active) yield { ...told, change: 'revoked' };
  }
  for (const [key, invite] of now.invites) {
    const was = before.invites.get(key);
    if (was !== undefined && invite.used > was.used) yield { type: 'invite', change: 'used', id: key };
  }
}

function differs(a: object, b: object): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

function numberOf(membership: Membership, id: MemberId): number {
  return membership.members.get(id)?.number ?? 0;
}

function watchLinks(session: Session, emit: (event: NodeEvent) => void): void {
  const tell = (peer: Parameters<Session['memberOf']>[0], change: 'linked' | 'gone'): void => {
    const member = session.memberOf(peer);
    const device = session.log.membership.byLink.get(peer);
    if (member === undefined || device === undefined) return;
    emit({ type: 'peer', change, member: member.number, name: member.name, device });
  };
  session.deps.transport.on({
    link: ({ peer }) => {
      tell(peer, 'linked');
    },
    unlink: ({ peer }) => {
      tell(peer, 'gone');
    },
  });
}
