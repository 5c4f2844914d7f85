/** One room on this device: its replica, what waits below the line, and what is said to the others about both. */
import { isKithError, KithError } from '../base/errors.ts';
import type { DeviceKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Logger, Rng, Timers } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import { majorityOf, deviceOf, everyone, welcomed, without } from './consensus/roster.ts';
import type { Applied, Command, ReplicaId, Roster } from './consensus/types.ts';
import { RoomOrder } from './room-order.ts';
import type { RoomRows } from './ports.ts';
import { ReplicaDriver } from './replica-driver.ts';
import type { RoomDisk } from './room-disk.ts';
import { Timeline, type Said } from './timeline/timeline.ts';
import type { RoomChange, RoomId, ShownMessage } from './types.ts';
import {
  encodeBody,
  encodeWritten,
  MESSAGE_PURPOSE,
  messageId,
  readBody,
  signedMessage,
  type Addressed,
  type OpenBody,
  type RoomFrame,
} from './wire.ts';

const HELLO_MS = 1000;
const GOSSIP_MS = 1000;
const LIMIT = { waiting: LIMITS.roomWaiting, perAuthor: LIMITS.roomWaitingPerAuthor };

export interface RoomDeps {
  readonly id: RoomId;
  readonly self: ReplicaId;
  readonly disk: RoomDisk;
  readonly rows: RoomRows;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** Devices that are linked now. */
  readonly linked: () => readonly DeviceKey[];
  readonly send: (to: DeviceKey, frame: Omit<Addressed, 'room' | 'from'>) => boolean;
  /** May somebody whom no roster names come in? */
  readonly lets: (device: DeviceKey, frame: Extract<RoomFrame, { type: 'hello' }>) => boolean;
  /** What this device would show at the door. */
  readonly hello: () => Extract<RoomFrame, { type: 'hello' }>;
  readonly acquainted: () => readonly DeviceKey[];
  readonly changed: (what: RoomChange['what']) => void;
  readonly stopped: () => void;
}

export class Room {
  readonly #deps: RoomDeps;
  readonly #driver: ReplicaDriver;
  readonly #timeline: Timeline;
  readonly #order: RoomOrder;
  /** Who answered that it belongs to the room, whatever the log here says. */
  readonly #known = new Set<ReplicaId>();
  #helloMs = -Infinity;
  #gossipMs = -Infinity;

