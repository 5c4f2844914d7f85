/**
 * The rules of membership that an author can keep: one named function each. A rule looks at replicated bytes alone: the
 * act, and what its author had seen (`Past`). It answers with a stable code when the act must not count, else undefined.
 * What only the whole can tell is in `line-rules.ts`.
 */
import type { DeviceKey, InviteKey, MemberId } from '../base/ids.ts';
import type { ActBody } from './acts.ts';
import { keysOf } from './certificate.ts';
import { mayWrite, type Role } from './roles.ts';

/** What was so, as far as the author of an act had seen. */
export interface Past {
  readonly founded: boolean;
  /** The author's member and role; undefined when the device was unknown or revoked. */
  readonly author: { readonly member: MemberId; readonly role: Role } | undefined;
  isMember(member: MemberId): boolean;
  memberOf(device: DeviceKey): MemberId | undefined;
  invite(key: InviteKey): PastInvite | undefined;
  /** Was this key certified for a device that somebody let in, whatever became of it? */
  isKeyTaken(key: string): boolean;
}

export interface PastInvite {
  readonly expiresMs: number;
  readonly withdrawn: boolean;
}

export interface Proposed {
  readonly body: ActBody;
  readonly device: DeviceKey;
  /** What its author's clock said. Nobody else's clock is asked: one that runs ahead would end all invitations. */
  readonly atMs: number;
}

/** A rule's name is what tests and documents call it by. */
export type Rule = (act: Proposed, past: Past) => string | undefined;

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

/** One key, one device, for good: who has seen a device let in does not let it in again, revoked or not. */
const keysAreNew: Rule = ({ body }, past) =>
  (body.kind === 'admit' || body.kind === 'device') &&
  keysOf(body.certificate).some((key) => past.isKeyTaken(key))
    ? 'keys-in-use'
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

/** Would this act still be allowed, were its author's role `next` (undefined: revoked)? */
export function isAllowedAs(
  next: Role | undefined,
  act: Proposed,
  past: Past,
  rules: readonly Rule[],
): boolean {
  const author = past.author === undefined || next === undefined ? undefined : { ...past.author, role: next };
  return firstBroken(act, { ...past, author }, rules) === undefined;
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
  wasInvited,
  keysAreNew,
  withdrawsWhatIs,
  invitesOnce,
];

/** @returns the code of the first rule that refuses this act. */
export function firstBroken(act: Proposed, past: Past, rules: readonly Rule[] = RULES): string | undefined {
  for (const rule of rules) {
    const code = rule(act, past);
    if (code !== undefined) return code;
  }
  return undefined;
}
