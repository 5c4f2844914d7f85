/** What mail needs from outside. Adapters: `store/mail-store.ts`, `node/`; twins: `test/sim/`. */
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey, LinkKey, MemberId } from '../base/ids.ts';
import type {
  Carrier,
  Copy,
  CopyId,
  InboxQuery,
  LetterId,
  Lock,
  Receipt,
  Received,
  SentCopy,
  SentLetter,
  SentTo,
} from './types.ts';

export interface CarriedLetter {
  readonly copy: Copy;
  /** The link key of who brought it; empty for this node's own. */
  readonly source: string;
  /** May be for this device, and was not opened yet. */
  readonly ours: boolean;
}

/** Synchronous. Writing happens inside `transact`, which leaves all of it on disk or nothing. */
export interface MailStore {
  transact<Result>(work: () => Result): Result;

  letters(): Iterable<CarriedLetter>;
  letterBytes(id: CopyId): Bytes | undefined;
  /** Does nothing where it is already. */
  keepLetter(letter: CarriedLetter): void;
  settleLetter(id: CopyId): void;
  dropLetter(id: CopyId): void;
  receipts(): Iterable<Receipt>;
  receiptBytes(lock: Lock): Bytes | undefined;
  keepReceipt(receipt: Receipt): void;
  dropReceipt(lock: Lock): void;
  /** Copies that never come back, and until when. */
  gone(): Iterable<readonly [CopyId, number]>;
  bury(id: CopyId, expiryHours: number): void;
  forget(id: CopyId): void;

  addSent(letter: SentLetter): void;
  sent(id: LetterId): SentLetter | undefined;
  /** The newest first. @param before what was sent before this one; undefined: from the newest on. */
  lastSent(limit: number, before: LetterId | undefined): readonly SentLetter[];
  /** Letters with somebody whom they are not sealed for yet. */
  waiting(): readonly LetterId[];
  setSentTo(letter: LetterId, to: readonly SentTo[]): void;
  addCopy(copy: SentCopy): void;
  sentCopy(id: CopyId): SentCopy | undefined;
  copiesOf(letter: LetterId): readonly SentCopy[];
  ownCopies(): Iterable<CopyId>;
  carriers(): Iterable<Carrier>;
  setCarrier(carrier: Carrier, carries: boolean): void;
  /** Bytes of this node's own letters that are still carried or wait to be sealed. */
  outboxBytes(): number;

  /** @returns its row; undefined when this sender's letter of this id is here already. */
  addReceived(letter: Omit<Received, 'row'>): number | undefined;
  received(id: LetterId): Received | undefined;
  /** By row: the last ones below `before`, the first ones above `after`, else the last ones of all. Oldest first. */
  inbox(query: InboxQuery): readonly Received[];
  markRead(row: number, readMs: number): void;
  unread(): number;
  /** Ids of sent and received letters that begin so. */
  idsFrom(start: string, limit: number): readonly LetterId[];
}

/** Seals what lies on disk, for one row each. */
export interface MailSealer {
  seal(key: string, bytes: Bytes): Bytes;
  open(key: string, sealed: Bytes): Bytes;
  /** 16 bytes that stand for a value in an index without telling it. */
  indexKey(value: Bytes): Bytes;
}

/** Who is in, as far as letters go. */
export interface MailRoll {
  readonly self: MemberId;
  /** Active devices of an active member. */
  devicesOf(member: MemberId): readonly { readonly device: DeviceKey; readonly link: LinkKey }[];
}

export interface MailPeers {
  /** Queues a frame for the neighbour. */
  send(peer: string, frame: Bytes): void;
  /** When it turns true again, call `drained`. */
  hasRoom(peer: string): boolean;
  cut(peer: string, code: string): void;
}

/** How a store makes values of what it holds as bytes; `wire.ts` has them. */
export interface WireReaders {
  readonly readCopy: (bytes: Bytes) => Copy;
  readonly readReceipt: (bytes: Bytes) => Receipt;
}
