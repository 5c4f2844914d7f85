/** The door of the registry's pure part, as whoever wires it will go through it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryNameIndex } from '../../test/names/memory-name-index.ts';
import {
  compare,
  keysToFile,
  nameToFile,
  scoreNames,
  searchNames,
  SUGGEST_FROM,
  type Person,
} from './index.ts';

const PERSONS: Readonly<Record<string, Person>> = {
  sought: { names: ['রহিমা খাতুন'], sex: 'female', dateOfBirth: '1994-05-17', whereabouts: 'sought' },
  located: { names: ['Rohima Khatun'], sex: 'female', dateOfBirth: '1994-05-17', whereabouts: 'located' },
  other: { names: ['ေအာင္စိုးျမင့္'], sex: 'male', whereabouts: 'located' },
};

test('a person is filed, found by another spelling, and suggested to who looks for her', () => {
  const index = new MemoryNameIndex<string>();
  for (const [id, { names }] of Object.entries(PERSONS))
    index.add(
      id,
      names.flatMap((name) => keysToFile(name)),
    );
  const namesOf = (id: string): readonly string[] =>
    (PERSONS[id]?.names ?? []).map((name) => nameToFile(name));

  const hits = searchNames(index, namesOf, 'Rahima Khatun').map(({ id }) => id);
  assert.deepEqual(new Set(hits), new Set(['sought', 'located']));
  assert.deepEqual(
    searchNames(index, namesOf, 'Aung Soe Myint').map(({ id }) => id),
    ['other'],
  );
  assert.ok(scoreNames('Aung Soe Myint', nameToFile('ေအာင္စိုးျမင့္')).score > 0.9);

  const { sought, located, other } = PERSONS;
  assert.ok(sought !== undefined && located !== undefined && other !== undefined);
  assert.ok(compare(sought, located, 'reunion').score >= SUGGEST_FROM);
  assert.ok(compare(sought, other, 'reunion').score < SUGGEST_FROM);
});
