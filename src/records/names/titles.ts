/** Words of names that say little about who somebody is, and short forms of those that do. */
import { normaliseBurmese } from './burmese.ts';
import type { WordKind } from './types.ts';

const TITLES = new Set([
  ...'u daw ko ma maung mg saw naw dr doctor mr mrs ms miss sir haji hajji hafez hafiz moulvi maulvi molvi sheikh shaikh sheik sayed syed imam ustad'.split(
    ' ',
  ),
  ...'ဦး ဒေါ် ကို မ မောင် စော နော်'.split(' ').map((title) => normaliseBurmese(title)),
  ...'السيد الشيخ الحاج الدكتور شيخ حاج سيد دكتور حافظ مولوي'.split(' '),
  ...'শেখ হাজী সৈয়দ ডাঃ ডা মৌলভী হাফেজ জনাব'.split(' '),
]);

const PARTICLES = new Set([
  ...'al el ul ur ud as an ar ibn bin ben bint binti binte abu abou abd de la van von der da di do dos e y'.split(
    ' ',
  ),
  ...'بن ابن بنت ابو أبو'.split(' '),
  ...'বিন বিনতে ইবনে আল'.split(' '),
]);

/** How a word is commonly shortened, and what it stands for. */
const SHORT_FORMS: Readonly<Record<string, string>> = {
  md: 'mohammad',
  mohd: 'mohammad',
  muhd: 'mohammad',
  mohmd: 'mohammad',
  mhd: 'mohammad',
  mst: 'mosammat',
  mg: 'maung',
  abd: 'abdul',
  মোঃ: 'মোহাম্মদ',
  মো: 'মোহাম্মদ',
  মোহাঃ: 'মোহাম্মদ',
  মু: 'মুহাম্মদ',
  মোছাঃ: 'মোসাম্মৎ',
  মোসাঃ: 'মোসাম্মৎ',
};

/**
 * The commonest name of all has a short o and a doubled m that Arabic does not write, and by its letters would rather be
 * Mahmud.
 */
export const MOHAMMAD = { arabic: 'محمد', latin: 'mohammad' } as const;

export function inFull(word: string): string {
  return SHORT_FORMS[word] ?? word;
}

/** @param others whether the name has further words: somebody may be called Ma, and nothing else */
export function kindOf(word: string, first: boolean, others: boolean): WordKind {
  if (!others) return 'name';
  if (first && TITLES.has(word)) return 'title';
  if (PARTICLES.has(word)) return 'particle';
  return /^[a-z]$/.test(word) ? 'initial' : 'name';
}
