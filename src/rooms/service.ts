/** Rooms over links: one channel a link, many rooms on it; invitations, asked again until they are answered. */
import { fromHex, toHex } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import type { DeviceKey, MemberId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Rng, Timer } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { GroupAuthority, Mls } from '../sealing/mls/index.ts';
import { genesis } from './consensus/chain.ts';
import { recover } from './consensus/recover.ts';
import { deviceOf, everyone, replicaOf } from './consensus/roster.ts';
import type { ReplicaId } from './consensus/types.ts';
import { Continuing, mustBeGone } from './continuing.ts';
import { encodeCard, readCard } from './card.ts';
import { INVITE, nextTry, renewed, signInvitation, isGenuine } from './invitations.ts';
import type { RoomRoll, RoomRows } from './ports.ts';
import { firstEntry, RoomDisk } from './room-disk.ts';
import { RoomLinks, type RoomLinksDeps } from './room-links.ts';
import { Room } from './room.ts';
import { Sayings } from './sayings.ts';
import type {
  Invitation,
  RoomCard,
  RoomChange,
  RoomId,
  RoomName,
  RoomView,
  SentInvite,
  ShownMessage,
} from './types.ts';
import { viewOf } from './view.ts';
import type { Addressed, RoomFrame } from './wire.ts';

const TICK_MS = 1000;
/** What a node that stops gives others to take over. */
const HAND_OVER_MS = 1000;
/** What one neighbour may send on this channel, all rooms together. */
export const ROOMS_QUOTA = { framesPerS: 2000, bytesPerS: 8 * 1024 * 1024, burstS: 5 } as const;
const NOBODY = replicaOf('0'.repeat(64), '0'.repeat(16));

export interface RoomServiceDeps extends RoomLinksDeps {
  readonly rows: RoomRows;
  readonly roll: RoomRoll;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** For each room one, since who may be in its keys is the room's affair. */
  readonly mls: (authority: GroupAuthority) => Promise<Mls>;
  readonly rng: Rng;
  /** Of the node's store: another one when the store was restored or copied. 32 hex digits. */
  readonly store: string;
  /** Entries of a room in memory, for whoever is behind. */
  readonly keepEntries?: number;
  /** After how long whoever is away counts no more. */
  readonly awayMs?: number;
  readonly changed: (change: RoomChange) => void;
}

export class RoomService {
  readonly #deps: RoomServiceDeps;
  readonly #cards = new Map<RoomId, RoomCard>();
  readonly #rooms = new Map<RoomId, Room>();
  readonly #links: RoomLinks;
  readonly #sayings: Sayings;
  readonly #continuing: Continuing;
  #timer: Timer | undefined;

