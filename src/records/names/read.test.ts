import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readName } from './read.ts';

const words = (name: string): readonly string[] => readName(name)[0]?.words.map((word) => word.text) ?? [];
const latin = (name: string): readonly string[] => readName(name)[0]?.words.map((word) => word.latin) ?? [];
const kinds = (name: string): readonly string[] => readName(name)[0]?.words.map((word) => word.kind) ?? [];

test('Burmese has no spaces: its words are syllables, stacked letters and independent vowels among them', () => {
  assert.deepEqual(latin('အောင်ဆန်းစုကြည်'), ['aung', 'san', 'su', 'kyi']);
  assert.deepEqual(latin('သဉ္ဇာ'), ['thin', 'za'], 'stacked');
  assert.deepEqual(latin('အင်္ဂါ'), ['in', 'ga'], 'kinzi');
  assert.deepEqual(latin('ဥမ္မာ'), ['on', 'ma'], 'independent vowel');
  assert.deepEqual(latin('ဦး'), ['u']);
  assert.deepEqual(latin('ပြည်သူ'), ['pyi', 'thu']);
  assert.deepEqual(latin('ပြဿနာ'), ['pyat', 'tha', 'na'], 'great sa');
});

test('tones are not read, but for the one that is heard after a nasal', () => {
  assert.deepEqual(latin('ဝင်း'), latin('ဝင်'));
  assert.deepEqual(latin('မြင့်'), ['myint']);
});

test('titles and particles are known as such, unless they are all there is', () => {
  assert.deepEqual(kinds('Daw Khin Myint'), ['title', 'name', 'name']);
  assert.deepEqual(kinds('ဦးဘ'), ['title', 'name']);
  assert.deepEqual(kinds('Ma'), ['name']);
  assert.deepEqual(kinds('Abd al-Rahman bin K'), ['name', 'particle', 'name', 'particle', 'initial']);
});

test('short forms are read in full', () => {
  assert.deepEqual(latin('Md. Rahim'), ['mohammad', 'rahim']);
  assert.deepEqual(words('মোঃ রহিম')[0], 'মোহাম্মদ');
});

test('case, accents, marks, digits and punctuation say nothing', () => {
  assert.deepEqual(words('  O’BRIEN, Zoë3 '), ['obrien', 'zoe']);
  assert.deepEqual(words('مُحَمَّد'), words('محمد'));
  assert.deepEqual(words('محـــمد'), words('محمد'));
  assert.deepEqual(readName(' 12 — … '), []);
});

test('a field may hold two spellings of a name', () => {
  assert.equal(readName('ဘို၊ ဗိုလ်').length, 2);
  assert.equal(readName('Bo / Ba').length, 2);
});

test('one word in two scripts is two words', () => {
  assert.deepEqual(words('Aliعلي'), ['ali', 'علي']);
});

test('Rohingya is read in Hanifi, other scripts by the usual romanisation', () => {
  assert.deepEqual(latin('𐴌𐴝𐴇𐴞𐴔𐴝'), ['rahima']);
  assert.deepEqual(latin('Владимир राम'), ['vladimir', 'ram']);
});

test('a hostile name is cut: letters, words and letters of a word have limits', () => {
  const long = readName('a'.repeat(100_000)).flatMap((reading) => reading.words);
  assert.equal(long.length, 1);
  assert.ok(long.every((word) => word.units.length > 0 && word.units.length <= 32));
  for (const hostile of ['ab '.repeat(50_000), 'က'.repeat(50_000), 'a၊'.repeat(50_000)]) {
    const readings = readName(hostile);
    assert.ok(readings.length <= 4);
    for (const reading of readings) assert.ok(reading.words.length <= 10);
  }
});
