/** Which script a word is in, by its first letter that tells. */
import type { Script } from './types.ts';

const RANGES: readonly (readonly [Script, RegExp])[] = [
  ['latin', /\p{Script=Latin}/u],
  ['burmese', /\p{Script=Myanmar}/u],
  ['arabic', /\p{Script=Arabic}/u],
  ['bengali', /\p{Script=Bengali}/u],
  ['hanifi', /\p{Script=Hanifi_Rohingya}/u],
];

export function scriptOf(letter: string): Script {
  return RANGES.find(([, range]) => range.test(letter))?.[0] ?? 'other';
}
