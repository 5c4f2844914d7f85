/**
 * How far apart a name in one script and its spelling in Latin letters are: the cheapest way to write the units so that
 * they give the letters. The same for every script, since every script comes as units with their spellings.
 */
import { CONSONANT_COST, VOWEL_COST } from './spellings.ts';
import type { Unit } from './types.ts';

/** One sign taken for another. Less than leaving one out and putting another in. */
const SUBSTITUTE_COST = 80;
const TRANSPOSE_COST = 70;
const FAR = 1e6;

/** What a Latin letter costs that no unit accounts for: short vowels are often not written in other scripts. */
const INSERT_COST: Readonly<Record<string, number>> = {
  a: 40,
  e: 35,
  i: 48,
  o: 55,
  u: 50,
  y: 60,
  h: 60,
};

/** Arabic leaves short vowels out as a rule, so they hardly count there. */
const UNWRITTEN_COST: Readonly<Record<string, number>> = {
  a: 22,
  e: 22,
  i: 26,
  o: 28,
  u: 26,
  y: 60,
  h: 60,
};

export function insertCost(letter: string | undefined): number {
  return INSERT_COST[letter ?? ''] ?? CONSONANT_COST;
}

export function totalDrop(units: readonly Unit[]): number {
  let sum = 0;
  for (const unit of units) sum += Math.max(unit.dropCost, VOWEL_COST);
  return sum;
}

export function totalInsert(latin: string): number {
  let sum = 0;
  for (const letter of latin) sum += insertCost(letter);
  return sum;
}

const WIDTH = 512;
/** Three rows to write into, one after the other, so that comparing thousands of words leaves no garbage. */
const ROWS = [new Float64Array(WIDTH), new Float64Array(WIDTH), new Float64Array(WIDTH)] as const;

/**
 * The costs of writing all units for each length of a beginning of `latin`: the last is that of the whole. Valid until
 * the next call.
 * @param vowelless whether the script of the units leaves short vowels out
 */
export function alignmentRow(units: readonly Unit[], latin: string, vowelless: boolean): Float64Array {
  const letters = latin.length < WIDTH ? latin : latin.slice(0, WIDTH - 1);
  const inserts = vowelless ? UNWRITTEN_COST : INSERT_COST;
  let [before, current, next]: readonly [Float64Array, Float64Array, Float64Array] = ROWS;
  before.fill(FAR, 0, letters.length + 1);
  current.fill(FAR, 0, letters.length + 1);
  current[0] = 0;
  insertAlong(current, letters, inserts);
  for (const [index, unit] of units.entries()) {
    next.fill(FAR, 0, letters.length + 1);
    advance(unit, letters, current, next);
    const previous = units[index - 1];
    if (previous !== undefined) transpose(previous, unit, letters, before, next);
    insertAlong(next, letters, inserts);
    [before, current, next] = [current, next, before];
  }
  return current.subarray(0, letters.length + 1);
}

export function alignmentCost(units: readonly Unit[], latin: string, vowelless: boolean): number {
  return alignmentRow(units, latin, vowelless)[latin.length] ?? FAR;
}

function advance(unit: Unit, latin: string, from: Float64Array, to: Float64Array): void {
  for (let at = 0; at <= latin.length; at += 1) {
    const cost = from[at] ?? FAR;
    lower(to, at, cost + unit.dropCost);
    const letter = latin[at];
    if (letter === undefined) continue;
    lower(to, at + 1, cost + substitution(unit, letter));
    for (const spelling of unit.starting.get(letter) ?? []) {
      const length = spelling.latin.length;
      if (length === 1 || latin.startsWith(spelling.latin, at)) lower(to, at + length, cost + spelling.cost);
    }
  }
}

/** A vowel for a vowel is half a mistake. */
function substitution(unit: Unit, letter: string): number {
  const vowel = unit.dropCost <= VOWEL_COST && insertCost(letter) < CONSONANT_COST;
  return vowel ? SUBSTITUTE_COST / 2 : SUBSTITUTE_COST;
}

/** Two neighbours that changed places: `Mohmamed`. */
function transpose(first: Unit, second: Unit, latin: string, from: Float64Array, to: Float64Array): void {
  const [one, two] = [first.spellings[0]?.latin, second.spellings[0]?.latin];
  if (one === undefined || two === undefined || one === '' || two === '' || one === two) return;
  const swapped = two + one;
  for (let at = latin.indexOf(swapped); at >= 0; at = latin.indexOf(swapped, at + 1)) {
    lower(to, at + swapped.length, (from[at] ?? FAR) + TRANSPOSE_COST);
  }
}

function insertAlong(row: Float64Array, latin: string, inserts: Readonly<Record<string, number>>): void {
  for (let at = 0; at < latin.length; at += 1) {
    lower(row, at + 1, (row[at] ?? FAR) + (inserts[latin[at] ?? ''] ?? CONSONANT_COST));
  }
}

function lower(row: Float64Array, at: number, cost: number): void {
  if (cost < (row[at] ?? FAR)) row[at] = cost;
}
