/**
 * Carries out what the core decides: on a store, and on channels that others put under it. Synchronous. What is to be
 * written is gathered and written in one transaction by `flush`, which the owner calls soon after `wantsFlush`; what
 * promises something to a neighbour follows from there.
 */
import type { Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import type { Logger } from '../base/ports.ts';
import { MailCore, type CoreLimits, type MailEffect, type MailEvent } from './core.ts';
import type { MailPeers, MailStore } from './ports.ts';
import type { Copy, CopyId, Lock, Receipt } from './types.ts';
import { decodeMail, encodeMail, letterFrame, receiptFrame, type Key, type MailMessage } from './wire.ts';

export interface DriverHooks {
  isOurs(copy: Copy): boolean;
  /** Inside the transaction that keeps the receipt. */
  word(receipt: Receipt): void;
  /** It is on disk and may be for this device. */
  open(id: CopyId): void;
  /** @param soon somebody waits for it, and not only for a carrier's promise. */
  wantsFlush(soon: boolean): void;
  /** Custody of copies that this node made changed, on disk. */
  custody(copies: readonly CopyId[]): void;
}

export interface DriverDeps {
  readonly store: MailStore;
  readonly peers: MailPeers;
  readonly hooks: DriverHooks;
  readonly logger: Logger;
  readonly limits: CoreLimits;
  readonly nowMs: number;
}

/** Frames of what came lately, so that passing it on does not read it from the disk. */
const FRESH_BYTES = 4 * 1024 * 1024;
/** What may wait for the disk before it is written at once. */
const MOST_PENDING = 512;
const QUEUED_KEYS = 200_000;

type Kept = Extract<
  MailEffect,
  { type: 'keep' | 'keep-receipt' | 'drop' | 'drop-receipt' | 'forget' | 'word' | 'custody' }
>;

export class MailDriver {
  readonly #deps: DriverDeps;
  readonly #core: MailCore;
  readonly #queues = new Map<string, Set<Key>>();
  readonly #fresh = new Map<Key, Bytes>();
  readonly #carriers = new Map<CopyId, Set<LinkKey>>();
  #freshBytes = 0;
  #pending: Kept[] = [];

  constructor(deps: DriverDeps) {
    this.#deps = deps;
    const { store } = deps;
    for (const { copy, link } of store.carriers()) this.#setCarrier(copy, link, true);
    this.#core = new MailCore(
      deps.limits,
      {
        letters: store.letters(),
        receipts: store.receipts(),
        gone: store.gone(),
        own: store.ownCopies(),
      },
      deps.nowMs,
    );
  }

  get carried(): { readonly letters: number; readonly bytes: number } {
    return this.#core.carried;
  }

  get pending(): number {
    return this.#pending.length;
  }

  opened(peer: string, link: string): void {
    this.#queues.set(peer, new Set());
    this.handle({ type: 'opened', peer, link });
  }

  closed(peer: string): void {
    this.#queues.delete(peer);
    this.handle({ type: 'closed', peer });
  }

  frame(peer: string, frame: Bytes): void {
    let message: MailMessage;
    try {
      message = decodeMail(frame);
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      this.#deps.logger.warn({ peer, error: error.message }, 'a neighbour sent bytes that are no mail');
      this.#deps.peers.cut(peer, 'malformed');
      return this.closed(peer);
    }
    if (message.type === 'letter') this.#came(peer, message.copy.id, frame);
    else if (message.type === 'receipt') this.#came(peer, message.receipt.lock, frame);
    const ours = message.type === 'letter' && this.#deps.hooks.isOurs(message.copy);
    this.handle({ type: 'message', peer, message, ours });
  }

  /** A copy that this node made, once it is on disk. */
  own(copy: Copy): void {
    this.#remember(copy.id, letterFrame(copy.bytes));
    this.handle({ type: 'own', copy });
  }

  /** A receipt that this node wrote, once it is on disk. */
  said(receipt: Receipt): void {
    this.#remember(receipt.lock, receiptFrame(receipt.bytes));
    this.handle({ type: 'said', receipt });
  }

  drained(peer: string): void {
    this.#pump(peer);
  }

  handle(event: MailEvent): void {
    for (const effect of this.#core.step(event)) this.#carryOut(effect);
    if (this.#pending.length >= MOST_PENDING && event.type !== 'unstored') this.flush();
    else if (this.#pending.length > 0) this.#deps.hooks.wantsFlush(this.#pending.some(isAwaited));
  }

  /** Writes what is gathered, then says so. A disk that refuses costs what came, never what was promised. */
  flush(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const letters = pending.flatMap((kept) => (kept.type === 'keep' ? [kept.copy.id] : []));
    const receipts = pending.flatMap((kept) => (kept.type === 'keep-receipt' ? [kept.receipt.lock] : []));
    try {
      this.#deps.store.transact(() => {
        for (const kept of pending) this.#write(kept);
      });
    } catch (error) {
      if (!isKithError(error)) throw error;
      this.#deps.logger.error({ error, letters: letters.length }, 'letters could not be written');
      // Letters are somebody else's to bring again; what is over here, and who said so, is tried again.
      this.#pending = pending.filter(({ type }) => type !== 'keep');
      this.handle({ type: 'unstored', letters, receipts: [] });
      return;
    }
    this.#tellCustody(pending);
    this.handle({ type: 'stored', letters, receipts });
  }

  #write(kept: Kept): void {
    const { store, hooks } = this.#deps;
    switch (kept.type) {
      case 'keep':
        store.keepLetter(kept);
        return;
      case 'keep-receipt':
        store.keepReceipt(kept.receipt);
        return;
      case 'drop':
        store.dropLetter(kept.id);
        if (kept.bury) store.bury(kept.id, kept.expiryHours);
        return;
      case 'drop-receipt':
        store.dropReceipt(kept.lock);
        return;
      case 'forget':
        store.forget(kept.id);
        return;
      case 'word':
        hooks.word(kept.receipt);
        return;
      case 'custody':
        store.setCarrier({ copy: kept.copy, link: kept.link }, kept.carries);
        return;
    }
  }

  #tellCustody(pending: readonly Kept[]): void {
    const changed = pending.flatMap((kept) => (kept.type === 'custody' ? [kept.copy] : []));
    if (changed.length > 0) this.#deps.hooks.custody([...new Set(changed)]);
  }

  #carryOut(effect: MailEffect): void {
    const { peers, hooks } = this.#deps;
    switch (effect.type) {
      case 'send':
        peers.send(effect.peer, encodeMail(effect.message));
        return;
      case 'give':
        this.#queue(effect.peer, effect.keys);
        return;
      case 'cut':
        this.#deps.logger.warn({ peer: effect.peer, code: effect.code }, 'mail with a neighbour ended');
        peers.cut(effect.peer, effect.code);
        return;
      case 'open':
        hooks.open(effect.id);
        return;
      case 'custody':
        if (this.#setCarrier(effect.copy, effect.link, effect.carries)) this.#pending.push(effect);
        return;
      default:
        this.#pending.push(effect);
    }
  }

  /** @returns whether that is news. */
  #setCarrier(copy: CopyId, link: LinkKey, carries: boolean): boolean {
    const known = this.#carriers.get(copy);
    if (!carries) return known?.delete(link) ?? false;
    if (known?.has(link) === true) return false;
    this.#carriers.set(copy, (known ?? new Set()).add(link));
    return true;
  }

  // ---- giving

  #queue(peer: string, keys: readonly Key[]): void {
    const queue = this.#queues.get(peer);
    if (queue === undefined) return;
    // What does not fit is found again when all is compared anew.
    if (queue.size < QUEUED_KEYS) for (const key of keys) queue.add(key);
    this.#pump(peer);
  }

  #pump(peer: string): void {
    const queue = this.#queues.get(peer);
    if (queue === undefined) return;
    for (const key of queue) {
      if (!this.#deps.peers.hasRoom(peer)) return;
      queue.delete(key);
      const frame = this.#frameOf(key);
      if (frame !== undefined) this.#deps.peers.send(peer, frame);
    }
  }

  /** Whoever brings something needs it no more, though it waits to be given to it. */
  #came(peer: string, key: Key, frame: Bytes): void {
    this.#queues.get(peer)?.delete(key);
    this.#remember(key, frame);
  }

  #frameOf(key: Key): Bytes | undefined {
    const fresh = this.#fresh.get(key);
    if (fresh !== undefined) return fresh;
    for (const kept of this.#pending) {
      if (kept.type === 'keep' && kept.copy.id === key) return letterFrame(kept.copy.bytes);
      if (kept.type === 'keep-receipt' && kept.receipt.lock === key) return receiptFrame(kept.receipt.bytes);
    }
    const { store } = this.#deps;
    const letter = store.letterBytes(key as CopyId);
    if (letter !== undefined) return letterFrame(letter);
    const receipt = store.receiptBytes(key as Lock);
    return receipt === undefined ? undefined : receiptFrame(receipt);
  }

  #remember(key: Key, frame: Bytes): void {
    if (this.#fresh.has(key)) return;
    this.#fresh.set(key, frame);
    this.#freshBytes += frame.byteLength;
    for (const [oldest, old] of this.#fresh) {
      if (this.#freshBytes <= FRESH_BYTES) break;
      this.#fresh.delete(oldest);
      this.#freshBytes -= old.byteLength;
    }
  }
}

function isAwaited(kept: Kept): boolean {
  return kept.type === 'word' || (kept.type === 'keep' && kept.ours);
}
