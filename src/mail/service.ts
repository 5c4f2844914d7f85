/** Letters over links: one channel a link, sealing and opening in turn, the disk soon after. The only asynchronous file. */
import type { Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { LinkKey, MemberId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../base/ports.ts';
import type { Signer, Verifier } from '../identity/signing.ts';
import type { Channel, ChannelName, Link, Transport } from '../net/ports.ts';
import type { LetterSealer } from '../sealing/letters/types.ts';
import type { CoreLimits } from './core.ts';
import { LetterDesk } from './desk.ts';
import { MailDriver } from './driver.ts';
import { Pacing } from './pacing.ts';
import type { MailRoll, MailStore } from './ports.ts';
import { trustedNowMs } from './time.ts';
import type { Copy, CopyId, LetterId, Received, SentLetter } from './types.ts';
import { decodeCopy, letterFrame, receiptFrame } from './wire.ts';

export const MAIL_CHANNEL: ChannelName = '/kith/1/mail';
const TICK_MS = 5000;
/**
 * What comes within this time reaches the disk in one transaction. Flushes cost more than all else that a carrier does
 * with letters, and only its promise to carry waits for them; what somebody waits for goes sooner.
 */
const FLUSH_MS = 200;
const FLUSH_SOON_MS = 5;
/** Letters that follow others within this time go together. */
const GATHER_MS = 20;
const ROOM_BYTES = 1024 * 1024;
/** Between two tries to seal for somebody who has published no keys, or to open what could not be opened. */
const AGAIN_MS = 30_000;
/** After entries came that may hold keys. */
const SOON_MS = 1000;
/** Tries to open a letter before its sender is asked to seal it anew. */
const MOST_OPENINGS = 4;

export const MAIL_LIMITS: CoreLimits = {
  carriedBytes: LIMITS.mailCarriedBytes,
  carriedLetters: LIMITS.mailCarriedLetters,
  perNeighbourBytes: LIMITS.mailPerNeighbourBytes,
  receipts: LIMITS.mailReceipts,
  lifeMaxHours: (LIMITS.letterLifeMaxDays + 1) * 24,
};

export type MailChange =
  | { readonly type: 'received'; readonly letter: Received }
  /** Sealed, carried, arrived, read: whatever it was, read the letter again. */
  | { readonly type: 'sent'; readonly id: LetterId };

export interface MailServiceDeps {
  readonly transport: Transport;
  readonly store: MailStore;
  readonly sealer: Omit<LetterSealer, 'maintain'>;
  readonly roll: MailRoll;
  readonly signer: Signer;
  readonly verifier: Verifier;
  readonly linkSeed: Bytes;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  mayCarry(peer: LinkKey): boolean;
  /** The time of each member's newest entry, as claimed. */
  heardMs(): readonly number[];
  /** May senders know that their letters were read? */
  tellsRead(): boolean;
  changed(change: MailChange): void;
  /** A neighbour sent what no honest one sends. */
  misbehaved(peer: LinkKey, code: string): void;
}

export class MailService {
  readonly #deps: MailServiceDeps;
  readonly #driver: MailDriver;
  readonly #desk: LetterDesk;
  readonly #channels = new Map<string, Channel>();
  readonly #served = new Set<Link>();
  readonly #toOpen = new Map<CopyId, number>();
  readonly #openings = new Map<CopyId, number>();
  readonly #triedMs = new Map<LetterId, number>();
  readonly #pacing = new Pacing(GATHER_MS, {
    after: (delayMs, run) => void this.#deps.timers.after(delayMs, run),
    resume: () => {
      for (const peer of this.#channels.keys()) this.#driver.drained(peer);
    },
  });
  #next = 0;
  #keysMs = 0;
  #tick: Timer | undefined;
  #flush: Timer | undefined;
  #flushMs = Infinity;
  #work: Promise<void> = Promise.resolve();
  #isWorking = false;
  #wantsWork = false;
  #isStopped = false;

  constructor(deps: MailServiceDeps) {
    this.#deps = deps;
    const { store, transport } = deps;
    const { clock } = deps;
    this.#desk = new LetterDesk({
      ...deps,
      clock: { nowMs: () => this.#nowMs(), monotonicMs: () => clock.monotonicMs() },
    });
    this.#driver = new MailDriver({
      store,
      logger: deps.logger,
      limits: MAIL_LIMITS,
      nowMs: this.#nowMs(),
      peers: {
        send: (peer, frame) => void this.#channels.get(peer)?.send(frame),
        hasRoom: (peer) =>
          (this.#channels.get(peer)?.bufferedBytes ?? ROOM_BYTES) < ROOM_BYTES && this.#pacing.mayGive(),
        cut: (peer, code) => {
          this.#cut(peer, code);
        },
      },
      hooks: {
        isOurs: (copy) => this.#desk.isOurs(copy),
        word: (receipt) => {
          const id = this.#desk.word(receipt);
          if (id !== undefined) this.#changedLater(id);
        },
        open: (id) => {
          this.#toOpen.set(id, 0);
          this.#workSoon();
        },
        wantsFlush: (soon) => {
          this.#flushWithin(soon ? FLUSH_SOON_MS : FLUSH_MS);
        },
        custody: (copies) => {
          for (const copy of copies) this.#changedCopy(copy);
        },
      },
    });
    for (const { copy, ours } of store.letters()) if (ours) this.#toOpen.set(copy.id, 0);
    transport.handle(MAIL_CHANNEL, (channel) => {
      this.#attach(channel, undefined);
    });
    transport.on({
      link: (link) => {
        void this.#open(link);
      },
      unlink: (link) => {
        this.#served.delete(link);
      },
    });
    this.#again();
  }

  // ---- for this member

  /** On disk when it returns; sealed and on its way as soon as may be. @throws KithError as `LetterDesk.post`. */
  post(to: readonly MemberId[], text: string, lifeMs?: number): SentLetter {
    const letter = this.#desk.post(to, text, lifeMs);
    this.#workSoon();
    return letter;
  }

  markRead(letters: readonly Received[]): void {
    for (const receipt of this.#desk.markRead(letters, this.#deps.tellsRead())) this.#driver.said(receipt);
  }

  /** Entries came, perhaps with keys: who waits for them may be served. */
  keysChanged(): void {
    this.#keysMs = this.#deps.clock.monotonicMs();
    this.#workSoon();
  }

  get carried(): { readonly letters: number; readonly bytes: number } {
    return this.#driver.carried;
  }

  // ---- by file

  /** Everything that is carried, for a bundle. */
  *frames(): Generator<Bytes> {
    this.flush();
    for (const { bytes } of this.#deps.store.receipts()) yield receiptFrame(bytes);
    for (const { copy } of this.#deps.store.letters()) yield letterFrame(copy.bytes);
  }

  /** Takes frames of a bundle, like a neighbour that only speaks. */
  openFile(): { readonly take: (frame: Bytes) => void; readonly close: () => void } {
    this.#next += 1;
    const peer = `file ${String(this.#next)}`;
    this.#driver.opened(peer, 'file');
    return {
      take: (frame) => {
        this.#driver.frame(peer, frame);
      },
      close: () => {
        this.flush();
        this.#driver.closed(peer);
      },
    };
  }

  // ---- life

  flush(): void {
    this.#flush?.cancel();
    this.#flush = undefined;
    this.#flushMs = Infinity;
    if (!this.#isStopped) this.#driver.flush();
  }

  #flushWithin(delayMs: number): void {
    if (delayMs >= this.#flushMs) return;
    this.#flush?.cancel();
    this.#flushMs = delayMs;
    this.#flush = this.#deps.timers.after(delayMs, () => {
      this.flush();
    });
  }

  /** What came is written, and nothing more is. Resolves when the last sealing or opening has ended. */
  async stop(): Promise<void> {
    this.#tick?.cancel();
    this.flush();
    this.#isStopped = true;
    for (const channel of this.#channels.values()) channel.close();
    await this.#work;
  }

  #again(): void {
    this.#driver.handle({ type: 'tick', nowMs: this.#nowMs() });
    for (const link of this.#deps.transport.links()) void this.#open(link);
    this.#workSoon();
    this.#tick = this.#deps.timers.after(TICK_MS, () => {
      if (!this.#isStopped) this.#again();
    });
  }

  #nowMs(): number {
    return trustedNowMs(this.#deps.clock.nowMs(), this.#deps.heardMs());
  }

  // ---- channels

  /** Whoever dialled opens; tried again while the link stands, since a newcomer answers once it is in. */
  async #open(link: Link): Promise<void> {
    if (link.direction !== 'outbound' || this.#served.has(link) || !this.#deps.mayCarry(link.peer)) return;
    this.#served.add(link);
    try {
      this.#attach(await link.open(MAIL_CHANNEL), link);
    } catch (error) {
      this.#served.delete(link);
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer takes no letters');
    }
  }

  #attach(channel: Channel, opened: Link | undefined): void {
    if (this.#isStopped || !this.#deps.mayCarry(channel.peer)) {
      channel.abort(new Error('not a member'));
      return;
    }
    this.#next += 1;
    const peer = `${channel.peer} ${String(this.#next)}`;
    this.#channels.set(peer, channel);
    this.#driver.opened(peer, channel.peer);
    channel.onFrame((frame) => {
      if (this.#isStopped) return;
      try {
        this.#driver.frame(peer, frame);
      } catch (error) {
        // A mistake of ours, met by what a neighbour sent: it costs this channel, never the node.
        this.#deps.logger.error({ peer, error }, 'mail failed on a frame');
        channel.abort(new Error('internal'));
      }
    });
    channel.onDrain(() => {
      this.#driver.drained(peer);
    });
    channel.onClose(() => {
      // Whoever was cut off for what it sent keeps its link, and gets no new channel on it.
      if (this.#channels.delete(peer) && opened !== undefined) this.#served.delete(opened);
      if (!this.#isStopped) this.#driver.closed(peer);
    });
  }

  #cut(peer: string, code: string): void {
    const channel = this.#channels.get(peer);
    if (channel === undefined) return;
    this.#channels.delete(peer);
    this.#deps.misbehaved(channel.peer, code);
    channel.abort(new Error(code));
  }

  // ---- sealing and opening, one at a time

  #workSoon(): void {
    this.#wantsWork = true;
    if (this.#isWorking || this.#isStopped) return;
    this.#isWorking = true;
    this.#work = this.#workAll();
  }

  async #workAll(): Promise<void> {
    // In a turn of its own: whoever posted answers first.
    await Promise.resolve();
    while (this.#wantsWork && !this.#isStopped) {
      this.#wantsWork = false;
      await this.#guarded('sealing', () => this.#sealWaiting());
      await this.#guarded('opening', () => this.#openAll());
    }
    this.#isWorking = false;
  }

  async #guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.logger.error({ error }, `${what} letters failed`);
    }
  }

  async #sealWaiting(): Promise<void> {
    for (const id of this.#deps.store.waiting()) {
      const members = this.#desk.waitingFor(id);
      if (members.length === 0 || !this.#isDue(id)) continue;
      for (let at = 0; at < members.length && !this.#isStopped; at += LIMITS.letterRecipients)
        await this.#sealFor(id, members.slice(at, at + LIMITS.letterRecipients));
    }
  }

  async #sealFor(id: LetterId, members: readonly MemberId[]): Promise<void> {
    await this.#deps.sealer.prepare(members);
    if (this.#isStopped) return;
    let copy: Copy | undefined;
    try {
      copy = this.#desk.seal(id, members);
    } catch (error) {
      if (!isKithError(error, 'too-large') || members.length === 1) throw error;
      const half = Math.ceil(members.length / 2);
      await this.#sealFor(id, members.slice(0, half));
      return this.#sealFor(id, members.slice(half));
    }
    if (copy === undefined) return;
    this.#driver.own(copy);
    this.#deps.changed({ type: 'sent', id });
  }

  #isDue(id: LetterId): boolean {
    const nowMs = this.#deps.clock.monotonicMs();
    const triedMs = this.#triedMs.get(id);
    const againMs = this.#keysMs > (triedMs ?? 0) ? SOON_MS : AGAIN_MS;
    if (triedMs !== undefined && nowMs < triedMs + againMs) return false;
    this.#triedMs.set(id, nowMs);
    return true;
  }

  async #openAll(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [id, dueMs] of [...this.#toOpen]) {
      if (this.#isStopped) return;
      if (dueMs > nowMs) continue;
      const bytes = this.#deps.store.letterBytes(id);
      if (bytes === undefined) this.#toOpen.delete(id);
      else await this.#openOne(decodeCopy(bytes));
    }
  }

  async #openOne(copy: Copy): Promise<void> {
    await this.#deps.sealer.meet(copy.sealed);
    if (this.#isStopped) return;
    const opened = this.#desk.open(copy);
    if (opened.kind === 'cannot-open') {
      this.#couldNotOpen(copy, opened.reason);
      return;
    }
    this.#toOpen.delete(copy.id);
    this.#openings.delete(copy.id);
    this.#driver.handle({ type: 'settled', copy: copy.id });
    if (opened.kind === 'not-ours') return;
    if (opened.receipt !== undefined) this.#driver.said(opened.receipt);
    if (opened.letter !== undefined) this.#deps.changed({ type: 'received', letter: opened.letter });
  }

  /** Perhaps what it takes is on its way: a member's keys, a membership act. After some tries the sender is asked. */
  #couldNotOpen(copy: Copy, reason: string): void {
    const tries = (this.#openings.get(copy.id) ?? 0) + 1;
    this.#deps.logger.warn({ copy: copy.id, reason, tries }, 'a letter cannot be opened');
    if (tries < MOST_OPENINGS) {
      this.#openings.set(copy.id, tries);
      this.#toOpen.set(copy.id, this.#deps.clock.monotonicMs() + AGAIN_MS);
      return;
    }
    this.#openings.delete(copy.id);
    this.#toOpen.delete(copy.id);
    const receipt = this.#desk.giveUp(copy);
    this.#driver.handle({ type: 'settled', copy: copy.id });
    if (receipt !== undefined) this.#driver.said(receipt);
  }

  // ---- telling

  #changedCopy(copy: CopyId): void {
    const letter = this.#deps.store.sentCopy(copy)?.letter;
    if (letter !== undefined) this.#deps.changed({ type: 'sent', id: letter });
  }

  /** The word is written in a transaction that is still open. */
  #changedLater(id: LetterId): void {
    this.#deps.timers.after(0, () => {
      if (this.#isStopped) return;
      this.#triedMs.delete(id);
      this.#workSoon();
      this.#deps.changed({ type: 'sent', id });
    });
  }
}
