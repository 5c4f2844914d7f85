/** Replaced and deleted files can be had back for a time, as long as there is room. */
import type { Clock } from '../../base/ports.ts';
import type { FileSystem, FolderStore, Kept } from './ports.ts';

const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const KEPT_BYTES = 10 * 1024 ** 3;

/** The oldest first. A clock that goes back keeps more, never less. */
export function toDrop(kept: readonly Kept[], nowMs: number, mostBytes = KEPT_BYTES): Kept[] {
  let sizeBytes = kept.reduce((sum, one) => sum + one.sizeBytes, 0);
  const oldestFirst = [...kept].sort((a, b) => a.keptMs - b.keptMs);
  return oldestFirst.filter((one) => {
    const goes = nowMs - one.keptMs > KEPT_MS || sizeBytes > mostBytes;
    if (goes) sizeBytes -= one.sizeBytes;
    return goes;
  });
}

export class Keeping {
  readonly #fs: FileSystem;
  readonly #store: FolderStore;
  readonly #clock: Clock;

  constructor(fs: FileSystem, store: FolderStore, clock: Clock) {
    this.#fs = fs;
    this.#store = store;
    this.#clock = clock;
  }

  async prune(): Promise<void> {
    for (const { name } of toDrop(this.#store.kept(), this.#clock.nowMs())) {
      await this.#fs.dropKept(name);
      this.#store.forgetKept(name);
    }
  }
}
