/**
 * Flood with memory: what a carrier does with letters, receipts and what neighbours say about theirs. Decides only;
 * the driver carries out. A neighbour is told that its letter is carried after it is on disk here, never before: the
 * acknowledgement answers the event `stored`. Passing a letter on promises nothing, and waits for nothing.
 */
import type { LinkKey } from '../base/ids.ts';
import {
  Carriage,
  OWN,
  type CarriageLimits,
  type Ended,
  type KnownReceipt,
  type Source,
} from './carriage.ts';
import { childrenOf } from './key-tree.ts';
import { hoursOf } from './time.ts';
import type { Copy, CopyId, Lock, Receipt } from './types.ts';
import {
  DIGEST_BYTES,
  IDS_PER_FRAME,
  type CompareNode,
  type Key,
  type ListNode,
  type MailMessage,
} from './wire.ts';

/** One channel to a neighbour. */
export type PeerId = string;
export type MailFault = 'malformed' | 'too-much-comparing';

export interface CoreLimits extends CarriageLimits {
  readonly lifeMaxHours: number;
}

export type MailEvent =
  | { readonly type: 'opened'; readonly peer: PeerId; readonly link: Source }
  | { readonly type: 'closed'; readonly peer: PeerId }
  /** @param ours of a letter: may it be for this device? */
  | { readonly type: 'message'; readonly peer: PeerId; readonly message: MailMessage; readonly ours: boolean }
  /** A copy that this node made and has on disk. */
  | { readonly type: 'own'; readonly copy: Copy }
  /** A receipt that this node wrote and has on disk. */
  | { readonly type: 'said'; readonly receipt: Receipt }
  /** Was opened here, or never will be: it is like any other letter now. */
  | { readonly type: 'settled'; readonly copy: CopyId }
  | { readonly type: 'stored'; readonly letters: readonly CopyId[]; readonly receipts: readonly Lock[] }
  | { readonly type: 'unstored'; readonly letters: readonly CopyId[]; readonly receipts: readonly Lock[] }
  | { readonly type: 'tick'; readonly nowMs: number };

export type MailEffect =
  | { readonly type: 'send'; readonly peer: PeerId; readonly message: MailMessage }
  /** Letters and receipts of these keys, as soon as there is room for them. */
  | { readonly type: 'give'; readonly peer: PeerId; readonly keys: readonly Key[] }
  | { readonly type: 'keep'; readonly copy: Copy; readonly source: Source; readonly ours: boolean }
  | { readonly type: 'keep-receipt'; readonly receipt: Receipt }
  /** @param bury everybody has it, so it must never come back. */
  | { readonly type: 'drop'; readonly id: CopyId; readonly expiryHours: number; readonly bury: boolean }
  | { readonly type: 'drop-receipt'; readonly lock: Lock }
  | { readonly type: 'forget'; readonly id: CopyId }
  /** It is on disk, and for this device. */
  | { readonly type: 'open'; readonly id: CopyId }
  /** A receipt for a copy that this node made. */
  | { readonly type: 'word'; readonly receipt: Receipt }
  | { readonly type: 'custody'; readonly copy: CopyId; readonly link: LinkKey; readonly carries: boolean }
  | { readonly type: 'cut'; readonly peer: PeerId; readonly code: MailFault };

interface Peer {
  readonly id: PeerId;
  readonly link: Source;
  /** What of the letters and receipts here, or wanted, it has or was sent on this channel; in which round of comparing. */
  readonly has: Map<Key, number>;
  /** Grows each time that all is compared anew. */
  round: number;
  /** Asked for and not come yet. */
  readonly wanted: Set<Key>;
  /** Letters of it that are not on disk yet. */
  readonly owed: Set<CopyId>;
  /** Nodes of the tree that it may still have compared. */
  budget: number;
}

export interface Stored {
  readonly letters: Iterable<{ readonly copy: Copy; readonly source: Source; readonly ours: boolean }>;
  readonly receipts: Iterable<Receipt>;
  readonly gone: Iterable<readonly [CopyId, number]>;
  /** Copies that this node made and that are not over. */
  readonly own: Iterable<CopyId>;
}

