/** What the table of kinds is made of. */
import type { Audience } from '../../identity/roles.ts';

/**
 * Who may see a field, from the widest to the narrowest.
 * - `public`: everybody, readers too.
 * - `general`: members; readers see it generalised (an age as a band, a place as its region), or not at all.
 * - `members`: tier 1.
 * - `grant:NAME`: members with that grant.
 * - `home`: the home organisation of the record alone.
 */
export type Sensitivity = 'public' | 'general' | 'members' | `grant:${string}` | 'home';

/** How a value is written. All values are texts, as they are in PFIF; a list has one item a line. */
export type FieldType =
  | 'line'
  | 'text'
  | 'list'
  | 'record-id'
  | 'time'
  | 'date'
  | 'age'
  | 'email'
  | 'phone'
  | 'url'
  | 'country'
  | 'boolean'
  | 'count'
  | readonly string[];

export interface FieldSpec {
  /** Stands for the field in entries; never given to another one. */
  readonly no: number;
  readonly type: FieldType;
  readonly class: Sensitivity;
  readonly maxChars: number;
  readonly required: boolean;
  /** Single values that fewer people may see than the others. */
  readonly narrower: Readonly<Record<string, Sensitivity>>;
  /** A field of PFIF 1.4. */
  readonly pfif: boolean;
}

export type KindName = 'person' | 'note' | 'tracing' | 'patient' | 'immunisation' | 'census' | 'consent';

export interface KindSpec {
  readonly name: KindName;
  readonly no: number;
  /** In words, for people. */
  readonly label: string;
  /** Readers see records of this kind at all. */
  readonly readers: boolean;
  /** The field that names the person whom the record is about, where it is another record. */
  readonly about: string | undefined;
  readonly fields: Readonly<Record<string, FieldSpec>>;
}

/** A record's values by the names of its fields; one that is not there is not known. */
export type Fields = Readonly<Record<string, string>>;

/** Values for one audience; an empty one takes back what was said. */
export interface FieldsFor {
  readonly audience: Audience;
  readonly fields: Fields;
}

export interface Problem {
  readonly field: string;
  readonly code: 'unknown-field' | 'missing-field' | 'bad-value' | 'too-long';
  readonly message: string;
}
