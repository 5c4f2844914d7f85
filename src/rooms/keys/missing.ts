/** Which keys of messages are missing here, and which of them can be asked for. */
import type { Entry } from '../consensus/types.ts';
import { currentOf, secretOf, type KeyState, type Span } from './core.ts';
import { messageIn } from './entries.ts';
import type { Entries } from './history.ts';

/** Keys of messages in one frame. */
export const MOST_TEXTS = 400;

/** What is asked for once its entries are here: a key without them is none. */
export function askable(missing: Span | undefined, wholeAbove: (upTo: number) => number): Span | undefined {
  if (missing === undefined) return undefined;
  const from = Math.max(missing.from, wholeAbove(missing.to));
  return from >= missing.to ? undefined : { from, to: missing.to };
}

/** Where a room began, or nobody spoke, there is nothing to be had from anybody. */
export function lacksKeys({ from, to }: Span, entriesBetween: Entries): boolean {
  const entries: readonly Entry[] = to - from > MOST_TEXTS ? [] : entriesBetween(from + 1, to);
  return entries.length < to - from || entries.some((entry) => messageIn(entry) !== undefined);
}

/** Sealed before this device had keys, and put in order later. */
export function isUnknown(state: KeyState, entry: Entry): boolean {
  const body = messageIn(entry);
  if (body === undefined || currentOf(state) === undefined) return false;
  return secretOf(state, body.epoch) === undefined;
}
