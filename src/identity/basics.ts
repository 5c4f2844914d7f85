/** Words that acts and the roll share. */
import type { EntryHash, FeedId } from '../base/ids.ts';

/** Names one entry by place and content. */
export interface EntryLink {
  readonly feed: FeedId;
  readonly seq: number;
  readonly hash: EntryHash;
}

/** How far each roll feed had been seen: the causal past of an entry. */
export type Vector = ReadonlyMap<FeedId, number>;

export interface Profile {
  readonly name: string;
  readonly org: string;
  readonly place: string;
}
