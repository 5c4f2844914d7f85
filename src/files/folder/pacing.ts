/** When which path is looked at, and how many things are under way. */
import type { Clock, Timer, Timers } from '../../base/ports.ts';

/** After the last hint of a change, before a file is read: long enough for a program to finish a small one. */
const STILL_MS = 20;
const STILL_MIDDLE_MS = 200;
const STILL_LARGE_MS = 1000;
const MIDDLE_BYTES = 1024 * 1024;
const LARGE_BYTES = 64 * 1024 * 1024;
/** No file is waited for longer than this. */
export const LONGEST_MS = 10_000;

/** @param restless how often it turned out to be written to still, or was published a moment ago. */
export function stillMs(sizeBytes: number, restless: number): number {
  const bySize =
    sizeBytes < MIDDLE_BYTES ? STILL_MS : sizeBytes < LARGE_BYTES ? STILL_MIDDLE_MS : STILL_LARGE_MS;
  return Math.min(LONGEST_MS, bySize * 2 ** Math.min(restless, 16));
}

/** Paths to look at, each not before its time. */
export class Agenda {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #wake: () => void;
  readonly #due = new Map<string, number>();
  #timer: Timer | undefined;
  #timerMs = Infinity;

  constructor(clock: Clock, timers: Timers, wake: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#wake = wake;
  }

  get size(): number {
    return this.#due.size;
  }

  /** A later call moves it, to sooner or later. */
  set(path: string, delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + delayMs;
    this.#due.set(path, dueMs);
    this.#arm(dueMs);
  }

  /** Unless it is to be looked at already. */
  add(path: string, delayMs: number): void {
    if (!this.#due.has(path)) this.set(path, delayMs);
  }

  /** It is looked at now. @returns whether it was to be. */
  remove(path: string): boolean {
    return this.#due.delete(path);
  }

  /** @returns what is due, at most so many; the rest stays. */
  take(limit: number): string[] {
    const nowMs = this.#clock.monotonicMs();
    const taken: string[] = [];
    let nextMs = Infinity;
    for (const [path, dueMs] of this.#due) {
      if (dueMs <= nowMs && taken.length < limit) taken.push(path);
      else nextMs = Math.min(nextMs, dueMs);
    }
    for (const path of taken) this.#due.delete(path);
    this.#timerMs = Infinity;
    if (nextMs < Infinity) this.#arm(nextMs);
    return taken;
  }

  clear(): void {
    this.#timer?.cancel();
    this.#due.clear();
    this.#timerMs = Infinity;
  }

  #arm(dueMs: number): void {
    if (dueMs >= this.#timerMs) return;
    this.#timer?.cancel();
    this.#timerMs = dueMs;
    this.#timer = this.#timers.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => {
      this.#timerMs = Infinity;
      this.#wake();
    });
  }
}

/** How long one turn of the event loop may take: links, alarms and people wait for it. */
export const TURN_MS = 8;

/** Thousands of small steps, of which each is over in no time, in turns that leave room for all else. */
export class Turns {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #turnMs: number;
  #sinceMs = -Infinity;
  /** How often others had a turn meanwhile: what was seen before may be otherwise. */
  taken = 0;

  constructor(clock: Clock, timers: Timers, turnMs: number = TURN_MS) {
    this.#clock = clock;
    this.#timers = timers;
    this.#turnMs = turnMs;
  }

  /** Somebody else has just had a turn. */
  begin(): void {
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** Before each step; mostly it is no wait at all. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() - this.#sinceMs >= this.#turnMs;
  }

  async next(): Promise<void> {
    this.taken += 1;
    await new Promise<void>((resolve) => this.#timers.after(0, resolve));
    this.begin();
  }
}

/** So many at a time, in the order in which they came. */
export class Pool {
  readonly #limit: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param work reports its own failures: it never rejects. */
  run(work: () => Promise<void>): void {
    this.#waiting.push(work);
    this.#next();
  }

  get size(): number {
    return this.#running + this.#waiting.length;
  }

  /** What has not begun never will. */
  async stop(): Promise<void> {
    this.#waiting.length = 0;
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    if (this.#running >= this.#limit) return;
    const work = this.#waiting.shift();
    if (work === undefined) return;
    this.#running += 1;
    void work().finally(() => {
      this.#running -= 1;
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
      this.#next();
    });
  }
}

/** Calls `run` for each, so many at a time. */
export async function eachOf<Item>(
  items: readonly Item[],
  limit: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
