/** The twin in memory of a table of names by key. Ids are small whole numbers or texts; keys become small numbers. */
import type { Candidate, NameIndex } from '../../src/records/index.ts';

/** How many postings one question may walk: what the rarest keys have comes first, and of common ones the beginning. */
const WALK_LIMIT = 12_000;
/** Sorting numbers is much faster than sorting objects, so weight and place are one number: place in the low digits. */
const PLACES = 2 ** 24;
const WEIGHT_STEPS = 1024;

export class MemoryNameIndex<Id extends string | number> implements NameIndex<Id> {
  readonly #postings = new Map<string, number[]>();
  readonly #ids: (Id | undefined)[] = [];
  readonly #places = new Map<Id, number>();
  #live = 0;

  add(id: Id, keys: readonly string[]): void {
    this.remove(id);
    const place = this.#ids.push(id) - 1;
    this.#places.set(id, place);
    this.#live += 1;
    for (const key of keys) {
      const list = this.#postings.get(key);
      if (list === undefined) this.#postings.set(key, [place]);
      else list.push(place);
    }
  }

  remove(id: Id): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.#ids[place] = undefined;
    this.#live -= 1;
  }

  candidates(keys: readonly string[], limit: number): readonly Candidate<Id>[] {
    const weights = new Map<number, number>();
    let left = WALK_LIMIT;
    for (const list of this.#rarestFirst(keys)) {
      const rarity = Math.log1p(this.#live / list.length);
      const end = Math.min(list.length, left);
      for (let at = 0; at < end; at += 1) {
        const place = list[at] ?? 0;
        weights.set(place, (weights.get(place) ?? 0) + rarity);
      }
      left -= end;
      if (left <= 0) break;
    }
    const ranked = Float64Array.from(
      weights,
      ([place, weight]) => Math.round(weight * WEIGHT_STEPS) * PLACES + (PLACES - 1 - place),
    );
    const found: Candidate<Id>[] = [];
    for (const packed of ranked.sort().reverse()) {
      const place = PLACES - 1 - (packed % PLACES);
      const id = this.#ids[place];
      if (id !== undefined) found.push({ id, weight: weights.get(place) ?? 0 });
      if (found.length === limit) break;
    }
    return found;
  }

  #rarestFirst(keys: readonly string[]): readonly (readonly number[])[] {
    return keys
      .map((key) => this.#postings.get(key) ?? [])
      .filter((list) => list.length > 0)
      .sort((a, b) => a.length - b.length);
  }
}
