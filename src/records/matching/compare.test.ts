import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compare } from './compare.ts';
import type { Person } from './types.ts';
import { SUGGEST_FROM, WEIGHTS, weightOf } from './weights.ts';

const RAHIMA: Person = {
  names: ['Rahima Khatun'],
  sex: 'female',
  dateOfBirth: '1994-05-17',
  home: { neighborhood: 'Camp 4 Block C', city: 'Ukhia' },
  phones: ['+880 1712-345678'],
};

test('one woman registered twice, by clerks of two scripts, is suggested with reasons', () => {
  const again: Person = {
    names: ['রহিমা খাতুন'],
    sex: 'female',
    dateOfBirth: '1994-05-17',
    home: { city: 'উখিয়া' },
    phones: ['01712345678'],
  };
  const match = compare(RAHIMA, again);
  assert.ok(match.score > 0.9, String(match.score));
  assert.ok(match.reasons.some((reason) => reason.startsWith('names: “Rahima Khatun” and “রহিমা খাতুন” are')));
  assert.ok(match.reasons.includes('born: 1994-05-17 and 1994-05-17, same day'));
  assert.ok(match.reasons.includes('phone: the same number'));
});

test('a name alone, or with the first of January, is no suggestion; with a day it is', () => {
  const named: Person = { names: ['Rahima Khatun'], sex: 'female' };
  const [newYear, day] = [
    { ...named, dateOfBirth: '1994-01-01' },
    { ...named, dateOfBirth: '1994-05-17' },
  ];
  assert.ok(compare(named, named).score < SUGGEST_FROM);
  assert.ok(compare(newYear, newYear).score < SUGGEST_FROM);
  assert.ok(compare(newYear, newYear).score - compare(named, named).score < 0.1, 'almost nothing');
  assert.ok(compare(day, day).score >= SUGGEST_FROM);
  assert.match(compare(newYear, newYear).reasons.join(), /1 January and the like count as a year alone/);
});

test('somebody else of the same name is not the same person', () => {
  const other: Person = {
    ...RAHIMA,
    dateOfBirth: '1951-11-02',
    phones: ['01899999999'],
    home: { city: 'Sittwe' },
  };
  assert.ok(compare(RAHIMA, other).score < SUGGEST_FROM);
  assert.ok(compare(RAHIMA, { names: ['Karim Ullah'], sex: 'male' }).score < 0.01);
});

test('a swapped day and month or a year beside weigh less than the day, and more than nothing', () => {
  const born = (dateOfBirth: string): number =>
    Math.log2(
      1 / compare({ names: ['Ali'], dateOfBirth: '1994-05-07' }, { names: ['Ali'], dateOfBirth }).score - 1,
    );
  const [same, swapped, beside, apart] = [
    born('1994-05-07'),
    born('1994-07-05'),
    born('1995-05-07'),
    born('1960-02-28'),
  ];
  assert.ok(same < swapped && swapped < beside && beside < apart);
});

test('where only ages are known they fit or do not', () => {
  const child = (from: number, to: number): Person => ({ names: ['Nur'], bornBetween: { from, to } });
  const exact: Person = { names: ['Nur'], dateOfBirth: '2015-03-04' };
  assert.ok(compare(child(2014, 2016), exact).score > compare(child(2010, 2013), exact).score);
  assert.ok(compare(child(2010, 2013), exact).score > compare(child(1980, 1985), exact).score);
});

test('a reunion is between somebody sought and somebody located, wherever they live now', () => {
  const sought: Person = { ...RAHIMA, whereabouts: 'sought' };
  const located: Person = {
    names: ['Rohima Khatun'],
    sex: 'female',
    dateOfBirth: '1994-05-17',
    home: { city: 'Sittwe' },
    phones: ['01899999999'],
    whereabouts: 'located',
  };
  assert.ok(compare(sought, located, 'reunion').score > compare(sought, located).score);
  assert.ok(compare(sought, located, 'reunion').score >= SUGGEST_FROM);
  assert.equal(compare(sought, sought, 'reunion').score, 0);
  assert.equal(compare(sought, { ...located, whereabouts: 'unknown' }, 'reunion').score, 0);
});

test('the order of two records does not matter', () => {
  const person = fc.record<Person>(
    {
      names: fc.array(fc.constantFrom('Rahima', 'রহিমা খাতুন', 'محمد علي', 'အောင်', 'Nur Begum', ''), {
        maxLength: 2,
      }),
      sex: fc.constantFrom('female', 'male', 'other'),
      dateOfBirth: fc.constantFrom(
        '1990',
        '1990-01-01',
        '1990-05-17',
        '1991-05-17',
        '1990-17-05',
        'nonsense',
      ),
      home: fc.record({
        city: fc.constantFrom('Ukhia', 'Sittwe', ''),
        postalCode: fc.constantFrom('4750', '4751'),
      }),
      phones: fc.array(fc.constantFrom('01712345678', '+8801712345678', '1'), { maxLength: 2 }),
      documents: fc.array(fc.constantFrom('12345', '12354', 'X'), { maxLength: 2 }),
    },
    { requiredKeys: ['names'] },
  );
  fc.assert(
    fc.property(person, person, (a, b) => {
      const [one, other] = [compare(a, b), compare(b, a)];
      assert.ok(Math.abs(one.score - other.score) < 1e-9);
      assert.ok(one.score >= 0 && one.score <= 1);
    }),
    { numRuns: 500 },
  );
});

test('the table of weights falls from the same to the different, and knows no level that is not in it', () => {
  for (const [field, levels] of Object.entries(WEIGHTS)) {
    const weights = Object.values(levels);
    assert.deepEqual(
      weights,
      [...weights].sort((a, b) => b - a),
      field,
    );
    assert.ok((weights[0] ?? 0) > 0 && (weights.at(-1) ?? 0) < 0, field);
  }
  assert.throws(() => weightOf('name', 'identical', 'duplicates'), /bug/);
  assert.ok(weightOf('city', 'different', 'reunion') > weightOf('city', 'different', 'duplicates'));
});
