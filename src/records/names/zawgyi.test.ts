import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readName } from './read.ts';
import { burmeseEncoding, unicodeReadings } from './zawgyi.ts';

const PAIRS = [
  ['ေအာင္', 'အောင်'],
  ['ေအာင္စိုးျမင့္', 'အောင်စိုးမြင့်'],
  ['ခင္ခင္တင့္', 'ခင်ခင်တင့်'],
  ['ေက်ာ္', 'ကျော်'],
  ['ခ်မ္း', 'ချမ်း'],
  ['ၾကည္', 'ကြည်'],
] as const;

test('short names typed in Zawgyi are told from Unicode, one by one', () => {
  for (const [zawgyi, unicode] of PAIRS) {
    assert.equal(burmeseEncoding(zawgyi), 'zawgyi', zawgyi);
    assert.equal(burmeseEncoding(unicode), 'unicode', unicode);
    assert.deepEqual(unicodeReadings(zawgyi), [unicode]);
    assert.deepEqual(unicodeReadings(unicode), [unicode]);
  }
});

test('a name that could be either is read both ways', () => {
  assert.equal(burmeseEncoding('လွေဝ'), undefined);
  assert.equal(unicodeReadings('လွေဝ').length, 2);
  assert.equal(readName('လွေဝ').length, 2);
});

test('what is known about a list settles it', () => {
  assert.deepEqual(unicodeReadings('လွေဝ', 'unicode'), ['လွေဝ']);
  assert.equal(unicodeReadings('လွေဝ', 'zawgyi').length, 1);
  assert.notEqual(unicodeReadings('လွေဝ', 'zawgyi')[0], 'လွေဝ');
});

test('other scripts are left as they are', () => {
  for (const text of ['Aung', 'محمد', 'রহিমা', '']) assert.deepEqual(unicodeReadings(text), [text]);
});
