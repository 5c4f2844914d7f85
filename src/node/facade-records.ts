/** Of the facade, what is about records. Types only. */

/** ISO 8601 in UTC. */
type IsoTime = string;

export type RecordKind = 'person' | 'note' | 'tracing' | 'patient' | 'immunisation' | 'census' | 'consent';
export type RecordStatus =
  'information_sought' | 'is_note_author' | 'believed_alive' | 'believed_missing' | 'believed_dead';

export interface RegistryRecord {
  /** PFIF's name of it: a domain, a slash, and the rest. */
  readonly id: string;
  readonly kind: RecordKind;
  /** By PFIF's names; what this node does not hold is not among them. */
  readonly fields: Readonly<Record<string, string>>;
  /** The home organisation, or where it came from. */
  readonly home: string;
  /** Of a person, as of the newest note that says one. */
  readonly status: RecordStatus | null;
  /** Expired or withdrawn: a placeholder. */
  readonly gone: boolean;
  /** Fields that two wrote who did not know of each other, with what they wrote; the first one counts for now. */
  readonly conflicts: readonly { readonly field: string; readonly values: readonly string[] }[];
}

export interface RecordDetail extends RegistryRecord {
  /** Records that were taken for the same person's. */
  readonly linked: readonly string[];
  /** Newest first. */
  readonly notes: readonly RegistryRecord[];
  /** Whether readers see something of it. */
  readonly public: boolean;
  /** When this node last had all that another member's has; null while it never had. */
  readonly asOf: IsoTime | null;
}

export interface RecordHit extends RegistryRecord {
  /** From 0 to 1. */
  readonly score: number;
  readonly reasons: readonly string[];
  readonly linked: readonly string[];
}

export interface RecordMatch extends RegistryRecord {
  readonly mode: 'duplicates' | 'reunion';
  readonly score: number;
  readonly reasons: readonly string[];
}

export interface RecordHistoryItem {
  readonly at: IsoTime;
  /** Peer number; 0 for who is not in the roll. */
  readonly member: number;
  readonly name: string;
  readonly org: string;
  /** The roll says another organisation of that member now. */
  readonly otherOrg: boolean;
  readonly op: 'write' | 'withhold' | 'end';
  readonly fields: readonly { readonly field: string; readonly class: string; readonly value: string }[];
  /** Parts of it that are not for this node. */
  readonly hiddenParts: number;
  /** It changes nothing: its author is not the record's home. */
  readonly refused: boolean;
}

export interface RecordHistory {
  readonly id: string;
  readonly items: readonly RecordHistoryItem[];
  /** Who on this node read, found or handed out what few may see. */
  readonly accesses: readonly {
    readonly at: IsoTime;
    readonly action: 'read' | 'export' | 'search';
    readonly fields: readonly string[];
  }[];
}

export interface RecordErasure {
  readonly id: string;
  /** Peer numbers of members whose devices signed that they have overwritten everything … */
  readonly confirmed: readonly number[];
  /** … and of those who have not. */
  readonly missing: readonly number[];
  /** Entries whose author has not heard yet that they are to be erased. */
  readonly waiting: number;
}

export interface RecordQuestion {
  readonly text: string;
  readonly kind: RecordKind | undefined;
  readonly status: RecordStatus | undefined;
  readonly sex: string | undefined;
  readonly age: { readonly from: number; readonly to: number } | undefined;
  readonly region: string | undefined;
  readonly limit: number;
  /** As a reader would see it. */
  readonly public: boolean;
}

/** Whom a node asked for news, and what came of it. */
export interface RefreshAttempt {
  /** Peer number. */
  readonly member: number;
  readonly name: string;
  /** `no-way`: not reached. `silent`: no answer in time. `broke-off`: it began and did not end. */
  readonly outcome: 'answered' | 'no-way' | 'silent' | 'broke-off';
  readonly entries: number;
}

export type RefreshStep =
  | { readonly step: 'asking'; readonly member: number; readonly name: string }
  | ({ readonly step: 'asked' } & RefreshAttempt)
  | {
      readonly step: 'done';
      /** Who answered. */
      readonly member: number;
      readonly name: string;
      readonly asked: readonly RefreshAttempt[];
      /** Entries that came. */
      readonly entries: number;
      readonly asOf: IsoTime | null;
    };

type RawFields = Readonly<Record<string, unknown>>;

export interface RecordsFacade {
  /** @throws KithError `bad-record` | `record-exists` | `needs-grant` | `not-home` | `role-writes-nothing` | `not-a-member` */
  add(request: {
    readonly kind: RecordKind;
    readonly fields: RawFields;
    readonly id: string | undefined;
  }): Promise<RecordDetail>;
  /** @throws KithError `unknown-record` | `record-gone` and as `add`. */
  edit(id: string, fields: RawFields): Promise<RecordDetail>;
  /** What somebody knows of a person. @throws KithError as `edit`. */
  note(id: string, fields: RawFields): Promise<RecordDetail>;
  /** @throws KithError `unknown-record` */
  show(id: string): Promise<RecordDetail>;
  /** As a reader sees it. @throws KithError `unknown-record`, also where readers see nothing. */
  showPublic(id: string): Promise<RecordDetail>;
  /** @throws KithError `name-needed` for readers who say none. */
  search(question: RecordQuestion): Promise<readonly RecordHit[]>;
  matches(id: string, limit: number): Promise<readonly RecordMatch[]>;
  /** Takes two for one person's, or takes that back; nothing is merged. */
  link(
    id: string,
    other: string,
    options: { readonly linked: boolean; readonly reason: string },
  ): Promise<RecordDetail>;
  history(id: string): Promise<RecordHistory>;
  /** Ends it everywhere. @throws KithError `unknown-record` | `not-home` | `record-gone` */
  expire(id: string): Promise<RecordErasure>;
  /** @throws KithError `unknown-record` | `not-gone` */
  erasure(id: string): Promise<RecordErasure>;
  /** When this node last had all that another member's node has, as far as both knew. */
  asOf(): Promise<IsoTime | null>;
  /** Asks members at random until one has answered. The stream ends with KithError `nobody-answered` if none does. */
  refresh(request: { readonly attempts: number }, signal: AbortSignal): Promise<AsyncIterable<RefreshStep>>;
}
