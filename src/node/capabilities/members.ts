import { decodeCbor, encodeCbor } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';
import { isGrant, isLabel } from '../../identity/acts.ts';
import type { Member as RollMember, Profile } from '../../identity/types.ts';
import { voiceDigits } from '../../identity/voice-check.ts';
import { LIMITS } from '../../base/limits.ts';
import type { AsideRange } from '../../log/ports.ts';
import type { Member, MembersFacade, Quarantined, Verification } from '../facade.ts';
import type { Session } from '../session.ts';
import { findByStart, findMember, iso, isoOf, memberOfDevice, type NodeContext } from './context.ts';
import { describeDevice } from './devices.ts';
import { revokeMember } from './revocation.ts';

export function membersOf(context: NodeContext): MembersFacade {
  const session = (): Session => context.session();
  return {
    list: async () =>
      [...session().log.membership.members.values()]
        .sort((a, b) => a.number - b.number)
        .map((member) => describeMember(session(), member)),
    show: async (who) => {
      const member = findMember(session(), who);
      return {
        ...describeMember(session(), member),
        since: isoOf(member.since),
        devices: member.devices.map((device) => describeDevice(session(), device)),
      };
    },
    rename: async (who, change) => {
      const member = findMember(session(), who);
      const profile = readProfile({
        name: change.name ?? member.name,
        org: change.org ?? member.org,
        place: change.place ?? member.place,
      });
      session().log.act({ kind: 'rename', member: member.id, profile });
      return describeMember(session(), findMember(session(), String(member.number)));
    },
    setRole: async (who, role) => {
      const member = findMember(session(), who);
      const cuts = session().log.cutsOf(member.devices).slice(0, LIMITS.cutsPerAct);
      if (member.role !== role) session().log.act({ kind: 'role', member: member.id, role, cuts });
      return describeMember(session(), findMember(session(), String(member.number)));
    },
    setGrant: async (who, grant, given) => {
      if (!isGrant(grant)) {
        throw new KithError('bad-grant', `“${grant}” cannot be a grant.`, {
          next: 'Use a short word in lower case, such as: medical',
        });
      }
      const member = findMember(session(), who);
      if (member.grants.includes(grant) !== given) {
        session().log.act({ kind: 'grant', member: member.id, grant, given });
      }
      return describeMember(session(), findMember(session(), String(member.number)));
    },
    revoke: async (who) => revokeMember(session(), findMember(session(), who)),
    verification: async (who) => verificationOf(session(), who),
    confirmVerification: async (who, digits) => {
      const verification = await verificationOf(session(), who);
      if (verification.digits !== digits.replace(/\D/g, '')) {
        throw new KithError('other-digits', 'These are not the digits of this member’s devices.', {
          next: 'Compare again: kith members verify WHO',
        });
      }
      const member = findMember(session(), who);
      session().deps.meta.set(verifiedKey(member), encodeCbor([...activeDevices(session(), member)].sort()));
      return { ...verification, verified: true };
    },
    quarantine: async () =>
      session()
        .log.asides()
        .map((range) => describeAside(session(), range)),
    accept: async (feed, upTo) => {
      const range = findByStart(session().log.asides(), (item) => item.feed, feed);
      if (range === undefined) {
        throw new KithError('nothing-quarantined', 'Nothing of this feed lies in quarantine.', {
          next: 'See what does: kith members accept',
        });
      }
      const seq = Math.min(upTo ?? range.to, range.to);
      const entry = session().log.entryAt(range.feed, seq);
      if (entry === undefined || seq < range.from) {
        throw new KithError('nothing-quarantined', 'Nothing lies in quarantine up to there.', {
          next: 'See what does: kith members accept',
        });
      }
      session().log.act({ kind: 'accept', upTo: { feed: range.feed, seq, hash: entry.hash } });
      return { feed: range.feed, accepted: seq - range.from + 1 };
    },
  };
}

export function describeMember(session: Session, member: RollMember): Member {
  const { id, number, name, org, place, role, grants, status } = member;
  return {
    member: number,
    name,
    org,
    place,
    role,
    grants,
    status,
    lastHeard: lastHeard(session, member),
    verified: isVerified(session, member),
    you: id === session.ownMemberId,
  };
}

function lastHeard(session: Session, member: RollMember): string | null {
  const linked = session.deps.transport.links().some((link) => session.memberOf(link.peer)?.id === member.id);
  if (linked || member.id === session.ownMemberId) return iso(session.deps.clock.nowMs());
  const heard = member.devices.map((device) => session.heardMs(device) ?? 0);
  const latest = Math.max(0, ...heard);
  return latest === 0 ? null : iso(latest);
}

/** @throws KithError `bad-name` */
export function readProfile(profile: Profile): Profile {
  const trimmed = { name: profile.name.trim(), org: profile.org.trim(), place: profile.place.trim() };
  const bad = [trimmed.name, trimmed.org, trimmed.place].find((text) => !isLabel(text));
  if (bad !== undefined || trimmed.name === '') {
    throw new KithError('bad-name', 'A name, organisation or place has 1 to 120 printable characters.', {
      next: 'Write it again without line breaks or invisible characters.',
    });
  }
  return trimmed;
}

// ---- comparing digits by voice

function activeDevices(session: Session, member: RollMember): DeviceKey[] {
  return member.devices.filter((device) => session.log.membership.devices.get(device)?.active === true);
}

function verifiedKey(member: RollMember): string {
  return `verified ${member.id}`;
}

/** Verified means: these very keys were compared. One more device, and it has to be done again. */
function isVerified(session: Session, member: RollMember): boolean {
  const stored = session.deps.meta.get(verifiedKey(member));
  if (stored === undefined) return false;
  const compared = decodeCbor(stored);
  const now = activeDevices(session, member).sort();
  return Array.isArray(compared) && now.length > 0 && now.join() === compared.join();
}

async function verificationOf(session: Session, who: string): Promise<Verification> {
  const member = findMember(session, who);
  const own = session.ownMember;
  if (own === undefined || own.id === member.id) {
    throw new KithError('own-digits', 'There is nobody to compare your own digits with.', {
      next: 'Name another member: kith members verify WHO',
    });
  }
  const theirs = activeDevices(session, member);
  if (theirs.length === 0) throw new KithError('already-revoked', `${member.name} has no device any more.`);
  const digits = await voiceDigits(session.log.network, activeDevices(session, own), theirs);
  return { member: member.number, name: member.name, digits, verified: isVerified(session, member) };
}

// ---- quarantine

function describeAside(session: Session, range: AsideRange): Quarantined {
  const info = session.log.feed(range.feed)?.info;
  const member = info === undefined ? undefined : memberOfDevice(session, info.device);
  const [first, last] = [
    session.log.entryAt(range.feed, range.from),
    session.log.entryAt(range.feed, range.to),
  ];
  return {
    feed: range.feed,
    device: info?.device ?? '',
    member: member?.number ?? 0,
    name: member?.name ?? '',
    lane: info?.lane ?? 'data',
    from: range.from,
    to: range.to,
    entries: range.entries,
    bytes: range.sizeBytes,
    firstAt: iso(first?.header.hlc.ms ?? 0),
    lastAt: iso(last?.header.hlc.ms ?? 0),
  };
}
