/**
 * What of a name survives being written down by somebody else: its consonants, in classes that hold letters which stand
 * for each other across scripts. Everything is said of Latin spellings, so that all scripts meet in one space.
 */
import type { Unit } from './types.ts';

/** Groups of letters before single ones. h, y and w come and go too often to be looked up by. */
const CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^(?:tsch|tch|sch|sh|ch|zh)/, 'X'],
  [/^ck/, 'K'],
  [/^(?:kh|q|k)/, 'K'],
  [/^c(?=[eiy])/, 'S'],
  [/^c/, 'K'],
  [/^x/, 'KS'],
  [/^(?:dj|dg|gh|g|j)/, 'G'],
  [/^(?:ph|f|v)/, 'F'],
  [/^(?:bh|b|p)/, 'B'],
  [/^(?:th|dh|t|d)/, 'T'],
  [/^(?:z|s)/, 'S'],
  [/^l/, 'L'],
  [/^r/, 'R'],
  [/^m/, 'M'],
  [/^n/, 'N'],
];

/** Words of names come again and again, and a million names have to be filed. */
const known = new Map<string, string>();
const MAX_KNOWN = 50_000;

/** @param latin letters a to z; doubled letters count once */
export function skeletonOf(latin: string): string {
  const found = known.get(latin);
  if (found !== undefined) return found;
  const skeleton = computeSkeleton(latin);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(latin, skeleton);
  return skeleton;
}

function computeSkeleton(latin: string): string {
  let rest = latin.replace(/([b-df-hj-np-tv-z])\1+/g, '$1');
  let skeleton = '';
  while (rest !== '') {
    const found = CLASSES.find(([pattern]) => pattern.test(rest));
    skeleton += found?.[1] ?? '';
    rest = rest.slice(found?.[0].exec(rest)?.[0].length ?? 1);
  }
  return skeleton;
}

interface Variant {
  readonly text: string;
  readonly cost: number;
}

/** The likeliest combinations of what each unit may give, the cheapest first. */
export function combine(
  choices: readonly (readonly Variant[])[],
  limits: { readonly cost: number; readonly count: number },
): readonly Variant[] {
  let done: readonly Variant[] = [{ text: '', cost: 0 }];
  for (const options of choices) {
    const next = new Map<string, number>();
    for (const { text, cost } of done) {
      for (const option of options) {
        const [joined, sum] = [text + option.text, cost + option.cost];
        if (sum <= limits.cost && sum < (next.get(joined) ?? Infinity)) next.set(joined, sum);
      }
    }
    done = [...next]
      .map(([text, cost]) => ({ text, cost }))
      .sort((a, b) => a.cost - b.cost || (a.text < b.text ? -1 : 1))
      .slice(0, limits.count);
  }
  return done;
}

/** Each result of `classOf` with the cheapest spelling that gives it, counted from the unit's usual one. */
export function classesOf(unit: Unit, classOf: (latin: string) => string): readonly Variant[] {
  const base = unit.spellings[0]?.cost ?? 0;
  const best = new Map<string, number>();
  for (const { latin, cost } of unit.spellings) {
    const text = classOf(latin);
    if (cost - base < (best.get(text) ?? Infinity)) best.set(text, cost - base);
  }
  return [...best].map(([text, cost]) => ({ text, cost }));
}
