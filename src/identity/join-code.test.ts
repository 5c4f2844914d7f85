import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromUtf8, toHex } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';
import {
  codeChannel,
  codePassword,
  formatJoinCode,
  generateJoinCode,
  looksLikeCode,
  parseJoinCode,
} from './join-code.ts';

const CODE = { locator: '417', secret: '302998215' };
const SHOWN = '417 302 998 215';

const WRITTEN = {
  'as shown': SHOWN,
  'without spaces': '417302998215',
  'with dashes': '417-302–998—215',
  'with dots and slips': ' 41.7 30 2998..215\n',
  'in Arabic-Indic digits': '٤١٧ ٣٠٢ ٩٩٨ ٢١٥',
  'in Arabic-Indic digits, with marks of direction': '\u200f٤١٧ ٣٠٢\u200e ٩٩٨ ٢١٥\u061c',
  'in Eastern Arabic digits': '۴۱۷ ۳۰۲ ۹۹۸ ۲۱۵',
  'in Burmese': '၄၁၇ ၃၀၂ ၉၉၈ ၂၁၅',
  'in Burmese with the letter wa for zero': '၄၁၇ ၃ဝ၂ ၉၉၈ ၂၁၅',
  'in Bengali': '৪১৭ ৩০২ ৯৯৮ ২১৫',
  'in Hanifi Rohingya': '𐴴𐴱𐴷 𐴳𐴰𐴲 𐴹𐴹𐴸 𐴲𐴱𐴵',
  'in full width': '４１７　３０２　９９８　２１５',
  'in several scripts at once': '417 ٣٠٢ ۹۹۸ ২১৫',
};

for (const [name, text] of Object.entries(WRITTEN)) {
  test(`reads a code ${name}`, () => {
    assert.deepEqual(parseJoinCode(text), CODE);
    assert.ok(looksLikeCode(text));
  });
}

const REFUSED = {
  'a digit short': '417 302 998 21',
  'a digit long': '417 302 998 2150',
  'a letter in it': '417 302 998 21O',
  nothing: '',
  'separators only': ' - ',
  'a sign of plus': '+417302998215',
  'a link': 'kith://join/417302998215',
  'other numerals': '④①⑦ 302 998 215',
};

for (const [name, text] of Object.entries(REFUSED)) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => parseJoinCode(text),
      (error) => isKithError(error, 'bad-code'),
    );
  });
}

test('says how many digits there were', () => {
  assert.throws(() => parseJoinCode('417 302 998 21'), /twelve digits; this has 11/);
});

test('tells a code, even an unfinished one, from a link', () => {
  assert.ok(looksLikeCode('417 302'));
  for (const text of ['', '---', 'kith://join/AbC', 'https://x.org/417', '417 302 998 21x']) {
    assert.ok(!looksLikeCode(text), text);
  }
});

test('what is shown is read back, leading zeros and all', () => {
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
  fc.assert(
    fc.property(digits(3), digits(9), (locator, secret) => {
      const shown = formatJoinCode({ locator, secret });
      assert.match(shown, /^\d{3} \d{3} \d{3} \d{3}$/);
      assert.deepEqual(parseJoinCode(shown), { locator, secret });
    }),
    { seed: 3 },
  );
  assert.equal(formatJoinCode(CODE), SHOWN);
});

test('new codes use the whole range, drawn without bias, small numbers padded', () => {
  assert.deepEqual(generateJoinCode(drawing(0, 7)), { locator: '000', secret: '000000007' });
  assert.deepEqual(generateJoinCode(drawing(999, 999_999_999)), { locator: '999', secret: '999999999' });
});

test('a new code takes a locator that is free, and says when none is', () => {
  const all = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));
  const taken = new Set(all.filter((locator) => locator !== '417'));
  assert.equal(generateJoinCode(drawing(0, 1), taken).locator, '417');
  assert.throws(
    () => generateJoinCode(drawing(0, 1), new Set(all)),
    (error) => isKithError(error, 'too-many-codes'),
  );
});

test('the password is the secret in ASCII, whatever script it was typed in; the locator is no part of it', () => {
  assert.equal(fromUtf8(codePassword(parseJoinCode(WRITTEN['in Burmese']))), '302998215');
});

test('the channel differs with the locator, with either end, and with their roles', () => {
  const [x, y] = ['11', '22'].map((byte) => byte.repeat(32) as LinkKey) as [LinkKey, LinkKey];
  const channels = [
    codeChannel('417', x, y),
    codeChannel('417', y, x),
    codeChannel('418', x, y),
    codeChannel('417', x, x),
  ];
  assert.equal(new Set(channels.map(toHex)).size, channels.length);
});

/** Gives these numbers in turn, each for a limit of a thousand or less, or of a thousand million. */
function drawing(...numbers: number[]): Rng {
  return {
    bytes: () => assert.fail('codes are drawn as numbers'),
    below: (limit) => {
      const number = numbers.shift() ?? assert.fail('drawn too often');
      assert.ok(number < limit && (limit <= 1000 || limit === 1e9), `limit ${limit}`);
      return number;
    },
  };
}
