import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareBirths, isHeaped, parseBirth } from './dates.ts';

test('dates of birth are compared by how people get them wrong', () => {
  for (const [one, other, level] of [
    ['1990-05-17', '1990-05-17', 'same day'],
    ['1990-05-12', '1990-12-05', 'day and month swapped'],
    ['1990-05-17', '1990-05-18', 'one digit apart'],
    ['1990-05-17', '1955-05-17', 'same day of another year'],
    ['1990-05-17', '1990-05-71', 'one digit apart'],
    ['1999-05-17', '2000-05-17', 'a year apart'],
    ['1990-05-17', '1990-11-02', 'same year'],
    ['1990', '1990-11-02', 'same year'],
    ['1990-05', '1991-06', 'a year apart'],
    ['1990-05-17', '1972-11-02', 'apart'],
  ] as const) {
    assert.equal(compareBirths(one, other), level, `${one} ${other}`);
    assert.equal(compareBirths(other, one), level, `${other} ${one}`);
  }
});

test('the first of January says no more than its year', () => {
  assert.ok(isHeaped('1990-01-01'));
  assert.equal(compareBirths('1990-01-01', '1990-01-01'), 'guessed years fit');
  assert.equal(compareBirths('1990-01-01', '1991-07-23'), 'guessed years fit');
  assert.equal(compareBirths('1990-12-31', '1994-01-01'), 'guessed years are near');
  assert.equal(compareBirths('1990-07-01', '1970-07-01'), 'guessed years are apart');
  assert.deepEqual(parseBirth('1990-01-01'), { year: 1990 });
});

test('what is no date says nothing', () => {
  for (const text of ['', 'unknown', '17.5.1990', '90', '1990-5-17']) {
    assert.equal(parseBirth(text), undefined);
    assert.equal(compareBirths(text, '1990-05-17'), undefined);
  }
});
