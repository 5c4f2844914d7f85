/** The roll as a table: accepted acts counted along their line, and what only the whole line can refuse. */
import type { DeviceKey, EntryHash, InviteKey, LinkKey, MemberId, NetworkId } from '../base/ids.ts';
import type { Certificate } from './certificate.ts';
import type { PlacedAct } from './history.ts';
import { memberIdOf, type AcceptedActs } from './past.ts';
import type { Role } from './roles.ts';
import { leavesNoAdmin } from './rules.ts';
import type { Device, EntryLink, Invite, Member, Membership, Profile } from './types.ts';

/** What each act's past says of it. */
export interface Judgement {
  readonly accepted: ReadonlySet<EntryHash>;
  readonly refused: ReadonlyMap<EntryHash, string>;
  readonly index: AcceptedActs;
}

export interface Counted {
  readonly membership: Membership;
  /** Accepted by their past, refused by the whole: act → code. */
  readonly losers: ReadonlyMap<EntryHash, string>;
}

interface State {
  name: string;
  readonly members: Map<MemberId, Member>;
  readonly devices: Map<DeviceKey, Device>;
  readonly links: Map<LinkKey, DeviceKey>;
  readonly invites: Map<InviteKey, Invite>;
  readonly hubs: Set<string>;
  readonly numbers: Set<number>;
  readonly losers: Map<EntryHash, string>;
}

export function countAlong(network: NetworkId, placed: readonly PlacedAct[], judged: Judgement): Counted {
  const state: State = {
    name: '',
    members: new Map(),
    devices: new Map(),
    links: new Map(),
    invites: new Map(),
    hubs: new Set(),
    numbers: new Set(),
    losers: new Map(),
  };
  const accepted = placed.filter(({ act }) => judged.accepted.has(act.id));
  for (const act of accepted) {
    const code = count(state, act, judged);
    if (code !== undefined) state.losers.set(act.act.id, code);
  }
  return {
    losers: state.losers,
    membership: {
      network,
      name: state.name,
      members: state.members,
      devices: state.devices,
      byLink: state.links,
      invites: state.invites,
      hubs: [...state.hubs].sort(),
      order: accepted.map(({ act }) => act.id),
      refused: placed
        .filter(({ act }) => judged.refused.has(act.id))
        .map(({ act }) => ({
          act: act.id,
          kind: act.body.kind,
          device: act.device,
          code: judged.refused.get(act.id) ?? '',
        })),
      heads: headsOf(placed),
    },
  };
}

function count(state: State, placed: PlacedAct, judged: Judgement): string | undefined {
  const { act, at } = placed;
  const { body } = act;
  switch (body.kind) {
    case 'genesis':
      state.name = body.network;
      enter(state, body.certificate, body.profile, { role: 'admin', number: 1, since: at });
      return undefined;
    case 'invite': {
      const by = judged.index.memberOf(act.device, placed.vector);
      if (by === undefined) return 'not-a-member';
      const { kind: _, invite: key, ...rest } = body;
      state.invites.set(key, { key, ...rest, used: 0, withdrawn: false, by, act: linkTo(placed) });
      return undefined;
    }
    case 'withdraw':
      changeInvite(state, body.invite, { withdrawn: true });
      return undefined;
    case 'admit':
      return admit(state, placed, body);
    case 'device':
      if (isKnown(state, body.certificate)) return 'keys-in-use';
      addDevice(state, body.certificate, body.member);
      return undefined;
    case 'role': {
      if (leavesNoAdmin(admins(state), body.member, body.role)) return 'last-admin';
      changeMember(state, body.member, { role: body.role });
      return undefined;
    }
    case 'grant':
      changeGrant(state, body.member, body.grant, body.given);
      return undefined;
    case 'revoke':
      return body.target.scope === 'member'
        ? revokeMember(state, body.target.member)
        : revokeDevice(state, body.target.device);
    case 'rename':
      changeMember(state, body.member, body.profile);
      return undefined;
    case 'hub':
      if (body.listed) state.hubs.add(body.address);
      else state.hubs.delete(body.address);
      return undefined;
    case 'accept':
      return undefined;
  }
}

type Admit = Extract<PlacedAct['act']['body'], { kind: 'admit' }>;

