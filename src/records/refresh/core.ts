/**
 * Whom a node asks for news, decided: a member at random, another one when none comes, until one has answered and given
 * all that it has, or the attempts are used up. Pure: the shell asks, and tells what came of it.
 */
import { assert } from '../../base/errors.ts';
import type { Rng } from '../../base/ports.ts';

export interface RefreshLimits {
  readonly attempts: number;
  /** For a way to the member, and its first word. */
  readonly answerMs: number;
  /** Between two things that it sends. */
  readonly silenceMs: number;
  /** For one attempt, whatever comes. */
  readonly wholeMs: number;
  /** Before a member is asked for the second time; doubled for each time more. */
  readonly pauseMs: number;
}

export const REFRESH_LIMITS: RefreshLimits = {
  attempts: 6,
  answerMs: 8000,
  silenceMs: 15_000,
  wholeMs: 10 * 60_000,
  pauseMs: 1000,
};

/** `no-way`: it could not be reached. `silent`: nothing came in time. `broke-off`: it began, and did not end. */
export type Unanswered = 'no-way' | 'silent' | 'broke-off';

export interface Attempt<Who> {
  readonly who: Who;
  readonly outcome: 'answered' | Unanswered;
  /** Entries that came in this attempt. */
  readonly entries: number;
}

/** As the shell sees it now, of the member that is being asked. */
export interface Sight {
  readonly nowMs: number;
  /** Whether what was begun to reach it has failed for good. */
  readonly failed: boolean;
  readonly answered: boolean;
  /** Nothing is known that it has and this node lacks. */
  readonly inStep: boolean;
  /** Entries that came since it was asked. */
  readonly entries: number;
}

export type RefreshEffect<Who> =
  | { readonly type: 'ask'; readonly who: Who; readonly attempt: number }
  | { readonly type: 'leave'; readonly attempt: Attempt<Who> }
  | {
      readonly type: 'done';
      readonly answered: Who | undefined;
      readonly attempts: readonly Attempt<Who>[];
    };

interface Asked<Who> {
  readonly who: Who;
  readonly sinceMs: number;
  entries: number;
  newsMs: number;
}

export class RefreshCore<Who> {
  readonly #candidates: readonly Who[];
  readonly #limits: RefreshLimits;
  readonly #rng: Rng;
  readonly #attempts: Attempt<Who>[] = [];
  #asked: Asked<Who> | undefined;
  #restUntilMs = -Infinity;
  #isDone = false;

  /** @param candidates each once. */
  constructor(candidates: readonly Who[], rng: Rng, limits: RefreshLimits = REFRESH_LIMITS) {
    this.#candidates = candidates;
    this.#limits = limits;
    this.#rng = rng;
  }

  /** @param sight of whoever is being asked; when nobody is, only its time counts. */
  step(sight: Sight): readonly RefreshEffect<Who>[] {
    if (this.#isDone) return [];
    const effects: RefreshEffect<Who>[] = [];
    const asked = this.#asked;
    if (asked !== undefined) {
      const outcome = this.#outcomeOf(asked, sight);
      if (outcome === undefined) return [];
      const attempt = { who: asked.who, outcome, entries: sight.entries };
      this.#attempts.push(attempt);
      this.#asked = undefined;
      effects.push({ type: 'leave', attempt });
      if (outcome === 'answered') return [...effects, this.#end(asked.who)];
      this.#restUntilMs = sight.nowMs + this.#pauseMs();
    }
    return [...effects, ...this.#next(sight.nowMs)];
  }

  #outcomeOf(asked: Asked<Who>, sight: Sight): Attempt<Who>['outcome'] | undefined {
    const { answerMs, silenceMs, wholeMs } = this.#limits;
    const { nowMs, answered, inStep, failed, entries } = sight;
    if (answered && inStep) return 'answered';
    if (entries > asked.entries) {
      asked.entries = entries;
      asked.newsMs = nowMs;
    }
    const hasBegun = answered || entries > 0;
    if (failed) return hasBegun ? 'broke-off' : 'no-way';
    const isLate = nowMs - asked.newsMs >= (hasBegun ? silenceMs : answerMs);
    if (!isLate && nowMs - asked.sinceMs < wholeMs) return undefined;
    return hasBegun ? 'broke-off' : 'silent';
  }

  #next(nowMs: number): readonly RefreshEffect<Who>[] {
    if (this.#attempts.length >= this.#limits.attempts || this.#candidates.length === 0)
      return [this.#end(undefined)];
    if (nowMs < this.#restUntilMs) return [];
    const who = this.#choose();
    this.#asked = { who, sinceMs: nowMs, entries: 0, newsMs: nowMs };
    return [{ type: 'ask', who, attempt: this.#attempts.length + 1 }];
  }

  /** At random among those that were asked least often, and not the one that failed just now if there is another. */
  #choose(): Who {
    const least = Math.min(...this.#candidates.map((who) => this.#timesAsked(who)));
    const fresh = this.#candidates.filter((who) => this.#timesAsked(who) === least);
    const last = this.#attempts.at(-1)?.who;
    const others = fresh.filter((who) => who !== last);
    const pool = others.length > 0 ? others : fresh;
    const chosen = pool[this.#rng.below(pool.length)];
    assert(chosen !== undefined, 'somebody is there to be asked');
    return chosen;
  }

  #timesAsked(who: Who): number {
    return this.#attempts.filter((attempt) => attempt.who === who).length;
  }

  /** None while there is somebody who was not asked yet. */
  #pauseMs(): number {
    const rounds = Math.floor(this.#attempts.length / this.#candidates.length);
    return rounds === 0 ? 0 : this.#limits.pauseMs * 2 ** (rounds - 1);
  }

  #end(answered: Who | undefined): RefreshEffect<Who> {
    this.#isDone = true;
    return { type: 'done', answered, attempts: this.#attempts };
  }
}
