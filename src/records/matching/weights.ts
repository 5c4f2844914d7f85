/**
 * How much each finding says, as a Fellegi–Sunter weight: the logarithm to base 2 of how much more often it is found in
 * two records of one person than in records of two. docs/decisions says on what data, and what is set by hand.
 */
import type { MatchMode } from './types.ts';

type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

export const WEIGHTS: Weights = {
  name: { same: 9, 'much alike': 7.5, alike: 5, 'somewhat alike': 2, different: -4 },
  sex: { same: 1, different: -4 },
  birth: {
    'same day': 9,
    'day and month swapped': 7,
    'one digit apart': 5,
    'same day of another year': 2,
    'same year': 2,
    'a year apart': 0.5,
    'guessed years fit': 0.4,
    'guessed years are near': 0,
    'guessed years are apart': -2,
    apart: -4,
  },
  age: { fits: 1, near: 0, different: -4 },
  document: { same: 11, 'one sign apart': 8, different: -2 },
  phone: { same: 8, different: -0.5 },
  street: { same: 8, alike: 5, different: -1.5 },
  neighborhood: { same: 6, alike: 4, different: -1 },
  city: { same: 5, alike: 4, different: -2 },
  postalCode: { same: 5, 'one sign apart': 3, different: -1.5 },
  state: { same: 1.5, different: -1.5 },
  country: { same: 0.2, different: -2 },
};

/** Between losing somebody and finding somebody people move, and lose telephones and papers. */
const MOVED = new Set(['phone', 'document', 'street', 'neighborhood', 'city', 'postalCode', 'state']);
const MOVED_FLOOR = -0.3;

export function weightOf(field: string, level: string, mode: MatchMode): number {
  const weight = WEIGHTS[field]?.[level];
  if (weight === undefined) throw new Error(`bug: no weight for ${field}, ${level}`);
  return mode === 'reunion' && MOVED.has(field) ? Math.max(weight, MOVED_FLOOR) : weight;
}

/**
 * The sum of weights at which it is as likely as not. Above what a name and a year can give together, since in one camp many
 * people share both.
 */
export const EVEN_WEIGHT = 12;
/** Scores from here on are shown as suggestions. */
export const SUGGEST_FROM = 0.5;
