/** One room on this device: its replica, what waits below the line, and what is said to the others about both. */
import type { DeviceKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Logger, Rng, Timers } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import { majorityOf, deviceOf, everyone } from './consensus/roster.ts';
import type { Applied, ReplicaId } from './consensus/types.ts';
import { Past } from './past.ts';
import { AwaitedMessages } from './awaited.ts';
import { Deliveries } from './deliveries.ts';
import { Hearers } from './hearers.ts';
import { OlderEntries } from './older/older-entries.ts';
import { OwnWords } from './own-words.ts';
import { RoomOrder } from './room-order.ts';
import { RoomPeople } from './room-people.ts';
import type { RoomRoll, RoomRows } from './ports.ts';
import { ReplicaDriver } from './replica-driver.ts';
import type { RoomDisk } from './room-disk.ts';
import { Timeline, type Said } from './timeline/timeline.ts';
import type { Removal, RoomChange, RoomId, ShownMessage } from './types.ts';
import { RoomMessages } from './messages.ts';
import type { KeysStanding } from './keys/core.ts';
import { RoomKeys, type RoomKeysDeps } from './keys/service.ts';
import { inFrames, isNewer, unreadable } from './said.ts';
import type { Addressed, RoomFrame } from './wire.ts';

const HELLO_MS = 1000;
const GOSSIP_MS = 1000;
/** Changes of keys that one device may have waiting. */
const MOST_CHANGES = 8;
const LIMIT = { waiting: LIMITS.roomWaiting, perAuthor: LIMITS.roomWaitingPerAuthor, isNewer };

export interface RoomDeps {
  readonly id: RoomId;
  readonly self: ReplicaId;
  readonly disk: RoomDisk;
  readonly rows: RoomRows;
  readonly keepEntries: number | undefined;
  readonly awayMs: number | undefined;
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
  readonly removals: () => readonly Removal[];
  readonly keepRemovals: (removals: readonly Removal[]) => void;
  readonly roll: Pick<RoomRoll, 'isRevoked' | 'certifies'>;
  readonly mls: RoomKeysDeps['mls'];
  readonly changed: (what: RoomChange['what']) => void;
  readonly stopped: () => void;
}

export class Room {
  readonly people: RoomPeople;
  /** What was said, for screens and for other rooms. */
  readonly past: Past;
  /** What this device says. */
  readonly own: OwnWords;
  readonly #deps: RoomDeps;
  readonly #driver: ReplicaDriver;
  readonly #timeline: Timeline;
  readonly #order: RoomOrder;
  readonly #keys: RoomKeys;
  readonly #messages: RoomMessages;
  readonly #deliveries: Deliveries;
  readonly #older: OlderEntries;
  readonly #hearers = new Hearers();
  #isUnflushed = false;
  readonly #awaited: AwaitedMessages;
  #helloMs = -Infinity;
  #gossipMs = -Infinity;

