/** What letting go of old versions needs from outside. `store/keeping-store.ts` has the rows. */
import type { ContentId } from './types.ts';

/** How long, and up to which size, what was replaced or deleted can be had back. */
export interface KeepingRules {
  readonly days: number;
  readonly bytes: number;
}

/** A content that no version needs which nothing replaces. */
export interface Unneeded {
  readonly content: ContentId;
  readonly sinceMs: number;
}

/** Synchronous; writing joins the open transaction. */
export interface KeepingRows {
  /**
   * Looks at so many contents behind a row, notes since when each is not needed, and takes that back of what is needed again.
   * @returns where to go on; undefined when all were looked at.
   */
  note(after: number, limit: number, nowMs: number): number | undefined;
  /** Those that are unneeded for longest first. */
  unneeded(limit: number): readonly Unneeded[];
  /** It was let go, or somebody else holds it and it is looked at again. */
  forget(content: ContentId): void;
  /** What lies in this node's store for unneeded contents alone. */
  unneededBytes(): number;
  /** Of that, what goes with this one. */
  bytesOf(content: ContentId): number;
}
