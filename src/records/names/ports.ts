/** Where names are filed by their keys. In the program this is a table of SQLite. */

export interface Candidate<Id> {
  readonly id: Id;
  /** How rare the keys are that it shares with the question, added up. */
  readonly weight: number;
}

export interface NameIndex<Id extends string | number> {
  add(id: Id, keys: readonly string[]): void;
  remove(id: Id): void;
  /**
   * At most `limit` names that share keys with the question, those first that share the rarest. Keys that too many names have may
   * be left out once rarer ones have given enough.
   */
  candidates(keys: readonly string[], limit: number): readonly Candidate<Id>[];
}
