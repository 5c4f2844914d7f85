/**
 * What the API needs of a node, and all that it may know of it. Types only: the composition root implements them.
 *
 * A node is in one of three **states**:
 * - `empty`: it runs and belongs to no network yet;
 * - `locked`: it holds data under a passphrase that nobody has given since it started or was locked;
 * - `running`: it belongs to a network and takes part in it.
 *
 * Each call says where it works. Elsewhere it throws KithError `no-network` (in `empty`), `locked` (in `locked`) or
 * `already-in-network` (in `running`); "any" means all three. A call without a mark works in `running` only.
 * Where a node is locked **and** the call needs no network, `locked` comes first.
 *
 * Expected failures are KithErrors with a sentence and a next step; anything else that is thrown is a bug. Calls that
 * give an `AsyncIterable` reject before its first value when they refuse, and throw from the iteration when they
 * break off. They stop, release what they hold and end the iteration when `signal` aborts.
 *
 * **WHO** names a member: a peer number (`3`), else a name, whatever its case, that fits one member alone. Active
 * members go before revoked ones. KithErrors: `unknown-member`; `ambiguous`, whose message lists the candidates with
 * their numbers.
 */
import type { Bytes } from '../base/bytes.ts';
import type { Audience, Lane, Role } from '../identity/roles.ts';
import type { AlarmEvent, AlarmsFacade } from './facade-alarms.ts';
import type { LettersFacade } from './facade-letters.ts';
import type { RoomEvent, RoomsFacade } from './facade-rooms.ts';
import type { ExchangeFacade } from './facade-exchange.ts';
import type { Work } from './facade-work.ts';
import type { FilesEvent, FilesFacade } from './facade-files.ts';
import type { RecordsFacade } from './facade-records.ts';

export type { Alarm } from './facade-alarms.ts';
export type {
  InboxLetter,
  InboxPage,
  LetterDetail,
  LettersFacade,
  LetterStatus,
  SentPage,
} from './facade-letters.ts';
export type { RoomMessage, RoomStatus } from './facade-rooms.ts';
export type { Progress, Work } from './facade-work.ts';

/** ISO 8601 in UTC, as `Date.prototype.toISOString` writes it. */
export type IsoTime = string;

/** A value that JSON carries as it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface NodeFacade {
  /** Any state. */
  status(): Promise<NodeStatus>;
  /** Any state. Prometheus text format. */
  metrics(): Promise<string>;
  /** Any state. Says good-bye, closes the store, then resolves. The API stops after it has answered. */
  stop(): Promise<void>;
  readonly network: NetworkFacade;
  readonly invites: InvitesFacade;
  readonly members: MembersFacade;
  readonly devices: DevicesFacade;
  readonly links: LinksFacade;
  readonly map: MapFacade;
  readonly hubs: HubsFacade;
  readonly doctor: DoctorFacade;
  readonly log: LogFacade;
  readonly bundles: BundlesFacade;
  readonly safety: SafetyFacade;
  readonly entries: EntriesFacade;
  readonly letters: LettersFacade;
  readonly rooms: RoomsFacade;
  readonly alarms: AlarmsFacade;
  readonly records: RecordsFacade;
  readonly exchange: ExchangeFacade;
  readonly files: FilesFacade;
  readonly events: EventsFacade;
}

// ---- status

export type NodeState = 'empty' | 'locked' | 'running';

