/** The in-memory twin of `src/store/extension-store.ts`, on a simulated disk. */
import { compareHlc } from '../../src/base/hlc.ts';
import type { ExtensionIndex, ExtensionPlace } from '../../src/log/ports.ts';
import type { MemoryDisk } from './memory-disk.ts';

export class MemoryExtensionIndex implements ExtensionIndex {
  readonly #disk: MemoryDisk;
  #byKind = new Map<string, ExtensionPlace[]>();

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  add(kind: string, place: ExtensionPlace): void {
    const places = this.#byKind.get(kind) ?? [];
    const at = firstFrom(places, place);
    const there = places[at];
    if (there !== undefined && inOrder(there, place) === 0) return;
    this.#disk.wrote(() => {
      places.splice(places.indexOf(place), 1);
    });
    places.splice(at, 0, place);
    this.#byKind.set(kind, places);
  }

  clear(): void {
    const before = this.#byKind;
    this.#disk.wrote(() => {
      this.#byKind = before;
    });
    this.#byKind = new Map();
  }

  page(kind: string, after: ExtensionPlace | undefined, limit: number): readonly ExtensionPlace[] {
    const places = this.#byKind.get(kind) ?? [];
    const found = after === undefined ? 0 : firstFrom(places, after);
    const next = places[found];
    const from = after !== undefined && next !== undefined && inOrder(next, after) === 0 ? found + 1 : found;
    return places.slice(from, from + limit);
  }
}

function inOrder(a: ExtensionPlace, b: ExtensionPlace): number {
  return compareHlc(a.hlc, b.hlc) || (a.feed === b.feed ? a.seq - b.seq : a.feed < b.feed ? -1 : 1);
}

/** Where the first place stands that does not come before `place`. */
function firstFrom(places: readonly ExtensionPlace[], place: ExtensionPlace): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const there = places[middle];
    if (there !== undefined && inOrder(there, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
