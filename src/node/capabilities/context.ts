/** What the capabilities of a node share: its states, and the ways to name a member. */
import { KithError } from '../../base/errors.ts';
import type { Clock, Rng, Timers } from '../../base/ports.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { Verifier } from '../../identity/signing.ts';
import type { Member as RollMember } from '../../identity/types.ts';
import type { Hlc } from '../../base/hlc.ts';
import type { NodeEvent, NodeState } from '../facade.ts';
import type { DeviceKeys, Meta } from '../keys.ts';
import type { NodeLog } from '../logging.ts';
import type { Session } from '../session.ts';

export interface NodeContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly verifier: Verifier;
  readonly nodeLog: NodeLog;
  state(): NodeState;
  /** @throws KithError `no-network` | `locked` */
  session(): Session;
  meta(): Meta;
  /** @throws KithError `locked` */
  keys(): DeviceKeys;
  emit(event: NodeEvent): void;
}

export function iso(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), 8.64e15)).toISOString();
}

export function isoOf(hlc: Hlc): string {
  return iso(hlc.ms);
}

/** A peer number, or a name that fits one member alone; active members go before revoked ones. */
export function findMember(session: Session, who: string): RollMember {
  const members = [...session.log.membership.members.values()];
  const wanted = who.trim().toLocaleLowerCase();
  const fits = /^[0-9]+$/.test(wanted)
    ? members.filter(({ number }) => String(number) === wanted)
    : members.filter(({ name }) => name.toLocaleLowerCase() === wanted);
  const active = fits.filter(({ status }) => status === 'active');
  const [found, ...others] = active.length > 0 ? active : fits;
  if (found === undefined) {
    throw new KithError('unknown-member', `There is no member “${who}” in this network.`, {
      next: 'See who is in it: kith members',
    });
  }
  if (others.length > 0)
    throw ambiguous(
      who,
      [found, ...others].map(({ number, name, org }) => `${String(number)} ${name} ${org}`.trim()),
    );
  return found;
}

export function ambiguous(what: string, candidates: readonly string[]): KithError {
  return new KithError('ambiguous', `“${what}” fits several: ${candidates.join(', ')}.`, {
    next: 'Say which one by its number.',
  });
}

/** A whole identifier, or a beginning of at least four characters that fits one alone. */
export function findByStart<Item>(
  items: readonly Item[],
  id: (item: Item) => string,
  start: string,
): Item | undefined {
  const wanted = start.trim().toLowerCase();
  const fits = items.filter(
    (item) => id(item) === wanted || (wanted.length >= 4 && id(item).startsWith(wanted)),
  );
  if (fits.length > 1)
    throw ambiguous(
      start,
      fits.map((item) => id(item).slice(0, 12)),
    );
  return fits[0];
}

export function memberOfDevice(session: Session, device: DeviceKey): RollMember | undefined {
  const { devices, members } = session.log.membership;
  const owner = devices.get(device)?.member;
  return owner === undefined ? undefined : members.get(owner);
}
