/** Sending, reading, and saying where a letter is: never more than is proven. */
import { KithError } from '../../base/errors.ts';
import type { LinkKey, MemberId } from '../../base/ids.ts';
import { mayWrite, type Role } from '../../identity/roles.ts';
import type { Member } from '../../identity/types.ts';
import {
  msOfHours,
  type CopyId,
  type LetterId,
  type Received,
  type SentLetter,
  type SentTo,
} from '../../mail/index.ts';
import type { MailStore } from '../../mail/ports.ts';
import type {
  InboxLetter,
  InboxPage,
  LetterDetail,
  LettersFacade,
  LetterStatus,
  SentPage,
} from '../facade.ts';
import { setTellsRead, tellsRead, type Mail } from '../mail.ts';
import type { Session } from '../session.ts';
import { ambiguous, findMember, iso, type NodeContext } from './context.ts';

export interface LettersContext extends NodeContext {
  /** @throws KithError `no-network` | `locked` */
  mail(): Mail;
}

/** Rows that a search opens at a time. */
const SEARCHED = 500;

export function lettersOf(context: LettersContext): LettersFacade {
  const settings = () => ({ readReceipts: tellsRead(context.session()) });
  return {
    send: async ({ text, lastsMs, ...to }) => {
      const session = context.session();
      mustMayWrite(session);
      const recipients = recipientsOf(session, to);
      const { service } = context.mail();
      const { id } = service.post(
        recipients.map((member) => member.id),
        text,
        lastsMs,
      );
      return { id, status: 'saved' };
    },
    show: async (start) => {
      const { store } = context.mail();
      const id = findLetter(store, start);
      const sent = store.sent(id);
      if (sent !== undefined) return describeSent(context, store, sent, linksOf(store));
      const received = store.received(id);
      if (received === undefined) throw unknownLetter(start);
      return describeReceived(context, received);
    },
    sent: async ({ limit, before }) => sentPage(context, context.mail().store, limit, before),
    inbox: async (query) => page(context.session(), context.mail().store, query),
    markRead: async (starts) => {
      const { store, service } = context.mail();
      const letters = starts.flatMap((start) => store.received(findLetter(store, start)) ?? []);
      const unread = letters.filter(({ readMs }) => readMs === null);
      service.markRead(unread);
      return { marked: unread.length };
    },
    settings: async () => settings(),
    change: async ({ readReceipts }) => {
      setTellsRead(context.session(), readReceipts);
      return settings();
    },
  };
}

// ---- to whom

function mustMayWrite(session: Session): void {
  const own = session.ownMember;
  if (own?.status !== 'active' || session.isRevoked) {
    throw new KithError('not-a-member', 'This node belongs to no active member of the network.', {
      next: 'kith status',
    });
  }
  if (!mayWrite(own.role, 'data')) {
    throw new KithError('role-writes-nothing', `A ${own.role} sends no letters.`, {
      next: 'Ask an admin for another role.',
    });
  }
}

function recipientsOf(
  session: Session,
  {
    to,
    all,
    role,
    org,
  }: { to: readonly string[]; all: boolean; role: Role | undefined; org: string | undefined },
): Member[] {
  const named = to.map((who) => mustReceive(session, findMember(session, who)));
  const others = [...session.log.membership.members.values()].filter(
    (member) => canReceive(member) && member.id !== session.ownMemberId,
  );
  const wantedOrg = org?.trim().toLocaleLowerCase();
  const inOrg = others.filter((member) => member.org.toLocaleLowerCase() === wantedOrg);
  if (org !== undefined && inOrg.length === 0) {
    throw new KithError('unknown-org', `Nobody else in this network belongs to “${org}”.`, {
      next: 'See who belongs where: kith members',
    });
  }
  const chosen = new Map<MemberId, Member>();
  const grouped = [
    ...(all ? others : []),
    ...(role === undefined ? [] : others.filter((member) => member.role === role)),
    ...inOrg,
  ];
  for (const member of [...named, ...grouped]) chosen.set(member.id, member);
  if (chosen.size > 0) return [...chosen.values()];
  throw new KithError('no-recipients', 'There is nobody whom this letter could go to.', {
    next: 'See who is in it: kith members',
  });
}

