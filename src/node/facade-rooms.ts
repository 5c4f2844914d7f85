/** Of the facade, what is about rooms. Types only. */

/** ISO 8601 in UTC. */
type IsoTime = string;

export interface RoomMember {
  /** Peer number. */
  readonly member: number;
  readonly name: string;
  /** `voter`: counts. `joining`: is catching up and will. `learner`: follows. The rest are invitations of this node. */
  readonly state: 'voter' | 'joining' | 'learner' | 'invited' | 'declined' | 'expired';
}

export interface RoomCandidate {
  readonly member: number;
  /** Voters that it reaches, itself included. */
  readonly reached: number;
  /** There and back, on average; null as long as nothing is measured. */
  readonly meanMs: number | null;
  readonly closeness: number;
  readonly centrality: number;
  readonly why: string;
}

export interface RoomKeysStatus {
  /** `coming`: asked for, and not here. `behind`: the host has others, and they are asked for anew. */
  readonly state: 'in' | 'coming' | 'behind';
  /** Changes of keys so far; null without keys. */
  readonly epoch: number | null;
  /** Peer numbers of those who said that they have others. */
  readonly differing: readonly number[];
}

export interface RoomStatus {
  /** 64 hex digits. */
  readonly room: string;
  readonly name: string;
  readonly state: 'invited' | 'joining' | 'active' | 'left';
  /** Peer number of who puts in order now; null when nobody does, as far as this node hears. */
  readonly host: number | null;
  readonly term: number;
  /** How many of the voters have to have a message. */
  readonly quorum: number;
  readonly voters: number;
  readonly confirmed: number;
  readonly waiting: number;
  /** Peer numbers, best candidate first. */
  readonly order: readonly number[];
  readonly members: readonly RoomMember[];
  readonly candidates: readonly RoomCandidate[];
  /** Peer numbers of those who are to go by the will of this node, and are still in: it goes on asking. */
  readonly leaving: readonly number[];
  /** Peer number; null but for an invitation that nobody has answered. */
  readonly invitedBy: number | null;
  /** The room, 64 hex digits, as which people here went on without the others; null when they did not. */
  readonly continuedAs: string | null;
  /** The older room that this one continues. */
  readonly continues: string | null;
  /** The group's keys that this node has. */
  readonly keys: RoomKeysStatus;
  /** What goes on, for people. */
  readonly words: string;
}

export interface RoomMessage {
  /** Its place in the one order; null while it waits. */
  readonly index: number | null;
  readonly id: string;
  readonly from: number;
  readonly fromName: string;
  readonly text: string;
  readonly state: 'waiting' | 'confirmed';
  /** How it stands, for people. */
  readonly mark: string;
  readonly sentAt: IsoTime;
  /** Peer number of who carried it over from an older room, as its author had signed it there; null for what was said here. */
  readonly carriedBy: number | null;
}

export interface RoomPost {
  readonly id: string;
  readonly state: 'waiting' | 'confirmed';
}

export interface RoomPage {
  readonly messages: readonly RoomMessage[];
  /** For the page before; null at the beginning, and where nothing older is here yet. */
  readonly before: number | null;
  /** What is older is on its way from others. */
  readonly coming: boolean;
}

/** Rooms are named by their name, or a beginning of their id. */
export interface RoomsFacade {
  /** @throws KithError `bad-name` | `unknown-member` | `ambiguous` | `not-a-member` | `role-writes-nothing` */
  create(request: { readonly name: string; readonly who: readonly string[] }): Promise<RoomStatus>;
  list(): Promise<readonly RoomStatus[]>;
  /** @throws KithError `unknown-room` | `ambiguous`; so do all that follow. */
  status(room: string): Promise<RoomStatus>;
  /** @throws KithError `invitation-expired` */
  accept(room: string): Promise<RoomStatus>;
  /** On disk when it resolves; confirmed, unless the time is over first. @throws KithError `not-in-room` | `empty-message` | `too-large` | `outbox-full` */
  post(room: string, text: string, waitMs?: number): Promise<RoomPost>;
  read(
    room: string,
    page: { readonly before: number | undefined; readonly limit: number },
  ): Promise<RoomPage>;
  /** @throws KithError `not-in-room` | `unknown-member` */
  add(room: string, who: readonly string[]): Promise<RoomStatus>;
  /** Waits a moment until it is agreed on; where it is not, `leaving` says so, and this node goes on. */
  remove(room: string, who: string): Promise<RoomStatus>;
  leave(room: string): Promise<RoomStatus>;
  /** @returns the new room. @throws KithError `not-in-room` | `room-goes-on` | `continued-already` | `not-a-member` | `role-writes-nothing` */
  continue(room: string): Promise<RoomStatus>;
}

export interface RoomEvent {
  readonly type: 'room';
  readonly room: string;
  readonly change: 'state' | 'message' | 'host';
}
