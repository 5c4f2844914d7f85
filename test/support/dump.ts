/** Everything that a log store holds, as plain values: two stores are alike when their dumps are. */
import { toHex } from '../../src/base/bytes.ts';
import type { Vector } from '../../src/identity/types.ts';
import type { FeedState, LogStore } from '../../src/log/ports.ts';

/** @param places feeds and numbers, beside those of entries, at which erasures are looked for. */
export function dumpStore(
  store: LogStore,
  places: readonly { feed: FeedState['info']['id']; seq: number }[] = [],
): object {
  return {
    feeds: [...store.feeds()].sort(byId).map((state) => dumpFeed(store, state)),
    asides: store
      .asides()
      .map(({ feed, from, to, entries }) => ({ feed, from, to, entries }))
      .sort((a, b) => (a.feed + String(a.from) < b.feed + String(b.from) ? -1 : 1)),
    erasures: places.map(({ feed, seq }) => store.erasedBy(feed, seq)),
  };
}

function dumpFeed(store: LogStore, state: FeedState): object {
  const { id } = state.info;
  const evidence = store.forkEvidence(id);
  return {
    ...state,
    seen: dumpVector(state.seen),
    evidence: evidence === undefined ? undefined : toHex(evidence),
    missing: store.missingParts(id),
    entries: [...store.read({ feed: id, from: 1, to: Infinity })].map(
      ({ seq, headerBytes, parts, seal, aside }) => ({
        seq,
        header: toHex(headerBytes),
        parts: parts.map((part) => (part === null ? null : toHex(part))),
        seal: seal === null ? null : toHex(seal),
        aside,
        hash: store.hashAt(id, seq),
        sealAfter: store.sealAfter(id, seq),
        erased: store.erasedBy(id, seq),
      }),
    ),
  };
}

export function dumpVector(vector: Vector): [string, number][] {
  return [...vector].sort(([a], [b]) => (a < b ? -1 : 1));
}

function byId(a: FeedState, b: FeedState): number {
  return a.info.id < b.info.id ? -1 : 1;
}
