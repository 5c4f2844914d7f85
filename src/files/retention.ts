/**
 * Lets go of what versions were made of that have been replaced or deleted for long enough, or when there are too many of them, the oldest first. Whoever is asked what
 * is needed are the tables as they are then: nothing is counted on the way, so a crash anywhere costs one more look.
 */
import type { Logger, Timer, Timers } from '../base/ports.ts';
import type { KeepingRows, KeepingRules, Unneeded } from './ports-keeping.ts';
import type { ContentId } from './types.ts';

const LOOK_MS = 60 * 60 * 1000;
const FIRST_MS = 60_000;
/** Contents looked at in one turn, and the pause before the next. */
const AT_ONCE = 2000;
const PAUSE_MS = 50;
/** What was read a moment ago is not published yet; what was replaced a moment ago may be on its way to somebody. */
const GRACE_MS = 10 * 60_000;
const LET_GO_AT_ONCE = 200;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface RetentionDeps {
  readonly rows: KeepingRows;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Time as it counts for what is kept. */
  nowMs(): number;
  rules(): KeepingRules;
  /** It is fetched now, or given to somebody. */
  inUse(content: ContentId): boolean;
  /** Ends what this node holds these by, in one transaction with `andThen`, and removes what is left of them. */
  letGo(contents: readonly ContentId[], andThen: () => void): void;
}

export class Retention {
  readonly #deps: RetentionDeps;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
    this.#after(FIRST_MS, 0);
  }

  /** Looks at all of it now: the rules are others. */
  look(): void {
    this.#timer?.cancel();
    this.#step(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #after(delayMs: number, from: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#deps.timers.after(delayMs, () => {
      this.#step(from);
    });
  }

  #step(from: number): void {
    try {
      const next = this.#deps.rows.note(from, AT_ONCE, this.#deps.nowMs());
      if (next === undefined) this.#lapse();
      this.#after(next === undefined ? LOOK_MS : PAUSE_MS, next ?? 0);
    } catch (error) {
      this.#deps.logger.error({ err: error }, 'old versions could not be let go');
      this.#after(LOOK_MS, 0);
    }
  }

  #lapse(): void {
    const { rows, logger } = this.#deps;
    for (;;) {
      const lapsed = this.#lapsed();
      if (lapsed.length === 0) return;
      this.#deps.letGo(lapsed, () => {
        for (const content of lapsed) rows.forget(content);
      });
      logger.info({ contents: lapsed.length }, 'old versions can no longer be had back from here');
      if (lapsed.length < LET_GO_AT_ONCE) return;
    }
  }

  /** Too old; and while there is too much, the oldest of the rest. */
  #lapsed(): ContentId[] {
    const { rows } = this.#deps;
    const { days, bytes } = this.#deps.rules();
    const nowMs = this.#deps.nowMs();
    let overBytes = rows.unneededBytes() - bytes;
    const isDue = ({ content, sinceMs }: Unneeded): boolean => {
      if (nowMs - sinceMs < GRACE_MS || this.#deps.inUse(content)) return false;
      if (nowMs - sinceMs <= days * DAY_MS && overBytes <= 0) return false;
      overBytes -= rows.bytesOf(content);
      return true;
    };
    return rows.unneeded(LET_GO_AT_ONCE).flatMap((one) => (isDue(one) ? [one.content] : []));
  }
}