/** Up to this size a letter is sent to whoever may lack it; above, it is offered first. */
const PUSH_BYTES = 8 * 1024;
/** So few keys are listed rather than compared further. */
const LIST_KEYS = 32;
const WANTED_KEYS = 4096;
const COMPARE_NODES = 16_384;
const DECLINED_ROUNDS = 2;
const COMPARE_AGAIN_MS = 60_000;

export class MailCore {
  readonly #carriage: Carriage;
  readonly #limits: CoreLimits;
  readonly #peers = new Map<PeerId, Peer>();
  readonly #own = new Set<CopyId>();
  readonly #evicted = new Set<CopyId>();
  #nowMs: number;
  #comparedMs: number;
  #effects: MailEffect[] = [];

  constructor(limits: CoreLimits, stored: Stored, nowMs: number) {
    this.#limits = limits;
    this.#carriage = new Carriage(limits);
    this.#nowMs = nowMs;
    this.#comparedMs = nowMs;
    for (const receipt of stored.receipts) {
      this.#carriage.addReceipt(receipt);
      this.#carriage.storedReceipt(receipt.lock);
    }
    for (const { copy, source, ours } of stored.letters) {
      this.#carriage.add(copy, source, ours);
      this.#carriage.storedLetter(copy.id);
    }
    for (const [id, expiryHours] of stored.gone) this.#carriage.gone.set(id, expiryHours);
    for (const id of stored.own) this.#own.add(id);
  }

  get carried(): { readonly letters: number; readonly bytes: number } {
    return this.#carriage.carried;
  }

  step(event: MailEvent): readonly MailEffect[] {
    this.#effects = [];
    switch (event.type) {
      case 'opened':
        this.#opened(event.peer, event.link);
        break;
      case 'closed':
        this.#closed(event.peer);
        break;
      case 'message': {
        const peer = this.#peers.get(event.peer);
        if (peer !== undefined) this.#message(peer, event.message, event.ours);
        break;
      }
      case 'own':
        this.#own.add(event.copy.id);
        this.#carriage.add(event.copy, OWN, false);
        this.#carriage.storedLetter(event.copy.id);
        this.#spread(event.copy.id, event.copy.bytes.byteLength);
        break;
      case 'said':
        this.#learn(event.receipt);
        this.#carriage.storedReceipt(event.receipt.lock);
        break;
      case 'settled': {
        const held = this.#carriage.letters.get(event.copy);
        if (held !== undefined) held.ours = false;
        break;
      }
      case 'stored':
        this.#stored(event.letters, event.receipts);
        break;
      case 'unstored':
        this.#unstored(event.letters, event.receipts);
        break;
      case 'tick':
        this.#tick(event.nowMs);
        break;
    }
    return this.#effects;
  }

  // ---- neighbours

