/**
 * The rules that no author can keep alone, because others act meanwhile: one named function each. Acts that their past
 * allows are counted along one line; a rule looks at the act and at the table of what came before it in that line.
 */
import { equalBytes } from '../base/bytes.ts';
import type { DeviceKey, EntryHash, InviteKey, LinkKey, MemberId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { ActBody } from './acts.ts';
import { keysOf, type Certificate } from './certificate.ts';
import type { PlacedAct } from './history.ts';
import { memberIdOf, type ActIndex } from './past.ts';
import type { Role } from './roles.ts';
import type { Device, Invite, Member } from './types.ts';

/** The roll while it is counted. */
export interface RollTable {
  name: string;
  readonly members: Map<MemberId, Member>;
  readonly devices: Map<DeviceKey, Device>;
  readonly links: Map<LinkKey, DeviceKey>;
  readonly invites: Map<InviteKey, Invite>;
  readonly hubs: Set<string>;
  /** Every key that was certified, whatever for. */
  readonly keys: Set<string>;
  /** Which devices came in by an invitation, by the act that made it. */
  readonly uses: Map<EntryHash, Set<DeviceKey>>;
  /** The acts that count. */
  readonly index: ActIndex;
}

export type LineRule = (placed: PlacedAct, table: RollTable) => string | undefined;

/** A key belongs to one device of one member for good, revoked or not: no borrowed identity, no second life. */
const oneDeviceAKey: LineRule = ({ act: { body } }, table) => {
  if (body.kind !== 'admit' && body.kind !== 'device') return undefined;
  return isAdmittedAgain(body, table) || !keysOf(body.certificate).some((key) => table.keys.has(key))
    ? undefined
    : 'keys-in-use';
};

/** An invitation lets in as many as it says, whoever admits them. */
const noMoreUses: LineRule = (placed, table) => {
  const { body } = placed.act;
  const invitation = table.index.invitationOf(placed);
  if (body.kind !== 'admit' || invitation === undefined) return undefined;
  const used = table.uses.get(invitation.act);
  return used !== undefined && used.size >= invitation.uses && !used.has(body.certificate.device)
    ? 'invitation-used-up'
    : undefined;
};

const notTooManyDevices: LineRule = ({ act: { body } }, table) =>
  body.kind === 'device' && (table.members.get(body.member)?.devices.length ?? 0) >= LIMITS.devicesPerMember
    ? 'too-many-devices'
    : undefined;

/** A network keeps an admin: the last one neither leaves nor steps down nor loses its last device. */
const anAdminStays: LineRule = ({ act: { body } }, table) => {
  const { member, next } = loweredBy(body, table);
  if (member === undefined || next === 'admin' || !isActingAdmin(table.members.get(member))) return undefined;
  return [...table.members.values()].some((other) => other.id !== member && isActingAdmin(other))
    ? undefined
    : 'last-admin';
};

export const LINE_RULES: readonly LineRule[] = [oneDeviceAKey, noMoreUses, notTooManyDevices, anAdminStays];

/** Two admins let the same device in, neither knowing of the other: it came once, and both did right. */
export function isAdmittedAgain(
  body: { readonly kind: string; readonly certificate: Certificate },
  table: RollTable,
): boolean {
  const known = table.devices.get(body.certificate.device);
  return (
    body.kind === 'admit' &&
    known?.member === memberIdOf(body.certificate.device) &&
    equalBytes(known.certificate.bytes, body.certificate.bytes)
  );
}

/** Whose rights an act lowers, and to which role; undefined: out. */
export function loweredBy(body: ActBody, table: RollTable): { member?: MemberId; next?: Role } {
  if (body.kind === 'role') return { member: body.member, next: body.role };
  if (body.kind !== 'revoke') return {};
  if (body.target.scope === 'member') return { member: body.target.member };
  const key = body.target.device;
  const owner = table.members.get(table.devices.get(key)?.member ?? ('' as MemberId));
  const others = owner?.devices.filter((other) => other !== key && table.devices.get(other)?.active === true);
  return owner !== undefined && others?.length === 0 ? { member: owner.id } : {};
}

function isActingAdmin(member: Member | undefined): boolean {
  return member?.role === 'admin' && member.status === 'active';
}
