/** Revoking says what was lost: which feeds are cut where, and what the device could have read. */
import { KithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { mayHold, type Standing } from '../../identity/roles.ts';
import type { RevokeTarget } from '../../identity/acts.ts';
import type { Member as RollMember } from '../../identity/types.ts';
import type { Held, Revoked } from '../facade.ts';
import type { Session } from '../session.ts';

export function revokeMember(session: Session, member: RollMember): Revoked {
  if (member.status === 'revoked') throw alreadyRevoked(member.name);
  return revoke(session, member, { scope: 'member', member: member.id }, member.devices);
}

export function revokeDevice(session: Session, member: RollMember, device: DeviceKey): Revoked {
  if (session.log.membership.devices.get(device)?.active !== true) throw alreadyRevoked('This device');
  return revoke(session, member, { scope: 'device', device }, [device]);
}

function revoke(
  session: Session,
  member: RollMember,
  target: RevokeTarget,
  devices: readonly DeviceKey[],
): Revoked {
  const held = heldBy(session, member, devices);
  const cuts = session.log.cutsOf(devices).slice(0, LIMITS.cutsPerAct);
  session.log.act({ kind: 'revoke', target, cuts });
  const stays = session.log.membership.members.get(member.id)?.status === 'active';
  return { member: member.number, name: member.name, scope: stays ? 'device' : 'member', devices, held };
}

function heldBy(session: Session, member: RollMember, devices: readonly DeviceKey[]): Held {
  const feeds = session.log
    .feeds()
    .filter(({ info, seq }) => devices.includes(info.device) && seq > 0)
    .map(({ info, seq }) => ({ feed: info.id, device: info.device, lane: info.lane, entries: seq }));
  const reader: Standing = { member: member.id, role: member.role, grants: new Set(member.grants) };
  const lanes = session.log.feeds().filter(({ info }) => mayHold(reader, 'public') || info.lane === 'roll');
  return { feeds, entries: lanes.reduce((sum, { seq }) => sum + seq, 0) };
}

function alreadyRevoked(name: string): KithError {
  return new KithError('already-revoked', `${name} was revoked before.`, {
    next: 'See the roll: kith members',
  });
}
