/** PFIF of every version as records of 1.4: the files of other systems, the dialects, and what is reported and skipped. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isKithError } from '../../../base/errors.ts';
import { EXCHANGE_LIMITS } from '../limits.ts';
import type { Problem, ReadItem, ReadRecord } from '../types.ts';
import type { ReadOptions } from './current.ts';
import { pfifXmlReader } from './read.ts';
import { PfifXmlReader } from './xml-read.ts';

const DATA = join(import.meta.dirname, '../../../../../shared/data/pfif');
const NO_DATA = existsSync(DATA) ? false : 'the cases in ../shared/data/pfif are not here';

function read(text: string, options: ReadOptions = {}, size = text.length): ReadItem[] {
  const reader = pfifXmlReader(options);
  const items: ReadItem[] = [];
  for (let at = 0; at < text.length; at += size) items.push(...reader.push(text.slice(at, at + size)));
  return [...items, ...reader.end()];
}

const records = (items: readonly ReadItem[]): ReadRecord[] => items.filter((item) => item.type === 'record');
const problems = (items: readonly ReadItem[]): Problem[] => items.filter((item) => item.type === 'problem');
const fields = (items: readonly ReadItem[]): object[] =>
  records(items).map(({ kind, id, fields: said }) => ({ [`${kind}_record_id`]: id, ...said }));

const pfif = (inner: string, version = '1.4'): string =>
  `<pfif xmlns="http://zesty.ca/pfif/${version}">${inner}</pfif>`;
const person = (id: string, more = ''): string =>
  `<person><person_record_id>${id}</person_record_id><source_date>2026-11-28T10:00:00Z</source_date>` +
  `<full_name>Nur Begum</full_name>${more}</person>`;
const note = (id: string, more = ''): string =>
  `<note><note_record_id>${id}</note_record_id><source_date>2026-11-28T10:00:00Z</source_date>` +
  `<author_name>Ada</author_name><text>seen</text>${more}</note>`;

function refused(text: string, code: string): void {
  assert.throws(
    () => read(text),
    (error) => isKithError(error, code),
    code,
  );
}

describe('import files of other systems', { skip: NO_DATA }, () => {
  const file = (name: string): string => readFileSync(join(DATA, 'import-cases', name), 'utf8');

  it('1.1 comes with the names that 1.4 has', () => {
    const [who, first, second] = fields(read(file('test.pfif-1.1.xml')));
    assert.deepEqual(who, {
      person_record_id: 'test.google.com/person.21009',
      entry_date: '2000-01-16T02:07:57Z',
      author_name: '_test_author_name',
      author_email: '_test_author_email',
      author_phone: '_test_author_phone',
      source_name: '_test_source_name',
      source_date: '2000-01-01T00:00:00Z',
      source_url: '_test_source_url',
      full_name: '_test_first_name _test_last_name',
      given_name: '_test_first_name',
      family_name: '_test_last_name',
      description: '_test_description',
      home_street: '_test_home_street',
      home_neighborhood: '_test_home_neighborhood',
      home_city: '_test_home_city',
      home_state: '_test_home_state',
      home_postal_code: '_test_home_zip',
      photo_url: '_test_photo_url',
    });
    assert.deepEqual(first, {
      note_record_id: 'test.google.com/note.27009',
      person_record_id: 'test.google.com/person.21009',
      entry_date: '2000-01-16T17:32:05Z',
      author_name: '_test_author_name',
      author_email: '_test_author_email',
      author_phone: '_test_author_phone',
      source_date: '2000-01-16T01:02:03Z',
      author_made_contact: 'true',
      email_of_found_person: '_test_email_of_found_person',
      phone_of_found_person: '_test_phone_of_found_person',
      last_known_location: '_test_last_known_location',
      text: '_test_text',
    });
    assert.equal(second?.['note_record_id' as keyof typeof second], 'test.google.com/note.31095');
  });

  for (const [name, persons, notes] of [
    ['test.pfif-1.1.xml', 1, 2],
    ['test.pfif-1.2.xml', 1, 4],
    ['test.pfif-1.2-badrecord.xml', 2, 4],
    ['test.pfif-1.2-note.xml', 0, 2],
    ['test.pfif-1.2-believed-dead.xml', 0, 1],
    ['test.pfif-1.2-notification.xml', 0, 1],
    ['test.pfif-1.2-source.xml', 1, 0],
  ] as const) {
    it(`${name}: ${String(persons)} persons, ${String(notes)} notes, nothing amiss, however it is cut`, () => {
      const whole = read(file(name));
      assert.deepEqual(problems(whole), []);
      const kinds = records(whole).map((record) => record.kind);
      assert.equal(kinds.filter((kind) => kind === 'person').length, persons);
      assert.equal(kinds.filter((kind) => kind === 'note').length, notes);
      for (const size of [1, 7, 64]) assert.deepEqual(read(file(name), {}, size), whole);
    });
  }

  it('the statuses of 1.2 are those of 1.4', () => {
    const [, ...notes] = records(read(file('test.pfif-1.2.xml')));
    assert.deepEqual(
      notes.map(({ fields: said }) => [said['status'], said['author_made_contact']]),
      [
        ['believed_missing', 'false'],
        [undefined, 'true'],
        ['is_note_author', undefined],
        ['believed_missing', 'false'],
      ],
    );
  });
});

describe('the maps that the validator cases expect', { skip: NO_DATA }, () => {
  const expected =
    NO_DATA === false
      ? (JSON.parse(readFileSync(join(DATA, 'validator-cases/expected-maps.json'), 'utf8')) as Record<
          string,
          Record<string, Record<string, string>>
        >)
      : {};
  const files = NO_DATA === false ? readdirSync(join(DATA, 'validator-cases')) : [];
  for (const [name, map] of Object.entries(expected)) {
    const fixture = files.find((known) => known === name.replace(/(?:_IGNORE_NAMES)?_MAP$/, '.xml'));
    if (fixture === undefined) continue;
    it(`${name}: the raw values of ${fixture}`, () => {
      const found: Record<string, Record<string, string>> = {};
      const reader = new PfifXmlReader({
        record: (raw) => {
          for (const one of [raw, ...raw.notes]) {
            const owner = raw.fields['person_record_id'] ?? '';
            const id = one.fields[`${one.kind}_record_id`] ?? '';
            const empty = Object.fromEntries(
              one.children.filter((child) => child !== 'note').map((child) => [child, '']),
            );
            found[id] = {
              ...empty,
              ...(one.kind === 'note' ? { person_record_id: owner } : {}),
              ...one.fields,
            };
          }
        },
        problem: () => undefined,
      });
      reader.push(readFileSync(join(DATA, 'validator-cases', fixture), 'utf8'));
      reader.end();
      for (const [id, values] of Object.entries(map))
        for (const [field, value] of Object.entries(values))
          assert.equal(found[id]?.[field], value, `${id} ${field}`);
    });
  }
});

describe('versions and dialects', () => {
  it('1.5, which is none, is read, and what it says of a person becomes a note', () => {
    const items = read(
      pfif(
        person('a.org/1', '<status>believed_alive</status><last_known_location>Gate 3</last_known_location>'),
        '1.5',
      ),
    );
    assert.deepEqual(fields(items), [
      { person_record_id: 'a.org/1', source_date: '2026-11-28T10:00:00Z', full_name: 'Nur Begum' },
      {
        note_record_id: 'a.org/1.status',
        person_record_id: 'a.org/1',
        source_date: '2026-11-28T10:00:00Z',
        status: 'believed_alive',
        last_known_location: 'Gate 3',
      },
    ]);
  });

  it('an Atom feed of persons, of notes, and one entry alone', () => {
    const atom = (inner: string): string =>
      `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:p="http://zesty.ca/pfif/1.4"><title>x</title>${inner}</feed>`;
    const prefixed = (text: string): string => text.replace(/<(\/?)(?=[a-z])/g, '<$1p:');
    const text = atom(
      `<entry><id>pfif:a.org/1</id><content>person</content>${prefixed(person('a.org/1', note('a.org/n1')))}</entry>` +
        `<entry>${prefixed(note('a.org/n2', '<person_record_id>a.org/1</person_record_id>'))}</entry>`,
    );
    assert.deepEqual(
      records(read(text)).map(({ kind, id, fields: said }) => [kind, id, said['person_record_id'] ?? id]),
      [
        ['person', 'a.org/1', 'a.org/1'],
        ['note', 'a.org/n1', 'a.org/1'],
        ['note', 'a.org/n2', 'a.org/1'],
      ],
    );
    const entry = `<entry xmlns="http://www.w3.org/2005/Atom">${person('a.org/1').replace('<person>', '<person xmlns="http://zesty.ca/pfif/1.3">')}</entry>`;
    assert.equal(records(read(entry)).length, 1);
  });

  it('`other` of 1.1 to 1.3 becomes the description, with all that it says', () => {
    const said = (other: string): string | undefined => {
      const [record] = records(read(pfif(person('a.org/1', `<other>${other}</other>`), '1.3')));
      return record?.fields['description'];
    };
    assert.equal(said('tall'), 'tall');
    assert.equal(
      said('description:\n    tall,\n    limps\nemail:\n    x@example.org'),
      'tall,\nlimps\nemail:\n    x@example.org',
    );
  });

  it('several names of a person are lines of one field', () => {
    const more = '<alternate_names>Nuru</alternate_names><alternate_names>N. Begum</alternate_names>';
    assert.equal(
      records(read(pfif(person('a.org/1', more))))[0]?.fields['alternate_names'],
      'Nuru\nN. Begum',
    );
  });

  it('what remains of an expired person needs no name', () => {
    const gone =
      '<person><person_record_id>a.org/1</person_record_id><source_date>2026-01-01T00:00:00Z</source_date>' +
      '<entry_date>2026-01-01T00:00:00Z</entry_date><expiry_date>2026-01-01T00:00:00Z</expiry_date></person>';
    assert.equal(records(read(pfif(gone))).length, 1);
  });

  it('bare ids get the domain that was given', () => {
    assert.equal(records(read(pfif(person('17')), { domain: 'a.org' }))[0]?.id, 'a.org/17');
    assert.match(problems(read(pfif(person('17'))))[0]?.message ?? '', /^Line 1: “person_record_id” is “17”/);
  });
});

describe('what is wrong', () => {
  const lines = (...inner: readonly string[]): string => pfif(`\n${inner.join('\n')}\n`);
  const good = (items: readonly ReadItem[]): string[] => records(items).map(({ id }) => id);

  for (const [what, bad, code] of [
    ['a value that PFIF has not', person('a.org/2', '<sex>unknown</sex>'), 'bad-value'],
    ['a day that there is not', person('a.org/2', '<date_of_birth>1990-02-30</date_of_birth>'), 'bad-date'],
    [
      'a time that there is not',
      person('a.org/2', '<entry_date>1234-56-78T90:12:34Z</entry_date>'),
      'bad-time',
    ],
    [
      'a field that is missing',
      '<person><person_record_id>a.org/2</person_record_id></person>',
      'missing-field',
    ],
    ['a field with two values', person('a.org/2', '<full_name>Another</full_name>'), 'two-values'],
    ['an element in a field', person('a.org/2', '<age>3<b>0</b></age>'), 'nested-field'],
    ['an entity that is none', person('a.org/2', '<home_city>&nbsp;</home_city>'), 'bad-xml'],
    ['an ampersand alone', person('a.org/2', '<home_city>A & B</home_city>'), 'bad-xml'],
    ['a tag that is not closed', person('a.org/2', '<home_city>Sittwe'), 'bad-xml'],
    ['a stray end tag', person('a.org/2', '</home_city>'), 'bad-xml'],
    [
      'too much text',
      person('a.org/2', `<home_city>${'x'.repeat(EXCHANGE_LIMITS.recordChars)}</home_city>`),
      'too-large',
    ],
    ['too many elements', person('a.org/2', '<foo/>'.repeat(300)), 'too-many-elements'],
  ] as const) {
    it(`${what} is reported with its line, and the records around it are taken`, () => {
      const items = read(
        lines(person('a.org/1'), bad, person('a.org/3', note('a.org/n3')), person('a.org/4')),
      );
      assert.deepEqual(
        problems(items)
          .filter((problem) => problem.weight === 'record')
          .map((problem) => [problem.line, problem.code]),
        [[3, code]],
      );
      assert.deepEqual(good(items), ['a.org/1', 'a.org/3', 'a.org/n3', 'a.org/4']);
    });
  }

  it('a bad note costs the note, not its person', () => {
    const items = read(lines(person('a.org/1', note('nothing') + note('a.org/n2'))));
    assert.deepEqual(good(items), ['a.org/1', 'a.org/n2']);
    assert.deepEqual(
      problems(items).map(({ code }) => code),
      ['bad-id'],
    );
  });

  it('a file that was cut off gives what came before', () => {
    const items = read(lines(person('a.org/1'), person('a.org/2')).slice(0, -40));
    assert.deepEqual(good(items), ['a.org/1']);
    assert.ok(problems(items).some(({ code }) => code === 'bad-xml' || code === 'cut-off'));
  });

  it('a DTD, another root, another version, or no XML is refused as a whole', () => {
    refused(`<!DOCTYPE pfif [<!ENTITY a "b">]>${pfif(person('a.org/1'))}`, 'dtd-refused');
    refused('<html><body/></html>', 'not-pfif');
    refused(pfif('', '9.9'), 'unknown-version');
    refused('{"resourceType":"Bundle"}', 'not-xml');
    refused('', 'not-xml');
  });

  it('text without end is refused before it fills the memory', () => {
    const reader = pfifXmlReader();
    reader.push('<pfif xmlns="http://zesty.ca/pfif/1.4"><person><full_name>');
    const piece = 'x'.repeat(1024 * 1024);
    assert.throws(
      () => {
        for (let n = 0; n < 20; n += 1) reader.push(piece);
      },
      (error) => isKithError(error, 'too-large'),
    );
  });
});
