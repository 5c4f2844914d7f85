/** A person or note as it stands in a file, before anything is understood of it. */
import type { PfifKind, PfifVersion } from './versions.ts';

export interface Fault {
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

export interface RawRecord {
  readonly kind: PfifKind;
  readonly version: PfifVersion;
  readonly line: number;
  /** By the names of its version, trimmed; the first one that is not empty, where a field stands more than once. */
  readonly fields: Record<string, string>;
  /** Names of all children in their order, empty ones and notes too. */
  readonly children: string[];
  /** In a person, notes that stand in it; in a note, none. */
  readonly notes: RawRecord[];
  /** What is wrong with its markup, the first thing of it. */
  fault: Fault | undefined;
}
