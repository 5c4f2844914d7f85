/** Rooms, as people and programs ask for them: by name or by the beginning of an id, members by their peer numbers. */
import { KithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';
import { mayWrite } from '../../identity/roles.ts';
import {
  deviceOf,
  markInWords,
  markOf,
  whyRanked,
  type RoomId,
  type RoomName,
  type RoomService,
  type RoomView,
  type ShownMessage,
} from '../../rooms/index.ts';
import type { RoomCandidate, RoomMember, RoomMessage, RoomsFacade, RoomStatus } from '../facade-rooms.ts';
import type { Session } from '../session.ts';
import { ambiguous, findMember, iso, memberOfDevice, type NodeContext } from './context.ts';

/** How long whoever takes somebody out is kept waiting. */
const REMOVAL_MS = 5000;

export interface RoomsContext extends NodeContext {
  /** @throws KithError `no-network` | `locked` */
  rooms(): RoomService;
}

export function roomsOf(context: RoomsContext): RoomsFacade {
  const session = (): Session => context.session();
  const service = (): RoomService => context.rooms();
  const described = (id: RoomId): RoomStatus => describe(session(), service(), viewOf(service(), id));
  return {
    create: async ({ name, who }) => {
      mustMayWrite(session());
      const members = who.map((one) => findMember(session(), one).id);
      return described(
        service().create(
          name,
          members.filter((id) => id !== session().ownMemberId),
        ),
      );
    },
    list: async () =>
      service()
        .views()
        .map((view) => describe(session(), service(), view)),
    status: async (room) => described(find(service(), room)),
    accept: async (room) => {
      const id = find(service(), room, ({ state }) => state === 'invited');
      service().accept(id);
      return described(id);
    },
    post: async (room, text, waitMs = 0) => {
      const found = find(service(), room);
      const { id } = await service().say(found, text);
      const isConfirmed = waitMs > 0 && (await service().confirmation(found, id, waitMs));
      return { id, state: isConfirmed ? 'confirmed' : 'waiting' };
    },
    read: async (room, { before, limit }) => {
      const id = find(service(), room);
      const { voters, joining, learners } = viewOf(service(), id);
      const devices = new Set([...voters, ...joining, ...learners].map(deviceOf)).size;
      const messages = service()
        .read(id, before, limit)
        .map((message) => shown(session(), message, { voters: voters.length, devices }));
      const [first] = messages.filter(({ index }) => index !== null);
      const confirmed = messages.filter(({ index }) => index !== null).length;
      if (confirmed >= limit) return { messages, before: first?.index ?? null, coming: false };
      const coming = service().lacksBelow(id, first?.index ?? before);
      return { messages, before: null, coming };
    },
    add: async (room, who) => {
      mustMayWrite(session());
      const id = find(service(), room);
      service().invite(
        id,
        who.map((one) => findMember(session(), one).id),
      );
      return described(id);
    },
    remove: async (room, who) => {
      const id = find(service(), room);
      const { id: member } = findMember(session(), who);
      service().remove(id, member);
      await service().removal(id, member, REMOVAL_MS);
      return described(id);
    },
    leave: async (room) => {
      const id = find(service(), room);
      const before = viewOf(service(), id);
      service().leave(id);
      return describe(session(), service(), { ...before, state: 'left' });
    },
    continue: async (room) => {
      mustMayWrite(session());
      return described(service().continue(find(service(), room)));
    },
  };
}

function mustMayWrite(session: Session): void {
  const own = session.ownMember;
  if (own?.status !== 'active' || session.isRevoked)
    throw new KithError('not-a-member', 'This node belongs to no active member of the network.', {
      next: 'kith status',
    });
  if (!mayWrite(own.role, 'data'))
    throw new KithError('role-writes-nothing', `A ${own.role} takes part in no rooms.`, {
      next: 'Ask an admin for another role.',
    });
}

/** @param isMeant of several with one name: by default the one that people go on in. */
function find(
  service: RoomService,
  room: string,
  isMeant: (one: RoomName) => boolean = ({ state, continuedAs }) =>
    state !== 'invited' && continuedAs === undefined,
): RoomId {
  const wanted = room.trim().toLocaleLowerCase();
  const names = service.names();
  const named = names.filter(({ name }) => name.toLocaleLowerCase() === wanted);
  const fits =
    named.length > 0 ? named : names.filter(({ id }) => wanted.length >= 4 && id.startsWith(wanted));
  const meant = fits.filter(isMeant);
  const [found, ...others] = meant.length === 1 ? meant : fits;
  if (found === undefined)
    throw new KithError('unknown-room', `There is no room “${room}” here.`, {
      next: 'See which there are: kith room list',
    });
  if (others.length > 0)
    throw ambiguous(
      room,
      fits.map(({ id, name }) => `${name} ${id.slice(0, 8)}`),
    );
  return found.id;
}

function viewOf(service: RoomService, id: RoomId): RoomView {
  const view = service.view(id);
  if (view === undefined) throw new KithError('unknown-room', 'There is no such room here any more.');
  return view;
}

// ---- in words and numbers

function describe(session: Session, service: RoomService, view: RoomView): RoomStatus {
  const numberOf = (replica: string): number => memberOf(session, deviceOf(replica as never))?.number ?? 0;
  const order = view.order
    .map(numberOf)
    .filter((number, at, all) => number > 0 && all.indexOf(number) === at);
  return {
    room: view.id,
    name: view.name,
    state: view.state,
    host: view.host === undefined ? null : numberOf(view.host),
    term: view.term,
    quorum: view.quorum,
    voters: view.voters.length,
    confirmed: view.confirmed,
    waiting: view.waiting,
    order,
    members: membersOf(session, view),
    candidates: candidatesOf(session, service, view),
    leaving: [...new Set(view.leaving.map((device) => memberOf(session, device)?.number ?? 0))].filter(
      (number) => number > 0,
    ),
    invitedBy:
      view.state === 'invited' && view.invitedBy !== undefined
        ? (memberOf(session, view.invitedBy)?.number ?? null)
        : null,
    continuedAs: view.continuedAs ?? null,
    continues: view.continues ?? null,
    keys: {
      state: view.keys?.state ?? 'coming',
      epoch: view.keys?.epoch ?? null,
      differing: (view.keys?.differing ?? []).map((device) => memberOf(session, device)?.number ?? 0),
    },
    words: inWords(session, view),
  };
}

function memberOf(session: Session, device: string): ReturnType<typeof memberOfDevice> {
  return memberOfDevice(session, device as DeviceKey);
}

function membersOf(session: Session, view: RoomView): RoomMember[] {
  const inside = (['voters', 'joining', 'learners'] as const).flatMap((list) =>
    view[list].flatMap((replica): RoomMember[] => {
      const member = memberOf(session, deviceOf(replica));
      const state = ({ voters: 'voter', joining: 'joining', learners: 'learner' } as const)[list];
      return member === undefined ? [] : [{ member: member.number, name: member.name, state }];
    }),
  );
  const asked = view.invites.flatMap(({ invitation, state }): RoomMember[] => {
    const member = session.log.membership.members.get(invitation.to);
    if (member === undefined || state === 'accepted') return [];
    if (inside.some((one) => one.member === member.number)) return [];
    return [{ member: member.number, name: member.name, state: state === 'waiting' ? 'invited' : state }];
  });
  return [...inside, ...asked];
}

function candidatesOf(session: Session, service: RoomService, view: RoomView): RoomCandidate[] {
  const standings = service.room(view.id)?.standings ?? [];
  return standings.map((standing) => ({
    member: memberOf(session, deviceOf(standing.replica))?.number ?? 0,
    reached: standing.reached,
    meanMs: standing.reached > 1 ? standing.meanUs / 1000 : null,
    closeness: standing.closeness,
    centrality: standing.centrality,
    why: whyRanked(standing, view.voters.length),
  }));
}

/** What goes on, so that somebody who sees it knows what to expect. */
function inWords(session: Session, view: RoomView): string {
  const name = (replica: string): string => memberOf(session, deviceOf(replica as never))?.name ?? 'somebody';
  if (view.state === 'invited')
    return view.continues === undefined
      ? 'You are invited; nothing is shown before you accept.'
      : `You are invited: they go on in it without those who cannot be reached, with what was said in the room of before (${view.continues.slice(0, 8)}).`;
  if (view.state === 'joining') return 'Waiting to be let in: somebody of the room has to be reached.';
  if (view.state === 'left') return 'You have left.';
  if (view.host !== undefined)
    return `${name(view.host)} puts in order; ${String(view.quorum)} of ${String(view.voters.length)} have to have a message.${leavingInWords(view, name)}${keysInWords(view, name)}${lackingInWords(view)}`;
  if (view.continuedAs !== undefined)
    return `You went on as another room (${view.continuedAs.slice(0, 8)}). No majority of this one is reached; should the others come back, it goes on, too, and there are two.`;
  if (view.quorum <= 1) return 'Nobody else is in it, and it opens in a moment: what is said is kept.';
  return `No majority is reached (${String(view.quorum)} of ${String(view.voters.length)} are needed): what is said waits, and nothing is lost.${leavingInWords(view, name)}`;
}

function leavingInWords({ leaving }: RoomView, name: (device: string) => string): string {
  const who = [...new Set(leaving.map(name))];
  if (who.length === 0) return '';
  return ` ${who.join(', ')} ${who.length === 1 ? 'is' : 'are'} still in: taking them out goes on until a majority has agreed.`;
}

function lackingInWords({ lacking }: RoomView): string {
  return lacking === 0 ? '' : ` What was said before is on its way: ${String(lacking)} entries to go.`;
}

function keysInWords({ keys }: RoomView, name: (device: string) => string): string {
  if (keys?.state === 'coming')
    return ' Waiting for the room’s keys: what you say is kept until they are here.';
  if (keys?.state === 'behind') return ' This node’s keys are not those of the others; it fetches them anew.';
  const others = keys?.differing.map(name) ?? [];
  if (others.length === 0) return '';
  return ` ${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} other keys, and cannot read what is said now.`;
}

function shown(
  session: Session,
  message: ShownMessage,
  { voters, devices }: { readonly voters: number; readonly devices: number },
): RoomMessage {
  const from = memberOf(session, message.device);
  const confirmed = message.index !== null;
  return {
    index: message.index,
    id: message.id,
    from: from?.number ?? 0,
    fromName: from?.name ?? '',
    text: message.isReadable ? message.text : '(sealed before you had the keys: the others are asked for it)',
    state: confirmed ? 'confirmed' : 'waiting',
    mark: markInWords(
      markOf({ confirmed, held: message.held, deliveredTo: message.deliveredTo, devices }, voters),
    ),
    sentAt: iso(message.sentMs),
    carriedBy: message.carried === undefined ? null : (memberOf(session, message.carried.by)?.number ?? 0),
  };
}