/** Who writes nothing publishes no keys that a letter could be sealed with. */
function canReceive({ status, role }: Member): boolean {
  return status === 'active' && mayWrite(role, 'data');
}

function mustReceive(session: Session, member: Member): Member {
  const called = `${String(member.number)} ${member.name}`;
  if (member.id === session.ownMemberId) {
    throw new KithError('own-letter', 'A letter to yourself would go nowhere.', {
      next: 'Name somebody else.',
    });
  }
  if (canReceive(member)) return member;
  const why = member.status === 'active' ? `is a ${member.role}` : 'was removed';
  throw new KithError('receives-no-letters', `${called} ${why} and receives no letters.`, {
    next: 'See who is in it: kith members',
  });
}

// ---- which one

function findLetter(store: MailStore, start: string): LetterId {
  const [found, ...others] = store.idsFrom(start.trim().toLowerCase(), 6);
  if (found === undefined) throw unknownLetter(start);
  if (others.length > 0) throw ambiguous(start, [found, ...others]);
  return found;
}

function unknownLetter(id: string): KithError {
  return new KithError('unknown-letter', `There is no letter “${id}” here.`, { next: 'kith inbox' });
}

// ---- where it is

/** Who said that they carry a copy, by copy. */
function linksOf(store: MailStore): ReadonlyMap<CopyId, readonly LinkKey[]> {
  const links = new Map<CopyId, LinkKey[]>();
  for (const { copy, link } of store.carriers()) links.set(copy, [...(links.get(copy) ?? []), link]);
  return links;
}

function sentPage(
  context: LettersContext,
  store: MailStore,
  limit: number,
  before: string | undefined,
): SentPage {
  if (before !== undefined && store.sent(before as LetterId) === undefined) throw badCursor();
  const found = store.lastSent(limit + 1, before as LetterId | undefined);
  const carriers = linksOf(store);
  const letters = found.slice(0, limit).map((letter) => describeSent(context, store, letter, carriers));
  return { letters, before: found.length > limit ? (letters.at(-1)?.id ?? null) : null };
}

function describeSent(
  context: LettersContext,
  store: MailStore,
  letter: SentLetter,
  carriers: ReadonlyMap<CopyId, readonly LinkKey[]>,
): LetterDetail {
  const session = context.session();
  const nowMs = context.clock.nowMs();
  const copies = store.copiesOf(letter.id).filter(({ id }) => store.letterBytes(id) !== undefined);
  const recipients = letter.to.map((one) => {
    const { number, name } = memberOf(session, one.member);
    const isCarried = copies.some(
      (copy) => copy.members.includes(one.member) && (carriers.get(copy.id)?.length ?? 0) > 0,
    );
    const status = statusOf(one, isCarried, msOfHours(letter.expiryHours) <= nowMs);
    return { member: number, name, status, at: iso(one.atMs) };
  });
  const own = memberOf(session, session.ownMemberId);
  const links = copies.flatMap(({ id }) => carriers.get(id) ?? []);
  return {
    id: letter.id,
    direction: 'sent',
    status: overall(recipients.map(({ status }) => status)),
    carriers: [...new Set(links.flatMap((link) => session.memberOf(link)?.number ?? []))].sort(
      (a, b) => a - b,
    ),
    recipients,
    from: own.number,
    fromName: own.name,
    text: letter.text,
    sentAt: iso(letter.sentMs),
    arrivedAt: null,
    read: true,
    expires: iso(msOfHours(letter.expiryHours)),
  };
}

function statusOf({ state }: SentTo, isCarried: boolean, isOver: boolean): LetterStatus {
  if (state === 'arrived' || state === 'read') return state;
  if (isOver) return 'expired';
  return isCarried ? 'carried' : 'saved';
}

