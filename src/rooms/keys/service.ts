/**
 * Follows a room's order with MLS (RFC 9420): each change of keys is an entry, the first one of an epoch counts, and who
 * cannot follow joins anew from outside. Level-triggered: whatever happened, `look` goes on from what is on disk.
 */
import { equalBytes, fromHex, type Bytes } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { Clock, Logger, Rng } from '../../base/ports.ts';
import type { GroupAuthority, GroupChange, Mls, MlsGroup } from '../../sealing/mls/index.ts';
import { openBytes, openText, ROOM_SECRET_BYTES, sealBytes, sealText } from '../../sealing/rooms/index.ts';
import { contentPlace, type CommitBody, type Place, type SealedBody } from '../bodies.ts';
import type { Consensus } from '../consensus/core.ts';
import { deviceOf, everyone } from '../consensus/roster.ts';
import type { Entry, ReplicaId, Roster } from '../consensus/types.ts';
import type { RoomRows } from '../ports.ts';
import type { RoomId } from '../types.ts';
import type { KeysFrame, TextsFrame } from '../wire.ts';
import {
  accepts,
  advanced,
  currentOf,
  goneFrom,
  narrowed,
  NO_KEYS,
  RENEW_MS,
  widened,
  type EpochSecret,
  type KeysStanding,
  type KeyState,
} from './core.ts';
import { KeyComparison } from './comparison.ts';
import { changeIn, devicesIn, followingOn, hasTwice } from './entries.ts';
import { KeyHistory } from './history.ts';
import { Joiners } from './joiners.ts';
import { joinFrom } from './joining.ts';
import { askable, isUnknown, lacksKeys, MOST_TEXTS } from './missing.ts';
import { MessageKeys, type KeyName } from './message-keys.ts';
import { encodeKeys, encodeTextKeys, readKeys, readTextKeys } from './wire.ts';

const LABEL = 'kith/1 rooms';
/** Between two questions, and between two words of which keys are here. */
const ASK_MS = 1000;
const TELL_MS = 5000;
/** Of so many a second, at most, does a host tell which keys it has. */
const TOLD_PER_S = 4;
/** Changes of keys that are remembered, to know whether one that was told of is the newest. */
const RECENT = 64;

export interface RoomKeysDeps {
  readonly id: RoomId;
  readonly device: DeviceKey;
  readonly self: ReplicaId;
  readonly rows: RoomRows;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly core: () => Consensus;
  readonly entries: (from: number, to: number) => readonly Entry[];
  /** The place above which all that is confirmed, up to the one given, is here. */
  readonly wholeAbove: (upTo: number) => number;
  readonly mls: (authority: GroupAuthority) => Promise<Mls>;
  readonly certifies: GroupAuthority['certifies'];
  /** Devices of the room that are linked now. */
  readonly others: () => readonly DeviceKey[];
  /** Who is to go, by the will of this device, and is still in. */
  readonly leaving: () => readonly DeviceKey[];
  readonly send: (to: DeviceKey, frame: KeysFrame) => void;
  /** Puts a change of keys of this device among what waits; `keep` is called in the same transaction. */
  readonly say: (epoch: number, commit: Bytes, keep: (digest: Bytes) => void) => void;
  /** Other keys from now on: what waits here is sealed anew. */
  readonly renewed: () => void;
  /** Everything that is confirmed was looked at. */
  readonly followed: () => void;
  /** Something became readable, or is said of the keys now. */
  readonly changed: () => void;
}

export class RoomKeys {
  readonly #deps: RoomKeysDeps;
  readonly #mls: Promise<Mls>;
  readonly #messageKeys: MessageKeys;
  readonly #history: KeyHistory;
  readonly #joiners = new Joiners();
  readonly #comparison = new KeyComparison();
  #state: KeyState;
  #group: MlsGroup | undefined;
  #recent: { readonly index: number; readonly epoch: number }[] = [];
  #isBehind = false;
  #askedMs = -Infinity;
  #toldMs = -Infinity;
  #asked = 0;
  #work: 'resting' | 'working' | 'again' | 'over' = 'resting';

