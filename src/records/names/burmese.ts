/** Burmese syllables: an onset and a rhyme each, as they are read. Tones are not written in Latin letters. */
import { BURMESE_CLUSTERS, BURMESE_ONSETS, BURMESE_RHYMES } from './burmese-table.ts';
import { CONSONANT_COST, spellings, unitOf } from './spellings.ts';
import type { Spelling, Unit } from './types.ts';

interface Syllable {
  readonly text: string;
  readonly units: readonly Unit[];
}

/** Letters of Pali, and of other languages of the script, that are read like a common one. */
const READ_LIKE: Readonly<Record<string, string>> = {
  ဋ: 'တ',
  ဌ: 'ထ',
  ဍ: 'ဒ',
  ဎ: 'ဓ',
  ဏ: 'န',
  ဠ: 'လ',
  ဉ: 'ည',
  ၐ: 'သ',
  ၑ: 'သ',
};

/** A vowel that stands alone, as the bearer of vowels with its sign. */
const INDEPENDENT: Readonly<Record<string, string>> = {
  ဣ: 'အိ',
  ဤ: 'အီ',
  ဥ: 'အု',
  ဦ: 'အူ',
  ဧ: 'အေ',
  ဩ: 'အော',
  ဪ: 'အော်',
  '၎': 'လ',
  ဿ: 'သ်သ',
  '၌': 'နိုက်',
  '၍': 'ရွေ',
  '၏': 'အိ',
};

/** A final consonant closes the vowel like one of these; those that are not here are not heard. */
const FINAL_CLASS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    က: 'ကခဂဃ',
    စ: 'စဆဇဈ',
    တ: 'တထဒဓပဖဗဘသဟ',
    န: 'နမ',
    င: 'င',
    ည: 'ည',
    ဉ: 'ဉ',
    ယ: 'ယ',
    လ: 'လ',
  }).flatMap(([like, letters]) => Array.from(letters).map((letter) => [letter, like])),
);

const SYLLABLE = /([က-အ])([ျ-ှ]*)([ါ-ဲ]*)(ံ?)်?((?:[က-အ]်)*)(့?)/gu;
const UNWRITTEN = /[း\u200b-\u200d\u2060]/gu;
/** The creaky tone is heard in Latin spellings after a nasal alone: Myint, Thant. */
const CREAKY = '့';
const NASAL = /(?:ံ|[နငဉ]်)$/u;
const RHYME_DROP_COST = 45;
const SILENT_ONSET_DROP_COST = 10;

/** Unicode, one way of writing each sound: the creaky tone last, no other tones, stacked letters side by side. */
export function normaliseBurmese(text: string): string {
  return text
    .replace(UNWRITTEN, '')
    .replace(/့([က-အ]?်)/gu, '$1့')
    .replaceAll('သြ', 'ဩ')
    .replaceAll('စျ', 'ဈ')
    .replaceAll('ဦ', 'ဦ')
    .replaceAll('ဥာ', 'ဉာ')
    .replaceAll('ဥ်', 'ဉ်')
    .replaceAll('၀', 'ဝ')
    .replaceAll('၇', 'ရ')
    .replace(/[ဣ-ဪ၌-၏ဿ]/gu, (letter) => INDEPENDENT[letter] ?? letter)
    .replace(/အု([ီိ])/gu, 'အူ')
    .replace(/်?္([က-အ])/gu, '်$1')
    .replace(/ါ/gu, 'ာ');
}

/** @param text of `normaliseBurmese` */
export function burmeseSyllables(text: string): readonly Syllable[] {
  return [...text.matchAll(SYLLABLE)].map(
    ([whole, onset = '', medials = '', vowels = '', nasal = '', finals = '', tone = '']) => {
      const letter = READ_LIKE[onset] ?? onset;
      const rhyme = rhymeOf(vowels + nasal, finals);
      const glide = medials.includes('ွ');
      const merged = glide && (rhyme === 'န်' || rhyme === 'တ်' || rhyme === 'ံ');
      const heard = merged ? merge(rhyme) : rhyme;
      const creaky = tone === CREAKY && NASAL.test(rhyme);
      const units = [onsetUnit(letter, medials, glide && !merged), rhymeUnit(heard, creaky)];
      return { text: whole, units };
    },
  );
}

