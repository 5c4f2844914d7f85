/** Reading the log for somebody else: runs that end at a seal, with the parts that the reader may hold and no others. */
import { LIMITS } from '../base/limits.ts';
import { mayHold, type Standing as Reader } from '../identity/roles.ts';
import { hydrate } from './folding.ts';
import type { FeedState, LogStore, ReadRange, StoredEntry } from './ports.ts';
import type { RawEntry, Run } from './types.ts';
import { audiencesOf } from './wire.ts';

/** What an entry costs beside its bytes, about. */
const OVERHEAD_BYTES = 96;

/** Undefined when there is nothing from `from` on. The limit is passed only where no earlier seal allows less. */
export function readRun(
  store: LogStore,
  reader: Reader,
  state: FeedState,
  from: number,
  limitBytes: number,
): Run | undefined {
  const entries: RawEntry[] = [];
  let sizeBytes = 0;
  let sealed = 0;
  for (const stored of store.read({ feed: state.info.id, from, to: state.seq })) {
    const parts = partsFor(reader, stored);
    sizeBytes += stored.headerBytes.byteLength + OVERHEAD_BYTES;
    for (const part of parts) sizeBytes += part?.byteLength ?? 0;
    if (sealed > 0 && sizeBytes > limitBytes) break;
    entries.push({ headerBytes: stored.headerBytes, parts, seal: stored.seal });
    if (stored.seal !== null) sealed = entries.length;
    if (entries.length === LIMITS.entriesPerSeal) break;
  }
  return sealed === 0 ? undefined : { feed: state.info, entries: entries.slice(0, sealed) };
}

function partsFor(reader: Reader, stored: StoredEntry): RawEntry['parts'] {
  if (stored.parts.every((part) => part === null)) return stored.parts;
  const audiences = audiencesOf(stored.headerBytes);
  return stored.parts.map((part, index) => {
    const audience = audiences[index];
    return audience !== undefined && mayHold(reader, audience) ? part : null;
  });
}

/** Ranges of a feed in which a part is missing that this reader may hold. */
export function readMissing(store: LogStore, reader: Reader, state: FeedState): ReadRange[] {
  const feed = state.info.id;
  return store.missingParts(feed).filter((range) =>
    [...store.read(range)].some((stored) => {
      const erased = new Set(store.erasedBy(feed, stored.seq).map(({ part }) => part));
      return hydrate(stored).header.parts.some(
        (ref, index) => stored.parts[index] === null && !erased.has(index) && mayHold(reader, ref.audience),
      );
    }),
  );
}
