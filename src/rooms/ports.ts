/** What rooms need from outside. Adapters: `store/room-store.ts`, `node/`. */
import type { Bytes } from '../base/bytes.ts';
import type { DeviceKey, MemberId } from '../base/ids.ts';
import type { RoomId } from './types.ts';

/** Rows of bytes, sealed where they lie. Writing happens inside `transact`, which leaves all of it on disk or nothing. */
export interface RoomRows {
  /** `replaceable`: what can be had again from others; a power cut may undo it, and all after it, but leaves no half of it. */
  transact<Result>(work: () => Result, keeping?: 'lasting' | 'replaceable'): Result;

  cards(): readonly { readonly room: RoomId; readonly card: Bytes }[];
  putCard(room: RoomId, card: Bytes): void;
  /** What this replica has promised; undefined when there is none, null when it cannot be read. */
  promise(room: RoomId): Bytes | undefined | null;
  putPromise(room: RoomId, promise: Bytes): void;
  commit(room: RoomId): number;
  putCommit(room: RoomId, index: number): void;
  /** Those that are there and can be read, from one index on, up to another. */
  entries(
    room: RoomId,
    from: number,
    to?: number,
  ): readonly { readonly index: number; readonly bytes: Bytes; readonly counted: boolean }[];
  putEntry(room: RoomId, index: number, bytes: Bytes): void;
  dropEntriesFrom(room: RoomId, index: number): void;
  /** Marks a confirmed entry as one that counted. @param isSeen by people, too. */
  count(room: RoomId, index: number, isSeen: boolean): void;
  /** The last ones below `before` that people see, oldest first, with the key of each where it is kept. */
  shown(
    room: RoomId,
    before: number,
    limit: number,
  ): readonly { readonly index: number; readonly bytes: Bytes; readonly key: Bytes | undefined }[];
  messageKey(room: RoomId, index: number): Bytes | undefined;
  putMessageKey(room: RoomId, index: number, key: Bytes): void;
  /** The room's keys: undefined when there are none, null when they cannot be read. What is replaced is overwritten. */
  keys(room: RoomId): Bytes | undefined | null;
  putKeys(room: RoomId, keys: Bytes | undefined): void;
  countShown(room: RoomId): number;
  waiting(room: RoomId): readonly Bytes[];
  putWaiting(room: RoomId, session: string, number: number, bytes: Bytes): void;
  dropWaiting(room: RoomId, session: string, upTo: number): void;
}

/** Seals what lies on disk, for one row each. */
export interface RoomSealer {
  seal(key: string, bytes: Bytes): Bytes;
  /** @throws KithError when the bytes were changed or belong elsewhere. */
  open(key: string, sealed: Bytes): Bytes;
}

/** Who is in the network, as far as rooms go. */
export interface RoomRoll {
  readonly self: MemberId;
  readonly device: DeviceKey;
  /** Undefined for a device that is not active, or nobody's. */
  memberOf(device: DeviceKey): MemberId | undefined;
  devicesOf(member: MemberId): readonly DeviceKey[];
  /** Known, and active no more. */
  isRevoked(device: DeviceKey): boolean;
  /** Whether the device was ever certified with this MLS key (64 hex digits). */
  certifies(device: DeviceKey, mlsKey: string): boolean;
}

/** Small messages to devices without a link, over others that cannot read them. Sent once, and nothing is promised. */
export interface RoomRelay {
  readonly sizeBytes: number;
  /** @returns false when no way is known. */
  send(to: DeviceKey, bytes: Bytes): boolean;
  on(handler: (from: DeviceKey, bytes: Bytes) => void): void;
}
