/** The twin in memory of a table of names by key. Ids are small whole numbers or texts; keys become small numbers. */
import type { Candidate, NameIndex } from '../../src/records/names/ports.ts';

/** How many postings one question may walk; what the rarest keys have comes first. */
const WALK_LIMIT = 60_000;

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
    let walked = 0;
    for (const list of this.#rarestFirst(keys)) {
      const rarity = Math.log1p(this.#live / list.length);
      const known = walked + list.length > WALK_LIMIT;
      for (const place of list) {
        const weight = weights.get(place);
        if (weight === undefined && known && walked > WALK_LIMIT) continue;
        walked += 1;
        weights.set(place, (weight ?? 0) + rarity);
      }
    }
    return [...weights]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .flatMap(([place, weight]) => {
        const id = this.#ids[place];
        return id === undefined ? [] : [{ id, weight }];
      })
      .slice(0, limit);
  }

  #rarestFirst(keys: readonly string[]): readonly (readonly number[])[] {
    return keys
      .map((key) => this.#postings.get(key) ?? [])
      .filter((list) => list.length > 0)
      .sort((a, b) => a.length - b.length);
  }
}