  #opened(id: PeerId, link: Source): void {
    const peer: Peer = {
      id,
      link,
      has: new Map(),
      round: 0,
      wanted: new Set(),
      owed: new Set(),
      budget: COMPARE_NODES,
    };
    this.#peers.set(id, peer);
    this.#compare(peer);
  }

  #closed(id: PeerId): void {
    const peer = this.#peers.get(id);
    this.#peers.delete(id);
    for (const key of peer?.wanted ?? []) {
      for (const other of this.#peers.values()) if (other.has.has(key) && this.#want(other, [key])) break;
    }
  }

  #compare(peer: Peer): void {
    const nodes = [{ prefix: '', digests: this.#carriage.tree.digests('') }];
    this.#send(peer, { type: 'compare', nodes });
  }

  #message(peer: Peer, message: MailMessage, ours: boolean): void {
    switch (message.type) {
      case 'compare':
        this.#answer(peer, message.nodes);
        return;
      case 'list':
        for (const node of message.nodes) this.#listed(peer, node);
        return;
      case 'offer':
        this.#offered(peer, message.keys);
        return;
      case 'want':
        this.#give(
          peer,
          message.keys.filter((key) => this.#carriage.has(key)),
        );
        return;
      case 'carry':
        for (const key of message.keys) this.#carries(peer, key);
        return;
      case 'gone':
        for (const key of message.keys) this.#declines(peer, key);
        return;
      case 'letter':
        this.#letter(peer, message.copy, ours);
        return;
      case 'receipt':
        this.#receipt(peer, message.receipt);
        return;
    }
  }

  // ---- comparing

  #answer(peer: Peer, nodes: readonly CompareNode[]): void {
    peer.budget -= nodes.length;
    if (peer.budget < 0) {
      this.#effects.push({ type: 'cut', peer: peer.id, code: 'too-much-comparing' });
      return;
    }
    const deeper: CompareNode[] = [];
    const lists: ListNode[] = [];
    const { tree } = this.#carriage;
    for (const { prefix, digests } of nodes) {
      const own = tree.digests(prefix);
      for (const [child, below] of childrenOf(prefix).entries()) {
        const [from, to] = [child * DIGEST_BYTES, (child + 1) * DIGEST_BYTES];
        if (Buffer.compare(own.subarray(from, to), digests.subarray(from, to)) === 0)
          for (const key of tree.below(below)) this.#carries(peer, key);
        else if (tree.count(below) <= LIST_KEYS) lists.push({ prefix: below, keys: tree.below(below) });
        else deeper.push({ prefix: below, digests: tree.digests(below) });
      }
    }
    for (const some of slices(deeper, 64)) this.#send(peer, { type: 'compare', nodes: some });
    for (const some of slices(lists, 64)) this.#send(peer, { type: 'list', nodes: some });
  }

  #listed(peer: Peer, { prefix, keys }: ListNode): void {
    const theirs = new Set(keys);
    const lacking: Key[] = [];
    for (const key of this.#carriage.tree.below(prefix)) {
      if (theirs.has(key)) continue;
      // What they promised before is off; what was sent in this round may still be on its way to their disk.
      this.#custody(peer, key, false);
      if ((peer.has.get(key) ?? -1) < peer.round) lacking.push(key);
    }
    this.#offered(peer, keys);
    for (const key of keys) this.#carries(peer, key);
    this.#spreadTo(peer, lacking);
  }

  #offered(peer: Peer, keys: readonly Key[]): void {
    const missing = keys.filter((key) => {
      if (this.#carriage.has(key)) {
        peer.has.set(key, peer.round);
        return false;
      }
      return !this.#mustNotComeBack(peer, key as CopyId);
    });
    this.#want(peer, missing);
  }

  /** Where it is over already, they get the receipts in place of being asked for it. */
  #mustNotComeBack(peer: Peer, id: CopyId): boolean {
    if (!this.#carriage.gone.has(id)) return false;
    this.#give(peer, [...this.#carriage.receiptsOf(id)]);
    return true;
  }

  #want(peer: Peer, keys: readonly Key[]): boolean {
    const asked = keys.filter((key) => {
      if (![...this.#peers.values()].some((other) => other.wanted.has(key))) return true;
      peer.has.set(key, peer.round);
      return false;
    });
    const some = asked.slice(0, Math.max(0, WANTED_KEYS - peer.wanted.size));
    for (const key of some) {
      peer.wanted.add(key);
      peer.has.set(key, peer.round);
    }
    for (const part of slices(some, IDS_PER_FRAME)) this.#send(peer, { type: 'want', keys: part });
    return some.length > 0;
  }

  // ---- letters

  #letter(peer: Peer, copy: Copy, ours: boolean): void {
    const { id, expiryHours } = copy;
    this.#come(id);
    const known = this.#carriage.letters.get(id);
    if (known !== undefined) peer.has.set(id, peer.round);
    if (known?.stored === true) return this.#send(peer, { type: 'carry', keys: [id] });
    if (known !== undefined) return void peer.owed.add(id);
    if (this.#mustNotComeBack(peer, id)) return;
    if (this.#isOver(expiryHours) || this.#isTooFar(expiryHours)) return this.#decline([peer], [id]);
    if (this.#carriage.isOpened(copy)) return this.#cameLate(peer, copy);
    // The copies of a letter that this node made are its own, whoever brings them back.
    const source = this.#own.has(id) ? OWN : peer.link;
    if (source !== OWN && !this.#makeRoom(id, source, copy.bytes.byteLength))
      return this.#decline([peer], [id]);
    this.#carriage.add(copy, source, ours);
    peer.has.set(id, peer.round);
    peer.owed.add(id);
    this.#effects.push({ type: 'keep', copy, source, ours });
    this.#spread(id, copy.bytes.byteLength);
  }

  /** With the locks of another letter, it is not worth a memory: anybody can make more of them than a disk holds. */
  #cameLate(peer: Peer, copy: Copy): void {
    this.#give(peer, copy.locks);
    if (this.#carriage.receiptsOf(copy.id).size > 0) this.#bury(copy);
  }

  #come(key: Key): void {
    for (const peer of this.#peers.values()) peer.wanted.delete(key);
  }

  #makeRoom(id: CopyId, source: Source, sizeBytes: number): boolean {
    const going = this.#carriage.roomFor(source, sizeBytes);
    // What had to go once does not push out others when it is brought again.
    if (going === 'no-room' || (going.length > 0 && this.#evicted.has(id))) return false;
    for (const held of going) {
      this.#drop(held, false);
      this.#evicted.add(held.id);
    }
    if (this.#evicted.size > this.#limits.receipts) this.#evicted.clear();
    this.#decline(
      [...this.#peers.values()],
      going.map((held) => held.id),
    );
    return true;
  }

  #decline(peers: readonly Peer[], ids: readonly CopyId[]): void {
    for (const peer of peers)
      for (const keys of slices(ids, IDS_PER_FRAME)) this.#send(peer, { type: 'gone', keys });
  }

  #drop({ id, expiryHours }: Ended, bury: boolean): void {
    this.#carriage.remove(id);
    for (const peer of this.#peers.values()) {
      peer.has.delete(id);
      peer.owed.delete(id);
    }
    this.#effects.push({ type: 'drop', id, expiryHours, bury });
  }

  #bury(ended: Ended): void {
    for (const id of this.#carriage.bury(ended)) this.#effects.push({ type: 'forget', id });
    this.#drop(ended, true);
  }

  #stored(letters: readonly CopyId[], receipts: readonly Lock[]): void {
    for (const lock of receipts) this.#carriage.storedReceipt(lock);
    const stored = letters.flatMap((id) => this.#carriage.storedLetter(id) ?? []);
    for (const peer of this.#peers.values()) {
      const owed = stored.filter(({ id }) => peer.owed.delete(id)).map(({ id }) => id);
      for (const keys of slices(owed, IDS_PER_FRAME)) this.#send(peer, { type: 'carry', keys });
    }
    for (const { id, ours } of stored) if (ours) this.#effects.push({ type: 'open', id });
  }

  /** The disk did not take it: as if it had never come, but for who has it. */
  #unstored(letters: readonly CopyId[], receipts: readonly Lock[]): void {
    for (const id of letters) {
      if (this.#carriage.letters.get(id)?.stored === false) this.#carriage.remove(id);
      for (const peer of this.#peers.values()) peer.owed.delete(id);
    }
    for (const lock of receipts) {
      const known = this.#carriage.receipts.get(lock);
      if (known?.stored === false) this.#carriage.removeReceipt(known);
    }
  }

  // ---- receipts

  #receipt(peer: Peer, receipt: Receipt): void {
    const { lock, expiryHours } = receipt;
    this.#come(lock);
    if (this.#carriage.receipts.has(lock)) return void peer.has.set(lock, peer.round);
    if (this.#isOver(expiryHours) || this.#isTooFar(expiryHours)) return;
    peer.has.set(lock, peer.round);
    this.#effects.push({ type: 'keep-receipt', receipt });
    this.#learn(receipt);
    for (const known of this.#carriage.surplusReceipts()) this.#forgetReceipt(known);
  }

  #learn(receipt: Receipt): void {
    for (const held of this.#carriage.addReceipt(receipt)) this.#bury(held);
    if (this.#own.has(receipt.copy)) this.#effects.push({ type: 'word', receipt });
    this.#spread(receipt.lock, receipt.bytes.byteLength);
  }

  #forgetReceipt(known: KnownReceipt): void {
    this.#carriage.removeReceipt(known);
    for (const peer of this.#peers.values()) peer.has.delete(known.lock);
    this.#effects.push({ type: 'drop-receipt', lock: known.lock });
  }

  // ---- who has what

  #spread(key: Key, sizeBytes: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.has.has(key)) continue;
      if (sizeBytes > PUSH_BYTES) this.#send(peer, { type: 'offer', keys: [key] });
      else this.#give(peer, [key]);
    }
  }

  #spreadTo(peer: Peer, keys: readonly Key[]): void {
    const large = keys.filter(
      (key) => (this.#carriage.letters.get(key as CopyId)?.sizeBytes ?? 0) > PUSH_BYTES,
    );
    const small = large.length === 0 ? keys : keys.filter((key) => !large.includes(key));
    for (const some of slices(large, IDS_PER_FRAME)) this.#send(peer, { type: 'offer', keys: some });
    this.#give(peer, small);
  }

  #give(peer: Peer, keys: readonly Key[]): void {
    if (keys.length === 0) return;
    for (const key of keys) peer.has.set(key, peer.round);
    this.#effects.push({ type: 'give', peer: peer.id, keys });
  }

  #carries(peer: Peer, key: Key): void {
    if (this.#carriage.has(key)) peer.has.set(key, peer.round);
    this.#custody(peer, key, true);
  }

  /** They will not carry it now: it is not sent to them again for some rounds. */
  #declines(peer: Peer, key: Key): void {
    if (this.#carriage.has(key)) peer.has.set(key, peer.round + DECLINED_ROUNDS);
    this.#custody(peer, key, false);
  }

  #custody(peer: Peer, key: Key, carries: boolean): void {
    const copy = key as CopyId;
    if (this.#own.has(copy) && !this.#carriage.gone.has(copy))
      this.#effects.push({ type: 'custody', copy, link: peer.link as LinkKey, carries });
  }

  // ---- time

  #tick(nowMs: number): void {
    this.#nowMs = nowMs;
    const { letters, receipts, gone } = this.#carriage;
    for (const held of [...letters.values()]) {
      if (this.#isOver(held.expiryHours)) this.#drop(held, false);
      // A crash came between its last receipt and this.
      else if (held.closed === 0) this.#bury(held);
    }
    for (const known of [...receipts.values()])
      if (this.#isOver(known.expiryHours)) this.#forgetReceipt(known);
    for (const [id, expiryHours] of [...gone]) {
      if (!this.#isOver(expiryHours)) continue;
      gone.delete(id);
      this.#effects.push({ type: 'forget', id });
    }
    // What was refused, lost by a full queue or asked for in vain is found again.
    if (Math.abs(nowMs - this.#comparedMs) < COMPARE_AGAIN_MS) return;
    this.#comparedMs = nowMs;
    for (const peer of this.#peers.values()) {
      peer.budget = COMPARE_NODES;
      peer.round += 1;
      peer.wanted.clear();
      for (const key of peer.has.keys()) if (!this.#carriage.has(key)) peer.has.delete(key);
      this.#compare(peer);
    }
  }

  #isOver(expiryHours: number): boolean {
    return expiryHours <= hoursOf(this.#nowMs);
  }

  #isTooFar(expiryHours: number): boolean {
    return expiryHours > hoursOf(this.#nowMs) + this.#limits.lifeMaxHours;
  }

  #send(peer: Peer, message: MailMessage): void {
    this.#effects.push({ type: 'send', peer: peer.id, message });
  }
}

function* slices<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
