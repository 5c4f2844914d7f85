/** Members' nodes, as the roll has them. */
import type { LinkKey } from '../base/ids.ts';
import { mayWrite } from '../identity/roles.ts';
import type { Member, Membership } from '../identity/types.ts';

export function isTierOne(member: Member | undefined): boolean {
  return member?.status === 'active' && mayWrite(member.role, 'data');
}

/** Devices of those who write, without this one. */
export function tierOneDevices(
  { devices, members }: Pick<Membership, 'devices' | 'members'>,
  self: LinkKey,
): readonly LinkKey[] {
  return [...devices.values()].flatMap(({ link, member, active }) =>
    active && link !== self && isTierOne(members.get(member)) ? [link] : [],
  );
}
