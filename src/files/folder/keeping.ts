/** Replaced and deleted files can be had back for a time, as long as there is room. */
import type { KeepingRules } from '../ports-keeping.ts';
import type { FileSystem, FolderKeeping, FolderStore, Kept } from './ports.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const LOOK_MS = 60 * 60 * 1000;

/** The oldest first. A clock that goes back keeps more, never less. */
export function toDrop(kept: readonly Kept[], nowMs: number, { days, bytes }: KeepingRules): Kept[] {
  let sizeBytes = kept.reduce((sum, one) => sum + one.sizeBytes, 0);
  const oldestFirst = [...kept].sort((a, b) => a.keptMs - b.keptMs);
  return oldestFirst.filter((one) => {
    const goes = nowMs - one.keptMs > days * DAY_MS || sizeBytes > bytes;
    if (goes) sizeBytes -= one.sizeBytes;
    return goes;
  });
}

export class Keeping {
  readonly #fs: FileSystem;
  readonly #store: FolderStore;
  readonly #keeping: FolderKeeping;
  #lookedMs = -Infinity;
  #rules: KeepingRules | undefined;

  constructor(fs: FileSystem, store: FolderStore, keeping: FolderKeeping) {
    this.#fs = fs;
    this.#store = store;
    this.#keeping = keeping;
  }

  /** Asked often, it looks hourly, and when the rules have changed. */
  async prune(): Promise<void> {
    const nowMs = this.#keeping.nowMs();
    const rules = this.#keeping.rules();
    const isSame = this.#rules?.days === rules.days && this.#rules.bytes === rules.bytes;
    if (isSame && Math.abs(nowMs - this.#lookedMs) < LOOK_MS) return;
    for (const { name } of toDrop(this.#store.kept(), nowMs, rules)) {
      await this.#fs.dropKept(name);
      this.#store.forgetKept(name);
    }
    this.#lookedMs = nowMs;
    this.#rules = rules;
  }
}