export interface NodeStatus {
  readonly state: NodeState;
  /** It has a network, is unlocked and listens: what is asked of it now is done. */
  readonly ready: boolean;
  /** The network's name; null while there is none or it cannot be read yet. */
  readonly network: string | null;
  /** 64 hex digits. */
  readonly networkId: string | null;
  /** This device's member: peer number, name and role. */
  readonly member: number | null;
  readonly name: string | null;
  readonly role: Role | null;
  /** Set after this member or device was revoked, as far as this node has heard. */
  readonly revoked: boolean;
  /** How many other devices it has a link to now. */
  readonly neighbours: number;
  /** Linked, and no neighbour is known to have anything that this node lacks. */
  readonly inStep: boolean;
  readonly members: number;
  /** Entries in the log, all feeds together. */
  readonly entries: number;
  /** Entries set aside until an admin accepts them. */
  readonly quarantined: number;
  /** Addresses that `--peer` takes. */
  readonly listening: readonly string[];
  /** The time of the newest membership act that this node has heard of. */
  readonly membershipAsOf: IsoTime | null;
  /** Short digest of the roll's heads: alike on two nodes that know the same acts. */
  readonly rollHead: string | null;
  /** Is a passphrase set? */
  readonly passphrase: boolean;
  readonly joining: boolean;
  /** The data folder. */
  readonly data: string;
  readonly version: string;
  readonly startedAt: IsoTime;
}

// ---- network

/** Who one is in the network that one has founded or joined. */
export interface Joined {
  readonly network: string;
  readonly networkId: string;
  readonly member: number;
  readonly name: string;
  readonly role: Role;
}

export interface Profile {
  readonly name: string;
  readonly org: string;
  readonly place: string;
}

export type JoinStep =
  | {
      /** Looking for a node of the network; asking to be let in; fetching what it knows. */
      readonly step: 'searching' | 'asking' | 'fetching';
      /** A sentence for people: what it is waiting for. */
      readonly message: string;
      /** Of `fetching`: entries so far, and how many there are as far as is known. */
      readonly done: number | null;
      readonly total: number | null;
    }
  | ({ readonly step: 'joined' } & Joined);