  constructor(deps: RoomDeps) {
    this.#deps = deps;
    const { self, disk, rows, clock, timers, logger, rng, keepEntries, awayMs } = deps;
    this.#driver = new ReplicaDriver({
      keepEntries,
      awayMs,
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
        this.#keys.look();
        this.#older.look();
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
    this.people = this.#openPeople();
    this.#keys = this.#openKeys();
    const { id, signer, verifier } = deps;
    this.#messages = new RoomMessages({ id, signer, verifier, keys: this.#keys });
    this.#awaited = new AwaitedMessages(this.#messages);
    this.#timeline = new Timeline(LIMIT, this.core.sessions);
    for (const said of disk.waiting()) this.#timeline.heard(said, true);
    this.own = this.#openOwn();
    this.own.mark();
    this.#deliveries = new Deliveries({
      device: signer.key as DeviceKey,
      core: this.core,
      readable: () => this.readable,
    });
    this.#older = this.#openOlder();
    this.past = new Past(disk, this.#timeline, this.#messages, this.#deliveries);
    this.#order = new RoomOrder(self, this.core, clock, {
      send: (to, frame) => void deps.send(deviceOf(to) as DeviceKey, { to, frame }),
      decide: (event) => {
        this.#driver.handle(event);
      },
      readable: () => this.readable,
    });
  }

  #openPeople(): RoomPeople {
    const { self, clock, roll, acquainted, lets, removals, keepRemovals, send } = this.#deps;
    return new RoomPeople({
      self,
      clock,
      roll,
      acquainted,
      lets,
      removals,
      keepRemovals,
      core: this.core,
      decide: (event) => {
        this.#driver.handle(event);
      },
      drain: () => {
        this.#driver.drain();
      },
      send: (to, frame) => void send(deviceOf(to) as DeviceKey, { to, frame }),
    });
  }

  #openOwn(): OwnWords {
    const { self, disk, rows, clock, signer } = this.#deps;
    return new OwnWords({
      self,
      disk,
      rows,
      clock,
      author: signer.key,
      driver: this.#driver,
      timeline: this.#timeline,
      messages: this.#messages,
      keys: this.#keys,
      tell: (said) => {
        this.#tellSaid(this.#hearing(), said);
      },
      propose: () => {
        this.#proposeWaiting();
      },
    });
  }

  #openKeys(): RoomKeys {
    const { id, self, disk, rows, clock, rng, logger, roll, mls, send, changed, signer } = this.#deps;
    return new RoomKeys({
      id,
      self,
      rows,
      clock,
      rng,
      logger,
      mls,
      device: signer.key as DeviceKey,
      core: () => this.core,
      entries: (from, to) => disk.entries(from, to),
      wholeAbove: (upTo) => disk.wholeAbove(upTo),
      certifies: (device, key) => roll.certifies(device, key),
      others: () => this.others(),
      leaving: () => this.people.leaving,
      send: (to, frame) => void send(to, { to: undefined, frame }),
      say: (epoch, commit, keep) => {
        this.own.sayChange(epoch, commit, keep);
      },
      renewed: () => {
        this.own.sealAnew();
        changed('message');
      },
      followed: () => {
        this.#proposeWaiting();
      },
      changed: () => {
        changed('message');
      },
    });
  }

  #openOlder(): OlderEntries {
    const { id, disk, clock, logger, send, changed } = this.#deps;
    return new OlderEntries({
      id,
      disk,
      clock,
      logger,
      core: this.core,
      others: () => this.others(),
      send: (to, frame) => void send(to, { to: undefined, frame }),
      filled: (above, upTo) => {
        this.#keys.came(above, upTo);
        changed('message');
      },
    });
  }

  /** Every message up to there can be read here. */
  get readable(): number {
    return Math.min(this.#keys.readable, this.#older.wholeUpTo);
  }

  /** Older entries that came as a summary, and are on their way. */
  get lacking(): number {
    return this.#older.lacking;
  }

  get core(): ReplicaDriver['core'] {
    return this.#driver.core;
  }

  /** Messages; changes of keys are nobody's business. */
  get waiting(): number {
    return this.#timeline.count((command) => this.#messages.bodyOf(command)?.kind !== 'commit');
  }

  get hasHost(): boolean {
    return this.core.host !== undefined;
  }

  get keys(): KeysStanding {
    return this.#keys.standing;
  }

  get standings(): RoomOrder['standings'] {
    return this.#order.standings;
  }

  stop(): void {
    this.#keys.stop();
    this.#driver.stop();
  }

  /** Whoever has just founded it, and alone counts, is host when this returns. */
  begin(): void {
    this.#driver.handle({ type: 'tick' });
    this.#driver.drain();
  }

  // ---- people

  /** On disk when it returns. @throws KithError `empty-message` | `too-large` | `outbox-full` */
  post(text: string): ShownMessage {
    return this.own.postAll([text])[0] ?? unreadable();
  }

  /**
   * Of a message that waits; once, and never for one that is replaced by a summary.
   * @returns what ends the waiting.
   */
  whenConfirmed(message: string, run: () => void): () => void {
    const isWaiting = this.#timeline.some((command) => this.#messages.idOf(command) === message);
    if (isWaiting) return this.#awaited.add(message, run);
    run();
    return () => undefined;
  }

  /** Confirmed ones below `before`, oldest first; those that wait follow when `before` is left out. */
  read(before: number | undefined, limit: number): readonly ShownMessage[] {
    return this.past.shown(before, limit);
  }

  // ---- frames

  /** From a device of the network; what only members may say counts from members alone. */
  receive(device: DeviceKey, from: ReplicaId, frame: RoomFrame): void {
    if (frame.type === 'hello') return this.people.greeted(device, from, frame);
    // Whoever goes may answer until it knows.
    const mayAnswer = frame.type === 'core' && this.core.hosting?.progressOf(from) !== undefined;
    if (!mayAnswer && !this.people.belongs(device)) return;
    switch (frame.type) {
      case 'core':
        return this.#driver.handle({ type: 'message', from, message: frame.message });
      case 'said':
        return this.#heard(device, frame.said);
      case 'heights':
        return this.#compared(device, frame.heights);
      case 'greeting':
        return this.people.learned(frame);
      case 'delays':
        this.#deliveries.heard(device, frame.readable);
        return this.#order.receive(from, frame);
      case 'probe':
        return this.#order.receive(from, frame);
      case 'remove':
        return this.people.asked(frame);
      case 'keys-wanted':
      case 'keys':
      case 'epoch':
      case 'texts-wanted':
      case 'texts':
        return this.#keys.receive(device, frame);
      case 'older-wanted':
        return this.#older.wanted(device, frame);
      case 'older':
        return this.#older.told(device, frame);
      default:
        return;
    }
  }

  // ---- below the line

  #heard(from: DeviceKey, list: readonly Said[]): void {
    const heard = list
      .filter((said) => this.#isAllowed(said))
      .map((one): Said => ({ ...one, key: this.#messages.keyOf(one.command) }))
      .map((said) => ({ said, hearing: this.#timeline.heard(said) }));
    const fresh = heard.filter(({ hearing }) => hearing === 'new').map(({ said }) => said);
    // Where there is a host it comes with the order in a moment, and that is flushed.
    const { host } = this.core;
    if (fresh.length > 0) {
      this.#deps.disk.keepWaiting(fresh, host === undefined ? 'lasting' : 'replaceable');
      this.#isUnflushed ||= host !== undefined;
      if (host === undefined) this.own.mark();
      this.#proposeWaiting();
      // A host has it in order in a moment; whom that does not reach get it with the heights.
      this.#tellSaid(
        this.others().filter((one) => one !== from && (host === undefined || one === deviceOf(host))),
        fresh,
      );
      this.#deps.changed('message');
    }
    // Nothing of it is held below the line: heights would only bring it again, without end until the order catches up.
    const isHeld = heard.some(({ hearing }) => hearing === 'new' || hearing === 'known');
    if (isHeld && !this.#isUnflushed)
      this.#tell([from], { type: 'heights', heights: this.#timeline.heights() });
  }

  /** Before this device says how far it is. */
  #flush(): void {
    if (!this.#isUnflushed) return;
    this.#deps.disk.flush();
    this.#isUnflushed = false;
    this.own.mark();
  }

  /** Signed by its author, who is in the room. */
  #isAllowed({ command, sentMs }: Said): boolean {
    if (!this.people.belongs(command.author as DeviceKey)) return false;
    const body = this.#messages.bodyOf(command);
    if (body === undefined || body.kind === 'draft' || body.sentMs !== sentMs) return false;
    if (body.kind === 'commit' && this.#changesOf(command.author) >= MOST_CHANGES) return false;
    return this.#messages.genuine(command) !== undefined;
  }

  #changesOf(author: string): number {
    return this.#timeline.of(author).filter((command) => this.#messages.bodyOf(command)?.kind === 'commit')
      .length;
  }

  /** What may be passed on: no drafts, and nothing that somebody could read who was put out. */
  #mayPass({ command }: Said): boolean {
    const body = this.#messages.bodyOf(command);
    return body?.kind === 'commit' || (body?.kind === 'message' && body.epoch >= this.#keys.floor);
  }

  #compared(from: DeviceKey, heights: readonly (readonly [string, number])[]): void {
    let news = false;
    for (const [session, number] of heights) {
      const [author = '', incarnation = ''] = session.split(' ');
      news = this.#timeline.held(from, author, incarnation, number) || news;
    }
    if (news) this.#deps.changed('message');
    this.#tellSaid([from], this.#timeline.above(heights, LIMITS.roomWaitingPerAuthor));
  }

  /** The host puts in order what waits with it, whoever brought it: nothing that somebody could read who was put out. */
  #proposeWaiting(): void {
    if (this.core.role !== 'host' || this.#timeline.size === 0) return;
    const isReady =
      this.core.hosting?.hasConfirmedStart === true && this.#keys.isUpToDate && this.#keys.isClean;
    const commands = this.#timeline.waiting.flatMap(({ command }) => {
      const body = this.#messages.bodyOf(command);
      const isDue = body?.kind === 'message' && isReady && this.#keys.accepts(body.epoch);
      return isDue || body?.kind === 'commit' ? [command] : [];
    });
    if (commands.length > 0) this.#driver.handle({ type: 'propose', commands });
  }

  #applied(applied: readonly Applied[]): void {
    for (const { entry } of applied) {
      if (entry.kind === 'command') this.#timeline.confirmed(entry.command);
    }
    const hasMessage = applied.some(({ entry, verdict }) => entry.kind === 'command' && verdict === 'new');
    this.#keys.look();
    this.#awaited.tell(applied);
    if (hasMessage) this.#deps.changed('message');
    if (!applied.some(({ entry }) => entry.kind === 'change')) return;
    this.people.changed();
    this.#deps.changed('state');
  }

  // ---- around

  /** Devices of the room that are linked now. */
  others(): readonly DeviceKey[] {
    return this.#deps
      .linked()
      .filter((device) => device !== this.#deps.signer.key && this.people.belongs(device));
  }

  #hearing(): readonly DeviceKey[] {
    const { host } = this.core;
    return this.#hearers.saidTo(this.others(), host && deviceOf(host));
  }

  /** Where to ask to be let in: of those who are not heard at all, some may be reached over others. */
  #doors(): readonly DeviceKey[] {
    const others = this.others();
    const { toldHost } = this.people;
    const asked = others.length > 0 ? others : this.#deps.acquainted();
    return this.#hearers.askedOf(asked, toldHost && deviceOf(toldHost));
  }

  unlinked(device: DeviceKey): void {
    for (const peer of everyone(this.core.roster))
      if (deviceOf(peer) === device) this.#driver.handle({ type: 'unlinked', peer });
  }

  linked(device: DeviceKey): void {
    this.#flush();
    if (this.people.belongs(device))
      this.#tell([device], { type: 'heights', heights: this.#timeline.heights() });
  }

  #tell(devices: readonly DeviceKey[], frame: RoomFrame): void {
    for (const device of devices) this.#deps.send(device, { to: undefined, frame });
  }

  #tellSaid(devices: readonly DeviceKey[], list: readonly Said[]): void {
    for (const said of inFrames(list.filter((one) => this.#mayPass(one))))
      this.#tell(devices, { type: 'said', said });
  }

  #lookAround(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.core.isLost(nowMs) && nowMs - this.#helloMs >= HELLO_MS) {
      this.#helloMs = nowMs;
      this.#tell(this.#doors(), this.#deps.hello());
    }
    if (nowMs - this.#gossipMs >= GOSSIP_MS) {
      this.#gossipMs = nowMs;
      this.#flush();
      if (this.#timeline.size > 0)
        this.#tell(this.#hearing(), { type: 'heights', heights: this.#timeline.heights() });
      this.own.offer();
      this.#proposeWaiting();
      this.people.look();
      this.#keys.tell();
      this.#older.look();
      if (this.#deliveries.takeNews()) this.#deps.changed('message');
      this.#keys.look();
    }
    this.#order.tick();
  }

  get quorum(): number {
    return majorityOf(this.core.agreedRoster.voters);
  }
}
