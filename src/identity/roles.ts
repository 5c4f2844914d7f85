/** Who may do what, as data. Nothing else in the program decides by role. */

/** From the most to the least that they may do. */
export const ROLES = ['admin', 'member', 'reader', 'relay'] as const;
export type Role = (typeof ROLES)[number];

export function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}

/**
 * Who may hold a part of an entry.
 * - `roll`: everybody who may have a link at all, relays too: the membership acts, so that each can verify the others.
 * - `public`: readers and up. `members`: tier 1. `admins`: admins.
 * - `grant:NAME`: tier 1 with that grant. `member:ID`: that member alone.
 * - `folder:ID`, `room:ID`: set by the feature; whoever it lists.
 */
export type Audience = string & { readonly audience?: never };

export const AUDIENCE_PATTERN = /^(roll|public|members|admins|(grant|member|folder|room):[a-z0-9-]{1,64})$/;

const ROLE_AUDIENCES: Record<Role, readonly Audience[]> = {
  admin: ['roll', 'public', 'members', 'admins'],
  member: ['roll', 'public', 'members'],
  reader: ['roll', 'public'],
  relay: ['roll'],
};

/** What somebody is, as far as audiences go. */
export interface Standing {
  readonly member: string;
  readonly role: Role;
  readonly grants: ReadonlySet<string>;
  /** Restricted folders that list this member. */
  readonly folders?: ReadonlySet<string>;
}

/** May this member hold parts for this audience? */
export function mayHold(who: Standing, audience: Audience): boolean {
  if (ROLE_AUDIENCES[who.role].includes(audience)) return true;
  if (who.role === 'relay') return false;
  if (audience.startsWith('member:')) return audience === `member:${who.member}`;
  if (audience.startsWith('grant:'))
    return who.role !== 'reader' && who.grants.has(audience.slice('grant:'.length));
  if (audience.startsWith('folder:'))
    return who.role !== 'reader' && who.folders?.has(audience.slice('folder:'.length)) === true;
  return false;
}

/** Narrower than the whole network: sealed on disk. */
export function isNarrow(audience: Audience): boolean {
  return audience !== 'roll' && audience !== 'public';
}

/** Lanes of a device's history, most urgent first. Each is a feed of its own, so that a bulk import never stands in an alarm's way. */
export const LANES = ['roll', 'urgent', 'data'] as const;
export type Lane = (typeof LANES)[number];

/** Which roles may write which lane; readers and relays write nothing. What a membership act needs beyond that is the fold's business. */
const LANE_WRITERS: Record<Lane, readonly Role[]> = {
  roll: ['admin', 'member'],
  urgent: ['admin', 'member'],
  data: ['admin', 'member'],
};

export function mayWrite(role: Role, lane: Lane): boolean {
  return LANE_WRITERS[lane].includes(role);
}
