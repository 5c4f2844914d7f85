/** Values of rooms above the consensus core. */
import type { DeviceKey, MemberId } from '../base/ids.ts';
import type { Bytes } from '../base/bytes.ts';
import type { ReplicaId } from './consensus/types.ts';
import type { KeysStanding } from './keys/core.ts';

declare const brand: unique symbol;
/** 32 random bytes as hex. */
export type RoomId = string & { readonly [brand]: 'room' };

/** What lets somebody in: signed by a device that is in the room, for one member, until then. */
export interface Invitation {
  readonly room: RoomId;
  readonly name: string;
  readonly to: MemberId;
  readonly by: DeviceKey;
  readonly expiresMs: number;
  /** What its writer knew to be confirmed: whoever was put out later than that needs a new one. */
  readonly commit: number;
  /** The room that it continues, without those who are gone for good. */
  readonly continues?: RoomId | undefined;
  readonly signature: Bytes;
}

export type InviteState = 'waiting' | 'accepted' | 'declined' | 'expired';

/** Somebody is to go: asked for by this device when the order had come that far. */
export interface Removal {
  readonly device: DeviceKey;
  readonly since: number;
}

/** An older room whose messages are carried over into this one. */
export interface Continued {
  readonly room: RoomId;
  /** What stood there up to that place is here. */
  readonly reached: number;
  /** Nothing more has to be carried over by this device. */
  readonly isDone: boolean;
}

export interface SentInvite {
  readonly invitation: Invitation;
  readonly state: InviteState;
  readonly tries: number;
  readonly nextMs: number;
}

/** `invited`: somebody asks, and nobody has answered. `joining`: accepted, and not let in yet. */
export type RoomState = 'invited' | 'joining' | 'active' | 'left';

/** What a device keeps of a room beside its log. */
export interface RoomCard {
  readonly id: RoomId;
  readonly name: string;
  readonly state: RoomState;
  /** Of this device's replica: drawn anew when its disk cannot prove that it is whole. */
  readonly life: string;
  /** Of the node's store; a restored copy has another one, and then the life ends. */
  readonly store: string;
  readonly invitation: Invitation | undefined;
  /** Devices to ask when nobody is heard. */
  readonly acquainted: readonly DeviceKey[];
  readonly invites: readonly SentInvite[];
  /** What this device asked for and what is not agreed on yet. */
  readonly removals: readonly Removal[];
  /** Its majority was given up for good, here: people go on in that one. */
  readonly continuedAs: RoomId | undefined;
  readonly continues: Continued | undefined;
}

/** A message as people see it. */
export interface ShownMessage {
  /** Its place in the one order; null while it waits. */
  readonly index: number | null;
  readonly id: string;
  readonly device: DeviceKey;
  /** Empty where it cannot be read. */
  readonly text: string;
  /** The key is not here yet: others are asked for it. */
  readonly isReadable: boolean;
  readonly sentMs: number;
  /** Voters who hold it, while it waits. */
  readonly held: number;
  /** Devices that have said that it can be read there, this one included. */
  readonly deliveredTo: number;
  /** It was said in an older room, and who carried it over. */
  readonly carried?: { readonly room: RoomId; readonly by: DeviceKey };
}

/** What people tell rooms apart by. */
export type RoomName = Pick<RoomView, 'id' | 'name' | 'state' | 'continuedAs'>;

export interface RoomView {
  readonly id: RoomId;
  readonly name: string;
  readonly state: RoomState;
  readonly host: ReplicaId | undefined;
  readonly term: number;
  readonly voters: readonly ReplicaId[];
  readonly joining: readonly ReplicaId[];
  readonly learners: readonly ReplicaId[];
  readonly quorum: number;
  readonly confirmed: number;
  readonly waiting: number;
  /** Older entries that are not here yet. */
  readonly lacking: number;
  readonly order: readonly ReplicaId[];
  readonly invites: readonly SentInvite[];
  readonly invitedBy: DeviceKey | undefined;
  /** Who is to go and is still in. */
  readonly leaving: readonly DeviceKey[];
  readonly continuedAs: RoomId | undefined;
  readonly continues: RoomId | undefined;
  readonly keys: KeysStanding | undefined;
}

export type RoomChange = { readonly room: RoomId; readonly what: 'state' | 'message' | 'host' };
