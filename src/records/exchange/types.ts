/** What readers of files make of them, whatever the format: records, and what is wrong, each with its line. */

/** Field names and values as the format's newest version has them; no field is empty. */
export type Fields = Readonly<Record<string, string>>;

export interface ReadRecord {
  readonly type: 'record';
  readonly kind: string;
  /** Where it starts in the file, from 1. */
  readonly line: number;
  readonly fields: Fields;
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

export const FORMATS = ['pfif', 'csv', 'fhir', 'hxl'] as const;
export type Format = (typeof FORMATS)[number];
