import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey, LinkKey, MemberId } from '../base/ids.ts';

declare const brand: unique symbol;
type Hex16<Name extends string> = string & { readonly [brand]: Name };

/** Names a letter to people, at both ends: 16 random bytes as hex, inside the seal. */
export type LetterId = Hex16<'letter'>;
/** Names one sealed copy on the wire: the first 16 bytes of the SHA-256 of its bytes, as hex. */
export type CopyId = Hex16<'copy'>;
/** The first 16 bytes of the SHA-256 of a secret that one recipient's device learns, as hex. */
export type Lock = Hex16<'lock'>;

/** A sealed letter as carriers see it. */
export interface Copy {
  readonly id: CopyId;
  /** What is stored and passed on, as it is. */
  readonly bytes: Bytes;
  /** Hours since 1970: that much of a time tells little about it. */
  readonly expiryHours: number;
  /** What the letter was sealed under, besides keys. */
  readonly nonce: Bytes;
  /** The sender's one-time X25519 public key, of which each recipient's device makes its secrets. */
  readonly ephemeral: Bytes;
  readonly locks: readonly Lock[];
  readonly tags: readonly Bytes[];
  readonly sealed: Bytes;
}

/** Says that a lock is open; only the sender can read the word in it. */
export interface Receipt {
  readonly copy: CopyId;
  readonly lock: Lock;
  readonly secret: Bytes;
  readonly expiryHours: number;
  readonly word: Bytes;
  readonly bytes: Bytes;
}

/** What a recipient's device says to the sender. `unopened`: the letter is here, and its keys are not. */
export type WordKind = 'arrived' | 'read' | 'unopened';

export interface Word {
  readonly kind: WordKind;
  readonly atMs: number;
}

/** A letter as its sender wrote it: what is inside the seal. */
export interface Written {
  readonly id: LetterId;
  readonly sentMs: number;
  readonly text: string;
}

/** How far a letter is on its way to one recipient, as far as it is proven. Without a copy it is not sealed yet. */
export interface SentTo {
  readonly member: MemberId;
  readonly state: 'waiting' | 'sealed' | 'arrived' | 'read';
  /** Of the last change of state. */
  readonly atMs: number;
  /** How often it was sealed for this member. */
  readonly tries: number;
}

export interface SentLetter extends Written {
  readonly expiryHours: number;
  readonly to: readonly SentTo[];
}

/** A copy that this node made: what it takes to read the receipts for it. */
export interface SentCopy {
  readonly id: CopyId;
  readonly letter: LetterId;
  readonly expiryHours: number;
  readonly nonce: Bytes;
  readonly members: readonly MemberId[];
  readonly keys: readonly SentKey[];
}

/** What the sender keeps for one recipient's device. */
export interface SentKey {
  readonly device: DeviceKey;
  readonly member: MemberId;
  readonly lock: Lock;
  /** Of the receipt that says it was read; no carrier knows it. */
  readonly readLock: Lock;
  /** Opens the words of this device about this copy. */
  readonly wordKey: Bytes;
}

/** Who has said, after it was on disk there, that it carries this. */
export interface Carrier {
  readonly copy: CopyId;
  readonly link: LinkKey;
}

export interface Received extends Written {
  /** Grows with each letter that arrives here. */
  readonly row: number;
  readonly from: MemberId;
  readonly device: DeviceKey;
  readonly arrivedMs: number;
  readonly readMs: number | null;
  /** The copy that it came in, for the word that it was read. */
  readonly copy: CopyId;
  readonly ephemeral: Bytes;
  readonly expiryHours: number;
}

export interface InboxQuery {
  readonly limit: number;
  /** Rows below or above this one. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly unread: boolean;
}
