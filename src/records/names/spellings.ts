/** Tables of spellings are text, so that they can be read and corrected by who knows a script and not TypeScript. */
import { skeletonOf } from './skeleton.ts';
import type { Spelling, Unit } from './types.ts';

/** What a consonant costs that the other side lacks; a quarter of it for a vowel. */
export const CONSONANT_COST = 70;
export const VOWEL_COST = 25;

/**
 * `sh:11 ch:12 -:40` → spellings with their costs, the cheapest first. `-` is an empty spelling: not written at all. A
 * spelling without a figure costs 0.
 */
export function spellings(text: string): readonly Spelling[] {
  const parsed = text.split(' ').map((item) => {
    const [latin = '', cost = '0'] = item.split(':');
    return { latin: latin === '-' ? '' : latin, cost: Number(cost) };
  });
  return parsed.sort((a, b) => a.cost - b.cost);
}

export function unitOf(symbol: string, list: readonly Spelling[], dropCost: number): Unit {
  const silent = list.find((spelling) => spelling.latin === '');
  const starting = new Map<string, Spelling[]>();
  for (const spelling of list) {
    const [first] = spelling.latin;
    if (first === undefined) continue;
    const others = starting.get(first);
    if (others === undefined) starting.set(first, [spelling]);
    else others.push(spelling);
  }
  const drop = Math.min(dropCost, silent?.cost ?? dropCost);
  const skeletons = list.map(({ latin }) => skeletonOf(latin));
  const heard = skeletons.reduce((bits, skeleton) => bits | bitsOf(skeleton), 0);
  return { symbol, spellings: list, starting, dropCost: drop, heard, alwaysHeard: !skeletons.includes('') };
}

const CLASSES = 'BFTSXKGLRMN';

/** Bits of the classes in a skeleton. */
function bitsOf(skeleton: string): number {
  return Array.from(skeleton).reduce((bits, one) => bits | (1 << CLASSES.indexOf(one)), 0);
}

/** One unit for each sign of a table. */
export function unitTable(
  table: Readonly<Record<string, string>>,
  dropCost: (sign: string) => number,
): ReadonlyMap<string, Unit> {
  return new Map(
    Object.entries(table).map(([sign, text]) => [sign, unitOf(sign, spellings(text), dropCost(sign))]),
  );
}

/** The usual spelling of all units in a row. */
export function usualSpelling(units: readonly Unit[]): string {
  return units.map((unit) => unit.spellings[0]?.latin ?? '').join('');
}
