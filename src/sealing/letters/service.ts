/** Sealing of letters: publishes keys, founds sessions and meets those of others; one thing at a time. */
import { concatBytes, equalBytes, toHex, utf8, type Bytes } from '../../base/bytes.ts';
import { assert, isKithError, KithError } from '../../base/errors.ts';
import { idToBytes, type DeviceKey, type MemberId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Logger, Rng } from '../../base/ports.ts';
import { mayWrite } from '../../identity/roles.ts';
import type { Signer, Verifier } from '../../identity/signing.ts';
import type { Membership } from '../../identity/types.ts';
import { createMls, type GroupAuthority, type Mls, type MlsGroup } from '../mls/index.ts';
import { activeDevices, devicesOf, planKeys, serves, sessionsEndMs, type KeyPlan } from './core.ts';
import { cannotOpen } from './failures.ts';
import { isSigned, openContent, openInside, sealLetter, type SessionUse } from './letter.ts';
import type {
  KeyPublisher,
  LetterKeyStore,
  LetterRoll,
  OutgoingSession,
  OwnKey,
  PublishedKeys,
} from './ports.ts';
import { boxKey, derive, KEY_BYTES, linkBox } from './primitives.ts';
import { dayOf, TagBook, TagWriter, type OwnBox } from './tags.ts';
import type { LetterSealer, OpenedLetter, SealResult } from './types.ts';
import { BOOT_BYTES, encodeKeys, SESSION_ID_BYTES, SESSION_KEYS, type Inside, type Wrap } from './wire.ts';

export interface LettersDeps {
  readonly store: LetterKeyStore;
  readonly roll: LetterRoll;
  readonly publisher: KeyPublisher;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly linkSeed: Bytes;
  readonly mlsSeed: Bytes;
  readonly rng: Rng;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Anybody of the network may found a session with anybody: only that each leaf is who it says matters. */
function authorityOf(roll: LetterRoll): GroupAuthority {
  return {
    certifies: (device, mlsKey) => {
      const found = roll.membership().devices.get(device);
      return found?.active === true && found.certificate.mls === mlsKey;
    },
    refuses: () => undefined,
  };
}

export function openLetters(deps: LettersDeps): LetterSealer {
  return new Letters(deps);
}

const MOST_ID_BYTES = 64;
/** That one device founded with this one and that are kept: some 3 KiB each, so that nobody fills the disk with them. */
const MOST_SESSIONS_FROM = 256;

class Letters implements LetterSealer {
  readonly #deps: LettersDeps;
  readonly #mls: Promise<Mls>;
  readonly #writer: TagWriter;
  readonly #boot: Bytes;
  readonly #tags: TagBook;
  readonly #boxes = new Map<string, OwnBox>();
  /** Devices whose published keys do not hold: as if they had none, until they publish others. */
  readonly #unusable = new Set<string>();
  /** For which roll and day the tags are there; undefined when the boxes have changed. */
  #covered: { readonly membership: Membership; readonly day: number } | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(deps: LettersDeps) {
    this.#deps = deps;
    const { roll, mlsSeed } = deps;
    this.#mls = createMls({ device: roll.device, seed: mlsSeed, authority: authorityOf(roll) });
    this.#writer = new TagWriter(linkBox(deps.linkSeed));
    this.#boot = deps.rng.bytes(BOOT_BYTES);
    this.#tags = new TagBook(deps.roll.device);
    this.#loadBoxes();
  }

  // ---- sealing