  constructor(deps: RoomServiceDeps) {
    this.#deps = deps;
    this.#continuing = new Continuing({
      timers: deps.timers,
      cards: this.#cards,
      rooms: this.#rooms,
      save: (card) => {
        this.#save(card);
      },
    });
    this.#sayings = new Sayings(deps.timers, (id) => this.#needRoom(id));
    this.#links = new RoomLinks(deps, {
      heard: (device, addressed) => {
        this.#dispatch(device, addressed);
      },
      linked: (device) => {
        for (const room of this.#rooms.values()) room.linked(device);
        this.#sendInvites(deps.roll.memberOf(device));
      },
      unlinked: (device) => {
        for (const room of this.#rooms.values()) room.unlinked(device);
      },
    });
    for (const { card } of deps.rows.cards()) {
      const read = readCard(card);
      this.#cards.set(read.id, read);
      if (read.state === 'active' || read.state === 'joining') this.#open(read);
    }
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#continuing.stop();
    for (const room of this.#rooms.values()) room.stop();
    this.#links.close();
  }

  /** Before this node goes: whoever is best placed takes over, so that nobody has to notice that a host is gone. */
  async handOver(): Promise<void> {
    const { timers, clock } = this.#deps;
    const hosted = [...this.#rooms.values()].filter((room) => room.people.handOver());
    const untilMs = clock.monotonicMs() + HAND_OVER_MS;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const isDone = hosted.every(({ core }) => core.role !== 'host');
        if (isDone || clock.monotonicMs() > untilMs) resolve();
        else timers.after(10, look);
      };
      look();
    });
  }

  // ---- people

  /** @throws KithError `bad-name` */
  create(name: string, members: readonly MemberId[]): RoomId {
    if (name.trim() === '' || name.length > LIMITS.roomNameChars)
      throw new KithError(
        'bad-name',
        `A room has a name of at most ${String(LIMITS.roomNameChars)} characters.`,
      );
    const card = this.#newCard(this.#newRoom(), name.trim(), 'active');
    this.#found(card);
    this.#needRoom(card.id).begin();
    this.invite(card.id, members);
    return card.id;
  }

  /**
   * A room of its own with what was said in this one, for those who can be reached. The old one stays as it is: should the
   * others come back, there are two. @throws KithError `not-in-room` | `room-goes-on` | `continued-already`
   */
  continue(id: RoomId): RoomId {
    const [old, room] = [this.#needCard(id), this.#needRoom(id)];
    mustBeGone(old, room);
    const { roll, rows } = this.#deps;
    const here = this.#links.reachable.filter((device) => room.people.belongs(device));
    const members = new Set(here.flatMap((device) => roll.memberOf(device) ?? []));
    members.delete(roll.self);
    const continues = { room: id, reached: 0, isDone: false };
    const card = { ...this.#newCard(this.#newRoom(), old.name, 'active'), continues };
    rows.transact(() => {
      this.#found(card);
      this.#save({ ...old, continuedAs: card.id });
    });
    this.#needRoom(card.id).begin();
    this.invite(card.id, [...members]);
    this.#deps.changed({ room: id, what: 'state' });
    return card.id;
  }

  #newRoom(): RoomId {
    return toHex(this.#deps.rng.bytes(32)) as RoomId;
  }

  #found(card: RoomCard): void {
    const { rows } = this.#deps;
    rows.transact(() => {
      this.#save(card);
      const base = genesis(fromHex(card.id));
      const disk = RoomDisk.begin(rows, card.id, base);
      disk.write([{ type: 'append', entries: [firstEntry(base, this.#replicaOf(card))] }]);
    });
    this.#open(card);
  }

  /** Asks them, again and again, until they answer or the invitation expires. */
  invite(id: RoomId, members: readonly MemberId[]): void {
    const card = this.#needCard(id);
    const commit = this.#rooms.get(id)?.core.commit ?? 0;
    const nowMs = this.#deps.clock.nowMs();
    const asked = members.map((to): SentInvite => {
      const expiresMs = Math.floor(nowMs + INVITE.lastsMs);
      const invitation = signInvitation(this.#deps.signer, {
        room: id,
        name: card.name,
        to,
        commit,
        expiresMs,
        ...(card.continues === undefined ? {} : { continues: card.continues.room }),
      });
      return { invitation, state: 'waiting', tries: 0, nextMs: 0 };
    });
    const others = card.invites.filter(({ invitation }) => !members.includes(invitation.to));
    this.#save({ ...card, invites: [...others, ...asked] });
    this.#sendInvites();
  }

  accept(id: RoomId): void {
    const card = this.#needCard(id);
    if (card.state === 'active' || card.state === 'joining') return;
    if (card.invitation === undefined || card.invitation.expiresMs < this.#deps.clock.nowMs())
      throw new KithError('invitation-expired', 'This invitation is over.', {
        next: 'Ask somebody in the room to invite you again.',
      });
    const { rows } = this.#deps;
    const { continues } = card.invitation;
    const older = continues === undefined ? undefined : this.#cards.get(continues);
    const joining: RoomCard = {
      ...card,
      state: 'joining',
      life: this.#newLife(),
      continues: continues === undefined ? undefined : { room: continues, reached: 0, isDone: true },
    };
    rows.transact(() => {
      this.#save(joining);
      if (older?.state === 'active') this.#save({ ...older, continuedAs: older.continuedAs ?? id });
      RoomDisk.begin(rows, id, genesis(fromHex(id)));
    });
    this.#open(joining);
    this.#send(card.invitation.by, {
      room: id,
      from: NOBODY,
      to: undefined,
      frame: { type: 'answer', accepted: true },
    });
  }

  leave(id: RoomId): void {
    const card = this.#needCard(id);
    const room = this.#rooms.get(id);
    const isAlone = room?.core.agreedRoster.voters.join() === this.#replicaOf(card);
    if (card.state !== 'active' || isAlone) this.#left(card);
    else room?.people.remove([this.#deps.roll.device]);
  }

  /** Asks until it is done, over restarts; nothing is sealed for them meanwhile. @throws KithError `not-in-room` */
  remove(id: RoomId, member: MemberId): void {
    const room = this.#needRoom(id);
    const devices = this.#deps.roll.devicesOf(member);
    const card = this.#needCard(id);
    const invites = card.invites.filter(({ invitation }) => invitation.to !== member);
    const isInside = devices.some((device) => room.people.belongs(device));
    if (!isInside && invites.length === card.invites.length)
      throw new KithError('not-in-room', `They are not in “${card.name}”.`, {
        next: `See who is: kith room status ${card.name}`,
      });
    this.#save({ ...card, invites });
    room.people.remove(devices);
  }

  /** Whether it was agreed on within that time that none of the member's devices is in. */
  async removal(id: RoomId, member: MemberId, withinMs: number): Promise<boolean> {
    const { people } = this.#needRoom(id);
    const devices = this.#deps.roll.devicesOf(member);
    if (devices.length === 0) return true;
    return new Promise((resolve) => {
      const timer = this.#deps.timers.after(withinMs, () => {
        resolve(false);
      });
      let open = devices.length;
      const done = (): void => {
        open -= 1;
        if (open > 0) return;
        timer.cancel();
        resolve(true);
      };
      for (const device of devices) people.whenOut(device, done);
    });
  }

  post(id: RoomId, text: string): ShownMessage {
    return this.#needRoom(id).post(text);
  }

  /** Like `post`, in one flush with whatever else is said in the same moment. */
  async say(id: RoomId, text: string): Promise<ShownMessage> {
    const room = this.#needRoom(id);
    room.own.mustTake([text]);
    return new Promise((resolve, reject) => {
      this.#sayings.add(id, { text, resolve, reject });
    });
  }

  /** Whether a majority had it within that time. */
  async confirmation(id: RoomId, message: string, withinMs: number): Promise<boolean> {
    const room = this.#needRoom(id);
    return new Promise((resolve) => {
      const timer = this.#deps.timers.after(withinMs, () => {
        forget();
        resolve(false);
      });
      const forget = room.whenConfirmed(message, () => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  read(id: RoomId, before: number | undefined, limit: number): readonly ShownMessage[] {
    this.#needCard(id);
    return this.#rooms.get(id)?.read(before, limit) ?? [];
  }

  /** What was said right before that place, or last, is not here yet. */
  lacksBelow(id: RoomId, index: number = Number.MAX_SAFE_INTEGER): boolean {
    return this.#rooms.get(id)?.past.lacksBelow(index) ?? false;
  }

  room(id: RoomId): Room | undefined {
    return this.#rooms.get(id);
  }

  /** Those that were not left, for whoever looks for one by its name: each view costs much more. */
  names(): readonly RoomName[] {
    return [...this.#cards.values()].filter(({ state }) => state !== 'left');
  }

  views(): readonly RoomView[] {
    return this.names().flatMap(({ id }) => this.view(id) ?? []);
  }

  view(id: RoomId): RoomView | undefined {
    const card = this.#cards.get(id);
    if (card === undefined || card.state === 'left') return undefined;
    return viewOf(card, this.#rooms.get(id), this.#deps.rows.countShown(id));
  }

  // ---- rooms

  #open(card: RoomCard): void {
    const { rows, clock, timers, rng, logger, signer, verifier, store, changed, roll, mls } = this.#deps;
    const { card: own, disk } = card.store === store ? this.#trusted(card) : this.#anew(card);
    const { id } = own;
    const room = new Room({
      id,
      self: this.#replicaOf(own),
      disk,
      rows,
      keepEntries: this.#deps.keepEntries,
      awayMs: this.#deps.awayMs,
      clock,
      timers,
      rng,
      logger,
      signer,
      verifier,
      roll,
      mls,
      linked: () => this.#links.reachable,
      send: (to, addressed) =>
        this.#send(to, { ...addressed, room: id, from: this.#replicaOf(this.#needCard(id)) }),
      lets: (device, frame) => this.#lets(id, device, frame.invitation),
      hello: () => ({ type: 'hello', invitation: this.#needCard(id).invitation }),
      acquainted: () => this.#needCard(id).acquainted,
      removals: () => this.#needCard(id).removals,
      keepRemovals: (removals) => {
        this.#save({ ...this.#needCard(id), removals });
      },
      changed: (what) => {
        this.#look(id);
        this.#continuing.look();
        changed({ room: id, what });
      },
      stopped: () => {
        this.#reopenLater(id);
      },
    });
    this.#rooms.set(id, room);
  }

  /** A replica whose disk is not whole goes on as another one, and its word of before is worth nothing. */
  #trusted(card: RoomCard): { readonly card: RoomCard; readonly disk: RoomDisk } {
    const disk = RoomDisk.open(this.#deps.rows, card.id);
    const areKeysWhole = this.#deps.rows.keys(card.id) !== null;
    if (disk === undefined || !areKeysWhole || recover(disk.load()).type === 'corrupt')
      return this.#anew(card);
    return { card, disk };
  }

  #anew(card: RoomCard): { readonly card: RoomCard; readonly disk: RoomDisk } {
    const { rows, store, logger } = this.#deps;
    logger.warn({ room: card.id }, 'this copy of a room is not whole: it begins anew, and asks the others');
    const fresh: RoomCard = { ...card, life: this.#newLife(), store };
    return rows.transact(() => {
      this.#save(fresh);
      rows.putKeys(card.id, undefined);
      return { card: fresh, disk: RoomDisk.begin(rows, card.id, genesis(fromHex(card.id))) };
    });
  }

  #reopenLater(id: RoomId): void {
    const { timers } = this.#deps;
    this.#rooms.get(id)?.stop();
    this.#rooms.delete(id);
    timers.after(5 * TICK_MS, () => {
      const card = this.#cards.get(id);
      if (card !== undefined && !this.#rooms.has(id)) this.#open(card);
    });
  }

  /** Level-triggered: is this device in, by what is agreed on? */
  #look(id: RoomId): void {
    const [card, room] = [this.#needCard(id), this.#rooms.get(id)];
    if (room === undefined) return;
    const devices = new Set(everyone(room.core.agreedRoster).map((one) => deviceOf(one) as DeviceKey));
    const acquainted = [...devices].filter((device) => device !== this.#deps.roll.device);
    if (card.state === 'joining' && room.people.isIn) this.#save({ ...card, state: 'active', acquainted });
    else if (card.state === 'active' && devices.size > 0 && !devices.has(this.#deps.roll.device))
      this.#left(card);
    else if (acquainted.length > 0 && acquainted.join() !== card.acquainted.join())
      this.#save({ ...card, acquainted });
  }

  #left(card: RoomCard): void {
    this.#save({ ...card, state: 'left', invitation: undefined });
    this.#deps.timers.after(TICK_MS, () => {
      this.#rooms.get(card.id)?.stop();
      this.#rooms.delete(card.id);
      if (this.#cards.get(card.id)?.state === 'left') this.#deps.rows.putKeys(card.id, undefined);
    });
    this.#deps.changed({ room: card.id, what: 'state' });
  }

  // ---- invitations

  /** A device of the invited member, with an invitation that somebody in the room wrote. */
  #lets(id: RoomId, device: DeviceKey, invitation: Invitation | undefined): boolean {
    const { roll, verifier, clock } = this.#deps;
    const room = this.#rooms.get(id);
    if (invitation === undefined || room === undefined || invitation.room !== id) return false;
    const isInside = everyone(room.core.roster).some((one) => deviceOf(one) === invitation.by);
    const isTheirs = roll.memberOf(device) === invitation.to;
    return isInside && isTheirs && invitation.expiresMs > clock.nowMs() && isGenuine(verifier, invitation);
  }

  #invited(device: DeviceKey, invitation: Invitation): void {
    const { roll, verifier, clock, changed } = this.#deps;
    const isGood = invitation.by === device && invitation.to === roll.self && isGenuine(verifier, invitation);
    if (!isGood || invitation.expiresMs < clock.nowMs()) return;
    const known = this.#cards.get(invitation.room);
    if (known?.state === 'active' || known?.state === 'joining') {
      const isLater = invitation.commit > (known.invitation?.commit ?? Infinity);
      if (known.state === 'joining' && isLater) this.#save({ ...known, invitation });
      const frame: RoomFrame = { type: 'answer', accepted: true };
      this.#send(device, { room: invitation.room, from: NOBODY, to: undefined, frame });
      return;
    }
    const card = this.#newCard(invitation.room, invitation.name, 'invited');
    this.#save({ ...card, invitation, acquainted: [invitation.by] });
    if (known?.state !== 'invited') changed({ room: invitation.room, what: 'state' });
  }

  #answered(id: RoomId, device: DeviceKey, accepted: boolean): void {
    const card = this.#cards.get(id);
    const member = this.#deps.roll.memberOf(device);
    if (card === undefined || member === undefined) return;
    const invites = card.invites.map((one): SentInvite =>
      one.invitation.to === member && one.state === 'waiting'
        ? { ...one, state: accepted ? 'accepted' : 'declined' }
        : one,
    );
    this.#save({ ...card, invites });
  }

  /** @param here who came just now, and is asked at once. */
  #sendInvites(here?: MemberId): void {
    const nowMs = this.#deps.clock.nowMs();
    for (const card of this.#cards.values()) {
      const invites = card.invites.map((one) => this.#tryInvite(one, nowMs, one.invitation.to === here));
      if (invites.some((one, at) => one !== card.invites[at])) this.#save({ ...card, invites });
    }
  }

  #tryInvite(invite: SentInvite, nowMs: number, isHere: boolean): SentInvite {
    const { invitation } = invite;
    if (invite.state !== 'waiting' || (nowMs < invite.nextMs && !isHere)) return invite;
    if (nowMs > invitation.expiresMs) return { ...invite, state: 'expired' };
    const core = this.#rooms.get(invitation.room)?.core;
    const isOfToday = core === undefined || invitation.commit >= core.base.index;
    const current = isOfToday ? invitation : renewed(this.#deps.signer, invitation, core.commit);
    const frame: RoomFrame = { type: 'invite', invitation: current };
    const devices = this.#deps.roll.devicesOf(invitation.to);
    const reached = devices.filter((device) =>
      this.#send(device, { room: invitation.room, from: NOBODY, to: undefined, frame }),
    );
    if (reached.length === 0) return invite;
    const isLinked = reached.some((device) => this.#links.has(device));
    return nextTry({ ...invite, invitation: current }, nowMs, isLinked);
  }

  // ---- links

  #dispatch(device: DeviceKey, { room: id, from, to, frame }: Addressed): void {
    if (frame.type === 'invite') return this.#invited(device, frame.invitation);
    if (frame.type === 'answer') return this.#answered(id, device, frame.accepted);
    const [card, room] = [this.#cards.get(id), this.#rooms.get(id)];
    if (card === undefined || room === undefined || deviceOf(from) !== device) return;
    // Meant for an earlier life of this device.
    if (to !== undefined && to !== this.#replicaOf(card)) return;
    room.receive(device, from, frame);
  }

  #send(to: DeviceKey, addressed: Addressed): boolean {
    return this.#links.send(to, { ...addressed, from: this.#fromOf(addressed) });
  }

  #fromOf({ room, from }: Addressed): ReplicaId {
    if (from !== NOBODY) return from;
    const card = this.#cards.get(room);
    return replicaOf(this.#deps.roll.device, card?.life ?? '0'.repeat(16));
  }

  #tick(): void {
    this.#links.openMissing();
    this.#sendInvites();
    this.#continuing.look();
    this.#timer = this.#deps.timers.after(TICK_MS, () => {
      this.#tick();
    });
  }

  // ---- cards

  #newCard(id: RoomId, name: string, state: RoomCard['state']): RoomCard {
    const { store } = this.#deps;
    return {
      id,
      name,
      state,
      life: this.#newLife(),
      store,
      invitation: undefined,
      acquainted: [],
      invites: [],
      removals: [],
      continuedAs: undefined,
      continues: undefined,
    };
  }

  #newLife(): string {
    return toHex(this.#deps.rng.bytes(8));
  }

  #save(card: RoomCard): void {
    this.#cards.set(card.id, card);
    this.#deps.rows.putCard(card.id, encodeCard(card));
  }

  #replicaOf({ life }: RoomCard): ReplicaId {
    return replicaOf(this.#deps.roll.device, life);
  }

  #needCard(id: RoomId): RoomCard {
    const card = this.#cards.get(id);
    if (card === undefined)
      throw new KithError('unknown-room', 'There is no such room here.', { next: 'kith room list' });
    return card;
  }

  #needRoom(id: RoomId): Room {
    const card = this.#needCard(id);
    const room = this.#rooms.get(id);
    if (room !== undefined && card.state !== 'left') return room;
    throw new KithError('not-in-room', `You are not in “${card.name}”.`, {
      next:
        card.state === 'invited' ? `Accept the invitation: kith room accept ${card.name}` : 'kith room list',
    });
  }
}
