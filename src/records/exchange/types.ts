/** What readers of files make of them, whatever the format: records, and what is wrong, each with its line. */

import type { Fields, KindName } from '../kinds/index.ts';

export type { Fields, KindName };

export interface ReadRecord {
  readonly type: 'record';
  readonly kind: KindName;
  /** Where it starts in the file, from 1. */
  readonly line: number;
  /** PFIF's: a domain, a slash, the rest. */
  readonly id: string;
  /** By the names of the table of kinds, and as the file says them: not checked by that table yet. None is empty. */
  readonly fields: Fields;
  /** Says something of a record that another place of the file says whole. */
  readonly partial?: boolean;
}

/** One record that is not taken, or one place between records that cannot be read. The file goes on. */
export interface Problem {
  readonly type: 'problem';
  readonly line: number;
  /** Stable. */
  readonly code: string;
  /** One sentence. */
  readonly message: string;
  /** A record is lost by it; or the file is broken between records; or something of a record is left out. */
  readonly weight: 'record' | 'between' | 'notice';
}

export type ReadItem = ReadRecord | Problem;

/** Takes text in pieces of any size and gives what is complete. It holds one record at most, and that within limits. */
export interface Reader {
  /** @throws KithError where the file as a whole is refused. */
  push(text: string): readonly ReadItem[];
  end(): readonly ReadItem[];
}

/** A record as it goes out: with those values alone that whom it is for may see. */
export interface ExportRecord {
  readonly kind: KindName;
  readonly id: string;
  readonly fields: Fields;
}

/** A person with what is known of it. */
export interface ExportPerson extends ExportRecord {
  readonly notes: readonly ExportRecord[];
}
