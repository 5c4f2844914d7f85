/** What is compared of two records. Fields have PFIF's meaning; what a record lacks says nothing. */

export type Sex = 'female' | 'male' | 'other';

/** Whether somebody looks for this person, or knows where the person is. */
export type Whereabouts = 'sought' | 'located' | 'unknown';

export interface Home {
  readonly street?: string;
  readonly neighborhood?: string;
  readonly city?: string;
  readonly state?: string;
  readonly postalCode?: string;
  readonly country?: string;
}

export interface Years {
  readonly from: number;
  readonly to: number;
}

export interface Person {
  /** Full names, alternate names among them, as `nameToFile` gives them. */
  readonly names: readonly string[];
  readonly sex?: Sex;
  /** `1990`, `1990-05` or `1990-05-17`. */
  readonly dateOfBirth?: string;
  /** Between which years the person was born, where only an age is known. */
  readonly bornBetween?: Years;
  readonly home?: Home;
  readonly phones?: readonly string[];
  /** Numbers of cards and registrations. */
  readonly documents?: readonly string[];
  readonly whereabouts?: Whereabouts;
}

/** Two records of one person; or of somebody sought and somebody located, between whom homes and numbers change. */
export type MatchMode = 'duplicates' | 'reunion';

export interface Match {
  /** From 0 to 1: how likely it is one person. A suggestion, whatever it says. */
  readonly score: number;
  readonly reasons: readonly string[];
}

/** What comparing one field gave: a level of the table of weights, and how to say it. */
export interface Evidence {
  readonly field: string;
  readonly level: string;
  readonly says: string;
}
