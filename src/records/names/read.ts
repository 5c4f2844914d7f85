/** A name as somebody wrote it → words with their units. The only way in: whatever is typed is cut to the limits here. */
import anyAscii from 'any-ascii';
import { LIMITS } from '../../base/limits.ts';
import { arabicUnits, normaliseArabic } from './arabic.ts';
import { burmeseSyllables, normaliseBurmese } from './burmese.ts';
import { bengaliUnits, hanifiUnits, normaliseBengali } from './indic.ts';
import { foldLatin, latinUnits } from './latin.ts';
import { scriptOf } from './script.ts';
import { usualSpelling } from './spellings.ts';
import { inFull, kindOf, MOHAMMAD } from './titles.ts';
import type { Reading, Script, Unit, Word } from './types.ts';
import { unicodeReadings, type BurmeseEncoding } from './zawgyi.ts';

const MAX_WORDS = 10;
const MAX_WORD_LETTERS = 32;
const MAX_ALTERNATIVES = 4;
/** Two spellings of one name in one field. */
const BETWEEN_ALTERNATIVES = /[၊/;|]|\s+or\s+/u;
const WORD = /[\p{L}\p{M}\p{N}’'ʼʻʿʾ`]+/gu;

export interface ReadOptions {
  /** What is known about how the list that the name is from writes Burmese; without it each name is judged alone. */
  readonly burmese?: BurmeseEncoding;
}

/** One reading for each of the spellings that the field holds; none if nothing in it is a letter. */
export function readName(text: string, options: ReadOptions = {}): readonly Reading[] {
  const cut = sliceWhole(text, LIMITS.nameChars).normalize('NFKC');
  return alternativesOf(cut, options)
    .map((alternative) => readOne(alternative))
    .filter((reading) => reading.words.length > 0);
}

/** What to keep of a name beside the name itself, so that its encoding is not guessed again at each search. */
export function nameToFile(text: string, options: ReadOptions = {}): string {
  return alternativesOf(sliceWhole(text, LIMITS.nameChars), options).join('၊');
}

function alternativesOf(text: string, options: ReadOptions): readonly string[] {
  return unicodeReadings(text, options.burmese)
    .flatMap((unicode) => unicode.split(BETWEEN_ALTERNATIVES))
    .slice(0, MAX_ALTERNATIVES);
}

/** Never half of a pair of surrogates. */
function sliceWhole(text: string, chars: number): string {
  return text.slice(0, chars).toWellFormed();
}

function readOne(text: string): Reading {
  const written = text.toLowerCase().match(WORD) ?? [];
  const parts = written.flatMap((word) => byScript(word)).slice(0, MAX_WORDS);
  const words = parts.map(({ script, text: part }, index) =>
    wordOf(script, part, index === 0, parts.length > 1),
  );
  return { words: words.filter((word) => word.units.length > 0).slice(0, MAX_WORDS) };
}

interface Part {
  readonly script: Script;
  readonly text: string;
}

/** Marks, digits and the stretching line belong to what they stand beside. */
const COMMON = /[\p{M}\p{N}\p{Script=Common}\p{Script=Inherited}]/u;

/** Burmese into syllables; a word that changes its script in the middle into what it is made of. */
function byScript(word: string): readonly Part[] {
  if (/^[a-z]+$/.test(word)) return [{ script: 'latin', text: word.slice(0, MAX_WORD_LETTERS) }];
  const runs: { script: Script; text: string }[] = [];
  for (const letter of word) {
    const last = runs.at(-1);
    const script = COMMON.test(letter) ? (last?.script ?? scriptOf(letter)) : scriptOf(letter);
    if (last?.script === script) last.text += letter;
    else runs.push({ script, text: letter });
  }
  return runs.flatMap(({ script, text }) => split(script, text.slice(0, MAX_WORD_LETTERS)));
}

function split(script: Script, text: string): readonly Part[] {
  if (script !== 'burmese') return [{ script, text }];
  return burmeseSyllables(normaliseBurmese(text)).map((syllable) => ({ script, text: syllable.text }));
}

/** Words of names are few and come again and again; the same word is the same object, for `Comparisons`. */
const known = new Map<string, Word>();
const MAX_KNOWN = 50_000;

function wordOf(script: Script, written: string, first: boolean, others: boolean): Word {
  const key = `${first ? '^' : ' '}${others ? '+' : ' '}${script} ${written}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const { text, units } = unitsOf(script, written);
  const latin = script === 'latin' || script === 'other' ? text : usualSpelling(units);
  const heard = units.reduce((bits, unit) => bits | unit.heard, 0);
  const word = { script, kind: kindOf(text, first, others), text, latin, units, heard };
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, word);
  return word;
}

function unitsOf(script: Script, written: string): { text: string; units: readonly Unit[] } {
  switch (script) {
    case 'burmese': {
      return { text: written, units: burmeseSyllables(written).flatMap((syllable) => syllable.units) };
    }
    case 'arabic': {
      const text = normaliseArabic(written);
      return { text, units: text === MOHAMMAD.arabic ? latinUnits(MOHAMMAD.latin) : arabicUnits(text) };
    }
    case 'bengali': {
      const text = inFull(normaliseBengali(written));
      return { text, units: bengaliUnits(text) };
    }
    case 'hanifi':
      return { text: written, units: hanifiUnits(written) };
    case 'latin':
    case 'other': {
      const text = inFull(foldLatin(script === 'latin' ? written : anyAscii(written)));
      return { text, units: latinUnits(text) };
    }
  }
}
