/** Bytes of the rooms channel and of what rooms keep, as docs/protocol/rooms.md has them. */
import { hash } from 'node:crypto';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed, type CborValue } from '../base/cbor.ts';
import { idFromBytes, type DeviceKey, type MemberId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import {
  bytesIn,
  commandFields,
  entryFields,
  exactly,
  flagIn,
  hashIn,
  listOf,
  messageFields,
  numberIn,
  readCommand,
  readEntry,
  readMessage,
  replicaIn,
  textIn,
} from './consensus/wire.ts';
import { replicaOf } from './consensus/roster.ts';
import type { Command, Message, ReplicaId, SessionTable } from './consensus/types.ts';
import type { CountedEntry, OlderPage } from './older/core.ts';
import { PLACES_BYTES } from './order/places.ts';
import { ROOM_BOOT_BYTES } from '../sealing/rooms/index.ts';
import type { Said } from './timeline/timeline.ts';
import type { Invitation, RoomId } from './types.ts';

const VERSION = 1;
export const INVITATION_PURPOSE = 'room invitation';
const SESSION = /^[0-9a-f]{64} [0-9a-f]{16}$/;
const MOST_SESSIONS = 4096;
/** A device's key and a life of it. */
const REPLICA_BYTES = 40;
const DEVICE_HEX = 64;

export type RoomFrame =
  | { readonly type: 'core'; readonly message: Message }
  /** Messages that wait, from their authors or passed on. */
  | { readonly type: 'said'; readonly said: readonly Said[] }
  /** How far this node is with what waits, on its disk. */
  | { readonly type: 'heights'; readonly heights: SessionTable }
  | { readonly type: 'hello'; readonly invitation: Invitation | undefined }
  | { readonly type: 'greeting'; readonly host: ReplicaId | undefined; readonly known: readonly ReplicaId[] }
  | { readonly type: 'probe'; readonly id: number; readonly isAnswer: boolean }
  | {
      readonly type: 'delays';
      /** Of which roster the places are, `order/places.ts`. */
      readonly roster: Bytes;
      readonly delays: readonly (readonly [place: number, roundUs: number, lossPermille: number])[];
      /** What is confirmed up to there can be read where this comes from. */
      readonly readable: number;
    }
  | { readonly type: 'invite'; readonly invitation: Invitation }
  | { readonly type: 'answer'; readonly accepted: boolean }
  /** To the host: take this device out, if it was not since the order had come that far. */
  | { readonly type: 'remove'; readonly device: DeviceKey; readonly since: number }
  /** From a member without the room's keys. */
  | { readonly type: 'keys-wanted' }
  /** What a group is joined by, as of one place in the log. */
  | { readonly type: 'keys'; readonly at: number; readonly epoch: number; readonly info: Bytes }
  /** Which keys the sender has, as of one place in the log. */
  | { readonly type: 'epoch'; readonly at: number; readonly epoch: number; readonly authenticator: Bytes }
  /** Keys of messages above `above`, up to `upTo`, the newest first. */
  | { readonly type: 'texts-wanted'; readonly above: number; readonly upTo: number }
  | TextsFrame
  /** What came as a summary: entries above `above`, up to `upTo`, the newest first. */
  | { readonly type: 'older-wanted'; readonly above: number; readonly upTo: number }
  | ({ readonly type: 'older' } & OlderPage);

export type KeysFrame = Extract<
  RoomFrame,
  { readonly type: 'keys-wanted' | 'keys' | 'epoch' | 'texts-wanted' | 'texts' }
>;

/** Keys of messages, sealed under the group's: all that there are above `reached`, up to `upTo`. */
export interface TextsFrame {
  readonly type: 'texts';
  readonly reached: number;
  readonly upTo: number;
  readonly epoch: number;
  readonly boot: Bytes;
  readonly seq: number;
  readonly ciphertext: Bytes;
}

const TYPES = [
  'core',
  'said',
  'heights',
  'hello',
  'greeting',
  'probe',
  'delays',
  'invite',
  'answer',
  'remove',
  'keys-wanted',
  'keys',
  'epoch',
  'texts-wanted',
  'texts',
  'older-wanted',
  'older',
] as const satisfies readonly RoomFrame['type'][];

export interface Addressed {
  readonly room: RoomId;
  readonly from: ReplicaId;
  /** Which life of the receiver is meant; any, when it is not known. */
  readonly to: ReplicaId | undefined;
  readonly frame: RoomFrame;
}

export function encodeFrame({ room, from, to, frame }: Addressed): Bytes {
  return encodeCbor([
    VERSION,
    TYPES.indexOf(frame.type),
    fromHex(room),
    replicaBytes(from),
    to === undefined ? null : replicaBytes(to),
    ...frameFields(frame),
  ]);
}

function frameFields(frame: RoomFrame): CborValue[] {
  switch (frame.type) {
    case 'core':
      return [messageFields(frame.message)];
    case 'said':
      return [frame.said.map(saidFields)];
    case 'heights':
      return [frame.heights.map(([session, number]) => [session, number])];
    case 'hello':
      return [frame.invitation === undefined ? null : invitationFields(frame.invitation)];
    case 'greeting':
      return [frame.host ?? null, [...frame.known]];
    case 'probe':
      return [frame.id, frame.isAnswer];
    case 'delays':
      return [frame.roster, frame.delays.map((row) => [...row]), frame.readable];
    case 'invite':
      return [invitationFields(frame.invitation)];
    case 'answer':
      return [frame.accepted];
    case 'remove':
      return [fromHex(frame.device), frame.since];
    case 'keys-wanted':
      return [];
    case 'keys':
      return [frame.at, frame.epoch, frame.info];
    case 'epoch':
      return [frame.at, frame.epoch, frame.authenticator];
    case 'texts-wanted':
      return [frame.above, frame.upTo];
    case 'texts': {
      const { reached, upTo, epoch, boot, seq, ciphertext } = frame;
      return [reached, upTo, epoch, boot, seq, ciphertext];
    }
    case 'older-wanted':
      return [frame.above, frame.upTo];
    case 'older': {
      const { upTo, before, entries } = frame;
      return [upTo, fromHex(before), entries.map(({ entry, counted }) => [entryFields(entry), counted])];
    }
  }
}

/** @throws KithError `malformed` */
export function decodeFrame(bytes: Bytes): Addressed {
  const [version, kind, room, from, to, ...rest] = listOf(decodeCbor(bytes));
  if (version !== VERSION) throw malformed('a frame of rooms of another version');
  const type = TYPES[numberIn(kind, TYPES.length)] ?? 'core';
  return {
    room: roomIn(room),
    from: replicaOfBytes(from),
    to: to === null ? undefined : replicaOfBytes(to),
    frame: readFrame(type, rest),
  };
}

function readFrame(type: RoomFrame['type'], rest: readonly CborValue[]): RoomFrame {
  const [first] = rest;
  switch (type) {
    case 'core':
      return { type, message: readMessage(exactly(rest, 1)[0]) };
    case 'said':
      return { type, said: atMost(listOf(exactly(rest, 1)[0]), LIMITS.roomWaitingPerAuthor).map(readSaid) };
    case 'heights':
      return { type, heights: atMost(listOf(exactly(rest, 1)[0]), MOST_SESSIONS).map(heightIn) };
    case 'hello':
      exactly(rest, 1);
      return { type, invitation: first === null ? undefined : readInvitation(first) };
    case 'greeting': {
      const [host, known] = exactly(rest, 2);
      const list = atMost(listOf(known), LIMITS.roomReplicas).map(replicaIn);
      return { type, host: host === null ? undefined : replicaIn(host), known: list };
    }
    case 'probe':
      return { type, id: numberIn(exactly(rest, 2)[0]), isAnswer: flagIn(rest[1]) };
    case 'delays': {
      const [roster, delays, readable] = exactly(rest, 3);
      const list = atMost(listOf(delays), LIMITS.roomReplicas).map(delayIn);
      return { type, roster: sized(roster, PLACES_BYTES), delays: list, readable: numberIn(readable) };
    }
    case 'invite':
      return { type, invitation: readInvitation(exactly(rest, 1)[0]) };
    case 'answer':
      return { type, accepted: flagIn(exactly(rest, 1)[0]) };
    case 'remove': {
      const [device, since] = exactly(rest, 2);
      return { type, device: idFromBytes<DeviceKey>(device), since: numberIn(since) };
    }
    case 'older-wanted':
      return { type, above: numberIn(exactly(rest, 2)[0]), upTo: numberIn(rest[1]) };
    case 'older': {
      const [upTo, before, entries] = exactly(rest, 3);
      const list = atMost(listOf(entries), LIMITS.roomEntriesPerFrame).map(countedIn);
      return { type, upTo: numberIn(upTo), before: hashIn(before), entries: list };
    }
    default:
      return readKeysFrame(type, rest);
  }
}

function readKeysFrame(
  type: 'keys-wanted' | 'keys' | 'epoch' | 'texts-wanted' | 'texts',
  rest: readonly CborValue[],
): RoomFrame {
  switch (type) {
    case 'keys-wanted':
      exactly(rest, 0);
      return { type };
    case 'keys': {
      const [at, epoch, info] = exactly(rest, 3);
      return { type, at: numberIn(at), epoch: numberIn(epoch), info: within(info, LIMITS.roomKeysBytes) };
    }
    case 'epoch': {
      const [at, epoch, authenticator] = exactly(rest, 3);
      return { type, at: numberIn(at), epoch: numberIn(epoch), authenticator: within(authenticator, 64) };
    }
    case 'texts-wanted':
      return { type, above: numberIn(exactly(rest, 2)[0]), upTo: numberIn(rest[1]) };
    case 'texts': {
      const [reached, upTo, epoch, boot, seq, ciphertext] = exactly(rest, 6);
      return {
        type,
        reached: numberIn(reached),
        upTo: numberIn(upTo),
        epoch: numberIn(epoch),
        boot: within(boot, ROOM_BOOT_BYTES),
        seq: numberIn(seq),
        ciphertext: within(ciphertext, LIMITS.roomCommandBytes),
      };
    }
  }
}

function countedIn(value: CborValue): CountedEntry {
  const [entry, counted] = exactly(listOf(value), 2);
  return { entry: readEntry(entry), counted: flagIn(counted) };
}

function within(value: CborValue | undefined, sizeBytes: number): Bytes {
  const bytes = bytesIn(value);
  if (bytes.byteLength > sizeBytes) throw malformed('too many bytes');
  return bytes;
}

function atMost(list: readonly CborValue[], count: number): readonly CborValue[] {
  if (list.length > count) throw malformed('a list is too long');
  return list;
}

function heightIn(value: CborValue): readonly [string, number] {
  const [session, number] = exactly(listOf(value), 2);
  return [textIn(session, SESSION), numberIn(number)];
}

/** Microseconds there and back, plus one; 0 says that there is no way. */
function delayIn(value: CborValue): readonly [number, number, number] {
  const [place, round, loss] = exactly(listOf(value), 3);
  return [numberIn(place, LIMITS.roomReplicas), numberIn(round, 2 ** 40), numberIn(loss, 1001)];
}

/** At both ends of each frame: half as long as its text. */
function replicaBytes(replica: ReplicaId): Bytes {
  return fromHex(replica.replace('/', ''));
}

function replicaOfBytes(value: CborValue | undefined): ReplicaId {
  const hex = toHex(sized(value, REPLICA_BYTES));
  return replicaOf(hex.slice(0, DEVICE_HEX), hex.slice(DEVICE_HEX));
}

function sized(value: CborValue | undefined, sizeBytes: number): Bytes {
  const bytes = bytesIn(value);
  if (bytes.byteLength !== sizeBytes) throw malformed(`${String(sizeBytes)} bytes`);
  return bytes;
}

// ---- messages of people

/** Names a message to people: 32 hex digits. */
export function messageId(room: RoomId, { author, incarnation, number }: Command): string {
  return hash('sha256', encodeCbor([fromHex(room), author, incarnation, number]), 'hex').slice(0, 32);
}

export function saidFields({ command, sentMs }: Said): CborValue {
  return [commandFields(command), sentMs];
}

export function readSaid(value: CborValue | undefined): Said {
  const [command, sentMs] = exactly(listOf(value), 2);
  return { command: readCommand(command), sentMs: numberIn(sentMs, 2 ** 48) };
}

// ---- invitations

export function signedInvitation({
  room,
  name,
  to,
  by,
  expiresMs,
  commit,
  continues,
}: Omit<Invitation, 'signature'>): Bytes {
  const fields = [fromHex(room), name, fromHex(to), fromHex(by), expiresMs, commit];
  return encodeCbor(continues === undefined ? fields : [...fields, fromHex(continues)]);
}

export function invitationFields(invitation: Invitation): CborValue {
  const { room, name, to, by, expiresMs, commit, signature, continues } = invitation;
  const fields = [fromHex(room), name, fromHex(to), fromHex(by), expiresMs, commit, signature];
  return continues === undefined ? fields : [...fields, fromHex(continues)];
}

export function roomIn(value: CborValue | undefined): RoomId {
  return idFromBytes(value) as string as RoomId;
}

export function readInvitation(value: CborValue | undefined): Invitation {
  const fields = listOf(value);
  const [room, name, to, by, expiresMs, commit, signature] = exactly(fields.slice(0, 7), 7);
  if (fields.length > 8) throw malformed('an invitation');
  if (typeof name !== 'string' || name.length > LIMITS.roomNameChars) throw malformed('a name of a room');
  return {
    room: roomIn(room),
    name,
    to: idFromBytes<MemberId>(to),
    by: idFromBytes<DeviceKey>(by),
    expiresMs: numberIn(expiresMs, 2 ** 48),
    commit: numberIn(commit),
    signature: bytesIn(signature),
    ...(fields.length === 8 ? { continues: roomIn(fields[7]) } : {}),
  };
}
