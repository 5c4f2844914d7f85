/**
 * What a replica may believe of its own disk. A torn tail was never acknowledged and is cut off. Anything else that does
 * not fit means that something which was acknowledged is gone: then this replica's word is worth nothing any more.
 */
import { chained } from './chain.ts';
import type { Entry, StoredReplica } from './types.ts';

export type Recovered =
  | { readonly type: 'whole'; readonly stored: StoredReplica }
  /** @param at the first index that cannot be trusted. */
  | { readonly type: 'corrupt'; readonly at: number };

export function recover(stored: StoredReplica): Recovered {
  const { base, height, commit } = stored;
  const found = new Map(stored.entries.map((entry) => [entry.index, entry]));
  const entries: Entry[] = [];
  let hash = base.hash;
  for (let index = base.index + 1; index <= height.index; index += 1) {
    const entry = found.get(index);
    if (entry === undefined || chained(hash, index, entry).hash !== entry.hash)
      return { type: 'corrupt', at: index };
    hash = entry.hash;
    entries.push(entry);
  }
  if (hash !== height.hash || commit > height.index) return { type: 'corrupt', at: height.index };
  return { type: 'whole', stored: { ...stored, entries, commit: Math.max(commit, base.index) } };
}
