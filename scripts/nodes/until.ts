/** Waiting for a condition, never for a time: the deadline only ends what will never come. */
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 40;
const DEADLINE_MS = 90_000;

/**
 * Looks until `look` gives something else than undefined or false. What it throws counts as "not yet".
 * @param what for the failure: what was waited for.
 */
export async function until<Value>(
  what: string,
  look: () => Promise<Value | undefined | false> | Value | undefined | false,
  deadlineMs = DEADLINE_MS,
): Promise<Value> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`, { cause: last });
    await pause(LOOK_MS);
  }
}
