import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KNOWN_NAMES } from '../../../test/names/known-names.ts';
import { nameSimilarity, scoreNames } from './search.ts';

const score = (query: string, name: string): number => scoreNames(query, name).score;
const closer = (query: string, name: string, other: string): void => {
  const [near, far] = [score(query, name), score(query, other)];
  assert.ok(near > far, `${query}: ${name} ${near.toFixed(3)}, ${other} ${far.toFixed(3)}`);
};

test('a name is itself, in every script', () => {
  for (const name of ['Rahima Khatun', 'အောင်ဆန်း', 'محمد علي', 'রহিমা খাতুন', '𐴌𐴝𐴇𐴞𐴔𐴝', 'Владимир', 'ေအာင္']) {
    assert.equal(score(name, name), 1, name);
  }
});

test('names are heard across scripts, whatever the pair', () => {
  for (const { latin, bengali, arabic } of KNOWN_NAMES) {
    const forms = [...latin, bengali, arabic];
    for (const one of forms)
      for (const other of forms) assert.ok(score(one, other) >= 0.55, `${one} ${other}`);
  }
  assert.ok(score('Aung San Suu Kyi', 'အောင်ဆန်းစုကြည်') > 0.9);
  assert.ok(score('အောင်ဆန်း', 'অং সান') > 0.8);
  assert.ok(score('𐴔𐴟𐴇𐴝𐴔𐴝𐴊', 'محمد') > 0.6);
  assert.ok(score('𐴌𐴝𐴇𐴞𐴔𐴝', 'রহিমা') > 0.8);
});

test('and other names are not', () => {
  assert.equal(score('Aung San', 'Mohammed Ali'), 0);
  closer('محمد', 'Mohammed', 'Mahmud');
  closer('Hasan', 'حسن', 'حسين');
  closer('အောင်ကျော်', 'Aung Kyaw', 'Aung Kyi');
  closer('Khin Myint', 'ခင်မြင့်', 'ခင်မင်း');
});

test('Zawgyi and Unicode are one script to who asks', () => {
  assert.equal(score('ေအာင္စိုးျမင့္', 'အောင်စိုးမြင့်'), 1);
  assert.ok(score('Aung Soe Myint', 'ေအာင္စိုးျမင့္') > 0.9);
});

test('one mistake in writing leaves a name recognisable', () => {
  for (const [wrong, right] of [
    ['Mohmamed', 'Mohammed'],
    ['Rahma', 'Rahima'],
    ['Hussian', 'Hussain'],
    ['Khatunn', 'Khatun'],
    ['Jahamgir', 'Jahangir'],
  ] as const) {
    assert.ok(score(wrong, right) > 0.7, wrong);
  }
});

test('order, joining and splitting of words cost little, missing and further words more', () => {
  assert.ok(score('Ali Mohammed', 'Mohammed Ali') > 0.9);
  assert.ok(score('Abdulrahman', 'Abd al-Rahman') > 0.75);
  assert.ok(score('Thinzar', 'သဉ္ဇာ') > 0.9);
  assert.ok(score('Aungkyaw', 'Aung Kyaw') > 0.9);
  closer('Rahima Khatun', 'Rahima Khatun', 'Khatun Rahima');
  closer('Rahima Khatun', 'Rahima Khatun', 'Rahima Begum Khatun');
  closer('Rahima Khatun', 'Rahima Begum Khatun', 'Rahima');
});

test('a beginning and an initial find the name', () => {
  assert.ok(score('Rahi', 'Rahima') > 0.7);
  assert.ok(score('M Ali', 'Mohammed Ali') > 0.8);
  closer('M Ali', 'Mohammed Ali', 'Karim Ali');
});

test('titles hardly count', () => {
  assert.ok(score('Aung San Suu Kyi', 'Daw Aung San Suu Kyi') > 0.95);
  closer('U Ba Thein', 'Ba Thein', 'U Ba Win');
});

test('of two names in one field the better one counts', () => {
  assert.equal(score('Ali', 'Mohammed / Ali'), 1);
});

test('reasons say in words what was found', () => {
  assert.deepEqual(scoreNames('Ali Rahima', 'Rahima Ali').reasons, [
    '“ali” is the same as “ali”',
    '“rahima” is the same as “rahima”',
    'the words are in another order',
  ]);
  assert.deepEqual(scoreNames('রহিমা Karim', 'Rahima').reasons, [
    '“রহিমা” sounds like “rahima”',
    'nothing like “karim” is in the name',
  ]);
});

test('any text has a score from 0 to 1, none throws, and names are themselves', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom(...Array.from('abhkmo ေအာင်္ျြွှကစသမ့း محدعا আরহ্িমা𐴀𐴁𐴝၊/-’.')),
      maxLength: 60,
    }),
  );
  fc.assert(
    fc.property(text, text, (one, other) => {
      const found = score(one, other);
      assert.ok(found >= 0 && found <= 1);
      assert.deepEqual(scoreNames(one, other), scoreNames(one, other));
      const own = score(one, one);
      assert.ok(own === 0 || own > 0.999, `${JSON.stringify(one)} ${own}`);
    }),
    { numRuns: 300 },
  );
});

test('similarity of names is the same in both directions', () => {
  const names = KNOWN_NAMES.flatMap(({ latin, bengali, arabic }) => [...latin, bengali, arabic]);
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.constantFrom(...names), (one, other) => {
      assert.deepEqual(nameSimilarity(one, other), nameSimilarity(other, one));
    }),
    { numRuns: 300 },
  );
});
