/** Records as other parts of the program hand them in and get them out. */
import type { Fields, KindName } from './kinds/types.ts';

/** PFIF's name of a record: a domain, a slash, and the rest. */
export type RecordId = string;

export interface NewRecord {
  readonly id: RecordId;
  readonly kind: KindName;
  readonly fields: Fields;
}

/** A record of a file that is imported, with the line that it begins at. */
export interface ImportItem extends NewRecord {
  readonly line: number;
}

export interface ImportCounts {
  readonly read: number;
  readonly added: number;
  readonly updated: number;
  /** Here already and the same or newer, or gone for good. */
  readonly skipped: number;
}

/** How far a source was taken in; on disk together with what was. */
export interface ImportProgress extends ImportCounts {
  readonly line: number;
}

export interface ImportError {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** One value that two who did not know of each other wrote. */
export interface Conflict {
  readonly field: string;
  /** The one that counts first; all are values that somebody wrote last. */
  readonly values: readonly string[];
}

/** A record as this node may show it. */
export interface RecordView extends NewRecord {
  /** Who the home organisation is, in words. */
  readonly home: string;
  readonly conflicts: readonly Conflict[];
  /** Expired or withdrawn: of the fields those of PFIF's placeholder alone are left. */
  readonly gone: boolean;
  /** As of the newest note that says something of it. */
  readonly status: string | undefined;
}
