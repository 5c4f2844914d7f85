/** What this device itself says in a room: sealed, on disk, and then said to others or put in order. */
import type { Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';
import { digestOf } from '../sealing/rooms/index.ts';
import type { Place } from './bodies.ts';
import { encodeCarried, type Carried } from './carrying.ts';
import { lifeOf } from './consensus/roster.ts';
import type { ReplicaId } from './consensus/types.ts';
import type { RoomKeys } from './keys/service.ts';
import type { RoomMessages } from './messages.ts';
import type { RoomRows } from './ports.ts';
import type { ReplicaDriver } from './replica-driver.ts';
import type { RoomDisk } from './room-disk.ts';
import { changesOf, mustFit, unreadable } from './said.ts';
import type { Said, Timeline } from './timeline/timeline.ts';
import type { ShownMessage } from './types.ts';

/** Own messages that are offered to the host once more, as long as they wait. */
const OFFER_MOST = 32;

export interface OwnWordsDeps {
  readonly author: string;
  readonly self: ReplicaId;
  readonly disk: RoomDisk;
  readonly rows: RoomRows;
  readonly clock: Clock;
  readonly driver: Pick<ReplicaDriver, 'core' | 'drain' | 'flushed'>;
  readonly timeline: Timeline;
  readonly messages: RoomMessages;
  readonly keys: Pick<RoomKeys, 'epoch'>;
  /** To the host and some others, or to all where none is. */
  readonly tell: (said: readonly Said[]) => void;
  /** Where this device is host, what waits is put in order. */
  readonly propose: () => void;
}

export class OwnWords {
  readonly #deps: OwnWordsDeps;

  constructor(deps: OwnWordsDeps) {
    this.#deps = deps;
  }

  /** All of them or none, in one flush. @throws KithError `empty-message` | `too-large` | `outbox-full` */
  postAll(texts: readonly string[]): readonly ShownMessage[] {
    const said = this.#written(texts);
    this.#say(said);
    return this.#asShown(said);
  }

  /** The same, while others write what this host puts in order. @param done they are on disk, or it refuses. */
  postSoon(texts: readonly string[], done: (said: readonly ShownMessage[]) => void): void {
    const { driver, disk, timeline, propose } = this.#deps;
    if (driver.core.role !== 'host') {
      done(this.postAll(texts));
      return;
    }
    const said = this.#written(texts);
    const end = driver.core.end.lastIndex;
    disk.keepWaiting(said, 'replaceable');
    for (const one of said) timeline.heard(one, true);
    propose();
    driver.flushed(() => {
      if (driver.core.end.lastIndex === end) this.#keepAndTell(said);
      this.mark();
      done(this.#asShown(said));
    });
  }

  #written(texts: readonly string[]): readonly Said[] {
    const { self, clock, messages } = this.#deps;
    const first = this.#nextPlace(lifeOf(self));
    this.mustTake(texts);
    const sentMs = Math.max(0, Math.floor(clock.nowMs()));
    return texts.map((text, at) => messages.sealed({ ...first, number: first.number + at }, text, sentMs));
  }

  #asShown(said: readonly Said[]): readonly ShownMessage[] {
    return said.map(
      ({ command, key }) => this.#deps.messages.shown(command, { index: null, held: 1, key }) ?? unreadable(),
    );
  }

  #keepAndTell(said: readonly Said[]): void {
    this.#deps.disk.keepWaiting(said);
    this.#deps.tell(said);
  }

  /** @throws KithError `empty-message` | `too-large` | `outbox-full` */
  mustTake(texts: readonly string[]): void {
    const { self, author, timeline } = this.#deps;
    texts.forEach(mustFit);
    const life = lifeOf(self);
    const own = timeline.of(author).filter(({ incarnation }) => incarnation === life);
    if (own.length + texts.length > LIMITS.roomWaitingPerAuthor)
      throw new KithError('outbox-full', 'Too much of yours waits in this room already.', {
        next: 'Wait until a majority is there: kith room status',
      });
  }

  #nextPlace(incarnation: string): Place {
    const { author, timeline, driver } = this.#deps;
    const own = timeline.of(author).filter((command) => command.incarnation === incarnation);
    return {
      author,
      incarnation,
      number: (own.at(-1)?.number ?? driver.core.confirmedOf(author, incarnation)) + 1,
    };
  }

  /** A change of keys. @param keep called in the same transaction. */
  sayChange(epoch: number, commit: Bytes, keep: (digest: Bytes) => void): void {
    const { self, clock, rows, disk, messages } = this.#deps;
    const place = this.#nextPlace(changesOf(lifeOf(self)));
    const said = messages.change(place, Math.max(0, Math.floor(clock.nowMs())), epoch, commit);
    rows.transact(() => {
      disk.keepWaiting([said]);
      keep(digestOf(said.command.body));
    });
    this.#goesOut([said]);
  }

  /** Is on disk. */
  #goesOut(said: readonly Said[]): void {
    for (const one of said) this.#deps.timeline.heard(one, true);
    this.mark();
    this.#deps.tell(said);
    this.#deps.propose();
  }

  /** The host's own go into the order in the same flush, and reach the others that way. */
  #say(said: readonly Said[]): void {
    const { disk, driver, timeline, tell, propose } = this.#deps;
    const end = driver.core.end.lastIndex;
    const isHost = driver.core.role === 'host';
    disk.keepWaiting(said, isHost ? 'replaceable' : 'lasting');
    for (const one of said) timeline.heard(one, true);
    this.mark();
    if (!isHost) tell(said);
    propose();
    if (!isHost) return;
    driver.drain();
    if (driver.core.end.lastIndex === end) this.#keepAndTell(said);
  }

  /** Other keys: what waits here of this device's goes under them, so that who went reads none of it. */
  sealAnew(): void {
    const { author, disk, timeline, messages, keys, tell } = this.#deps;
    const anew = timeline.waiting.flatMap((said): Said[] => {
      const { command, sentMs } = said;
      const body = messages.bodyOf(command);
      const isOld = body?.kind === 'draft' || (body?.kind === 'message' && body.epoch !== keys.epoch);
      const text = command.author === author && isOld ? messages.textOf(command, said.key) : undefined;
      const carries = body?.kind === 'message' && body.carries;
      return text === undefined ? [] : [messages.sealed(command, text, sentMs, carries)];
    });
    const fresh = anew.filter((said) => timeline.heard(said, true) === 'new');
    disk.keepWaiting(fresh);
    this.mark();
    tell(fresh);
  }

  /** Says in this room what was said in an older one. @param keep called in the same transaction. */
  carry(list: readonly Carried[], keep: () => void): void {
    const { self, clock, rows, disk, messages } = this.#deps;
    const first = this.#nextPlace(lifeOf(self));
    const sentMs = Math.max(0, Math.floor(clock.nowMs()));
    const said = list.map((one, at) =>
      messages.sealed({ ...first, number: first.number + at }, encodeCarried(one), sentMs, true),
    );
    // Without keys that are fit for it nothing is said, and it is tried again.
    if (said.some(({ key }) => key === undefined)) return;
    rows.transact(() => {
      disk.keepWaiting(said);
      keep();
    });
    this.#goesOut(said);
  }

  /** What may have been missed by a host that is new, or has the message under older keys. */
  offer(): void {
    const { author, driver, timeline, tell } = this.#deps;
    if (driver.core.host === undefined || timeline.size === 0) return;
    tell(timeline.waiting.filter(({ command }) => command.author === author).slice(0, OFFER_MOST));
  }

  /** All that waits here is on this disk. */
  mark(): void {
    const { timeline, author: own } = this.#deps;
    for (const [session, number] of timeline.heights()) {
      const [author = '', incarnation = ''] = session.split(' ');
      timeline.held(own, author, incarnation, number);
    }
  }
}
