/** Letters over this node's store, roll and links. */
import type { DeviceKey, LinkKey } from '../base/ids.ts';
import { toHex } from '../base/bytes.ts';
import type { MemberId } from '../base/ids.ts';
import type { Clock } from '../base/ports.ts';
import {
  decodeCopy,
  decodeReceipt,
  MailService,
  trustedNowMs,
  type MailChange,
  type MailSealer,
} from '../mail/index.ts';
import type { Database } from '../store/database.ts';
import { openMailStore } from '../store/mail-store.ts';
import type { MailStore } from '../mail/ports.ts';
import type { DeviceKeys } from './keys.ts';
import { reasonOf } from '../net/conduct/reasons.ts';
import type { Session } from './session.ts';

const READ_RECEIPTS = 'mail read receipts';
const TABLE = 'mail';

/** Letters of one network: how they are sent, and where they lie. */
export interface Mail {
  readonly service: MailService;
  readonly store: MailStore;
}

export interface NodeMailDeps {
  readonly database: Database;
  readonly session: Session;
  readonly changed: (change: MailChange) => void;
}

export function openNodeMail({ database, session, changed }: NodeMailDeps): Mail {
  const { keys, transport, verifier, clock, timers, rng, nodeLog } = session.deps;
  const logger = nodeLog.logger('mail');
  const store = openMailStore(database, sealerAtRest(keys.sealer), {
    readCopy: decodeCopy,
    readReceipt: decodeReceipt,
  });
  const service = new MailService({
    transport,
    store,
    sealer: session.letters,
    verifier,
    clock,
    timers,
    rng,
    logger,
    changed,
    signer: keys.signer,
    linkSeed: keys.linkSeed,
    roll: {
      self: session.ownMemberId,
      devicesOf: (member) => activeDevices(session, member),
    },
    mayCarry: (peer) => session.isMember(peer),
    heardMs: () => heardMs(session),
    tellsRead: () => tellsRead(session),
    misbehaved: (peer: LinkKey, code) => {
      session.links.conduct.report(peer, 'bad-frame', reasonOf('letters', code));
    },
  });
  session.log.on({
    appended: () => {
      service.keysChanged();
    },
    membership: () => {
      service.keysChanged();
    },
  });
  return { service, store };
}

function sealerAtRest(sealer: DeviceKeys['sealer']): MailSealer {
  return {
    seal: (key, bytes) => sealer.seal({ table: TABLE, key }, bytes),
    open: (key, sealed) => sealer.open({ table: TABLE, key }, sealed),
    indexKey: (value) => sealer.indexKey(TABLE, value),
  };
}

function activeDevices(session: Session, id: MemberId): { device: DeviceKey; link: LinkKey }[] {
  const { members, devices } = session.log.membership;
  const member = members.get(id);
  if (member?.status !== 'active') return [];
  return member.devices
    .flatMap((key) => devices.get(key) ?? [])
    .filter(({ active }) => active)
    .map(({ key, link }) => ({ device: key, link }));
}

/** A clock that must not throw things away only because it was set wrong. */
export function trustedClock(session: Session): Clock {
  const { clock } = session.deps;
  return {
    nowMs: () => trustedNowMs(clock.nowMs(), heardMs(session)),
    monotonicMs: () => clock.monotonicMs(),
  };
}

function heardMs(session: Session): number[] {
  const newest = new Map<string, number>();
  const { devices } = session.log.membership;
  for (const { info, hlc } of session.log.feeds()) {
    const member = devices.get(info.device)?.member;
    if (member !== undefined) newest.set(member, Math.max(newest.get(member) ?? 0, hlc.ms));
  }
  return [...newest.values()];
}

export function tellsRead({ deps }: Session): boolean {
  return toHex(deps.meta.get(READ_RECEIPTS) ?? Uint8Array.of(1)) !== '00';
}

export function setTellsRead({ deps }: Session, tells: boolean): void {
  deps.meta.set(READ_RECEIPTS, Uint8Array.of(tells ? 1 : 0));
}

/** For metrics. */
export function lettersMeasured(
  mail: Mail | undefined,
): Readonly<Record<'carried' | 'bytes' | 'unread', number>> {
  const { letters: carried, bytes } = mail?.service.carried ?? { letters: 0, bytes: 0 };
  return { carried, bytes, unread: mail?.store.unread() ?? 0 };
}
