/** Decides which keys to publish, to delete, and which session to seal with. Pure: times and keys come in. */
import type { DeviceKey, MemberId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { mayWrite } from '../../identity/roles.ts';
import type { Device, Membership } from '../../identity/types.ts';
import type { OwnKey, Session } from './ports.ts';
import { DAY_MS, LETTER_LIFE_DAYS } from './tags.ts';

/** Sessions, the box and the last resort serve for a week. */
export const SERVES_MS = 7 * DAY_MS;
/** One-time packages that nobody used are made anew after a month. */
const UNUSED_MS = 30 * DAY_MS;
/** A letter may have been sealed with a key at the end of its time, and be on its way for long. */
const GRACE_MS = LETTER_LIFE_DAYS * DAY_MS;
/** Clocks that were set back: what is further ahead than this counts as old, or it would serve for ever. */
const AHEAD_MS = DAY_MS;

function isPast(createdMs: number, nowMs: number, servesMs: number): boolean {
  const age = nowMs - createdMs;
  return age >= servesMs || age < -AHEAD_MS;
}

export interface KeyPlan {
  readonly makeShared: boolean;
  readonly makeFor: readonly DeviceKey[];
  readonly drop: readonly OwnKey[];
}

export function activeDevices({ devices, members }: Membership): Device[] {
  return [...devices.values()].filter(
    ({ active, member }) => active && members.get(member)?.status === 'active',
  );
}

/** What this device publishes next, if anything. */
export function planKeys(
  membership: Membership,
  own: DeviceKey,
  keys: readonly OwnKey[],
  nowMs: number,
): KeyPlan {
  const writers = activeDevices(membership).filter(
    ({ key, member }) => key !== own && mayWrite(membership.members.get(member)?.role ?? 'relay', 'data'),
  );
  const served = new Set(writers.map(({ key }) => key));
  const drop = keys.filter((key) => isOver(key, keys, served, nowMs));
  const kept = keys.filter((key) => !drop.includes(key));
  const fresh = (kind: OwnKey['kind'], servesMs: number): OwnKey[] =>
    kept.filter((key) => key.kind === kind && key.secret && !isPast(key.createdMs, nowMs, servesMs));
  const oneTime = new Set(fresh('one-time', UNUSED_MS).map(({ forDevice }) => forDevice));
  // Whoever has used one goes first: room is for so many, and the others have the last resort.
  const corresponding = new Set(keys.flatMap(({ secret, forDevice }) => (secret ? [] : [forDevice])));
  const wanting = [...served].filter((device) => !oneTime.has(device));
  const first = wanting.filter((device) => corresponding.has(device));
  const others = wanting.filter((device) => !corresponding.has(device));
  const room = Math.max(first.length, LIMITS.letterKeysPerEntry - oneTime.size);
  return {
    makeShared: fresh('box', SERVES_MS).length === 0 || fresh('last-resort', SERVES_MS).length === 0,
    makeFor: [...first, ...others].slice(0, Math.min(room, LIMITS.letterKeysPerEntry)),
    drop,
  };
}

/**
 * Over is what has had a successor for so long that no letter sealed with it can be on its way. Counted from the
 * successor, so that a clock which jumps a year ahead deletes nothing that others still seal to.
 */
function isOver(
  key: OwnKey,
  keys: readonly OwnKey[],
  served: ReadonlySet<DeviceKey>,
  nowMs: number,
): boolean {
  if (key.forDevice !== null && !served.has(key.forDevice)) return true;
  return keys.some(
    (other) =>
      other.kind === key.kind &&
      other.forDevice === key.forDevice &&
      other.createdMs > key.createdMs &&
      nowMs - other.createdMs >= GRACE_MS,
  );
}

/** Sessions that were founded before then are of no use to either side. */
export function sessionsEndMs(nowMs: number): number {
  return nowMs - SERVES_MS - GRACE_MS;
}

/** The devices of a member that something can be sealed to, but for this one. */
export function devicesOf(membership: Membership, member: MemberId, own: DeviceKey): DeviceKey[] {
  const found = membership.members.get(member);
  if (found?.status !== 'active') return [];
  return found.devices.filter((key) => key !== own && membership.devices.get(key)?.active === true).sort();
}

/** Of this store, not old, and with exactly the devices that there are now. */
export function serves(
  session: Session,
  now: { readonly devices: readonly DeviceKey[]; readonly incarnation: string; readonly ms: number },
): boolean {
  return (
    session.incarnation === now.incarnation &&
    !isPast(session.foundedMs, now.ms, SERVES_MS) &&
    session.devices.length === now.devices.length &&
    now.devices.every((device) => session.devices.includes(device))
  );
}