  constructor(deps: RoomKeysDeps) {
    this.#deps = deps;
    this.#messageKeys = new MessageKeys(deps.device, deps.rng);
    this.#history = new KeyHistory(deps.id, deps.rows, (from, to) => this.#between(from, to));
    const stored = deps.rows.keys(deps.id);
    this.#state = stored === undefined || stored === null ? NO_KEYS : readKeys(stored);
    this.#mls = deps.mls({
      certifies: deps.certifies,
      refuses: (change) => this.#refuses(change),
    });
    // Whoever awaits it later hears of a failure; until then nobody does.
    this.#mls.catch(() => undefined);
  }

  stop(): void {
    this.#work = 'over';
  }

  // ---- what can be seen

  get standing(): KeysStanding {
    const current = currentOf(this.#state);
    const state = current !== undefined ? 'in' : this.#isBehind ? 'behind' : 'coming';
    const differing = this.#comparison.differing(this.#state, this.#group);
    return { state, epoch: current?.epoch, differing };
  }

  /** All of the order is followed: what is accepted now is as everybody else judges it. */
  get isUpToDate(): boolean {
    return this.#state.at >= this.#deps.core().commit;
  }

  /** Every message up to there can be read here. */
  get readable(): number {
    const { at, missing } = this.#state;
    return this.#group === undefined ? 0 : Math.min(at, missing?.from ?? at);
  }

  /** Nobody who was put out of the room has the keys, or is to be. */
  get isClean(): boolean {
    const { group } = this.#state;
    if (group === undefined || this.#group === undefined) return false;
    const inside = new Set(everyone(this.#deps.core().roster).map(deviceOf));
    for (const device of this.#deps.leaving()) inside.delete(device);
    return this.#group.members.every(({ device }) => inside.has(device));
  }

  accepts(epoch: number): boolean {
    return accepts(this.#state, epoch);
  }

  get floor(): number {
    return this.#state.floor;
  }

  get epoch(): number | undefined {
    return currentOf(this.#state)?.epoch;
  }

  // ---- messages

  /** Undefined while there are no keys, or somebody who was put out has them. */
  seal(
    place: Place,
    text: string,
    sentMs: number,
    carries = false,
  ): { readonly body: Omit<SealedBody, 'signature'>; readonly key: Bytes } | undefined {
    const current = currentOf(this.#state);
    if (current === undefined || !this.isClean) return undefined;
    const { name, key } = this.#messageKeys.next(current);
    const sealed = sealText(key, contentPlace(this.#deps.id, place), text);
    return { body: { kind: 'message', carries, sentMs, ...name, ...sealed }, key };
  }

  /** Undefined where its epoch is not known, not yet or no more. */
  keyFor(author: string, name: KeyName): Bytes | undefined {
    return this.#messageKeys.of(this.#state, author, name);
  }

  open(place: Place, body: SealedBody, kept: Bytes | undefined): string | undefined {
    const key = kept ?? this.keyFor(place.author, body);
    return key && openText(key, contentPlace(this.#deps.id, place), body);
  }

  // ---- following

  look(): void {
    if (this.#work === 'working') this.#work = 'again';
    if (this.#work !== 'resting') return;
    this.#work = 'working';
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#work = 'working';
        await this.#follow();
        if (this.#isOver()) return;
        await this.#evaluate();
        this.#deps.followed();
      } while (this.#hasMore());
    } catch (error) {
      // After `stop` the store may be closed under it.
      if (!this.#isOver()) this.#deps.logger.error({ error }, 'the keys of a room could not be followed');
    }
    if (!this.#isOver()) this.#work = 'resting';
  }

  #isOver(): boolean {
    return this.#work === 'over';
  }

  #hasMore(): boolean {
    return this.#work === 'again';
  }

  async #follow(): Promise<void> {
    this.#group ??= await this.#restored();
    const core = this.#deps.core();
    while (this.#state.at < core.commit && !this.#isOver()) {
      if (core.base.index > this.#state.at) this.#jump(core.base.index, core.base.roster);
      const entries = this.#next();
      if (entries.length === 0) return;
      // Only a change of keys takes time: messages are passed in the turn in which they are confirmed.
      for (const entry of entries) {
        const change = changeIn(entry);
        if (change === undefined) this.#pass(entry);
        else {
          await this.#takeCommit(entry.index, change.body, change.digest);
          this.#joiners.came(change.author);
        }
      }
    }
  }

  /** Those that follow where this is, as far as they are here without a gap. */
  #next(): readonly Entry[] {
    const { at } = this.#state;
    return followingOn(at, this.#between(at + 1, Math.min(this.#deps.core().commit, at + 512)));
  }

  #between(from: number, to: number): readonly Entry[] {
    const core = this.#deps.core();
    if (from <= core.base.index) return this.#deps.entries(from, to);
    const list: Entry[] = [];
    for (let index = from; index <= to; index += 1) {
      const entry = core.entry(index);
      if (entry !== undefined) list.push(entry);
    }
    return list;
  }

  async #restored(): Promise<MlsGroup | undefined> {
    const { group } = this.#state;
    return group && (await this.#mls).restore(group);
  }

  /** What lies before came as a summary, or has left memory: from where the entries are here, they are followed. */
  #jump(index: number, roster: Roster): void {
    if (this.#deps.entries(this.#state.at + 1, this.#state.at + 1).length > 0) return;
    this.#loseTrack('a summary came instead of the changes of keys');
    this.#state = { ...this.#state, at: index, inside: devicesIn(roster) };
  }

  #pass(entry: Entry): void {
    if (this.#isOver()) return;
    const { index } = entry;
    const { missing } = this.#state;
    this.#state = {
      ...this.#state,
      at: index,
      inside: entry.kind === 'change' ? devicesIn(entry.roster) : this.#state.inside,
      missing: isUnknown(this.#state, entry) ? widened(missing, index - 1, index) : missing,
    };
  }

  async #takeCommit(index: number, body: CommitBody, digest: Bytes): Promise<void> {
    const { pending } = this.#state;
    if (this.#isOver()) return;
    const isOwn = pending !== undefined && equalBytes(pending.digest, digest);
    const isFirst = !this.#recent.some((one) => one.epoch === body.epoch && one.index > (pending?.at ?? 0));
    this.#recent = [...this.#recent, { index, epoch: body.epoch }].slice(-RECENT);
    const next =
      isOwn && (this.#group === undefined ? isFirst : this.#group.epoch === body.epoch)
        ? (await this.#mls).restore(pending.group)
        : await this.#processed(body);
    if (next !== undefined) await this.#enter(next, index);
    else if (isOwn || (this.#group === undefined && pending?.epoch === body.epoch))
      this.#state = { ...this.#state, pending: undefined };
    if (this.#state.at < index) this.#state = { ...this.#state, at: index };
  }

  /** Undefined when it is not the next one here, or does not hold: then it counts for nothing. */
  async #processed({ epoch, commit }: CommitBody): Promise<MlsGroup | undefined> {
    const group = this.#group;
    if (group === undefined || epoch !== group.epoch) return undefined;
    try {
      return await group.process(commit);
    } catch (error) {
      if (!isKithError(error)) throw error;
      this.#deps.logger.warn({ epoch, code: error.code }, 'a change of keys was refused');
      return undefined;
    }
  }

  /** Membership of the room decides, as of this place in the order; so all decide alike. */
  #refuses({ by, joins, added, removed }: GroupChange): string | undefined {
    const isIn = (device: DeviceKey): boolean => this.#state.inside.includes(device);
    if (!isIn(by)) return 'committer-not-in-room';
    if (added.length > 0) return 'joins-from-outside-only';
    return removed.some((device) => isIn(device) && !(joins && device === by))
      ? 'removes-who-is-in'
      : undefined;
  }

  async #enter(next: MlsGroup, index: number): Promise<void> {
    if (next.isRemoved || hasTwice(next)) {
      this.#loseTrack('this device was taken out of the keys');
      return;
    }
    const secret = await next.exportSecret(LABEL, fromHex(this.#deps.id), ROOM_SECRET_BYTES);
    if (this.#isOver()) return;
    const before = this.#group;
    const now = new Set(next.members.map(({ device }) => device));
    const parts = before?.members.some(({ device }) => !now.has(device)) ?? true;
    const wasOut = before === undefined;
    const { state, dropped } = advanced(this.#state, {
      group: next.serialise(),
      epoch: next.epoch,
      secret,
      index,
      nowMs: this.#deps.clock.nowMs(),
      parts,
    });
    this.#deps.rows.transact(() => {
      this.#sweep(dropped, index);
      this.#state = wasOut ? { ...state, missing: widened(state.missing, this.#lastKnown(), index) } : state;
      this.#save();
    });
    this.#group = next;
    this.#messageKeys.forget();
    this.#isBehind = false;
    this.#deps.renewed();
  }

  /** Up to where nothing is missing. */
  #lastKnown(): number {
    return this.#state.missing?.from ?? Math.max(0, ...this.#state.epochs.map(({ from }) => from));
  }

  #sweep(dropped: readonly EpochSecret[], upTo: number): void {
    const [first] = dropped;
    if (first === undefined) return;
    this.#history.sweep(first.from, upTo, (author, body) =>
      dropped.some(({ epoch }) => epoch === body.epoch) ? this.keyFor(author, body) : undefined,
    );
  }

  #loseTrack(why: string): void {
    if (this.#group !== undefined)
      this.#deps.logger.warn({ why }, 'this device joins the keys of a room anew');
    this.#group = undefined;
    this.#state = { ...this.#state, group: undefined, pending: undefined };
    this.#save();
    this.#deps.changed();
  }

  #save(): void {
    this.#deps.rows.putKeys(this.#deps.id, encodeKeys(this.#state));
  }

  // ---- what is to be done

  async #evaluate(): Promise<void> {
    if (!this.isUpToDate || !this.#state.inside.includes(this.#deps.device)) return;
    if (this.#group === undefined) {
      if (this.#isFounder()) await this.#found();
      else this.#askForKeys();
      return;
    }
    await this.#renew();
    await this.#letIn();
    this.#compare();
    this.#askForTexts();
  }

  /** The first entry names its founder alone, and no keys were ever there. */
  #isFounder(): boolean {
    const { epochs } = this.#state;
    const [first] = epochs.length === 0 && this.#recent.length === 0 ? this.#between(1, 1) : [];
    return first?.kind === 'change' && everyone(first.roster).join() === this.#deps.self;
  }

  async #found(): Promise<void> {
    await this.#enter(await (await this.#mls).found(fromHex(this.#deps.id)), this.#state.at);
  }

  /** The host alone: whoever went loses the keys, and no keys get old. */
  async #renew(): Promise<void> {
    const group = this.#group;
    if (group === undefined || this.#state.pending !== undefined || this.#deps.core().role !== 'host') return;
    const gone = goneFrom(
      this.#state,
      group.members.map(({ device }) => device),
    );
    const ageMs = this.#deps.clock.nowMs() - this.#state.sinceMs;
    // A clock that was set back makes no keys older.
    if (gone.length === 0 && ageMs < RENEW_MS) return;
    const remove = group.members.filter(({ device }) => gone.includes(device)).map(({ leaf }) => leaf);
    const made = await group.commit({ remove });
    this.#say(group.epoch, this.#state.at, made);
  }

  #say(
    epoch: number,
    at: number,
    { group, commit }: { readonly group: MlsGroup; readonly commit: Bytes },
  ): void {
    if (this.#isOver()) return;
    this.#deps.say(epoch, commit, (digest) => {
      this.#state = { ...this.#state, pending: { epoch, at, digest, group: group.serialise() } };
      this.#save();
    });
  }

  #askForKeys(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#state.pending !== undefined || nowMs - this.#askedMs < ASK_MS) return;
    this.#askedMs = nowMs;
    const to = this.#somebody();
    if (to !== undefined) this.#deps.send(to, { type: 'keys-wanted' });
  }

  /** The host, and in between one after the other: where the host has no keys itself, somebody else may. */
  #somebody(): DeviceKey | undefined {
    const others = this.#deps.others();
    const host = this.#host();
    this.#asked += 1;
    if (host !== undefined && others.includes(host) && this.#asked % 2 === 1) return host;
    return others[Math.floor(this.#asked / 2) % others.length];
  }

  #host(): DeviceKey | undefined {
    const { host } = this.#deps.core();
    return host && (deviceOf(host) as DeviceKey);
  }

  #askForTexts(): void {
    const missing = askable(this.#state.missing, this.#deps.wholeAbove);
    const nowMs = this.#deps.clock.monotonicMs();
    if (missing === undefined || nowMs - this.#askedMs < ASK_MS) return;
    this.#askedMs = nowMs;
    // Read from the disk, and so no more often than it is asked for.
    if (!lacksKeys(missing, (from, to) => this.#between(from, to))) {
      this.#state = { ...this.#state, missing: narrowed(this.#state.missing, missing.from) };
      this.#save();
      return;
    }
    const to = this.#somebody();
    if (to !== undefined)
      this.#deps.send(to, { type: 'texts-wanted', above: missing.from, upTo: missing.to });
  }

  // ---- what others say

  receive(from: DeviceKey, frame: KeysFrame): void {
    switch (frame.type) {
      case 'keys-wanted':
        void this.#guarded(async () => this.#wanted(from));
        return;
      case 'keys':
        void this.#guarded(async () => this.#join(frame));
        return;
      case 'epoch':
        this.#comparison.heard(from, frame);
        this.look();
        return;
      case 'texts-wanted':
        this.#tellTexts(from, frame);
        return;
      case 'texts':
        this.#takeTexts(from, frame);
        return;
    }
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#isOver()) return;
      if (!isKithError(error)) throw error;
      this.#deps.logger.info({ code: error.code }, 'keys of a room were told of, and do not hold');
    }
  }

  async #wanted(by: DeviceKey): Promise<void> {
    if (this.#group === undefined) return;
    this.#joiners.asked(by, this.#deps.clock.monotonicMs());
    await this.#letIn();
  }

  /** Whoever wants keys gets them in its turn: by the host, or where that is itself without, by anybody. */
  #mayLetIn(by: DeviceKey): boolean {
    const host = this.#host();
    const hostHasKeys = this.#group?.members.some(({ device }) => device === host) ?? false;
    const isMine = host === undefined || host === this.#deps.device || host === by || !hostHasKeys;
    return isMine && this.#state.inside.includes(by);
  }

  async #letIn(): Promise<void> {
    const { at } = this.#state;
    const group = this.#group;
    if (group === undefined || !this.isUpToDate) return;
    const mayCome = (device: DeviceKey): boolean => this.#mayLetIn(device);
    const to = this.#joiners.next(group.epoch, this.#deps.clock.monotonicMs(), mayCome);
    if (to === undefined) return;
    // A whole tree is signed each time.
    const info = await group.groupInfo();
    if (!this.#isOver()) this.#deps.send(to, { type: 'keys', at, epoch: group.epoch, info });
  }

  /** From outside, always: joins by invitation fail in the end where a group has a history. */
  async #join({ at, epoch, info }: Extract<KeysFrame, { type: 'keys' }>): Promise<void> {
    const isOld = (): boolean => this.#recent.some((one) => one.epoch >= epoch && one.index > at);
    if (!this.#wantsKeys() || isOld()) return;
    const made = await joinFrom(await this.#mls, info);
    const isRight = made.group.epoch === epoch + 1 && equalBytes(made.group.id, fromHex(this.#deps.id));
    if (!isRight || !this.#wantsKeys() || isOld()) return;
    this.#say(epoch, at, made);
  }

  #wantsKeys(): boolean {
    return (
      this.#group === undefined &&
      this.#state.pending === undefined &&
      this.#state.inside.includes(this.#deps.device)
    );
  }

  /** Says which keys are here: the host to all, everybody else to the host. */
  tell(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const group = this.#group;
    const pauseMs = Math.max(TELL_MS, ((group?.members.length ?? 0) * 1000) / TOLD_PER_S);
    if (group === undefined || nowMs - this.#toldMs < pauseMs) return;
    this.#toldMs = nowMs;
    const { core, others, send } = this.#deps;
    const isHost = core().role === 'host';
    const host = this.#host();
    const { epoch, authenticator } = group;
    for (const device of others())
      if (isHost || host === device)
        send(device, { type: 'epoch', at: this.#state.at, epoch, authenticator });
  }

  /** Two histories of keys: whoever has another one than the host joins anew. The host itself stays. */
  #compare(): void {
    const device = this.#host();
    if (this.#deps.core().role === 'host' || device === undefined) return;
    if (!this.#comparison.differing(this.#state, this.#group).includes(device)) return;
    this.#comparison.forget(device);
    this.#isBehind = true;
    this.#loseTrack('the host has other keys');
  }

  // ---- history, for who came later

  /** Entries above that place, up to the other, are here now, and their keys are not. */
  came(above: number, upTo: number): void {
    this.#state = { ...this.#state, missing: widened(this.#state.missing, above, upTo) };
    this.#save();
    this.look();
  }

  /** All that is here, the newest first, as far as one frame goes. */
  #tellTexts(to: DeviceKey, wanted: Extract<KeysFrame, { type: 'texts-wanted' }>): void {
    const { upTo } = wanted;
    const current = currentOf(this.#state);
    const isIn = this.#group?.members.some(({ device }) => device === to) ?? false;
    if (current === undefined || !isIn || upTo > this.#state.at) return;
    const whole = this.#deps.wholeAbove(upTo);
    const reached = Math.max(wanted.above, this.#state.missing?.to ?? 0, whole, upTo - MOST_TEXTS);
    if (reached >= upTo) return;
    const keys = this.#history.keys(reached, upTo, (author, body) => this.keyFor(author, body));
    const { name, key } = this.#messageKeys.next(current);
    const ciphertext = sealBytes(key, fromHex(this.#deps.id), encodeTextKeys(keys));
    this.#deps.send(to, { type: 'texts', reached, upTo, ...name, ciphertext });
  }

  #takeTexts(from: DeviceKey, { reached, upTo, ciphertext, ...name }: TextsFrame): void {
    const { missing } = this.#state;
    const { id, rows, changed } = this.#deps;
    const sealing = this.keyFor(from, name);
    const plain = sealing && openBytes(sealing, fromHex(id), ciphertext);
    if (plain === undefined || missing === undefined || upTo !== missing.to || reached >= upTo) return;
    // Their entries are to be here: what was not asked for is not taken.
    if (reached < this.#deps.wholeAbove(upTo)) return;
    const told = readTextKeys(plain);
    rows.transact(() => {
      this.#history.keep(reached, upTo, told);
      this.#state = { ...this.#state, missing: narrowed(missing, reached) };
      this.#save();
    });
    this.#askedMs = -Infinity;
    changed();
    this.look();
  }
}
