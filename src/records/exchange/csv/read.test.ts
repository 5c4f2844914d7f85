/** CSV files: PFIF's columns as Person Finder has them, its preamble, and lists as people keep them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isKithError } from '../../../base/errors.ts';
import type { Problem, ReadItem, ReadRecord } from '../types.ts';
import { csvReader, type CsvOptions } from './read.ts';

const DATA = join(import.meta.dirname, '../../../../../shared/data/pfif/import-cases');
const NO_DATA = existsSync(DATA) ? false : 'the cases in ../shared/data/pfif are not here';

function read(text: string, options: CsvOptions = {}): ReadItem[] {
  const reader = csvReader(options);
  return [...reader.push(text), ...reader.end()];
}

const records = (items: readonly ReadItem[]): ReadRecord[] => items.filter((item) => item.type === 'record');
const problems = (items: readonly ReadItem[]): Problem[] => items.filter((item) => item.type === 'problem');
const fields = (items: readonly ReadItem[]): object[] =>
  records(items).map(({ kind, id, fields: said }) => ({ [`${kind}_record_id`]: id, ...said }));

describe('CSV with columns of PFIF', () => {
  const domain = 'a.org';

  it(
    'the sample of Person Finder, whose row has a cell too many: the person, as there',
    { skip: NO_DATA },
    () => {
      const items = read(readFileSync(join(DATA, 'sample-import.csv'), 'utf8'), { domain });
      assert.deepEqual(fields(items), [
        {
          person_record_id: 'a.org/1',
          author_name: 'Test Author',
          source_name: 'Test source',
          source_date: '2013-02-14T00:00:00Z',
          full_name: 'Test Person',
          description: 'This is a test entry',
          sex: 'male',
        },
      ]);
      assert.deepEqual(
        problems(items).map(({ code, weight }) => [code, weight]),
        [['more-cells', 'notice']],
      );
    },
  );

  it('a person and a note in one row, each with what is said of both', () => {
    const text =
      'person_record_id,full_name,source_date,note_record_id,author_name,status,photo_url\n' +
      'a.org/1,Nur,2013-02-26T09:10:00Z,a.org/n1,Ada,believed_alive,http://a.org/p\n' +
      'a.org/1,,2013-02-27T09:10:00Z,a.org/n2,Bo,,\n';
    assert.deepEqual(fields(read(text)), [
      {
        person_record_id: 'a.org/1',
        full_name: 'Nur',
        source_date: '2013-02-26T09:10:00Z',
        author_name: 'Ada',
        photo_url: 'http://a.org/p',
      },
      {
        note_record_id: 'a.org/n1',
        person_record_id: 'a.org/1',
        source_date: '2013-02-26T09:10:00Z',
        author_name: 'Ada',
        status: 'believed_alive',
      },
      {
        note_record_id: 'a.org/n2',
        person_record_id: 'a.org/1',
        source_date: '2013-02-27T09:10:00Z',
        author_name: 'Bo',
      },
    ]);
  });

  it('what stands above the columns is a preamble, and tells how far local times are from UTC', () => {
    const text = [
      'Form of 2013,,,',
      'time_zone_offset,language,,',
      '6.5,my,,',
      'Person_Record_Id,full_name,source_date,expiry_date',
      'a.org/1,Nur,2013/2/26 9:10,2013-02-27',
      'a.org/2,Aye,2013-02-26T09:10:00Z,',
    ].join('\r\n');
    assert.deepEqual(
      records(read(text)).map(({ line, fields: said }) => [line, said['source_date'], said['expiry_date']]),
      [
        [5, '2013-02-26T02:40:00Z', '2013-02-26T17:30:00Z'],
        [6, '2013-02-26T09:10:00Z', undefined],
      ],
    );
  });

  it('an offset that is none is refused, not guessed', () => {
    assert.throws(
      () => read('time_zone_offset\nMyanmar\nperson_record_id,full_name\n'),
      (error) => isKithError(error, 'bad-csv'),
    );
  });

  it('a header with a NUL in it is refused', () => {
    assert.throws(
      () => read('person_record_id,source_date,\0full_name\na.org/1,2013-02-26T09:10:00Z,x'),
      (error) => isKithError(error, 'bad-csv') && /formatted incorrectly/.test(error.message),
    );
  });

  it('bad rows are reported with their line and skipped', () => {
    const text = [
      'person_record_id,full_name,source_date,sex,height',
      'a.org/1,Nur,2013-02-26T09:10:00Z,female,',
      'a.org/2,Aye,2013-02-30 10:00,female,',
      'a.org/3,"Hla" Win,2013-02-26T09:10:00Z,male,',
      ',,,,170',
      'a.org/4,Zaw,2013-02-26T09:10:00Z,male,,,more',
      'a.org/5,Min,2013-02-26T09:10:00Z,male,',
    ].join('\n');
    const items = read(text);
    assert.deepEqual(
      problems(items).map(({ line, code, weight }) => [line, code, weight]),
      [
        [1, 'unknown-column', 'notice'],
        [3, 'bad-time', 'record'],
        [4, 'bad-csv', 'record'],
        [5, 'missing-field', 'record'],
        [6, 'more-cells', 'notice'],
      ],
    );
    assert.deepEqual(
      records(items).map(({ fields: said }) => said['full_name']),
      ['Nur', 'Zaw', 'Min'],
    );
  });
});

describe('lists as people keep them', () => {
  const options = { domain: 'a.org', sourceDate: '2026-11-28T10:00:00Z' };

  it('are known by their headings, and a status of the list becomes a note', () => {
    const text =
      'Case No.;Name;Gender;Age;Village;Date of birth;Status;Shoe size\n7;Nur Begum;F;31;Maungdaw;1995/02/28;missing;38\n';
    const items = read(text, options);
    assert.deepEqual(fields(items), [
      {
        person_record_id: 'a.org/7',
        source_date: '2026-11-28T10:00:00Z',
        full_name: 'Nur Begum',
        sex: 'female',
        date_of_birth: '1995-02-28',
        age: '31',
        home_city: 'Maungdaw',
      },
      {
        note_record_id: 'a.org/7.status',
        person_record_id: 'a.org/7',
        source_date: '2026-11-28T10:00:00Z',
        status: 'believed_missing',
      },
    ]);
    assert.match(problems(items)[0]?.message ?? '', /“Shoe size” is not taken/);
  });

  it('a row without an id gets the same one whenever it comes', () => {
    const text = 'first name,last name\nNur,Begum\nAye,Win\n';
    const ids = records(read(text, options)).map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
    assert.deepEqual(
      records(read(`first name,last name\nAye,Win\n`, options)).map(({ id }) => id),
      [ids[1]],
    );
    assert.match(ids[0] ?? '', /^a\.org\/row\.[0-9a-f]{24}$/);
  });

  it('other headings are told by the user', () => {
    const columns = new Map([['အမည်', 'full_name']]);
    assert.equal(records(read('အမည်,age\nNur,30\n', { ...options, columns }))[0]?.fields['full_name'], 'Nur');
    assert.throws(
      () => read('x,y\n1,2\n', options),
      (error) => isKithError(error, 'no-header'),
    );
    assert.throws(
      () => read('x,y\n', { columns: new Map([['x', 'father']]) }),
      (error) => isKithError(error, 'unknown-field'),
    );
  });

  it('the row of HXL tags below the headings is no person', () => {
    assert.equal(records(read('name,sex\n#x_name,#sex\nNur,f\n', options)).length, 1);
  });
});
