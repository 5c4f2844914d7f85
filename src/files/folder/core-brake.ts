/**
 * The brake: whatever destroys many files within a short time stops and asks. It looks at a window of time, because `rm -r`
 * reaches us a few files at a time.
 */
import type { Direction } from './ports.ts';

export interface BrakeLimits {
  readonly files: number;
  readonly share: number;
  readonly windowMs: number;
}

export const BRAKE_LIMITS: BrakeLimits = { files: 20, share: 0.25, windowMs: 60_000 };

interface Destroyed {
  readonly path: string;
  readonly atMs: number;
  /** Files that there were then. */
  readonly of: number;
}

export class BrakeGauge {
  readonly #limits: BrakeLimits;
  readonly #destroyed: Record<Direction, Destroyed[]> = { out: [], in: [] };
  readonly #permitted: Record<Direction, Set<string>> = { out: new Set(), in: new Set() };

  constructor(limits: BrakeLimits) {
    this.#limits = limits;
  }

  /**
   * @param paths that would be destroyed now.
   * @param count files that there are now, these among them.
   * @returns false when it is too much, with what went before: then none of it may happen.
   */
  admit(direction: Direction, paths: readonly string[], count: number, nowMs: number): boolean {
    const recent = this.#destroyed[direction].filter(({ atMs }) => nowMs - atMs < this.#limits.windowMs);
    const permitted = this.#permitted[direction];
    const asked = paths.filter((path) => !permitted.has(path));
    const all = new Set([...recent.map(({ path }) => path), ...asked]);
    const before = Math.max(count, ...recent.map(({ of }) => of));
    const isTooMuch =
      asked.length > 0 && all.size > this.#limits.files && all.size > before * this.#limits.share;
    if (isTooMuch) return false;
    this.#destroyed[direction] = [...recent, ...asked.map((path) => ({ path, atMs: nowMs, of: before }))];
    return true;
  }

  /** What was to be done there is done, or not wanted any more; a yes was for that alone. */
  settled(path: string): void {
    this.#permitted.out.delete(path);
    this.#permitted.in.delete(path);
  }

  /** Somebody was asked and said yes: until it is done, for content may still have to come. */
  permit(direction: Direction, paths: Iterable<string>): void {
    for (const path of paths) this.#permitted[direction].add(path);
    this.#destroyed[direction] = [];
  }
}