  async prepare(recipients: readonly MemberId[]): Promise<void> {
    await this.#alone(async () => {
      for (const member of new Set(recipients)) {
        const devices = this.#reachable(member);
        if (devices.length === 0 || this.#serving(member) !== undefined) continue;
        try {
          await this.#found(member, devices);
        } catch (error) {
          if (!isKithError(error)) throw error;
          this.#deps.logger.warn({ member, code: error.code }, 'no session can be founded');
        }
      }
    });
  }

  seal(recipients: readonly MemberId[], payload: Bytes, id: Bytes): SealResult {
    mustBeWithin(recipients.length, payload, id);
    const { store, roll } = this.#deps;
    const ready = [...new Set(recipients)].flatMap((member) => {
      const session = this.#serving(member);
      const next = session && store.nextKey(session.id);
      return session === undefined || next === undefined ? [] : [{ member, session, ...next }];
    });
    const sealedFor = ready.map(({ member }) => member);
    const unreachable = recipients.filter((member) => !sealedFor.includes(member));
    if (ready.length === 0) return { letter: undefined, sealedFor, unreachable };
    const uses = ready.map(({ session, slot, key }): SessionUse => {
      const { welcome, waiting } = session;
      return { session: session.id, slot, key, welcome: waiting.length > 0 ? welcome : null };
    });
    const addressed = ready
      .flatMap(({ session }) => session.devices.map((device) => this.#address(device)))
      .filter((address) => address !== undefined);
    const { network } = roll.membership();
    const sealing = { network, id, from: roll.device, boot: this.#boot, uses };
    const boxes = addressed.map(({ box }) => box);
    const sealed = sealLetter({ ...sealing, boxes }, payload, this.#deps.signer, this.#deps.rng);
    for (const { session, slot } of ready) {
      store.tearOut(session.id, slot);
      if (session.waiting.length > 0) store.noteUse(id, session.id);
    }
    return { letter: { sealed, tags: addressed.map(({ tag }) => tag) }, sealedFor, unreachable };
  }

  confirmed(id: Bytes, by: DeviceKey): void {
    this.#deps.store.confirm(id, by);
  }

  renew(member: MemberId): void {
    const { store } = this.#deps;
    for (const { id } of store.outgoing(member)) store.dropSession(id);
  }

  /** Where letters to a device go; undefined while it has published nothing, or nothing that is a key. */
  #address(device: DeviceKey): { readonly box: Bytes; readonly tag: Bytes } | undefined {
    const { store, roll, clock } = this.#deps;
    const keys = store.published(device);
    if (keys === undefined || this.#unusable.has(unusableName(device, keys))) return undefined;
    const { box } = keys;
    const tag = this.#writer.tag({ from: roll.device, to: device, box }, dayOf(clock.nowMs()));
    return tag === undefined ? undefined : { box, tag };
  }

  #reachable(member: MemberId): DeviceKey[] {
    const { roll } = this.#deps;
    return devicesOf(roll.membership(), member, roll.device).filter(
      (device) => this.#address(device) !== undefined,
    );
  }

  #serving(member: MemberId): OutgoingSession | undefined {
    const { store, roll, clock } = this.#deps;
    const devices = this.#reachable(member);
    const now = { devices, incarnation: roll.incarnation(), ms: clock.nowMs() };
    if (devices.length === 0) return undefined;
    return store
      .outgoing(member)
      .find((session) => serves(session, now) && store.nextKey(session.id) !== undefined);
  }

  // ---- founding

  async #found(to: MemberId, wanted: readonly DeviceKey[]): Promise<void> {
    const { store, roll, rng, clock } = this.#deps;
    const packages: ChosenPackage[] = [];
    for (const device of wanted) {
      const chosen = await this.#packageOf(device);
      if (chosen !== undefined) packages.push(chosen);
    }
    if (packages.length === 0) return;
    const id = rng.bytes(SESSION_ID_BYTES);
    const bytes = packages.map(({ publicBytes }) => publicBytes);
    const { group, welcome } = await (await this.#mls).foundWith(id, bytes);
    const keys = await keysOf(group, roll.device);
    const devices = packages.map(({ device }) => device);
    const incarnation = roll.incarnation();
    const session = { id, from: roll.device, to, devices, foundedMs: clock.nowMs(), incarnation };
    store.transact(() => {
      for (const old of store.outgoing(to)) store.dropSession(old.id);
      for (const { ref, isOneTime } of packages) if (isOneTime) store.spend(ref);
      store.addSession({ ...session, welcome, waiting: devices }, keys);
    });
  }

  /** One-time ones first; one that does not hold is passed over. */
  async #packageOf(device: DeviceKey): Promise<ChosenPackage | undefined> {
    const keys = this.#deps.store.published(device);
    if (keys === undefined) return undefined;
    const mls = await this.#mls;
    for (const publicBytes of [...keys.oneTime, keys.lastResort]) {
      const read = await mls.readKeyPackage(publicBytes).catch(ignoreRefusal);
      if (read?.device !== device || this.#deps.store.isSpent(read.ref)) continue;
      return { device, ref: read.ref, publicBytes, isOneTime: publicBytes !== keys.lastResort };
    }
    this.#unusable.add(unusableName(device, keys));
    this.#deps.logger.warn({ device }, 'the published keys of a device do not hold');
    return undefined;
  }

  // ---- opening

  isOurs(tag: Bytes): boolean {
    this.#coverTags();
    return this.#tags.has(tag);
  }

  #coverTags(): void {
    const { roll, clock } = this.#deps;
    const membership = roll.membership();
    const nowMs = clock.nowMs();
    const isCovered = this.#covered?.membership === membership && this.#covered.day === dayOf(nowMs);
    if (isCovered) return;
    const others = activeDevices(membership)
      .filter(({ key }) => key !== roll.device)
      .map(({ key, link }) => ({ device: key, link }));
    this.#tags.cover(nowMs, [...this.#boxes.values()], others);
    this.#covered = { membership, day: dayOf(nowMs) };
  }

  async meet(sealed: Bytes): Promise<void> {
    await this.#alone(async () => {
      const inside = this.#inside(sealed);
      for (const wrap of inside?.wraps ?? []) {
        if (inside === undefined || this.#deps.store.session(wrap.session) !== undefined) continue;
        try {
          await this.#join(inside.from, wrap);
        } catch (error) {
          if (!isKithError(error)) throw error;
          this.#deps.logger.info({ from: inside.from, code: error.code }, 'a session cannot be joined');
        }
      }
    });
  }

  open(sealed: Bytes, id: Bytes): OpenedLetter | undefined {
    const { store, roll, verifier } = this.#deps;
    const inside = this.#inside(sealed);
    if (inside === undefined) return undefined;
    const { devices, network } = roll.membership();
    const { from } = inside;
    const sender = devices.get(from);
    if (sender === undefined) throw cannotOpen('unknown-sender', from);
    if (!sender.active) throw cannotOpen('revoked-sender', from);
    if (!isSigned(network, id, inside, verifier)) throw cannotOpen('not-signed', from);
    const wrap = inside.wraps.find(({ session }) => store.session(session)?.from === from);
    if (wrap === undefined) throw cannotOpen('unknown-session', from);
    const key = store.keyAt(wrap.session, wrap.slot);
    if (key === undefined) throw cannotOpen('used-key', from);
    const payload = openContent(inside, id, key, wrap.session);
    if (payload === undefined) throw cannotOpen('damaged', from);
    store.tearOut(wrap.session, wrap.slot);
    return { from, member: sender.member, payload };
  }

  #inside(sealed: Bytes): Inside | undefined {
    return openInside(
      sealed,
      [...this.#boxes.values()].map(({ key }) => key),
    );
  }

  async #join(from: DeviceKey, { welcome, session: id }: Wrap): Promise<void> {
    const { store, roll, clock } = this.#deps;
    const mls = await this.#mls;
    const own = welcome === null ? undefined : this.#welcomedKey(mls.welcomed(welcome), from);
    if (welcome === null || own?.secret === undefined) return;
    if (store.countFrom(from) >= MOST_SESSIONS_FROM) throw cannotOpen('too-many-sessions', from);
    const { publicBytes, secret, ref } = own;
    const group = await mls.joinFounded(welcome, { publicBytes, secret, ref });
    const member = roll.membership().devices.get(roll.device)?.member;
    const [founder, ...others] = group.members.map(({ device }) => device);
    const isRight =
      founder === from &&
      equalBytes(group.id, id) &&
      others.every((device) => roll.membership().devices.get(device)?.member === member);
    if (!isRight || member === undefined) throw cannotOpen('wrong-session', from);
    const keys = await keysOf(group, from);
    const session = { id, from, to: member, devices: others, foundedMs: clock.nowMs(), incarnation: '' };
    store.transact(() => {
      if (own.kind === 'one-time') store.useUp(own.ref);
      store.addSession(session, keys);
    });
  }

  /** A package that is for one device opens for no other. */
  #welcomedKey(refs: readonly Bytes[], from: DeviceKey): OwnKey | undefined {
    for (const ref of refs) {
      const own = this.#deps.store.ownKey(ref);
      if (own !== undefined && (own.forDevice === null || own.forDevice === from)) return own;
    }
    return undefined;
  }

  // ---- keys

  async maintain(nowMs: number): Promise<void> {
    await this.#alone(async () => {
      const { store, roll } = this.#deps;
      const membership = roll.membership();
      const own = membership.devices.get(roll.device);
      const role = own?.active === true ? membership.members.get(own.member)?.role : undefined;
      store.transact(() => {
        for (const id of store.sessionsBefore(sessionsEndMs(nowMs))) store.dropSession(id);
      });
      if (role !== undefined && mayWrite(role, 'data'))
        await this.#renewKeys(planKeys(membership, roll.device, store.ownKeys(), nowMs), nowMs);
      this.#loadBoxes();
      store.settle();
    });
  }

  async #renewKeys(plan: KeyPlan, nowMs: number): Promise<void> {
    const { store, publisher, rng } = this.#deps;
    const mls = await this.#mls;
    const shared = plan.makeShared ? await newShared(mls, rng) : [];
    const oneTime = await Promise.all(
      plan.makeFor.map(async (forDevice) => ({
        kind: 'one-time' as const,
        forDevice,
        ...(await mls.newKeyPackage()),
      })),
    );
    store.transact(() => {
      for (const { ref } of plan.drop) store.dropOwnKey(ref);
      for (const key of [...shared, ...oneTime]) store.addOwnKey({ ...key, createdMs: nowMs });
      const [box, lastResort] = shared;
      const made = oneTime.map(({ forDevice, publicBytes }) => ({ forDevice, keyPackage: publicBytes }));
      if (made.length === 0 && box === undefined) return;
      const both =
        box === undefined || lastResort === undefined
          ? null
          : { box: box.publicBytes, lastResort: lastResort.publicBytes };
      publisher.publish(encodeKeys({ shared: both, oneTime: made }));
    });
  }

  #loadBoxes(): void {
    this.#boxes.clear();
    this.#covered = undefined;
    for (const { kind, secret, createdMs, ref } of this.#deps.store.ownKeys()) {
      if (kind !== 'box' || secret === undefined) continue;
      this.#boxes.set(toHex(ref), { key: boxKey(secret.subarray(0, KEY_BYTES)), createdMs });
    }
  }

  /** Never two of these at a time: each begins with what the one before has stored. */
  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#busy;
    const result = (async () => {
      await before;
      return work();
    })();
    this.#busy = result.catch(() => undefined);
    return result;
  }
}