/** What holds for all; one that is over for somebody is over. */
function overall(all: readonly LetterStatus[]): LetterStatus {
  if (all.includes('expired')) return 'expired';
  const order: readonly LetterStatus[] = ['saved', 'carried', 'arrived', 'read'];
  return order.find((status) => all.includes(status)) ?? 'saved';
}

function describeReceived(context: LettersContext, letter: Received): LetterDetail {
  const session = context.session();
  const own = memberOf(session, session.ownMemberId);
  const status = letter.readMs === null ? 'arrived' : 'read';
  const at = iso(letter.readMs ?? letter.arrivedMs);
  return {
    ...describeInbox(session, letter),
    direction: 'received',
    status,
    carriers: [],
    recipients: [{ member: own.number, name: own.name, status, at }],
    expires: iso(msOfHours(letter.expiryHours)),
  };
}

function describeInbox(session: Session, letter: Received): InboxLetter {
  const { number, name } = memberOf(session, letter.from);
  return {
    id: letter.id,
    from: number,
    fromName: name,
    text: letter.text,
    sentAt: iso(letter.sentMs),
    arrivedAt: iso(letter.arrivedMs),
    read: letter.readMs !== null,
  };
}

/** Members are never forgotten, so whoever wrote is in the roll. */
function memberOf(session: Session, id: MemberId): { readonly number: number; readonly name: string } {
  return session.log.membership.members.get(id) ?? { number: 1, name: '?' };
}

// ---- the inbox by pages

type Query = Parameters<LettersFacade['inbox']>[0];

function page(session: Session, store: MailStore, query: Query): InboxPage {
  const after = rowOf(query.after);
  const found = search(session, store, query);
  const newest = store.inbox({ ...EVERYTHING, limit: 1 })[0]?.row ?? 0;
  const [first] = found.letters;
  return {
    letters: found.letters.map((letter) => describeInbox(session, letter)),
    before: after === undefined && found.more && first !== undefined ? String(first.row) : null,
    after: String(after === undefined ? newest : (found.letters.at(-1)?.row ?? after)),
    unread: store.unread(),
  };
}

const EVERYTHING = {
  before: undefined,
  after: undefined,
  sinceMs: undefined,
  untilMs: undefined,
  unread: false,
} as const;

/** Bodies are sealed on disk, so a search opens them one after the other, the newest first. */
function search(
  session: Session,
  store: MailStore,
  query: Query,
): { readonly letters: readonly Received[]; readonly more: boolean } {
  const forward = query.after !== undefined;
  const fits = fitting(session, query.search);
  let letters: readonly Received[] = [];
  let [before, after] = [rowOf(query.before), rowOf(query.after)];
  for (;;) {
    const rows = store.inbox({
      before,
      after,
      sinceMs: msOf(query.since),
      untilMs: msOf(query.until),
      unread: query.unread,
      limit: SEARCHED,
    });
    const some = rows.filter(fits);
    letters = forward ? [...letters, ...some] : [...some, ...letters];
    const more = letters.length > query.limit;
    if (more) return { letters: forward ? letters.slice(0, query.limit) : letters.slice(-query.limit), more };
    if (rows.length < SEARCHED) return { letters, more };
    if (forward) after = rows.at(-1)?.row;
    else before = rows[0]?.row;
  }
}

function fitting(session: Session, text: string | undefined): (letter: Received) => boolean {
  const wanted = text?.toLocaleLowerCase();
  if (wanted === undefined) return () => true;
  return (letter) =>
    letter.text.toLocaleLowerCase().includes(wanted) ||
    memberOf(session, letter.from).name.toLocaleLowerCase().includes(wanted);
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}

function rowOf(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw badCursor();
}

function badCursor(): KithError {
  return new KithError('bad-cursor', 'This is no place among the letters.', {
    next: 'Start without a cursor.',
  });
}
