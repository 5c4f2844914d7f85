/**
 * Entries that were written or read a moment ago. What comes in is passed on to several neighbours at once: each of
 * them asks for the same entries, and only the first one has to be read for.
 */
import type { StoredEntry } from '../log/ports.ts';

/** What an entry weighs beside its bytes, about. */
const ENTRY_BYTES = 400;

export class RecentEntries {
  readonly #mostBytes: number;
  /** Oldest first. */
  readonly #entries = new Map<number, StoredEntry>();
  #sizeBytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get(id: number): StoredEntry | undefined {
    return this.#entries.get(id);
  }

  add(id: number, entry: StoredEntry): void {
    this.forget(id);
    this.#entries.set(id, entry);
    this.#sizeBytes += sizeOf(entry);
    for (const [oldest] of this.#entries) {
      if (this.#sizeBytes <= this.#mostBytes) return;
      this.forget(oldest);
    }
  }

  forget(id: number): void {
    const known = this.#entries.get(id);
    if (known === undefined) return;
    this.#entries.delete(id);
    this.#sizeBytes -= sizeOf(known);
  }

  clear(): void {
    this.#entries.clear();
    this.#sizeBytes = 0;
  }
}

function sizeOf({ headerBytes, parts }: StoredEntry): number {
  return parts.reduce((sum, part) => sum + (part?.byteLength ?? 0), ENTRY_BYTES + headerBytes.byteLength);
}
