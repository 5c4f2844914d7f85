/** The roll as a table: accepted acts counted along their line. */
import type { DeviceKey, EntryHash, InviteKey, MemberId, NetworkId } from '../base/ids.ts';
import type { ActBody } from './acts.ts';
import { keysOf, type Certificate } from './certificate.ts';
import type { PlacedAct } from './history.ts';
import { isAdmittedAgain, loweredBy, type LineRule, type RollTable } from './line-rules.ts';
import { memberIdOf, type ActIndex } from './past.ts';
import type { Judgement } from './resolution.ts';
import type { Role } from './roles.ts';
import type { EntryLink, Invite, Member, Membership, Profile } from './types.ts';

export interface Counted {
  readonly table: RollTable;
  /** Accepted by their past, refused by the whole: act → code. */
  readonly losers: ReadonlyMap<EntryHash, string>;
}

export function countAlong(
  accepted: readonly PlacedAct[],
  index: ActIndex,
  rules: readonly LineRule[],
): Counted {
  const table: RollTable = {
    name: '',
    members: new Map(),
    devices: new Map(),
    links: new Map(),
    invites: new Map(),
    hubs: new Set(),
    keys: new Set(),
    uses: new Map(),
    index,
  };
  const losers = new Map<EntryHash, string>();
  for (const placed of accepted) {
    const code = rules.map((rule) => rule(placed, table)).find((broken) => broken !== undefined);
    if (code === undefined) count(table, placed);
    else losers.set(placed.act.id, code);
  }
  return { table, losers };
}

export function membershipOf(
  network: NetworkId,
  table: RollTable,
  placed: readonly PlacedAct[],
  { accepted, refused }: Judgement,
): Membership {
  return {
    network,
    name: table.name,
    members: withNumbers(table.members),
    devices: table.devices,
    byLink: table.links,
    invites: table.invites,
    hubs: [...table.hubs].sort(),
    order: placed.flatMap(({ act }) => (accepted.has(act.id) ? [act.id] : [])),
    refused: placed.flatMap(({ act }) => {
      const code = refused.get(act.id);
      return code === undefined ? [] : [{ act: act.id, kind: act.body.kind, device: act.device, code }];
    }),
    heads: headsOf(placed, accepted, table),
  };
}

function count(table: RollTable, placed: PlacedAct): void {
  const { act } = placed;
  const { body } = act;
  switch (body.kind) {
    case 'genesis':
      table.name = body.network;
      enter(table, placed, body, { role: 'admin', number: 1 });
      return;
    case 'invite':
      invite(table, placed, body);
      return;
    case 'withdraw':
      changeInvite(table, body.invite, { withdrawn: true });
      return;
    case 'admit':
      admit(table, placed, body);
      return;
    case 'device':
      addDevice(table, body.certificate, body.member);
      return;
    case 'role':
      changeMember(table, body.member, { role: body.role });
      return;
    case 'grant':
      changeGrant(table, body.member, body.grant, body.given);
      return;
    case 'revoke':
      revoke(table, body);
      return;
    case 'rename':
      changeMember(table, body.member, body.profile);
      return;
    case 'hub':
      if (body.listed) table.hubs.add(body.address);
      else table.hubs.delete(body.address);
      return;
    case 'accept':
      return;
  }
}

type Body<Kind extends ActBody['kind']> = Extract<ActBody, { kind: Kind }>;

/** A second invitation under one key spoils both, for whoever has seen them. */
function invite(table: RollTable, placed: PlacedAct, body: Body<'invite'>): void {
  const { kind: _, invite: key, ...rest } = body;
  const by = table.index.memberOf(placed.act.device, placed.vector);
  if (table.invites.has(key) || by === undefined) changeInvite(table, key, { withdrawn: true });
  else table.invites.set(key, { key, ...rest, used: 0, withdrawn: false, by, act: linkTo(placed) });
}

function admit(table: RollTable, placed: PlacedAct, body: Body<'admit'>): void {
  const { role, act } = table.index.invitationOf(placed) ?? {};
  if (role === undefined || act === undefined) return;
  const used = table.uses.get(act) ?? new Set();
  table.uses.set(act, used.add(body.certificate.device));
  if (table.invites.get(body.invite)?.act.hash === act) changeInvite(table, body.invite, { used: used.size });
  if (!isAdmittedAgain(body, table)) enter(table, placed, body, { role, number: body.number });
}

