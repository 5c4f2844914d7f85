/** What a neighbour may make the sync core hold and do. */
import { isKithError } from '../base/errors.ts';
import type { Height, Run } from './types.ts';
import { decodeHeader, hashHeader } from './wire.ts';

export const SYNC_LIMITS = {
  /** Bytes of a feed that may be on their way to us; a request asks for as many, and half as many are topped up. */
  windowBytes: 2 * 1024 * 1024,
  /** Requests to one neighbour that are under way at once. */
  wantsPerNeighbour: 4,
  /** More new entries than this are announced, not pushed. */
  pushEntries: 64,
  /** Runs that break a rule before the neighbour is cut off. */
  faults: 3,
  timeoutMs: 20_000,
  /** After the store failed, this long until it is tried again. */
  restMs: 10_000,
  /** Parts that a neighbour could not give are asked for again after this long, then twice as long each time. */
  partsAgainMs: 20_000,
  partsAgainMaxMs: 60 * 60 * 1000,
  /** Requests left unanswered before the neighbour is cut off. */
  silences: 3,
  /** Feeds that a neighbour may claim to have and we not. */
  heightsPerNeighbour: 200_000,
} as const;

export const GOES_ON: ReadonlySet<string> = new Set(['appended', 'nothing-new']);

/** Refusals that no honest neighbour causes: it checked the same rules before it stored the entries. */
export const BAD_BYTES: ReadonlySet<string> = new Set([
  'malformed',
  'broken-chain',
  'unsealed',
  'bad-seal',
  'bad-part',
  'unreadable-act',
]);

/** Where a run ends; undefined when that cannot be read. */
export function lastPlace(run: Run): Height | undefined {
  const last = run.entries.at(-1);
  if (last === undefined) return undefined;
  try {
    return { seq: decodeHeader(last.headerBytes).seq, hash: hashHeader(last.headerBytes) };
  } catch (error) {
    if (isKithError(error, 'malformed')) return undefined;
    throw error;
  }
}