type NewKey = Omit<OwnKey, 'createdMs' | 'secret'> & { readonly secret: Bytes };

async function newShared(mls: Mls, rng: Rng): Promise<NewKey[]> {
  const secret = rng.bytes(KEY_BYTES);
  const { publicBytes } = boxKey(secret);
  // As long as a package's secret, so that on disk all have one size.
  const filled = concatBytes(secret, new Uint8Array(KEY_BYTES));
  const lastResort = await mls.newKeyPackage();
  return [
    { kind: 'box', ref: publicBytes, forDevice: null, publicBytes, secret: filled },
    { kind: 'last-resort', forDevice: null, ...lastResort },
  ];
}

interface ChosenPackage {
  readonly device: DeviceKey;
  readonly ref: Bytes;
  readonly publicBytes: Bytes;
  readonly isOneTime: boolean;
}

/** With the device, or somebody could put another out of reach by publishing that one's package as his own. */
function unusableName(device: DeviceKey, { lastResort }: PublishedKeys): string {
  return `${device} ${toHex(lastResort)}`;
}

/** The book of one-time keys of a session. After this, nothing of the group is kept. */
async function keysOf(group: MlsGroup, founder: DeviceKey): Promise<Bytes[]> {
  const secret = await group.exportSecret('kith/1 letters', idToBytes(founder), KEY_BYTES);
  return Array.from({ length: SESSION_KEYS }, (_, slot) => derive(secret, 'slot', utf8(String(slot))));
}

function mustBeWithin(recipients: number, payload: Bytes, id: Bytes): void {
  assert(id.byteLength > 0 && id.byteLength <= MOST_ID_BYTES, 'a letter has a short name');
  if (recipients > LIMITS.letterRecipients)
    throw new KithError(
      'too-many-recipients',
      `One letter is for ${LIMITS.letterRecipients} members at most.`,
      {
        next: 'Send it in several letters.',
      },
    );
  if (payload.byteLength > LIMITS.letterPayloadBytes)
    throw new KithError('too-large', 'This is larger than a letter may be.', { next: 'Send it as a file.' });
}

function ignoreRefusal(error: unknown): undefined {
  if (!isKithError(error)) throw error;
}
