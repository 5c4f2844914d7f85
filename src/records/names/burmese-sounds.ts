/**
 * Latin spellings of Burmese syllables, as classes of onset and rhyme. A Burmese syllable gives the classes of all its
 * spellings, a Latin one that of its own, so the two meet wherever the tables know the spelling.
 */
const ONSETS: readonly (readonly [RegExp, string])[] = [
  [/^(?:sh|hs?y)/, 'x'],
  [/^(?:h?k|g)y|^(?:ch|j|dj)/, 'j'],
  [/^(?:ng|hng)/, 'g'],
  [/^(?:kh|hk|k|g|gh|c|q)/, 'k'],
  [/^(?:th|ht|t|d|dh)/, 't'],
  [/^(?:hs|s|z)/, 's'],
  [/^(?:ph|hp|p|b|bh|f|v)/, 'p'],
  [/^h?ny|^gn/, 'n'],
  [/^h?n/, 'n'],
  [/^(?:mh|h?m)/, 'm'],
  [/^(?:lh|h?l)/, 'l'],
  [/^(?:y|r)/, 'y'],
  [/^(?:wh|h?w)/, 'w'],
  [/^h/, 'h'],
];

/** @returns `-` for none */
export function onsetClass(latin: string): string {
  const main = ONSETS.find(([pattern]) => pattern.test(latin))?.[1] ?? '-';
  return /.w/.test(latin) && main !== 'w' && latin !== 'hw' ? `${main}w` : main;
}

const FINALS: readonly (readonly [RegExp, string])[] = [
  [/(?:n|m|ng|n[gn]?t|me|ne)$/, 'n'],
  [/(?:t|k|p|d|c|s|b|g|te|ke|pe|de)$/, 't'],
];
const CLOSED_VOWELS: readonly (readonly [RegExp, string])[] = [
  [/^(?:au|aw)/, 'O'],
  [/^(?:ai|ay)/, 'A'],
  [/^i[tknmp]e$/, 'A'],
  [/^a[tknmp]e$/, 'E'],
  [/^ei/, 'E'],
  [/^(?:i|y|ee)/, 'i'],
  [/^e/, 'e'],
  [/^(?:o|u)/, 'u'],
  [/^a/, 'a'],
];
const OPEN_VOWELS: readonly (readonly [RegExp, string])[] = [
  [/^(?:au|aw|or|ao)/, 'o'],
  [/^(?:ai|ay|ae|e(?!e))/, 'e'],
  [/^(?:i|y|ee)/, 'i'],
  [/^(?:oo|ou|u)/, 'u'],
  [/^o/, 'o'],
  [/^a/, 'a'],
];

export function rhymeClass(latin: string): string {
  const final = FINALS.find(([pattern]) => pattern.test(latin))?.[1] ?? '';
  const vowels = final === '' ? OPEN_VOWELS : CLOSED_VOWELS;
  return (vowels.find(([pattern]) => pattern.test(latin))?.[1] ?? '-') + final;
}

/** Onset, vowels, and what closes them: a consonant that no vowel follows but a silent e. */
const ONSET = '[^aeiouy]*(?:y(?=w?[aeiou])w?)?';
const BREAK = new RegExp(
  `^(${ONSET})([aeiouy]+(?:[hrw](?![aeiouyw]))?(?:[tknmpl]e$|(?:ng|nt|ght|[^aeiouyhrw])(?![aeiouyhrw])|ng(?=[^aeiou]))?(?:e$)?)`,
);
const MAX_SYLLABLES = 3;
const PLAUSIBLE_ONSET =
  /^(?:[ptkbdgmnlszyrwhjvfc]|[kgptm]h?[yrw]w?|[hdgb]?[ptkslmnwy]w?|h?ngw?|h?nyw?|[ptksbdg]hw?|chw?|shw?|th?[yw]|khw|[szltdnmy]w|hl[yw]|hpy|phy|dj|gn|dr|hky)?$/;

/** The classes of a word's syllables, if it can be one to three Burmese syllables. */
export function latinSyllables(latin: string): readonly string[] {
  const classes: string[] = [];
  for (let rest = latin; rest !== '';) {
    const [piece = '', onset = '', rhyme = ''] = BREAK.exec(rest) ?? [];
    if (rhyme === '' || !PLAUSIBLE_ONSET.test(onset)) return [];
    classes.push(onsetClass(onset) + rhymeClass(rhyme));
    if (classes.length > MAX_SYLLABLES) return [];
    rest = rest.slice(piece.length);
  }
  return classes;
}
