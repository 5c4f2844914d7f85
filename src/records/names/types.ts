/** What a name becomes when it is read. Costs are in tenths of a nat: a letter that has nothing to match costs 70. */

export type Script = 'latin' | 'burmese' | 'arabic' | 'bengali' | 'hanifi' | 'other';

/** One way in which Latin letters write a unit, and how much less usual it is than the usual one. */
export interface Spelling {
  readonly latin: string;
  readonly cost: number;
}

/** What a script writes as one sign or group: an Arabic letter, the onset or the rhyme of a Burmese syllable. */
export interface Unit {
  /** Equal where two units are read alike. */
  readonly symbol: string;
  /** The usual spelling first. */
  readonly spellings: readonly Spelling[];
  /** The same by their first letter. */
  readonly starting: ReadonlyMap<string, readonly Spelling[]>;
  /** The classes of consonants that it can be heard as, a bit each. */
  readonly heard: number;
  /** Whether none of its spellings is without a consonant. */
  readonly alwaysHeard: boolean;
  /** What it costs when the other side does not write it. */
  readonly dropCost: number;
}

/** A title or a particle says little about who somebody is. */
export type WordKind = 'name' | 'title' | 'particle' | 'initial';

/** What is written between spaces; of Burmese, which has none, a syllable. */
export interface Word {
  readonly script: Script;
  readonly kind: WordKind;
  /** As written, normalised; Zawgyi as Unicode. */
  readonly text: string;
  /** Letters a to z: what is written, or for other scripts the usual spelling. */
  readonly latin: string;
  readonly units: readonly Unit[];
  /** The classes of consonants that any of its units can be heard as. */
  readonly heard: number;
}

export interface Reading {
  readonly words: readonly Word[];
}
