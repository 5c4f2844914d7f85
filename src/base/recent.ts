/** A map of what came last, of bounded size: a copy of what can be had again, and never the only one. */
export class Recent<Key, Value> {
  readonly #most: number;
  readonly #entries = new Map<Key, Value>();
  /** Stands behind what went: one from the start walks over the place of each of these. */
  #oldest = this.#entries.keys();
  #changes = 0;

  /** @param most entries; the one that was put in first goes first. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** Made where it is not here. */
  of(key: Key, make: () => Value): Value {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.set(key, made);
    return made;
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
    this.#changed();
    if (this.#entries.size <= this.#most) return;
    const oldest = this.#oldest.next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  delete(key: Key): void {
    if (this.#entries.delete(key)) this.#changed();
  }

  clear(): void {
    this.#entries.clear();
    this.#begin();
  }

  /** An iterator keeps each table that the map grew out of since it was last asked. */
  #changed(): void {
    this.#changes += 1;
    if (this.#changes > this.#most) this.#begin();
  }

  #begin(): void {
    this.#changes = 0;
    this.#oldest = this.#entries.keys();
  }
}
