/** One list of pieces that is fetched: which are here, asked for, or rare. */
import type { PieceId, PieceRef } from '../types.ts';
import { claimHas, type Claim, type WorkId } from './claims.ts';

export interface WorkInit {
  readonly id: WorkId;
  readonly pieces: readonly PieceRef[];
  readonly missing: readonly number[];
  /** Claims name places of this list; else, whoever has anything of the file has all of this. */
  readonly listed: boolean;
  readonly salt: number;
  readonly credit: number;
}

const HERE = 0;
const MISSING = 1;
/** Came, and is being written. */
const COMING = 2;

/** So many missing pieces are looked at for the rarest: a file of a million is fetched in stretches. */
const STRETCH = 4096;
/** The order is made anew after so many changes of what is rare. */
const RESORT = 512;

export class Work {
  readonly id: WorkId;
  readonly pieces: readonly PieceRef[];
  /** Bytes asked for, for fairness between transfers. */
  credit: number;
  readonly #listed: boolean;
  readonly #salt: number;
  readonly #state: Uint8Array;
  readonly #holders: Uint16Array;
  readonly #askers: Uint8Array;
  readonly #places = new Map<PieceId, number[]>();
  #left: number;
  #unasked: number;
  #order: number[] = [];
  #changes = Infinity;
  #firstMissing = 0;

  constructor({ id, pieces, missing, listed, salt, credit }: WorkInit) {
    this.id = id;
    this.pieces = pieces;
    this.credit = credit;
    this.#listed = listed;
    this.#salt = salt;
    this.#state = new Uint8Array(pieces.length);
    this.#holders = new Uint16Array(pieces.length);
    this.#askers = new Uint8Array(pieces.length);
    for (const place of missing) this.#state[place] = MISSING;
    this.#left = missing.length;
    this.#unasked = missing.length;
    pieces.forEach((piece, place) => {
      const known = this.#places.get(piece.id);
      if (known === undefined) this.#places.set(piece.id, [place]);
      else known.push(place);
    });
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  get allAsked(): boolean {
    return this.#unasked === 0;
  }

  placesOf(piece: PieceId): readonly number[] {
    return this.#places.get(piece) ?? [];
  }

  /** Somebody has these, or has them no more. */
  count(claim: Claim, by: 1 | -1): void {
    if (claim === 'none') return;
    for (let place = 0; place < this.pieces.length; place += 1)
      if (!this.#listed || claimHas(claim, place)) this.countOne(place, by);
  }

  countOne(place: number, by: 1 | -1): void {
    this.#holders[place] = (this.#holders[place] ?? 0) + by;
    this.#changes += 1;
  }

  /** The rarest of those that nobody was asked for and that this holder has. */
  rarest(claim: Claim): number | undefined {
    if (this.#unasked === 0 || claim === 'none') return undefined;
    if (this.#changes > RESORT) this.#sort();
    const found = this.#first(claim);
    if (found !== undefined || this.#changes === 0) return found;
    this.#sort();
    return this.#first(claim);
  }

  /** A piece that stands in several places is asked for once. */
  ask(place: number): void {
    const first = this.#firstOf(place);
    const askers = this.#askers[first] ?? 0;
    if (askers === 0) this.#unasked -= this.#missingOf(place);
    this.#askers[first] = askers + 1;
    this.credit += this.pieces[place]?.sizeBytes ?? 0;
  }

  unask(place: number): void {
    const first = this.#firstOf(place);
    const askers = (this.#askers[first] ?? 1) - 1;
    this.#askers[first] = askers;
    if (askers > 0) return;
    this.#unasked += this.#missingOf(place);
    this.#changes += 1;
  }

  askedOf(place: number): number {
    return this.#askers[this.#firstOf(place)] ?? 0;
  }

  /** @returns where it has to be written: everywhere where this piece is missing. */
  arrived(piece: PieceId): readonly number[] {
    const places = this.placesOf(piece).filter((place) => this.#state[place] === MISSING);
    for (const place of places) {
      if (this.askedOf(place) === 0) this.#unasked -= 1;
      this.#state[place] = COMING;
    }
    return places;
  }

  /** @returns whether that was news. */
  stored(place: number): boolean {
    if (this.#state[place] !== COMING) return false;
    this.#state[place] = HERE;
    this.#left -= 1;
    return true;
  }

  lost(place: number): void {
    if (this.#state[place] !== COMING) return;
    this.#state[place] = MISSING;
    if (this.askedOf(place) === 0) this.#unasked += 1;
    this.#changes += 1;
  }

  #isWanted(place: number): boolean {
    return this.#state[place] === MISSING && this.askedOf(place) === 0;
  }

  #firstOf(place: number): number {
    const piece = this.pieces[place];
    return piece === undefined ? place : (this.placesOf(piece.id)[0] ?? place);
  }

  #missingOf(place: number): number {
    const piece = this.pieces[place];
    if (piece === undefined) return 0;
    return this.placesOf(piece.id).filter((one) => this.#state[one] === MISSING).length;
  }

  #first(claim: Claim): number | undefined {
    return this.#order.find((place) => this.#isWanted(place) && (!this.#listed || claimHas(claim, place)));
  }

  #sort(): void {
    const wanted: number[] = [];
    while (this.#state[this.#firstMissing] === HERE) this.#firstMissing += 1;
    for (let place = this.#firstMissing; place < this.pieces.length && wanted.length < STRETCH; place += 1)
      if (this.#isWanted(place)) wanted.push(place);
    const holders = this.#holders;
    // Alike rare ones in an order of this node's own.
    const rank = (place: number): number => Math.imul(place ^ this.#salt, 0x9e37_79b1) >>> 0;
    wanted.sort((a, b) => (holders[a] ?? 0) - (holders[b] ?? 0) || rank(a) - rank(b));
    this.#order = wanted;
    this.#changes = 0;
  }
}
