/**
 * What a name is looked up by. Names that may be the same share a key, whatever their scripts; names that are not share
 * few. A record is filed under few likely keys, and a question asks for more of them, since there are many more records than questions.
 */
import { latinSyllables, onsetClass, rhymeClass } from './burmese-sounds.ts';
import { classesOf, combine, skeletonOf } from './skeleton.ts';
import type { Reading, Word } from './types.ts';

export type KeyUse = 'index' | 'query';

const WIDTH = {
  index: { cost: 14, skeletons: 3, sounds: 3 },
  query: { cost: 42, skeletons: 16, sounds: 8 },
} as const;
/** Shorter skeletons say nothing once a class is taken away. */
const MIN_TO_DELETE = 3;
const MAX_SKELETON = 10;
/** Aya, Oo: names of vowels alone. */
const NO_CONSONANT = '-';

/** @returns each key once, in an order that depends on the name alone */
export function nameKeys(readings: readonly Reading[], use: KeyUse): readonly string[] {
  const keys = new Set<string>();
  for (const { words } of readings) {
    const telling = words.filter((word) => word.kind === 'name');
    for (const word of telling.length > 0 ? telling : words)
      for (const key of wordKeys(word, use)) keys.add(key);
    // The whole name as it is: or longer names, which share more keys, would come before it.
    keys.add(`x:${words.map((word) => word.latin).join(' ')}`);
    addJoinedKeys(words, use, keys);
    addSoundKeys(words, use, keys);
  }
  return [...keys];
}

/** The same word is the same object (`read.ts`), so what is filed of it is computed once. */
const filedKeys = new WeakMap<Word, readonly string[]>();
const filedSounds = new WeakMap<Word, readonly (readonly string[])[]>();

function wordKeys(word: Word, use: KeyUse): readonly string[] {
  return use === 'index' ? remembered(filedKeys, word, () => keysOfWord(word, use)) : keysOfWord(word, use);
}

function remembered<Value>(known: WeakMap<Word, Value>, word: Word, compute: () => Value): Value {
  const found = known.get(word);
  if (found !== undefined) return found;
  const value = compute();
  known.set(word, value);
  return value;
}

function keysOfWord(word: Word, use: KeyUse): readonly string[] {
  const keys = new Set<string>();
  if (word.script === 'burmese') return [];
  keys.add(`w:${word.latin}`);
  for (const skeleton of skeletons(word, use)) {
    keys.add(`c:${skeleton}`);
    const initial = /^(?:[hw]|y(?=[aeiou])|[aeiouy])/.exec(word.latin)?.[0];
    if (initial !== undefined) keys.add(`f:${/[hw]/.test(initial) ? initial : '-'}${skeleton}`);
    for (const shorter of shortened(skeleton)) keys.add(`c:${shorter}`);
  }
  return [...keys];
}

function skeletons(word: Word, use: KeyUse): readonly string[] {
  const limits = { cost: WIDTH[use].cost, count: WIDTH[use].skeletons };
  const found =
    word.script === 'latin' || word.script === 'other'
      ? [skeletonOf(word.latin), ...(use === 'query' ? respelt(word.latin) : [])]
      : combine(
          word.units.map((unit) => classesOf(unit, skeletonOf)),
          limits,
        ).map(({ text }) => text);
  return [
    ...new Set(found.map((skeleton) => (skeleton === '' ? NO_CONSONANT : skeleton.slice(0, MAX_SKELETON)))),
  ];
}

/** `ch` and `c` have several sounds; the commonest is the skeleton's own. */
function respelt(latin: string): readonly string[] {
  return [
    latin.replace(/ch/g, 'k'),
    latin.replace(/sch/g, 's'),
    latin.replace(/g(?=[eiy])/g, 'j'),
    latin.replace(/w/g, 'v'),
    latin.replace(/kh|gh/g, 'h'),
    latin.replace(/th/g, 's'),
    latin.replace(/s(?!h)/, 't'),
    latin.replace(/sh/g, 's'),
    latin.replace(/s(?!h)/g, 'sh'),
    latin.replace(/j/g, 'z'),
    latin.replace(/z/g, 'j'),
    latin.replace(/^h/, 'kh'),
    latin.replace(/^(?:abd[aeu]l|ab[ou]u?|al|el)(?=.{3})/, ''),
  ]
    .filter((other) => other !== latin)
    .map((other) => skeletonOf(other));
}

/** The first class stays: few mistakes are in the first letter. */
function shortened(skeleton: string): readonly string[] {
  if (skeleton.length < MIN_TO_DELETE) return [];
  return Array.from(
    { length: skeleton.length - 1 },
    (_, at) => skeleton.slice(0, at + 1) + skeleton.slice(at + 2),
  );
}

/**
 * Neighbouring words as one: so are they often written, and two common names together are rare. A question asks for them
 * the other way round as well.
 */
function addJoinedKeys(words: readonly Word[], use: KeyUse, keys: Set<string>): void {
  const usual = words.map((word) => (word.script === 'burmese' ? '' : skeletonOf(word.latin)));
  for (const [at, first] of usual.entries()) {
    const second = usual[at + 1];
    if (second === undefined || first === '' || second === '') continue;
    keys.add(`c:${(first + second).slice(0, MAX_SKELETON)}`);
    if (words[at + 1]?.kind === 'particle' || words[at]?.kind === 'particle') {
      keys.add(`c:${(first + second + (usual[at + 2] ?? '')).slice(0, MAX_SKELETON)}`);
    }
    if (use === 'query') keys.add(`c:${(second + first).slice(0, MAX_SKELETON)}`);
  }
}

/**
 * Syllables of a name that is or could be Burmese: two neighbours, those with one between, and all onsets, which stand
 * where a vowel is mistyped.
 */
function addSoundKeys(words: readonly Word[], use: KeyUse, keys: Set<string>): void {
  const syllables = words.flatMap((word) =>
    use === 'index' ? remembered(filedSounds, word, () => soundsOf(word, use)) : soundsOf(word, use),
  );
  if (syllables.some((classes) => classes.length === 0)) return;
  if (syllables.length > 1) keys.add(`z:${syllables.map(([usual = '']) => usual[0]).join('')}`);
  for (const [at, classes] of syllables.entries()) {
    for (const one of classes) {
      keys.add(syllables.length === 1 ? `o:${one}` : `s:${one}`);
      if (syllables.length === 1 && use === 'query') keys.add(`s:${one}`);
      for (const two of [...(syllables[at + 1] ?? []), ...(syllables[at + 2] ?? [])])
        keys.add(`b:${one}${two}`);
    }
  }
  if (use === 'query' && syllables.length === 2) addReversed(syllables, keys);
}

function addReversed([first = [], second = []]: readonly (readonly string[])[], keys: Set<string>): void {
  for (const one of first) for (const two of second) keys.add(`b:${two}${one}`);
}

/** For each syllable of a word the classes that it may have; an empty list if the word cannot be Burmese. */
function soundsOf(word: Word, use: KeyUse): readonly (readonly string[])[] {
  if (word.script === 'latin') {
    const classes = latinSyllables(word.latin);
    return classes.length === 0 ? [[]] : classes.map((one) => [one]);
  }
  if (word.script !== 'burmese') return [[]];
  const [onset, rhyme] = word.units;
  if (onset === undefined || rhyme === undefined) return [[]];
  const choices = [classesOf(onset, onsetClass), classesOf(rhyme, rhymeClass)];
  const found = combine(choices, { cost: WIDTH[use].cost, count: WIDTH[use].sounds });
  return [found.map(({ text }) => text)];
}
