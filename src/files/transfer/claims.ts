/** What a holder says that it has, of each file: all, nothing, or so many places of its list. */

declare const brand: unique symbol;
/** Names what is fetched: a file's content, or the manifests of one. */
export type WorkId = string & { readonly [brand]?: 'work' };

/** A bit a place, the highest of each byte first. */
export type Claim = 'all' | 'none' | Uint8Array;

/** Of files that this node fetches; a holder cannot make it remember more. */
export class Claims {
  readonly #claims = new Map<WorkId, Claim>();

  of(work: WorkId): Claim {
    return this.#claims.get(work) ?? 'none';
  }

  all(): IterableIterator<[WorkId, Claim]> {
    return this.#claims.entries();
  }

  /** @param count of places: more than that says nothing. */
  set(work: WorkId, claim: Claim, count: number): void {
    this.#claims.set(work, typeof claim === 'string' ? claim : claim.slice(0, Math.ceil(count / 8)));
  }

  forget(work: WorkId): void {
    this.#claims.delete(work);
  }

  has(work: WorkId, place: number): boolean {
    return claimHas(this.of(work), place);
  }

  /** @returns whether that was news. */
  add(work: WorkId, place: number, count: number): boolean {
    if (place >= count || this.has(work, place)) return false;
    setBit(this.#bits(work, count), place, true);
    return true;
  }

  /** @returns whether it had been claimed. */
  remove(work: WorkId, place: number, count: number): boolean {
    if (!this.has(work, place)) return false;
    setBit(this.#bits(work, count), place, false);
    return true;
  }

  #bits(work: WorkId, count: number): Uint8Array {
    const known = this.of(work);
    const length = Math.ceil(count / 8);
    const bits = new Uint8Array(length);
    if (known === 'all') bits.fill(0xff);
    else if (known !== 'none') bits.set(known.subarray(0, length));
    this.#claims.set(work, bits);
    return bits;
  }
}

export function claimHas(claim: Claim, place: number): boolean {
  if (typeof claim === 'string') return claim === 'all';
  return ((claim[place >> 3] ?? 0) & (0x80 >> (place & 7))) !== 0;
}

export function claimOf(here: readonly boolean[]): Claim {
  if (here.every((is) => is)) return 'all';
  if (!here.includes(true)) return 'none';
  const bits = new Uint8Array(Math.ceil(here.length / 8));
  here.forEach((is, place) => {
    if (is) setBit(bits, place, true);
  });
  return bits;
}

function setBit(bits: Uint8Array, place: number, on: boolean): void {
  const mask = 0x80 >> (place & 7);
  const byte = bits[place >> 3] ?? 0;
  bits[place >> 3] = on ? byte | mask : byte & ~mask;
}
