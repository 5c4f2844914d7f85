/** What a careful validator says of 64 files, valid and broken, as other systems' tests have them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findingsIn } from '../../../../test/support/pfif-findings.ts';
import { CHECKS, type Check } from './validate.ts';

const CASES = join(import.meta.dirname, '../../../../../shared/data/pfif/validator-cases');
const NO_CASES = existsSync(CASES) ? false : 'the cases in ../shared/data/pfif are not here';

const MUCH_LATER = Date.parse('2026-11-28T00:00:00Z');
/** The cases of a person who is not expired yet are judged in the day before that. */
const NOW: Readonly<Record<string, number>> = { test_unexpired_records: Date.parse('1999-02-04T04:05:05Z') };

function checkOf(name: string): Check {
  const check = CHECKS.find((known) => `validate_${known}` === name);
  assert.ok(check !== undefined, `no check for ${name}`);
  return check;
}

describe('the cases of the PFIF validator', { skip: NO_CASES }, () => {
  const lines =
    NO_CASES === false ? readFileSync(join(CASES, 'expected.csv'), 'utf8').trim().split('\n') : [];
  for (const [index, line] of lines.slice(1).entries()) {
    const [test = '', fixture = '', name = '', op = '', count = ''] = line.split(',');
    it(`${String(index + 2)}: ${test} (${fixture})`, () => {
      const text = readFileSync(join(CASES, `${fixture}.xml`), 'utf8');
      const check = checkOf(name);
      const found = findingsIn(text, NOW[test] ?? MUCH_LATER).filter((finding) => finding.check === check);
      const said = JSON.stringify(found);
      if (op === '==') assert.equal(found.length, Number(count), said);
      else assert.notEqual(found.length, Number(count), said);
    });
  }

  for (const [fixture, said] of [
    ['XML_NON_PFIF_ROOT', /no PFIF, but “html”/],
    ['XML_NO_NAMESPACE', /no PFIF, but “pfif”/],
    ['XML_BAD_PFIF_WEBSITE', /no PFIF/],
    ['XML_BAD_PFIF_VERSION', /does not read this version/],
    ['XML_INVALID', /not well-formed|ends within/],
  ] as const) {
    it(`${fixture} is refused in words`, () => {
      const found = findingsIn(readFileSync(join(CASES, `${fixture}.xml`), 'utf8'), MUCH_LATER);
      assert.ok(
        found.some(({ check, message }) => check === 'markup' && said.test(message)),
        JSON.stringify(found),
      );
    });
  }
});
