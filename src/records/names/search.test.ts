import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KNOWN_NAMES } from '../../../test/names/known-names.ts';
import { MemoryNameIndex } from '../../../test/names/memory-name-index.ts';
import { nameToFile } from './read.ts';
import { keysToFile, searchNames } from './search.ts';

const LISTS = join(import.meta.dirname, '../../../../shared/data/names');

function searchable(names: readonly string[]): (query: string, limit?: number) => readonly string[] {
  const index = new MemoryNameIndex<number>();
  for (const [id, name] of names.entries()) index.add(id, keysToFile(name));
  const filed = names.map((name) => nameToFile(name));
  return (query, limit = 10) =>
    searchNames(index, (id) => [filed[id] ?? ''], query, { limit, minScore: 0 }).map(
      ({ id }) => names[id] ?? '',
    );
}

test('a sister is found though every clerk wrote her name in another script', () => {
  const names = [
    'Rohima Khatun',
    'রহিমা খাতুন',
    'رحيمة خاتون',
    'Karim Ullah',
    'অন্য কেউ',
    'အောင်ဆန်း',
    'Nur Begum',
  ];
  const search = searchable(names);
  for (const query of ['Rahima Khatun', 'রহিমা খাতুন', 'رحيمة', 'Khatun Rahima', 'Rahim']) {
    assert.deepEqual(new Set(search(query, 3)), new Set(names.slice(0, 3)), query);
  }
});

test('each spelling of a common name finds the others among all of them', () => {
  const groups = KNOWN_NAMES.map(({ latin, bengali, arabic }) => [...latin, bengali, arabic]);
  const search = searchable(groups.flat());
  let [found, all] = [0, 0];
  for (const group of groups) {
    for (const query of group) {
      const hits = search(query);
      const others = group.filter((other) => other !== query);
      all += others.length;
      found += others.filter((other) => hits.includes(other)).length;
    }
  }
  assert.ok(found / all >= 0.98, `${found} of ${all}`);
});

test('what shares nothing with the question is not brought up', () => {
  const index = new MemoryNameIndex<string>();
  index.add('one', keysToFile('Aung San'));
  assert.deepEqual(
    searchNames(index, () => ['Aung San'], 'Mohammed Ali'),
    [],
  );
  assert.deepEqual(
    searchNames(index, () => ['Aung San'], ' 123 '),
    [],
  );
});

test('hits have scores in order and reasons, ties by id, and no more than asked for', () => {
  const index = new MemoryNameIndex<string>();
  const names: Readonly<Record<string, string>> = { b: 'Rahima', a: 'Rahima', c: 'Rahim', d: 'Rohima' };
  for (const [id, name] of Object.entries(names)) index.add(id, keysToFile(name));
  const hits = searchNames(index, (id) => [names[id] ?? ''], 'Rahima', { limit: 3 });
  assert.deepEqual(hits.map(({ id }) => id).slice(0, 2), ['a', 'b']);
  assert.equal(hits.length, 3);
  assert.ok(hits.every((hit, at) => hit.reasons.length > 0 && hit.score <= (hits[at - 1]?.score ?? 1)));
});

test('a name that was removed or changed is not found by what it was', () => {
  const index = new MemoryNameIndex<string>();
  index.add('one', keysToFile('Rahima'));
  index.add('one', keysToFile('Karim'));
  assert.deepEqual(index.candidates(keysToFile('Rahima'), 10), []);
  assert.equal(index.candidates(keysToFile('Karim'), 10).length, 1);
  index.remove('one');
  assert.deepEqual(index.candidates(keysToFile('Karim'), 10), []);
});

test('a record is filed under few keys', () => {
  const names = KNOWN_NAMES.flatMap(({ latin, bengali, arabic }) => [
    `${latin[0] ?? ''} Khatun Begum`,
    bengali,
    arabic,
  ]);
  const counts = names.map((name) => keysToFile(name).length).sort((a, b) => a - b);
  assert.ok((counts.at(-1) ?? 0) <= 60, String(counts.at(-1)));
  assert.ok(keysToFile('အောင် '.repeat(100)).length <= 300);
});

for (const { file, heading, bar } of [
  { file: 'burmese-dev.tsv', heading: 1, bar: 0.94 },
  { file: 'arabic-dev.txt', heading: 0, bar: 0.9 },
]) {
  const path = join(LISTS, file);
  test(
    `${file}: names of a public list are among the first ten, asked in either script`,
    { skip: !existsSync(path) },
    () => {
      const lines = readFileSync(path, 'utf8').trim().split('\n').slice(heading);
      const pairs = lines.map((line) => line.split('\t').map((cell) => cell.trim()));
      for (const [from, to] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const search = searchable(pairs.map((pair) => pair[to] ?? ''));
        // Odd lines alone: figures were estimated on the even ones. A part of them: the bench asks them all.
        const asked = pairs.filter((_, at) => at % 24 === 1);
        const found = asked.filter((pair) => search(pair[from] ?? '').includes(pair[to] ?? '')).length;
        assert.ok(found / asked.length >= bar, `${found} of ${asked.length}`);
      }
    },
  );
}
