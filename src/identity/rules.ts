/**
 * The rules of membership, one named function each. A rule looks at replicated bytes alone: the act, and what its
 * author had seen (`Past`). It answers with a stable code when the act must not count, else undefined.
 */
import type { DeviceKey, InviteKey, MemberId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { ActBody } from './acts.ts';
import { mayWrite, type Role } from './roles.ts';

/** What was so, as far as the author of an act had seen. */
export interface Past {
  readonly founded: boolean;
  /** The author's member and role; undefined when the device was unknown or revoked. */
  readonly author: { readonly member: MemberId; readonly role: Role } | undefined;
  roleOf(member: MemberId): Role | undefined;
  isMember(member: MemberId): boolean;
  memberOf(device: DeviceKey): MemberId | undefined;
  devicesOf(member: MemberId): number;
  invite(key: InviteKey): PastInvite | undefined;
}

export interface PastInvite {
  readonly role: Role;
  readonly expiresMs: number;
  readonly withdrawn: boolean;
}

export interface Proposed {
  readonly body: ActBody;
  readonly device: DeviceKey;
  readonly atMs: number;
}

type Rule = (act: Proposed, past: Past) => string | undefined;

/** A network has one genesis, and nothing counts before it. */
const oneGenesisFirst: Rule = (act, past) => {
  if (act.body.kind === 'genesis') return past.founded ? 'already-founded' : undefined;
  return past.founded ? undefined : 'not-founded';
};

/** The genesis is signed by the device that it certifies. */
const founderSignsGenesis: Rule = ({ body, device }) =>
  body.kind === 'genesis' && body.certificate.device !== device ? 'not-the-founder' : undefined;

/** Only devices of active members act. */
const authorIsIn: Rule = ({ body }, { author }) =>
  body.kind !== 'genesis' && author === undefined ? 'not-a-member' : undefined;

/** Readers and relays write nothing, so none of them can raise or list itself. */
const authorMayWriteRoll: Rule = (_, { author }) =>
  author !== undefined && !mayWrite(author.role, 'roll') ? 'role-writes-nothing' : undefined;

/** Whatever touches others is an admin's. */
const adminsDecide: Rule = ({ body }, { author }) =>
  author !== undefined && author.role !== 'admin' && needsAdmin(body, author.member)
    ? 'not-an-admin'
    : undefined;

export function needsAdmin(body: ActBody, author: MemberId): boolean {
  switch (body.kind) {
    case 'genesis':
    case 'device':
      return false;
    case 'rename':
      return body.member !== author;
    case 'revoke':
      return body.target.scope === 'member' && body.target.member !== author;
    case 'invite':
    case 'withdraw':
    case 'admit':
    case 'role':
    case 'grant':
    case 'hub':
    case 'accept':
      return true;
  }
}

/** A member revokes its own devices; only an admin those of others. */
const ownDeviceOrAdmin: Rule = ({ body }, past) =>
  body.kind === 'revoke' &&
  body.target.scope === 'device' &&
  past.author?.role !== 'admin' &&
  past.memberOf(body.target.device) !== past.author?.member
    ? 'not-an-admin'
    : undefined;

/** Whom an act names must be in the roll. */
const targetIsKnown: Rule = ({ body }, past) => {
  switch (body.kind) {
    case 'role':
    case 'grant':
    case 'rename':
      return past.isMember(body.member) ? undefined : 'unknown-member';
    case 'revoke':
      if (body.target.scope === 'member')
        return past.isMember(body.target.member) ? undefined : 'unknown-member';
      return past.memberOf(body.target.device) === undefined ? 'unknown-device' : undefined;
    default:
      return undefined;
  }
};

/** A device is linked by a device of the same member, never for somebody else. */
const linkedByOneself: Rule = ({ body }, { author }) =>
  body.kind === 'device' && body.member !== author?.member ? 'not-your-member' : undefined;

const notTooManyDevices: Rule = ({ body }, past) =>
  body.kind === 'device' && past.devicesOf(body.member) >= LIMITS.devicesPerMember
    ? 'too-many-devices'
    : undefined;

/** Who is admitted was invited, with an invitation that its admitter had seen and that still stood. */
const wasInvited: Rule = ({ body, atMs }, past) => {
  if (body.kind !== 'admit') return undefined;
  const invite = past.invite(body.invite);
  if (invite === undefined) return 'unknown-invitation';
  if (invite.withdrawn) return 'invitation-withdrawn';
  return atMs > invite.expiresMs ? 'invitation-expired' : undefined;
};

const withdrawsWhatIs: Rule = ({ body }, past) =>
  body.kind === 'withdraw' && past.invite(body.invite) === undefined ? 'unknown-invitation' : undefined;

/** An invitation's key names one invitation for good: a second one cannot widen the first. */
const invitesOnce: Rule = ({ body }, past) =>
  body.kind === 'invite' && past.invite(body.invite) !== undefined ? 'invitation-exists' : undefined;

/** A network keeps an admin: the last one neither leaves nor steps down. Counted by the fold, which knows all. */
export function leavesNoAdmin(
  admins: ReadonlySet<MemberId>,
  member: MemberId,
  next: Role | undefined,
): boolean {
  return next !== 'admin' && admins.has(member) && admins.size === 1;
}

/** Does `next` (undefined: revoked) take from the author what this act needs? */
export function nextRoleAllows(next: Role | undefined, body: ActBody, author: MemberId): boolean {
  if (next === undefined || !mayWrite(next, 'roll')) return false;
  return next === 'admin' || !needsAdmin(body, author);
}

export const RULES: readonly Rule[] = [
  oneGenesisFirst,
  founderSignsGenesis,
  authorIsIn,
  authorMayWriteRoll,
  adminsDecide,
  ownDeviceOrAdmin,
  targetIsKnown,
  linkedByOneself,
  notTooManyDevices,
  wasInvited,
  withdrawsWhatIs,
  invitesOnce,
];

export function firstBroken(act: Proposed, past: Past): string | undefined {
  for (const rule of RULES) {
    const code = rule(act, past);
    if (code !== undefined) return code;
  }
  return undefined;
}
