/**
 * Entries of programs that are built on kith: their kinds start with `x-`, and what their parts hold is theirs. The
 * table has places only, in the order of time; so it is the same on a node that may not hold the parts, or no longer
 * does, and there is nothing in it to erase.
 */
import { assert } from '../base/errors.ts';
import { hydrate } from './folding.ts';
import type { ExtensionIndex, ExtensionPlace, FoldedEntry, LogStore, Projection } from './ports.ts';

const PREFIX = 'x-';

export function isExtensionKind(kind: string): boolean {
  return kind.startsWith(PREFIX);
}

export function extensionProjection(index: ExtensionIndex): Projection {
  return {
    name: 'extension entries',
    wants: isExtensionKind,
    apply: ({ feed, header }) => {
      index.add(header.kind, { hlc: header.hlc, feed: feed.id, seq: header.seq });
    },
    reset: () => {
      index.clear();
    },
  };
}

export interface ExtensionQuery {
  readonly kind: string;
  /** The `next` of the page before. */
  readonly after?: ExtensionPlace | undefined;
  readonly limit: number;
}

export interface ExtensionPage {
  /** Oldest first. A part is null where this node does not hold it. */
  readonly entries: readonly FoldedEntry[];
  /** Where the next page goes on; undefined at the end. */
  readonly next: ExtensionPlace | undefined;
}

/** What arrives late has its place in time, too: it comes into pages that were read already, not after them. */
export function readExtensionPage(
  index: ExtensionIndex,
  store: LogStore,
  query: ExtensionQuery,
): ExtensionPage {
  const places = index.page(query.kind, query.after, query.limit + 1);
  const page = places.slice(0, query.limit);
  return {
    entries: page.map((place) => entryAt(store, place)),
    next: places.length > query.limit ? page.at(-1) : undefined,
  };
}

function entryAt(store: LogStore, { feed, seq }: ExtensionPlace): FoldedEntry {
  const [stored] = store.read({ feed, from: seq, to: seq });
  const info = store.feed(feed)?.info;
  assert(stored !== undefined && info !== undefined, 'what was folded is in the log');
  return { ...hydrate(stored), feed: info };
}
