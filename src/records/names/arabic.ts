/** Arabic letters to units; two letters where they write one sound of other languages. Short vowels are not written, so a name is mostly its consonants. */
import { ARABIC_SPELLINGS } from './arabic-table.ts';
import { CONSONANT_COST, unitTable, VOWEL_COST } from './spellings.ts';
import type { Unit } from './types.ts';

const ARTICLE = 'ال';
/** Shorter words that begin like the article are names of their own: Ali, Alan. */
const LETTERS_WITH_ARTICLE = 5;
const WEAK = 'اأإآٱوىيیےؤئءعةهہھ';
/** Read otherwise at the start and the end of a word. */
const PLACED = 'اأإآىيیوعةههہ';

const UNITS = unitTable(ARABIC_SPELLINGS, (sign) => {
  if (sign === ARTICLE) return VOWEL_COST;
  return WEAK.includes(sign.replace(/[$^]/, '')) ? VOWEL_COST : CONSONANT_COST;
});

const PAIRS = new Map([...UNITS].filter(([sign]) => /^[^$^]{2}$/u.test(sign) && sign !== ARTICLE));

/** Marks of short vowels and the stretching line say nothing that every writer writes. */
export function normaliseArabic(text: string): string {
  return text.replace(/[\u0640\p{M}]/gu, '').replaceAll('ڪ', 'ک');
}

export function arabicUnits(text: string): readonly Unit[] {
  const letters = Array.from(normaliseArabic(text));
  const article = text.startsWith(ARTICLE) && letters.length >= LETTERS_WITH_ARTICLE;
  const stem = article ? letters.slice(ARTICLE.length) : letters;
  const units: Unit[] = [];
  for (let at = 0; at < stem.length;) {
    const letter = stem[at] ?? '';
    const pair = PAIRS.get(letter + (stem[at + 1] ?? ''));
    const unit = pair ?? UNITS.get(placed(letter, at, stem.length)) ?? UNITS.get(letter);
    if (unit !== undefined) units.push(unit);
    at += pair === undefined ? 1 : 2;
  }
  const head = article ? UNITS.get(ARTICLE) : undefined;
  return head === undefined ? units : [head, ...units];
}

function placed(letter: string, index: number, length: number): string {
  if (!PLACED.includes(letter)) return letter;
  if (index === 0) return `^${letter}`;
  return index === length - 1 ? `${letter}$` : letter;
}
