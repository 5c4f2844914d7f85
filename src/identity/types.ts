import type { DeviceKey, EntryHash, InviteKey, LinkKey, MemberId, NetworkId } from '../base/ids.ts';
import type { Hlc } from '../base/hlc.ts';
import type { EntryLink, Profile } from './basics.ts';
import type { Certificate } from './certificate.ts';
import type { Role } from './roles.ts';

export interface Device {
  readonly key: DeviceKey;
  readonly link: LinkKey;
  readonly member: MemberId;
  readonly certificate: Certificate;
  readonly active: boolean;
}

export interface Member extends Profile {
  readonly id: MemberId;
  /** The small number that people say aloud. */
  readonly number: number;
  readonly role: Role;
  readonly grants: readonly string[];
  readonly status: 'active' | 'revoked';
  readonly devices: readonly DeviceKey[];
  readonly since: Hlc;
}

export interface Invite {
  readonly key: InviteKey;
  readonly role: Role;
  readonly name: string;
  readonly expiresMs: number;
  readonly uses: number;
  readonly used: number;
  readonly withdrawn: boolean;
  readonly form: 'link' | 'code';
  readonly by: MemberId;
  readonly act: EntryLink;
}

export interface RefusedAct {
  readonly act: EntryHash;
  readonly kind: string;
  readonly device: DeviceKey;
  readonly code: string;
}

/** Who is in, with which role, since when: what every node computes alike from the same acts. */
export interface Membership {
  readonly network: NetworkId;
  readonly name: string;
  readonly members: ReadonlyMap<MemberId, Member>;
  readonly devices: ReadonlyMap<DeviceKey, Device>;
  readonly byLink: ReadonlyMap<LinkKey, DeviceKey>;
  readonly invites: ReadonlyMap<InviteKey, Invite>;
  /** Addresses that admins listed as reachable from outside. */
  readonly hubs: readonly string[];
  /** Acts that count, in the order in which they count. */
  readonly order: readonly EntryHash[];
  readonly refused: readonly RefusedAct[];
  /** Acts that no other act follows yet: what the next act links to. */
  readonly heads: readonly EntryLink[];
}

export type { Act } from './acts.ts';
export type { EntryLink, Profile, Vector } from './basics.ts';