function admit(state: State, placed: PlacedAct, body: Admit): string | undefined {
  const invite = state.invites.get(body.invite);
  if (invite === undefined) return 'unknown-invitation';
  if (isKnown(state, body.certificate)) return 'keys-in-use';
  if (invite.used >= invite.uses) return 'invitation-used-up';
  changeInvite(state, body.invite, { used: invite.used + 1 });
  enter(state, body.certificate, body.profile, { role: invite.role, number: body.number, since: placed.at });
  return undefined;
}

function enter(
  state: State,
  certificate: Certificate,
  profile: Profile,
  given: { role: Role; number: number; since: Member['since'] },
): void {
  const id = memberIdOf(certificate.device);
  const number = freeNumber(state, given.number);
  state.numbers.add(number);
  state.members.set(id, {
    id,
    number,
    ...profile,
    role: given.role,
    grants: [],
    status: 'active',
    devices: [],
    since: given.since,
  });
  addDevice(state, certificate, id);
}

/** The number that the admitter saw free, unless somebody was dealt it first: then the next one that nobody has. */
function freeNumber(state: State, wanted: number): number {
  let number = wanted;
  while (state.numbers.has(number)) number += 1;
  return number;
}

function addDevice(state: State, certificate: Certificate, member: MemberId): void {
  const { device: key, link } = certificate;
  state.devices.set(key, { key, link, member, certificate, active: true });
  state.links.set(link, key);
  const owner = state.members.get(member);
  if (owner !== undefined) state.members.set(member, { ...owner, devices: [...owner.devices, key] });
}

/** A key belongs to one device of one member for good, revoked or not: no borrowed identity, no second life. */
function isKnown(state: State, certificate: Certificate): boolean {
  return state.devices.has(certificate.device) || state.links.has(certificate.link);
}

function revokeMember(state: State, id: MemberId): string | undefined {
  if (leavesNoAdmin(admins(state), id, undefined)) return 'last-admin';
  changeMember(state, id, { status: 'revoked' });
  for (const key of state.members.get(id)?.devices ?? []) deactivate(state, key);
  return undefined;
}

function revokeDevice(state: State, key: DeviceKey): string | undefined {
  const owner = state.members.get(state.devices.get(key)?.member ?? ('' as MemberId));
  const others =
    owner?.devices.filter((other) => other !== key && state.devices.get(other)?.active === true) ?? [];
  if (owner !== undefined && others.length === 0) return revokeMember(state, owner.id);
  deactivate(state, key);
  return undefined;
}

function deactivate(state: State, key: DeviceKey): void {
  const device = state.devices.get(key);
  if (device !== undefined) state.devices.set(key, { ...device, active: false });
}

function changeMember(state: State, id: MemberId, change: Partial<Member>): void {
  const member = state.members.get(id);
  if (member !== undefined) state.members.set(id, { ...member, ...change });
}

function changeGrant(state: State, id: MemberId, grant: string, given: boolean): void {
  const member = state.members.get(id);
  if (member === undefined) return;
  const others = member.grants.filter((held) => held !== grant);
  changeMember(state, id, { grants: (given ? [...others, grant] : others).sort() });
}

function changeInvite(state: State, key: InviteKey, change: Partial<Invite>): void {
  const invite = state.invites.get(key);
  if (invite !== undefined) state.invites.set(key, { ...invite, ...change });
}

function admins(state: State): Set<MemberId> {
  const active = [...state.members.values()].filter((m) => m.role === 'admin' && m.status === 'active');
  return new Set(active.map((m) => m.id));
}

function headsOf(placed: readonly PlacedAct[]): EntryLink[] {
  const last = new Map<string, PlacedAct>();
  for (const act of placed) {
    const known = last.get(act.act.feed);
    if (known === undefined || known.act.seq < act.act.seq) last.set(act.act.feed, act);
  }
  const candidates = [...last.values()];
  return candidates
    .filter((a) => !candidates.some((b) => a !== b && (b.vector.get(a.act.feed) ?? 0) >= a.act.seq))
    .map(linkTo);
}

function linkTo({ act }: PlacedAct): EntryLink {
  return { feed: act.feed, seq: act.seq, hash: act.id };
}