export interface NetworkFacade {
  /** In `empty`. @throws KithError `bad-name`. */
  found(request: { readonly network: string; readonly profile: Profile }): Promise<Joined>;
  /**
   * In `empty`. Joins with a link or a twelve-digit code, of an invitation or of `devices.link`; searches until
   * `signal` aborts. The last step is `joined`.
   * @param request.name undefined takes the one that the invitation names.
   * @throws KithError `bad-link` | `bad-code` | `name-needed` | `bad-name` | `already-joining`; from the iteration
   *   `wrong-code` | `too-many-tries` | `invitation-expired` | `invitation-used-up` | `invitation-withdrawn` |
   *   `unknown-invitation`.
   */
  join(
    request: {
      readonly invitation: string;
      readonly name: string | undefined;
      readonly org: string;
      readonly place: string;
    },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JoinStep>>;
}

// ---- invitations

export interface NewInvite {
  /** Names the invitation, for `withdraw`: 64 hex digits. */
  readonly id: string;
  /** One of the two is null. A code is twelve ASCII digits, without blanks. */
  readonly link: string | null;
  readonly code: string | null;
  readonly role: Role;
  /** Empty when anybody may use it. */
  readonly name: string;
  readonly expires: IsoTime;
  readonly uses: number;
}

export interface Invite {
  readonly id: string;
  readonly form: 'link' | 'code';
  readonly role: Role;
  readonly name: string;
  readonly expires: IsoTime;
  readonly uses: number;
  readonly used: number;
  readonly status: 'open' | 'used-up' | 'expired' | 'withdrawn';
  /** Peer number of who invited. */
  readonly by: number;
}

export interface InvitesFacade {
  /** @throws KithError `not-an-admin` | `bad-name` | `too-many-codes` | `role-writes-nothing`. */
  create(request: {
    readonly role: Role;
    readonly name: string;
    /** Milliseconds from now. */
    readonly lastsMs: number;
    readonly uses: number;
    readonly form: 'link' | 'code';
  }): Promise<NewInvite>;
  list(): Promise<readonly Invite[]>;
  /** @param id the whole id, or a beginning that fits one alone. @throws KithError `unknown-invitation` | `ambiguous` | `not-an-admin`. */
  withdraw(id: string): Promise<Invite>;
}

// ---- members

export interface Member {
  readonly member: number;
  readonly name: string;
  readonly org: string;
  readonly place: string;
  readonly role: Role;
  readonly grants: readonly string[];
  readonly status: 'active' | 'revoked';
  /** Null when never; for oneself and those who are linked, now. */
  readonly lastHeard: IsoTime | null;
  /** Their digits were compared by voice here, and their devices are still the same ones. */
  readonly verified: boolean;
  /** Is it this node's own member? */
  readonly you: boolean;
}

export interface MemberDetail extends Member {
  readonly since: IsoTime;
  readonly devices: readonly Device[];
}

export interface Verification {
  readonly member: number;
  readonly name: string;
  /** Twelve ASCII digits, without blanks. */
  readonly digits: string;
  readonly verified: boolean;
}

/** What a device that is lost could have read. Later issues add rooms, folders and records. */
export interface Held {
  /** Its own feeds, and where they were cut. */
  readonly feeds: readonly HeldFeed[];
  /** Entries of the whole log of which it may hold parts. */
  readonly entries: number;
}

export interface HeldFeed {
  readonly feed: string;
  readonly device: string;
  readonly lane: Lane;
  /** Entries that stand: up to the cut. */
  readonly entries: number;
}

export interface Revoked {
  readonly member: number;
  readonly name: string;
  /** `member`: all of them are out. `device`: these devices are, the member stays. */
  readonly scope: 'member' | 'device';
  readonly devices: readonly string[];
  readonly held: Held;
}

/** What a revoked or lowered device wrote past its cut, one feed a row. */
export interface Quarantined {
  readonly feed: string;
  readonly device: string;
  readonly member: number;
  readonly name: string;
  readonly lane: Lane;
  /** First and last sequence number that are set aside. */
  readonly from: number;
  readonly to: number;
  readonly entries: number;
  readonly bytes: number;
  /** As its author claims. */
  readonly firstAt: IsoTime;
  readonly lastAt: IsoTime;
}

export interface MembersFacade {
  /** By peer number, the revoked ones too. */
  list(): Promise<readonly Member[]>;
  show(who: string): Promise<MemberDetail>;
  /** What is undefined stays. @throws KithError `bad-name` | `not-an-admin`. */
  rename(
    who: string,
    change: {
      readonly name?: string | undefined;
      readonly org?: string | undefined;
      readonly place?: string | undefined;
    },
  ): Promise<Member>;
  /** @throws KithError `not-an-admin` | `last-admin`. */
  setRole(who: string, role: Role): Promise<Member>;
  /** Gives or takes a named grant. @throws KithError `not-an-admin` | `bad-grant`. */
  setGrant(who: string, grant: string, given: boolean): Promise<Member>;
  /** @throws KithError `not-an-admin` | `last-admin` | `already-revoked`. */
  revoke(who: string): Promise<Revoked>;
  /** @throws KithError `own-digits` for oneself. */
  verification(who: string): Promise<Verification>;
  /**
   * Says that both people read the same digits.
   * @param digits those that were compared. @throws KithError `other-digits` when they are not, or no longer, these.
   */
  confirmVerification(who: string, digits: string): Promise<Verification>;
  quarantine(): Promise<readonly Quarantined[]>;
  /**
   * Lets quarantined entries stand, from the cut up to and including `upTo` (undefined: all).
   * @param feed the whole id, or a beginning that fits one alone.
   * @throws KithError `nothing-quarantined` | `ambiguous` | `not-an-admin`.
   */
  accept(
    feed: string,
    upTo: number | undefined,
  ): Promise<{ readonly feed: string; readonly accepted: number }>;
}

// ---- devices

export interface Device {
  /** The device's key: 64 hex digits. */
  readonly device: string;
  readonly member: number;
  readonly name: string;
  readonly status: 'active' | 'revoked';
  /** Is it this one? */
  readonly here: boolean;
  /** Is there a link to it now (or is it this one)? */
  readonly linked: boolean;
  readonly lastHeard: IsoTime | null;
}

export interface DeviceLink {
  readonly link: string;
  readonly expires: IsoTime;
  /** The member that the new device will belong to. */
  readonly member: number;
  readonly name: string;
}

export interface DevicesFacade {
  /** Those of one's own member. */
  list(): Promise<readonly Device[]>;
  /** For one more device of this member; it joins with `network.join`. Good once. @throws KithError `too-many-devices`. */
  link(request: { readonly lastsMs: number }): Promise<DeviceLink>;
  /**
   * One's own, or as an admin anybody's. A member's last device takes the member along (`scope: 'member'`).
   * @param device the whole key, or a beginning that fits one alone.
   * @throws KithError `unknown-device` | `ambiguous` | `not-an-admin` | `last-admin` | `already-revoked`.
   */
  revoke(device: string): Promise<Revoked>;
}

// ---- links

/** A device that this one has a link to. */
export interface Peer {
  readonly member: number;
  readonly name: string;
  readonly device: string;
  readonly link: 'direct' | 'relayed';
  /** Null until it was measured. */
  readonly rttMs: number | null;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly since: IsoTime;
  readonly status: PresenceStatus;
  /** Null where there is nothing to say against it. */
  readonly conduct: Conduct | null;
}

/** What a neighbour did that it should not, and what follows. */
export interface Conduct {
  readonly standing: 'good' | 'throttled' | 'cut';
  /** What it did last, in a sentence for an admin. */
  readonly reason: string;
  readonly score: number;
  /** Until when it is cut off. */
  readonly until: IsoTime | null;
}

export interface LinksFacade {
  peers(): Promise<readonly Peer[]>;
  /**
   * In `empty` and `running`. Remembers the address, and dials it now.
   * @returns whom it found there; null in `empty`, where nobody is a peer yet.
   * @throws KithError `bad-address` (then nothing is remembered) | `unreachable` | `link-refused` | `wrong-peer`.
   */
  add(address: string): Promise<Peer | null>;
  /** Says good-bye and ends all links. The node stays off the mesh until `add`, or until it starts again. */
  bye(): Promise<{ readonly told: number }>;
}

// ---- the map

/**
 * Seen from here: `here`, there is a way to it; `quiet`, a neighbour whose signs of life are overdue; `dead`, all its
 * neighbours have lost it; `left`, it said good-bye; `away`, out of reach with others, or not heard yet.
 */
export type PresenceStatus = 'here' | 'quiet' | 'dead' | 'left' | 'away';

export interface MapStop {
  readonly member: number;
  readonly name: string;
  readonly device: string;
}

export interface MapNode {
  readonly member: number;
  readonly name: string;
  readonly org: string;
  readonly place: string;
  readonly role: Role;
  readonly device: string;
  readonly status: PresenceStatus;
  /** Whom it is linked to, by the word of both. */
  readonly neighbours: readonly MapStop[];
  /** Null when never. */
  readonly lastHeard: IsoTime | null;
  /** What it said last: where it listens, how many neighbours it wants and takes, how many entries it holds. */
  readonly addresses: readonly string[];
  readonly capacity: { readonly min: number; readonly max: number } | null;
  readonly entries: number | null;
  readonly conduct: Conduct | null;
  /** Is it this node? */
  readonly you: boolean;
}

export interface NetworkPath {
  /** Peer number. */
  readonly to: number;
  readonly name: string;
  /** From here to there, both ends included; null when no way is known. */
  readonly path: readonly MapStop[] | null;
}

export interface MapFacade {
  /** Every active device of the network. */
  nodes(): Promise<readonly MapNode[]>;
  /** The way that a message to that member would go by what is known now. @throws KithError `unknown-member` | `ambiguous`. */
  path(who: string): Promise<NetworkPath>;
}

// ---- hubs and the doctor

export interface Hub {
  readonly address: string;
  readonly member: number | null;
  readonly name: string | null;
  /** An address of this node. */
  readonly self: boolean;
  readonly linked: boolean;
  /** It passes connections on to this node now. */
  readonly serves: boolean;
}

export interface HubsFacade {
  list(): Promise<readonly Hub[]>;
  /** @throws KithError `bad-address` (it has to say which device) | `not-an-admin`. */
  add(address: string): Promise<readonly Hub[]>;
  /** @throws KithError `unknown-hub` | `not-an-admin`. */
  remove(address: string): Promise<readonly Hub[]>;
}

export interface DoctorStep {
  readonly address: string;
  readonly step: 'address' | 'connection' | 'link';
  readonly ok: boolean;
  readonly message: string;
}

export interface Diagnosis {
  /** Nothing is wrong, and who was asked for was reached. */
  readonly healthy: boolean;
  readonly steps: readonly DoctorStep[];
  readonly findings: readonly {
    readonly code: string;
    readonly severity: 'wrong' | 'notice';
    readonly about: string;
    readonly message: string;
    readonly next: string;
  }[];
}

export interface DoctorFacade {
  /**
   * In `empty` and `running`.
   * @param who a member or an address, to be reached now.
   * @throws KithError `bad-address` | `unknown-member` | `ambiguous`
   */
  examine(who: string | undefined): Promise<Diagnosis>;
}

// ---- the node's own log

export interface LogLine {
  readonly time: IsoTime;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The part of the program that says it; `frame` for network frames. */
  readonly source: string;
  readonly message: string;
  /** Of frames: `direction` (`in`, `out`), `peer`, `member`, `channel`, `sizeBytes`. */
  readonly fields: { readonly [key: string]: Json };
}

export interface LogFacade {
  /**
   * Any state. The last lines that the node remembers, oldest first, then with `follow` the new ones until `signal`
   * aborts. A reader that is too slow misses lines, and is told so by a line of source `log`.
   * @param options.net every network frame as well. @param options.lines how many old ones at most.
   */
  lines(
    options: { readonly net: boolean; readonly follow: boolean; readonly lines: number },
    signal: AbortSignal,
  ): Promise<AsyncIterable<LogLine>>;
}

// ---- work on files: paths are absolute, on the node's machine

export interface BundleExported {
  readonly path: string;
  readonly entries: number;
  /** Sealed letters of anybody that this node carries. */
  readonly letters: number;
  readonly bytes: number;
}

export interface BundleImported {
  readonly path: string;
  /** Entries in the file; how many were news; how many were not taken, and why (code → count). */
  readonly read: number;
  readonly added: number;
  readonly refused: { readonly [code: string]: number };
  /** Sealed letters in the file. */
  readonly letters: number;
}

export interface BundlesFacade {
  /**
   * Writes what `for` may hold (undefined: what any member may) and, as far as is known, lacks. The file appears whole
   * or not at all. @throws KithError `file-exists` (unless `replace`) | `cannot-write`.
   */
  export(
    request: { readonly path: string; readonly for: string | undefined; readonly replace: boolean },
    signal: AbortSignal,
  ): Promise<Work<BundleExported>>;
  /** Can be broken off and done again. @throws KithError `cannot-read` | `malformed` | `other-network`. */
  import(request: { readonly path: string }, signal: AbortSignal): Promise<Work<BundleImported>>;
}

// ---- safety

export interface BackedUp {
  readonly path: string;
  readonly bytes: number;
  readonly entries: number;
}

export interface SafetyFacade {
  /** Whole, or not there. @throws KithError `file-exists` (unless `replace`) | `cannot-write` | `bad-passphrase`. */
  backup(
    request: { readonly path: string; readonly passphrase: string; readonly replace: boolean },
    signal: AbortSignal,
  ): Promise<Work<BackedUp>>;
  /**
   * In `empty`, with an empty data folder; leaves it `empty` when it fails. The restored device starts a new
   * incarnation. `passphrase` is the backup's; the folder gets it, too, if the backed-up one had one.
   * @throws KithError `cannot-read` | `wrong-passphrase` | `malformed` | `damaged-backup`.
   */
  restore(
    request: { readonly path: string; readonly passphrase: string },
    signal: AbortSignal,
  ): Promise<Work<Joined & { readonly entries: number }>>;
  /**
   * In `empty` and `running`. Forgets the keys: state `locked`. With `newPassphrase`, sets that first.
   * @param request.passphrase the one in force; needed to change it.
   * @throws KithError `no-passphrase` when none is set or given | `wrong-passphrase` | `bad-passphrase` |
   *   `passphrase-needed`.
   */
  lock(request: {
    readonly passphrase: string | undefined;
    readonly newPassphrase: string | undefined;
  }): Promise<void>;
  /** Any state; does nothing where nothing is locked. @throws KithError `wrong-passphrase`. */
  unlock(request: { readonly passphrase: string }): Promise<NodeStatus>;
}

// ---- entries of programs that build on kith

/** Starts with `x-`: a kind that kith itself gives no meaning. */
export type ExtensionKind = `x-${string}`;

export interface NewEntry {
  readonly kind: ExtensionKind;
  readonly audience: Audience;
  readonly payload: Bytes;
}

export interface ExtensionEntry {
  /** Names the entry: `FEED:SEQ`. */
  readonly id: string;
  readonly kind: string;
  readonly feed: string;
  readonly seq: number;
  /** Author. */
  readonly member: number;
  readonly device: string;
  /** The author's hybrid logical clock, its wall part. */
  readonly time: IsoTime;
  readonly audience: Audience;
  /** Null where this node does not hold it: not for it, not here yet, or erased. */
  readonly payload: Bytes | null;
}

export interface EntriesPage {
  /**
   * Of all kinds, feed by feed: the cursor says how far each was read, so nothing that comes late is missed. Of one
   * kind, in the order of time: what comes late has its place in pages that were read already.
   */
  readonly entries: readonly ExtensionEntry[];
  /** For the next call's `after`; null only when there has been nothing at all. */
  readonly next: string | null;
  /** Is there more right now? */
  readonly more: boolean;
}

export interface EntriesFacade {
  /** One transaction, one signature. @returns what they became, in order. @throws KithError `too-large` | `bad-kind` | `bad-audience` | `role-writes-nothing` | `not-a-member`. */
  append(
    entries: readonly NewEntry[],
  ): Promise<readonly { readonly id: string; readonly feed: string; readonly seq: number }[]>;
  /** @param query.after from an earlier page of this node. @throws KithError `bad-cursor`. */
  page(query: {
    readonly kind: string | undefined;
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<EntriesPage>;
  /** Erases the payloads on every node that hears of it; only one's own, or as an admin anybody's. @throws KithError `unknown-entry` | `not-yours`. */
  erase(ids: readonly string[]): Promise<{ readonly erased: number }>;
}

// ---- events

/** That something changed, and what to read again. Never the only place where a thing is said. */
export type NodeEvent =
  | { readonly type: 'state'; readonly state: NodeState; readonly ready: boolean }
  | { readonly type: 'join'; readonly step: JoinStep }
  | FilesEvent
  | {
      readonly type: 'member';
      readonly change: 'joined' | 'changed' | 'revoked';
      readonly member: number;
      readonly name: string;
    }
  | {
      readonly type: 'device';
      readonly change: 'linked' | 'revoked';
      readonly member: number;
      readonly device: string;
    }
  | { readonly type: 'invite'; readonly change: 'made' | 'used' | 'withdrawn'; readonly id: string }
  | {
      readonly type: 'peer';
      readonly change: 'linked' | 'gone';
      readonly member: number;
      readonly name: string;
      readonly device: string;
    }
  /** Who is linked to whom, or how somebody stands, is another; told a few times a second at most. */
  | { readonly type: 'map' }
  /** Entries came into the log; told together, at most a few times a second. */
  | {
      readonly type: 'entries';
      readonly added: number;
      readonly total: number;
      readonly kinds: readonly string[];
    }
  /** `arrived`: one came in, from that member. `changed`: there is news of one that was sent. */
  | {
      readonly type: 'letter';
      readonly change: 'arrived' | 'changed';
      readonly id: string;
      readonly from: number;
    }
  | { readonly type: 'quarantine'; readonly feed: string; readonly member: number; readonly entries: number }
  | AlarmEvent
  | RoomEvent
  /** A device wrote two histories: its feed is stopped. */
  | { readonly type: 'fork'; readonly feed: string; readonly member: number; readonly device: string };

export interface EventsFacade {
  /** Any state. The listener must not throw. @returns ends the subscription. */
  subscribe(listener: (event: NodeEvent) => void): () => void;
}
