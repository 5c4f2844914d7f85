/**
 * How far a node trusts its clock when it throws things away. Expiry is an absolute time, and clocks lie: one that was
 * set a year ahead must not empty a carrier's store.
 */
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** So long a network may stay silent before the clock alone stops counting. */
const AHEAD_MS = 90 * DAY_MS;
const BEHIND_MS = DAY_MS;

/**
 * @param heardMs the times of the newest entry of each member that anybody has written; the newest but one counts,
 *   so that no single liar moves it. Where there is nothing, the own clock counts.
 */
export function trustedNowMs(ownMs: number, heardMs: readonly number[]): number {
  const [newest, second] = [...heardMs].sort((a, b) => b - a);
  const heard = second ?? newest;
  if (heard === undefined) return ownMs;
  if (ownMs > heard + AHEAD_MS) return heard;
  return Math.max(ownMs, heard - BEHIND_MS);
}

export function hoursOf(ms: number): number {
  return Math.floor(ms / HOUR_MS);
}

/** The end of the hour in which it expires: nothing goes before its time. */
export function expiryHoursOf(ms: number): number {
  return Math.ceil(ms / HOUR_MS);
}

export function msOfHours(hours: number): number {
  return hours * HOUR_MS;
}