function enter(
  table: RollTable,
  { act }: PlacedAct,
  { certificate, profile }: { readonly certificate: Certificate; readonly profile: Profile },
  given: { readonly role: Role; readonly number: number },
): void {
  const id = memberIdOf(certificate.device);
  const fresh = { grants: [], status: 'active', devices: [], since: act.hlc } as const;
  table.members.set(id, { id, ...profile, ...given, ...fresh });
  addDevice(table, certificate, id);
}

function addDevice(table: RollTable, certificate: Certificate, member: MemberId): void {
  const { device: key, link } = certificate;
  table.devices.set(key, { key, link, member, certificate, active: true });
  table.links.set(link, key);
  for (const any of keysOf(certificate)) table.keys.add(any);
  const owner = table.members.get(member);
  if (owner !== undefined) table.members.set(member, { ...owner, devices: [...owner.devices, key] });
}

/** Without a device left, a member is out: nothing could speak for it. */
function revoke(table: RollTable, body: Body<'revoke'>): void {
  const { member } = loweredBy(body, table);
  if (member !== undefined) {
    changeMember(table, member, { status: 'revoked' });
    for (const key of table.members.get(member)?.devices ?? []) deactivate(table, key);
  }
  if (body.target.scope === 'device') deactivate(table, body.target.device);
}

function deactivate(table: RollTable, key: DeviceKey): void {
  const device = table.devices.get(key);
  if (device !== undefined) table.devices.set(key, { ...device, active: false });
}

function changeMember(table: RollTable, id: MemberId, change: Partial<Member>): void {
  const member = table.members.get(id);
  if (member !== undefined) table.members.set(id, { ...member, ...change });
}

function changeGrant(table: RollTable, id: MemberId, grant: string, given: boolean): void {
  const others = table.members.get(id)?.grants.filter((held) => held !== grant) ?? [];
  changeMember(table, id, { grants: (given ? [...others, grant] : others).sort() });
}

function changeInvite(table: RollTable, key: InviteKey, change: Partial<Invite>): void {
  const known = table.invites.get(key);
  if (known !== undefined) table.invites.set(key, { ...known, ...change });
}

/**
 * Deals the peer numbers. Whoever is first in line for a number gets the one that its admitter saw free; the others,
 * admitted meanwhile elsewhere, get the next ones that nobody has: so where two parts of a network meet again, no
 * number changes that need not.
 */
function withNumbers(members: ReadonlyMap<MemberId, Member>): Map<MemberId, Member> {
  const dealt = new Map<number, MemberId>();
  for (const { id, number } of members.values()) if (!dealt.has(number)) dealt.set(number, id);
  const numbers = new Map([...dealt].map(([number, id]) => [id, number]));
  /** Where the search for a free number went on to from here. */
  const searched = new Map<number, number>();
  for (const { id, number: wanted } of members.values()) {
    if (numbers.has(id)) continue;
    let number = searched.get(wanted) ?? wanted;
    while (dealt.has(number)) number += 1;
    searched.set(wanted, number);
    dealt.set(number, id);
    numbers.set(id, number);
  }
  return new Map(
    [...members].map(([id, member]) => [id, { ...member, number: numbers.get(id) ?? member.number }]),
  );
}

/**
 * Acts that no other act follows yet, those of senior members first. Only of acts that count: else anybody could make
 * everybody's next act build on what it likes, such as on a feed that it will write twice.
 */
function headsOf(
  placed: readonly PlacedAct[],
  accepted: ReadonlySet<EntryHash>,
  { index, members }: RollTable,
): EntryLink[] {
  const followed = new Set<PlacedAct>();
  const heads: PlacedAct[] = [];
  // Whatever follows an act stands after it in line, so looking back it has been met.
  for (const act of placed.toReversed()) {
    const counts = accepted.has(act.act.id);
    if (counts && !followed.has(act)) heads.push(act);
    if (counts || followed.has(act)) for (const before of act.past) followed.add(before);
  }
  const rank = new Map([...members.keys()].map((id, at) => [id, at]));
  const rankOf = ({ act, vector }: PlacedAct): number =>
    rank.get(index.memberOf(act.device, vector) ?? memberIdOf(act.device)) ?? -1;
  return heads
    .map((head) => ({ head, rank: rankOf(head) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ head }) => linkTo(head));
}

function linkTo({ act }: PlacedAct): EntryLink {
  return { feed: act.feed, seq: act.seq, hash: act.id };
}
