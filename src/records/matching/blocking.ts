/**
 * Which records are compared at all. Two records of one person share a key though one field of each is wrong or missing;
 * each key joins two findings, so that it is shared by few strangers even among a million.
 */
import { readName } from '../names/read.ts';
import { skeletonOf } from '../names/skeleton.ts';
import type { Reading, Word } from '../names/types.ts';
import { isHeaped, parseBirth } from './dates.ts';
import type { Home, Person } from './types.ts';

/** Blocks with more records than this say too little to compare everybody in them with everybody. */
export const MAX_BLOCK = 120;

/**
 * @param readings of the person's names, where they were read already.
 * @returns each key once
 */
export function blockingKeys(
  person: Person,
  readings: readonly Reading[] = person.names.flatMap((name) => readName(name, { burmese: 'unicode' })),
): readonly string[] {
  const words = wordsOf(readings);
  const birth = person.dateOfBirth === undefined ? undefined : parseBirth(person.dateOfBirth);
  const day = birth?.day === undefined ? undefined : person.dateOfBirth;
  const keys = [
    ...pairs(words).map((pair) => `n:${pair}`),
    ...(birth === undefined ? [] : words.map((word) => `y:${word} ${birth.year}`)),
    ...(day === undefined ? [] : words.map((word) => `m:${word} ${day.slice(5)}`)),
    ...(day === undefined ? [] : [`d:${day}`]),
    ...(person.dateOfBirth === undefined || isHeaped(person.dateOfBirth) ? homeKeys(words, person.home) : []),
    ...placeKeys(person.home, words),
    ...(person.phones ?? []).map((phone) => `t:${phone.replace(/\D/g, '').slice(-8)}`),
    ...(person.documents ?? []).map((document) => `i:${document}`),
  ];
  return [...new Set(keys)];
}

function wordsOf(readings: readonly Reading[]): readonly string[] {
  const words = readings.flatMap((reading) => reading.words);
  return [...new Set(words.filter((word) => word.kind === 'name').map(soundOf))].sort();
}

/** Vowels are kept of names that have few consonants. */
function soundOf(word: Word): string {
  const skeleton = skeletonOf(word.latin);
  return skeleton.length < 2 ? word.latin : skeleton;
}

function pairs(words: readonly string[]): readonly string[] {
  return words.flatMap((word, at) => words.slice(at + 1).map((other) => `${word} ${other}`));
}

function homeKeys(words: readonly string[], home: Home = {}): readonly string[] {
  const place = skeletonOf((home.city ?? home.neighborhood ?? home.street ?? '').toLowerCase());
  return words.map((word) => `h:${word} ${place}`);
}

function placeKeys(home: Home | undefined, words: readonly string[]): readonly string[] {
  if (home === undefined) return [];
  const [street, city] = [
    skeletonOf((home.street ?? '').toLowerCase()),
    skeletonOf((home.city ?? '').toLowerCase()),
  ];
  const keys = street === '' ? [] : [`s:${street} ${home.postalCode ?? city}`, `u:${street} ${city}`];
  const named = city === '' ? [] : words.map((word) => `c:${word} ${city}`);
  return [...keys, ...named];
}
