/** What importing and exporting need of the registry and of the world. */
import type { Bytes } from '../../base/bytes.ts';
import type { Fields, KindName } from './types.ts';

/** What was taken of a source before, on disk together with the records themselves. */
export interface Checkpoint {
  /** Everything up to here was taken in: places of records in their order, from 1. */
  readonly position: number;
  readonly added: number;
  readonly updated: number;
  readonly skipped: number;
}

export interface Incoming {
  /** Its place in the source; later ones are greater. */
  readonly position: number;
  readonly id: string;
  readonly kind: KindName;
  /** Right by the table of kinds. */
  readonly fields: Fields;
}

export interface Taken {
  readonly added: number;
  readonly updated: number;
  /** Here already and the same or newer, or gone for good. */
  readonly skipped: number;
  /** Of those that are skipped, the ones that may not be taken. */
  readonly refused: readonly { readonly position: number; readonly code: string; readonly message: string }[];
}

export interface ImportDoor {
  checkpoint(source: string): Checkpoint | undefined;
  /** All of them, and how far the source was taken in, in one transaction, under few signatures. */
  take(source: string, items: readonly Incoming[], upTo: number): Taken;
  /** Whether there is such a record here, of whatever age. */
  has(id: string): boolean;
  /** What is known of it here; undefined where there is none, or it is gone. */
  find(id: string): Fields | undefined;
}

export interface Exported {
  readonly id: string;
  readonly kind: KindName;
  readonly fields: Fields;
  /** Expired or withdrawn: the fields are those of PFIF's placeholder. */
  readonly gone: boolean;
  /** As of its newest note; of persons alone. */
  readonly status: string | undefined;
}

export interface ExportDoor {
  /** In the order in which they came here, as this node may see them. */
  read(kind: KindName): Iterable<Exported>;
  /** Notes about a person. */
  notesOf(id: string): Iterable<Exported>;
  has(id: string): boolean;
  /** Writes down that fields which few may see were given out; before they are. */
  noteGivenOut(given: readonly GivenOut[]): void;
}

export interface GivenOut {
  readonly id: string;
  readonly fields: readonly string[];
}

/** A file, or what is like one: it can be read from its beginning more than once. */
export interface ImportSource {
  /** Null where it is not known. */
  readonly sizeBytes: number | null;
  open(): AsyncIterable<Bytes>;
}
