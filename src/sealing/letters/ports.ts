/** What the sealing of letters needs of a store and of the log. `store/letter-key-store.ts` and `node/letters.ts` have the real ones. */
import type { Bytes } from '../../base/bytes.ts';
import type { DeviceKey, MemberId } from '../../base/ids.ts';
import type { Membership } from '../../identity/types.ts';

/** Keys that a device published in the log, as far as they are for this one. */
export interface PublishedKeys {
  /** X25519; hides to whom a letter is and who wrote it. */
  readonly box: Bytes;
  /** The package that nobody else may use: there is one for each device that may write. Newest first. */
  readonly oneTime: readonly Bytes[];
  readonly lastResort: Bytes;
}

export type OwnKeyKind = 'box' | 'last-resort' | 'one-time';

/** Keys of this device that others seal to. */
export interface OwnKey {
  /** Names it: the reference of a package, the public half of a box. */
  readonly ref: Bytes;
  readonly kind: OwnKeyKind;
  /** Who may use it; null for those that everybody may. */
  readonly forDevice: DeviceKey | null;
  readonly createdMs: number;
  readonly publicBytes: Bytes;
  /** Undefined once it was used up: then it only says that it was. */
  readonly secret: Bytes | undefined;
}

/** A book of one-time keys that the devices of a session share; each side tears out what it used. */
export interface Session {
  readonly id: Bytes;
  /** Who seals with it. */
  readonly from: DeviceKey;
  /** Who opens with it; of a session of others, this device's own member. */
  readonly to: MemberId;
  /** The recipient's devices that are in it. */
  readonly devices: readonly DeviceKey[];
  readonly foundedMs: number;
  /** Of this device when it founded the session: a store that was set back does not go on with it. */
  readonly incarnation: string;
}

export interface OutgoingSession extends Session {
  readonly welcome: Bytes;
  /** Devices that are not known to have it. */
  readonly waiting: readonly DeviceKey[];
}

/** Everything secret in it is sealed on disk, lies where it is never moved, and is overwritten when it is deleted. */
export interface LetterKeyStore {
  transact<Result>(work: () => Result): Result;

  published(device: DeviceKey): PublishedKeys | undefined;
  isSpent(ref: Bytes): boolean;

  ownKeys(): readonly OwnKey[];
  ownKey(ref: Bytes): OwnKey | undefined;

  outgoing(to: MemberId): readonly OutgoingSession[];
  session(id: Bytes): Session | undefined;
  /** The first key that is left, and its place. */
  nextKey(session: Bytes): { readonly slot: number; readonly key: Bytes } | undefined;
  keyAt(session: Bytes, slot: number): Bytes | undefined;
  /** Sessions that were founded before then, of both directions. */
  sessionsBefore(ms: number): readonly Bytes[];
  /** Sessions that this device founded and that are kept here. */
  countFrom(device: DeviceKey): number;

  // Only inside a transaction.
  addOwnKey(key: OwnKey & { readonly secret: Bytes }): void;
  /** Deletes the secret; that the key was there stays. */
  useUp(ref: Bytes): void;
  dropOwnKey(ref: Bytes): void;
  spend(ref: Bytes): void;
  addSession(session: Session | OutgoingSession, keys: readonly Bytes[]): void;
  tearOut(session: Bytes, slot: number): void;
  dropSession(session: Bytes): void;
  noteUse(letter: Bytes, session: Bytes): void;
  /** The sessions that this letter used count as known to this device. */
  confirm(letter: Bytes, device: DeviceKey): void;

  /** Takes what was deleted out of the write-ahead log, too. Outside of transactions. */
  settle(): void;
}

export interface LetterRoll {
  membership(): Membership;
  readonly device: DeviceKey;
  incarnation(): string;
}

export interface KeyPublisher {
  /** Writes an entry of kind KEYS_KIND; inside the caller's transaction. @throws KithError when this device may not write. */
  publish(payload: Bytes): void;
}

/** Where an entry with published keys stands; a later one goes before an earlier one, whatever came first. */
export interface KeysPlace {
  readonly device: DeviceKey;
  readonly hlc: { readonly ms: number; readonly n: number };
  readonly feed: string;
  readonly seq: number;
}

/** What others published, computed from the log in its transaction. Of packages for one device, those for this one only. */
export interface LetterDirectory {
  put(
    place: KeysPlace,
    keys: {
      readonly shared: { readonly box: Bytes; readonly lastResort: Bytes } | null;
      readonly oneTime: Bytes | undefined;
    },
  ): void;
  remove(feed: string, seq: number): void;
  clear(): void;
}
