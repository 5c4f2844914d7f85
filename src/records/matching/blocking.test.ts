import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockingKeys } from './blocking.ts';
import type { Person } from './types.ts';

const share = (a: Person, b: Person): boolean => blockingKeys(a).some((key) => blockingKeys(b).includes(key));

const RAHIMA: Person = {
  names: ['Rahima Khatun'],
  dateOfBirth: '1994-05-17',
  home: { street: '12 Camp Road', city: 'Ukhia', postalCode: '4750' },
  phones: ['+8801712345678'],
  documents: ['A-77'],
};

test('records of one person meet though any one field is wrong', () => {
  for (const wrong of [
    { names: ['Somebody Else'] },
    { names: ['Khatun Rohima'] },
    { dateOfBirth: '1961-02-03' },
    { home: { city: 'Sittwe' } },
    { phones: [] },
    { documents: ['B-1'] },
  ]) {
    assert.ok(share(RAHIMA, { ...RAHIMA, ...wrong }), JSON.stringify(wrong));
  }
});

test('names meet across scripts', () => {
  assert.ok(share({ names: ['Rahima Khatun'] }, { names: ['রহিমা খাতুন'] }));
  assert.ok(
    share(
      { names: ['အောင်ကျော်'], dateOfBirth: '1980-03-04' },
      { names: ['Aung Kyaw'], dateOfBirth: '1980-03-04' },
    ),
  );
});

test('the first of January brings nobody together', () => {
  const born = (name: string, dateOfBirth: string): Person => ({ names: [name], dateOfBirth });
  assert.ok(share(born('Rahima', '1994-05-17'), born('Karim', '1994-05-17')));
  assert.ok(!share(born('Rahima', '1994-01-01'), born('Karim', '1994-01-01')));
});

test('what is common to many is no key alone: a name, a year, a town', () => {
  const keys = blockingKeys({ names: ['Ali'], dateOfBirth: '1994', home: { city: 'Ukhia' } });
  for (const key of keys) assert.match(key, / /, key);
});

test('strangers share no key', () => {
  assert.ok(!share(RAHIMA, { names: ['Karim Ullah'], dateOfBirth: '1950-03-02', home: { city: 'Sittwe' } }));
});