  constructor(deps: RoomDeps) {
    this.#deps = deps;
    const { self, disk, rows, clock, timers, logger, rng } = deps;
    this.#driver = new ReplicaDriver({
      self,
      disk,
      rows,
      clock,
      timers,
      logger,
      seed: rng.below(2 ** 31),
      send: (to, message) =>
        void deps.send(deviceOf(to) as DeviceKey, { to, frame: { type: 'core', message } }),
      applied: (applied) => {
        this.#applied(applied);
      },
      installed: ({ sessions }) => {
        this.#timeline.confirmedUpTo(sessions);
        deps.changed('message');
      },
      roleChanged: () => {
        this.#proposeWaiting();
        deps.changed('host');
      },
      ticked: () => {
        this.#lookAround();
      },
      stopped: deps.stopped,
    });
    this.#timeline = new Timeline(LIMIT, this.core.sessions);
    for (const said of disk.waiting()) this.#timeline.heard(said, true);
    this.#markOwn();
    this.#order = new RoomOrder(self, this.core, clock, {
      send: (to, frame) => void deps.send(deviceOf(to) as DeviceKey, { to, frame }),
      decide: (event) => {
        this.#driver.handle(event);
      },
    });
  }

  get core(): ReplicaDriver['core'] {
    return this.#driver.core;
  }

  get waiting(): number {
    return this.#timeline.size;
  }

  get standings(): RoomOrder['standings'] {
    return this.#order.standings;
  }

  get isIn(): boolean {
    return everyone(this.core.agreedRoster).includes(this.#deps.self);
  }

  stop(): void {
    this.#driver.stop();
  }

  // ---- people

  /** On disk when it returns. @throws KithError `empty-message` | `too-large` | `outbox-full` */
  post(text: string): ShownMessage {
    mustFit(text);
    const { signer, self, clock, disk } = this.#deps;
    const [author, incarnation] = [signer.key, self.split('/')[1] ?? ''];
    const own = this.#timeline.of(author).filter((command) => command.incarnation === incarnation);
    if (own.length >= LIMITS.roomWaitingPerAuthor)
      throw new KithError('outbox-full', 'Too much of yours waits in this room already.', {
        next: 'Wait until a majority is there: kith room status',
      });
    const number = (own.at(-1)?.number ?? this.core.confirmedOf(author, incarnation)) + 1;
    const sentMs = Math.max(0, Math.floor(clock.nowMs()));
    const inner = encodeWritten({ text, sentMs });
    const signature = signer.sign(
      MESSAGE_PURPOSE,
      signedMessage(this.#deps.id, { author, incarnation, number }, inner),
    );
    const said: Said = {
      command: { author, incarnation, number, body: encodeBody(inner, signature) },
      sentMs,
    };
    disk.keepWaiting([said]);
    this.#timeline.heard(said, true);
    this.#markOwn();
    this.#tell(this.others(), { type: 'said', said: [said] });
    this.#proposeWaiting();
    return this.#shown(said.command, null, 1) ?? unreadable();
  }

  /** Confirmed ones below `before`, oldest first; those that wait follow when `before` is left out. */
  read(before: number | undefined, limit: number): readonly ShownMessage[] {
    const confirmed = this.#deps.disk
      .page(before ?? Number.MAX_SAFE_INTEGER, limit)
      .flatMap((entry) =>
        entry.kind === 'command' ? (this.#shown(entry.command, entry.index, 0) ?? []) : [],
      );
    if (before !== undefined) return confirmed;
    const waiting = this.#timeline.waiting.flatMap(
      ({ command, holders }) => this.#shown(command, null, this.#countHolders(holders)) ?? [],
    );
    return [...confirmed, ...waiting];
  }

  #countHolders(holders: ReadonlySet<string>): number {
    return new Set(this.core.roster.voters.map(deviceOf).filter((device) => holders.has(device))).size;
  }

  /** Undefined for what its author did not sign: a host can put it in order, and nobody sees it. */
  #shown(command: Command, index: number | null, held: number): ShownMessage | undefined {
    const body = this.#open(command);
    if (body === undefined) return undefined;
    const { text, sentMs } = body;
    const device = command.author as DeviceKey;
    return { index, id: messageId(this.#deps.id, command), device, text, sentMs, held };
  }

  #open(command: Command): OpenBody | undefined {
    try {
      const body = readBody(command.body);
      const signed = signedMessage(this.#deps.id, command, body.inner);
      const isGenuine = this.#deps.verifier.verify(command.author, MESSAGE_PURPOSE, signed, body.signature);
      return isGenuine ? body : undefined;
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      return undefined;
    }
  }

  /** @returns false where this device is not the host, or the change has to wait. */
  change(to: (roster: Roster) => Roster): boolean {
    const { hosting, roster } = this.core;
    if (hosting?.hasConfirmedStart !== true) return false;
    this.#driver.handle({ type: 'change', roster: to(roster) });
    this.#driver.drain();
    return this.core.roster !== roster;
  }

  /** Takes devices out: here when this is the host, else by asking it. */
  remove(devices: readonly DeviceKey[]): void {
    const gone = everyone(this.core.roster).find((one) => devices.includes(deviceOf(one) as DeviceKey));
    if (this.core.role !== 'host') return this.#askHost({ type: 'remove', devices });
    if (gone !== undefined) this.change((roster) => without(roster, gone));
  }

  #askHost(frame: RoomFrame): void {
    const { host } = this.core;
    if (host !== undefined) this.#deps.send(deviceOf(host) as DeviceKey, { to: host, frame });
  }

  // ---- frames

  /** From a device of the network; what only members may say counts from members alone. */
  receive(device: DeviceKey, from: ReplicaId, frame: RoomFrame): void {
    if (frame.type === 'hello') return this.#greeted(device, from, frame);
    if (!this.#belongs(device)) return;
    switch (frame.type) {
      case 'core':
        return this.#driver.handle({ type: 'message', from, message: frame.message });
      case 'said':
        return this.#heard(device, frame.said);
      case 'heights':
        return this.#compared(device, frame.heights);
      case 'greeting':
        for (const replica of frame.known) this.#known.add(replica);
        return;
      case 'probe':
      case 'delays':
        return this.#order.receive(from, frame);
      case 'remove':
        return this.remove(frame.devices);
      default:
        return;
    }
  }

  /** In the room by this log; before this device is in itself, by the word of those whom it comes in by. */
  #belongs(device: DeviceKey): boolean {
    if (everyone(this.core.roster).some((one) => deviceOf(one) === device)) return true;
    if (this.isIn) return false;
    const isKnown = [...this.#known].some((one) => deviceOf(one) === device);
    return isKnown || this.#deps.acquainted().includes(device);
  }

  /** Where the log last put this device out; 0 when it did not. An invitation from before does not let it in again. */
  #putOutAt(device: DeviceKey): number {
    const { core } = this;
    const names = (roster: Roster): boolean => everyone(roster).some((one) => deviceOf(one) === device);
    let lacksSince = 0;
    for (let index = core.commit; index > core.base.index; index -= 1) {
      const entry = core.entry(index);
      if (entry?.kind !== 'change') continue;
      if (names(entry.roster)) return lacksSince;
      lacksSince = index;
    }
    return names(core.base.roster) ? lacksSince : 0;
  }

  /** Somebody hears no host, or wants to come in. */
  #greeted(device: DeviceKey, from: ReplicaId, frame: Extract<RoomFrame, { type: 'hello' }>): void {
    const { core } = this;
    const isNamed = everyone(core.roster).some((one) => deviceOf(one) === device);
    const mayCome =
      (frame.invitation?.commit ?? 0) >= this.#putOutAt(device) && this.#deps.lets(device, frame);
    if (!isNamed && !mayCome) return;
    const known = everyone(core.roster);
    this.#deps.send(device, { to: from, frame: { type: 'greeting', host: core.host, known } });
    if (core.role !== 'host' || known.includes(from)) return;
    const idle = known.filter((one) => deviceOf(one) === device && !core.roster.voters.includes(one));
    this.change((roster) => welcomed(idle.reduce(without, roster), from));
  }

  // ---- below the line

  #heard(from: DeviceKey, list: readonly Said[]): void {
    const fresh = list.filter((said) => this.#isAllowed(said) && this.#timeline.heard(said) === 'new');
    if (fresh.length > 0) {
      this.#deps.disk.keepWaiting(fresh);
      this.#markOwn();
      this.#proposeWaiting();
      const others = this.others().filter((one) => one !== from);
      this.#tell(others, { type: 'said', said: fresh });
      this.#deps.changed('message');
    }
    this.#tell([from], { type: 'heights', heights: this.#timeline.heights() });
  }

  /** Signed by its author, who is in the room. */
  #isAllowed({ command, sentMs }: Said): boolean {
    return this.#belongs(command.author as DeviceKey) && this.#open(command)?.sentMs === sentMs;
  }

  #compared(from: DeviceKey, heights: readonly (readonly [string, number])[]): void {
    let news = false;
    for (const [session, number] of heights) {
      const [author = '', incarnation = ''] = session.split(' ');
      news = this.#timeline.held(from, author, incarnation, number) || news;
    }
    if (news) this.#deps.changed('message');
    const lacking = this.#timeline.above(heights, LIMITS.roomWaitingPerAuthor);
    if (lacking.length > 0) this.#tell([from], { type: 'said', said: lacking });
  }

  #markOwn(): void {
    for (const [session, number] of this.#timeline.heights()) {
      const [author = '', incarnation = ''] = session.split(' ');
      this.#timeline.held(this.#deps.signer.key, author, incarnation, number);
    }
  }

  /** The host puts in order what waits with it, whoever brought it. */
  #proposeWaiting(): void {
    if (this.core.role !== 'host' || this.#timeline.size === 0) return;
    const commands = this.#timeline.waiting.map(({ command }) => command);
    this.#driver.handle({ type: 'propose', commands });
  }

  #applied(applied: readonly Applied[]): void {
    for (const { entry } of applied) {
      if (entry.kind === 'command') this.#timeline.confirmed(entry.command);
    }
    const hasMessage = applied.some(({ entry, verdict }) => entry.kind === 'command' && verdict === 'new');
    if (hasMessage) this.#deps.changed('message');
    if (applied.some(({ entry }) => entry.kind === 'change')) this.#deps.changed('state');
  }

  // ---- around

  /** Devices of the room that are linked now. */
  others(): readonly DeviceKey[] {
    return this.#deps.linked().filter((device) => device !== this.#deps.signer.key && this.#belongs(device));
  }

  unlinked(device: DeviceKey): void {
    for (const peer of everyone(this.core.roster))
      if (deviceOf(peer) === device) this.#driver.handle({ type: 'unlinked', peer });
  }

  linked(device: DeviceKey): void {
    if (this.#belongs(device)) this.#tell([device], { type: 'heights', heights: this.#timeline.heights() });
  }

  #tell(devices: readonly DeviceKey[], frame: RoomFrame): void {
    for (const device of devices) this.#deps.send(device, { to: undefined, frame });
  }

  #lookAround(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.core.isLost(nowMs) && nowMs - this.#helloMs >= HELLO_MS) {
      this.#helloMs = nowMs;
      this.#tell(this.others(), this.#deps.hello());
    }
    if (nowMs - this.#gossipMs >= GOSSIP_MS) {
      this.#gossipMs = nowMs;
      if (this.#timeline.size > 0)
        this.#tell(this.others(), { type: 'heights', heights: this.#timeline.heights() });
      this.#proposeWaiting();
    }
    this.#order.tick();
  }

  get quorum(): number {
    return majorityOf(this.core.agreedRoster.voters);
  }
}

/** @throws KithError `empty-message` | `too-large` */
function mustFit(text: string): void {
  if (text.trim() === '')
    throw new KithError('empty-message', 'There is nothing in this message.', { next: 'Write something.' });
  if (text.length > LIMITS.roomTextChars)
    throw new KithError(
      'too-large',
      `A message in a room has ${String(LIMITS.roomTextChars)} characters at most.`,
      {
        next: 'Send it as a letter, or as a file.',
      },
    );
}

function unreadable(): never {
  throw new Error('bug: what was written just now can be read');
}