function merge(rhyme: string): string {
  return rhyme === 'တ်' ? 'ွတ်' : 'ွန်';
}

function rhymeOf(vowels: string, finals: string): string {
  const last = finals[0];
  if (last === undefined) return vowels;
  const like = FINAL_CLASS[READ_LIKE[last] === 'ည' ? last : (READ_LIKE[last] ?? last)];
  if (like === undefined) return vowels;
  const closed = `${vowels}${like}်`;
  return BURMESE_RHYMES[closed] === undefined ? vowels : closed;
}

const onsetUnits = new Map<string, Unit>();
const rhymeUnits = new Map<string, Unit>();

function rhymeUnit(rhyme: string, creaky: boolean): Unit {
  const symbol = creaky ? rhyme + CREAKY : rhyme;
  return remembered(rhymeUnits, symbol, () => {
    const plain = spellings(BURMESE_RHYMES[rhyme] ?? BURMESE_RHYMES[''] ?? 'a');
    return unitOf(symbol, creaky ? variants(plain, CREAKING) : withStop(rhyme, plain), RHYME_DROP_COST);
  });
}

/** Where writers hear the tone that is not written. */
function withStop(rhyme: string, plain: readonly Spelling[]): readonly Spelling[] {
  return NASAL.test(rhyme) ? variants(plain, NOT_CREAKING) : plain;
}

/** @param glide whether the medial w is heard apart from the rhyme */
function onsetUnit(letter: string, medials: string, glide: boolean): Unit {
  const soft = /[ျြ]/u.test(medials) ? 'y' : '';
  const breath = medials.includes('ှ') ? 'h' : '';
  const symbol = `${letter}${soft}${breath}${glide ? 'w' : ''}`;
  return remembered(onsetUnits, symbol, () => {
    const list = withGlide(clusterSpellings(letter, soft, breath), glide);
    return unitOf(symbol, list, letter === 'အ' && !glide ? SILENT_ONSET_DROP_COST : CONSONANT_COST);
  });
}

function remembered(known: Map<string, Unit>, key: string, make: () => Unit): Unit {
  const unit = known.get(key) ?? make();
  known.set(key, unit);
  return unit;
}

function clusterSpellings(letter: string, soft: string, breath: string): readonly Spelling[] {
  const exact = BURMESE_CLUSTERS[letter + soft + breath];
  if (exact !== undefined) return spellings(exact);
  const base = spellings(BURMESE_CLUSTERS[letter + soft] ?? BURMESE_ONSETS[letter] ?? '-');
  const softened = soft === '' || BURMESE_CLUSTERS[letter + soft] !== undefined ? base : variants(base, SOFT);
  return breath === '' ? softened : variants(softened, BREATHED);
}

type Variant = readonly [(latin: string) => string, cost: number];

const CREAKING: readonly Variant[] = [
  [(latin) => `${latin}t`, 2],
  [(latin) => latin, 16],
];
const NOT_CREAKING: readonly Variant[] = [
  [(latin) => latin, 0],
  [(latin) => `${latin}t`, 28],
];
const SOFT: readonly Variant[] = [
  [(latin) => `${latin}y`, 0],
  [(latin) => `${latin}r`, 32],
  [(latin) => latin, 35],
];
const BREATHED: readonly Variant[] = [
  [(latin) => `h${latin}`, 3],
  [(latin) => latin, 9],
  [(latin) => `${latin}h`, 30],
];
const GLIDING: readonly Variant[] = [
  [(latin) => `${latin}w`, 0],
  [(latin) => `${latin}u`, 28],
  [(latin) => `${latin}o`, 35],
  [(latin) => latin, 40],
];

function withGlide(list: readonly Spelling[], glide: boolean): readonly Spelling[] {
  return glide ? variants(list, GLIDING) : list;
}

function variants(list: readonly Spelling[], how: readonly Variant[]): readonly Spelling[] {
  return list
    .flatMap(({ latin, cost }) => how.map(([write, more]) => ({ latin: write(latin), cost: cost + more })))
    .filter(({ cost }) => cost <= 60)
    .sort((a, b) => a.cost - b.cost);
}
