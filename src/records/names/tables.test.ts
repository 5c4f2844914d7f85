/** What the tables promise: a spelling that they know leads to the name. A row broken on purpose fails here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignmentCost } from './align.ts';
import { ARABIC_SPELLINGS } from './arabic-table.ts';
import { arabicUnits } from './arabic.ts';
import { BURMESE_ONSETS, BURMESE_RHYMES } from './burmese-table.ts';
import { burmeseSyllables, normaliseBurmese } from './burmese.ts';
import { latinSyllables, onsetClass, rhymeClass } from './burmese-sounds.ts';
import { latinUnits } from './latin.ts';
import { classesOf, combine, skeletonOf } from './skeleton.ts';
import { spellings, unitOf } from './spellings.ts';

test('every spelling is of letters a to z, and no table says one twice', () => {
  for (const table of [ARABIC_SPELLINGS, BURMESE_ONSETS]) {
    for (const [sign, text] of Object.entries(table)) {
      const list = spellings(text.trim());
      assert.equal(new Set(list.map(({ latin }) => latin)).size, list.length, sign);
      for (const { latin, cost } of list)
        assert.ok(/^[a-z]*$/.test(latin) && cost >= 0 && cost <= 70, `${sign} ${latin}`);
    }
  }
});

test('a Burmese syllable in its usual spelling shares a sound with the syllable', () => {
  const lost: string[] = [];
  let checked = 0;
  for (const onset of Object.keys(BURMESE_ONSETS)) {
    for (const rhyme of Object.keys(BURMESE_RHYMES).filter((one) => !one.startsWith('ွ'))) {
      const [syllable] = burmeseSyllables(normaliseBurmese(onset + rhyme));
      const [first, second] = syllable?.units ?? [];
      assert.ok(first !== undefined && second !== undefined, onset + rhyme);
      const usual = (first.spellings[0]?.latin ?? '') + (second.spellings[0]?.latin ?? '');
      const choices = [classesOf(first, onsetClass), classesOf(second, rhymeClass)];
      const own = combine(choices, { cost: 42, count: 8 }).map(({ text }) => text);
      checked += 1;
      if (!latinSyllables(usual).some((one) => own.includes(one))) lost.push(`${onset}${rhyme} ${usual}`);
    }
  }
  assert.ok(lost.length <= checked / 50, `${lost.length} of ${checked}: ${lost.join(', ')}`);
});

test('the usual spelling of an Arabic letter is of a class that the letter is looked up by', () => {
  for (const letter of Object.keys(ARABIC_SPELLINGS).filter((sign) => !/[$^]/.test(sign))) {
    const [unit] = arabicUnits(letter);
    if (unit === undefined) continue;
    const usual = unit.spellings[0]?.latin ?? '';
    assert.ok(
      classesOf(unit, skeletonOf).some(({ text, cost }) => text === skeletonOf(usual) && cost === 0),
      letter,
    );
    assert.ok(alignmentCost([unit], usual, true) <= 12, letter);
  }
});

test('letters that stand for each other across scripts share a class, others do not', () => {
  const together = ['b p', 't d th dh', 's z', 'k q kh c', 'g j gh', 'f ph v', 'sh ch sch zh'];
  const classes = together.map(
    (group) => new Set(group.split(' ').map((letters) => skeletonOf(`${letters}a`))),
  );
  for (const [at, group] of classes.entries()) assert.equal(group.size, 1, together[at] ?? '');
  assert.equal(new Set(classes.flatMap((group) => [...group])).size, together.length);
  assert.equal(skeletonOf('mohammed'), 'MMT');
  assert.equal(skeletonOf('aya'), '');
  assert.equal(skeletonOf('max'), 'MKS');
});

test('every letter of the alphabet is a unit, and costs nothing against itself', () => {
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    assert.equal(alignmentCost(latinUnits(letter), letter, false), 0, letter);
  }
});

test('the cheapest spelling comes first, and combining finds the cheapest combinations', () => {
  const unit = unitOf('x', spellings('b:9 a:3 -:20'), 70);
  assert.deepEqual(
    unit.spellings.map(({ latin }) => latin),
    ['a', 'b', ''],
  );
  assert.equal(unit.dropCost, 20);
  const choices = [
    [
      { text: 'a', cost: 0 },
      { text: 'b', cost: 5 },
    ],
    [
      { text: 'c', cost: 0 },
      { text: 'd', cost: 7 },
    ],
  ];
  const found = combine(choices, { cost: 10, count: 3 }).map(({ text }) => text);
  assert.deepEqual(found, ['ac', 'bc', 'ad']);
});
