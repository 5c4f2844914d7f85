/** Files of anybody: every reader gives records and problems, or refuses the file with a code, and holds little meanwhile. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isKithError } from '../../base/errors.ts';
import { findingsIn } from '../../../test/support/pfif-findings.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { KINDS } from '../kinds/index.ts';
import { formatOf, readerOf } from './formats.ts';
import { acceptedOf } from './incoming.ts';
import { EXCHANGE_LIMITS } from './limits.ts';
import type { ReadItem, Reader } from './types.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const SEED = Number(process.env['KITH_FUZZ_SEED'] ?? 1);
const ROUNDS = Number(process.env['KITH_FUZZ_ROUNDS'] ?? 3000);
const NOW = Date.parse('2026-11-28T10:00:00Z');
const OPTIONS = { domain: 'a.org', sourceDate: '2026-11-28T10:00:00Z' };

const GOOD = [
  `<?xml version="1.0"?><p:pfif xmlns:p="http://zesty.ca/pfif/1.2"><p:person><p:person_record_id>a.org/1</p:person_record_id>
<p:source_date>2026-11-28T10:00:00Z</p:source_date><p:first_name>A &amp; B</p:first_name><p:last_name><![CDATA[<C>]]></p:last_name>
<p:note><p:note_record_id>a.org/2</p:note_record_id><p:found>true</p:found><p:text>x</p:text></p:note></p:person></p:pfif>`,
  `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:pfif="http://zesty.ca/pfif/1.4"><entry><pfif:note><pfif:note_record_id>a.org/2</pfif:note_record_id>
</pfif:note></entry><!-- c --><?pi x?></feed>`,
  'time_zone_offset\n6.5\nperson_record_id,full_name,source_date,note_record_id\n1,"Nur ""N""",2013/2/26 9:10,2\n,,,\n',
  'name;sex;age;village\n"Nur\nBegum";f;31;Maungdaw\n',
  '{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","name":[{"text":"A \\"B\\""}]}},{"resource":{"resourceType":"Immunization","id":"i","patient":{"reference":"Patient/1"},"note":[{"text":"x"}]}}]}',
  // Long enough that it is read before its end is known.
  `name,sex\r\n${'Nur,f\r\n'.repeat(22)}"A\r\nB",m\r\nAye,f`,
];
const PIECES = [
  '<',
  '>',
  '</',
  '/>',
  '&',
  '&amp;',
  '&#0;',
  '&#x;',
  '&#99999999;',
  '&#x110000;',
  '&#xZ;',
  '&#X41;',
  '&#x10FFFF;',
  ']]>',
  '<![CDATA[',
  '<!--',
  '-->',
  '<?',
  '<!DOCTYPE x [',
  'xmlns=""',
  '</p:pfif>',
  '<p:person>',
  '<p:constructor>x</p:constructor>',
  '<p:__proto__>x</p:__proto__>',
  '"',
  '""',
  '\n',
  '\r',
  '\r\n',
  ',',
  ';',
  '\t',
  '\0',
  '\ufeff',
  '\ud800',
  '{',
  '}',
  '[',
  ']',
  '\\',
  ':',
  'null',
  '"entry":[',
  '=',
  '\u200f',
  'e\u0301',
  '1e999',
  '__proto__',
  '"__proto__":',
  'constructor',
];

function all(reader: Reader, text: string, size: number): ReadItem[] {
  const items: ReadItem[] = [];
  for (let at = 0; at < text.length; at += size) items.push(...reader.push(text.slice(at, at + size)));
  return [...items, ...reader.end()];
}

function mustBeRight(item: ReadItem): void {
  assert.ok(Number.isInteger(item.line) && item.line >= 1);
  if (item.type === 'problem') {
    assert.match(item.code, /^[a-z-]+$/);
    assert.match(item.message, /^Line \d+: .+\.$/s);
    return;
  }
  assert.ok(item.id.length > 0 && item.id.length < EXCHANGE_LIMITS.recordChars);
  assert.ok(Object.values(item.fields).every((value) => typeof value === 'string' && value !== ''));
  const accepted = acceptedOf(item);
  if (!('weight' in accepted))
    for (const name of Object.keys(accepted.fields))
      assert.ok(Object.hasOwn(KINDS[item.kind].fields, name), name);
}

describe(`hostile files (seed ${String(SEED)})`, () => {
  it(`${String(ROUNDS)} broken files are read or refused, and a cut anywhere changes nothing`, () => {
    const rng = new SeededRng(SEED);
    const pick = <Item>(items: readonly Item[]): Item => {
      const found = items[rng.next() % items.length];
      assert.ok(found !== undefined);
      return found;
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      let text = pick(GOOD);
      for (let edits = 1 + (rng.next() % 4); edits > 0; edits -= 1) {
        const at = rng.next() % (text.length + 1);
        const cut = rng.next() % 3 === 0 ? rng.next() % 40 : 0;
        text = text.slice(0, at) + (rng.next() % 4 === 0 ? '' : pick(PIECES)) + text.slice(at + cut);
      }
      const outcome = (size: number): unknown => {
        try {
          const items = all(readerOf(formatOf(text), OPTIONS), text, size);
          for (const item of items) mustBeRight(item);
          return items;
        } catch (error) {
          assert.ok(isKithError(error), `round ${String(round)}: ${String(error)}\n${text}`);
          return error.code;
        }
      };
      const whole = outcome(Math.max(1, text.length));
      if (text.includes('pfif')) findingsIn(text, NOW);
      assert.deepEqual(
        outcome(1 + (rng.next() % 9)),
        whole,
        `round ${String(round)}: ${JSON.stringify(text)}`,
      );
    }
  });

  for (const [what, start, piece] of [
    ['text in XML', '<pfif xmlns="http://zesty.ca/pfif/1.4"><person><full_name>', 'x'],
    ['a tag in XML', '<pfif xmlns="http://zesty.ca/pfif/1.4"><', 'x'],
    ['an attribute in XML', '<pfif xmlns="http://zesty.ca/pfif/1.4"><person a="', 'x'],
    ['a comment in XML', '<pfif xmlns="http://zesty.ca/pfif/1.4"><!--', 'x'],
    ['elements in each other', '<pfif xmlns="http://zesty.ca/pfif/1.4">', '<a>'],
    ['elements in a person', '<pfif xmlns="http://zesty.ca/pfif/1.4"><person>', '<a/>'],
    ['notes of one person', '<pfif xmlns="http://zesty.ca/pfif/1.4"><person>', '<note><text>x</text></note>'],
    ['a cell of CSV', 'name,age\n"', 'x'],
    ['a row of CSV', 'name,age\n', 'x,'],
    ['rows that are no header', '', 'x,y\n'],
    ['a resource of FHIR', '{"resourceType":"Bundle","entry":[{"a":"', 'x'],
    ['arrays of FHIR', '{"resourceType":"Bundle","x":', '['],
    ['a bundle before its entries', '{"resourceType":"Bundle","x":"', 'x'],
  ] as const) {
    it(`${what} without end costs no more memory than it may`, () => {
      const reader = readerOf(formatOf(start === '' ? 'x' : start), OPTIONS);
      const pieces = piece.repeat(Math.ceil((256 * 1024) / piece.length));
      const heap = (): number => {
        collect();
        return process.memoryUsage().heapUsed;
      };
      let items = 0;
      const before = heap();
      try {
        items += reader.push(start).length;
        for (let n = 0; n < 48; n += 1) items += reader.push(pieces).length;
        items += reader.end().length;
      } catch (error) {
        assert.ok(isKithError(error), String(error));
      }
      assert.ok(items < 6_000_000);
      // 12 MiB were given; the limits allow for a token of 8 Mi characters, and for a person with many notes.
      const kept = heap() - before;
      assert.ok(kept < 32 * 1024 * 1024, String(kept));
      // What it holds counts: it has to be there still.
      assert.equal(typeof reader.push, 'function');
    });
  }
});
