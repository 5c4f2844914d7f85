/** Files into the registry: the cases of other systems, what is put off and what is refused, and kill -9 at any place. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { utf8 } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import { MemoryRegistry } from '../../../test/support/memory-registry.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { importRecords, type ImportOptions, type ImportOutcome } from './import.ts';
import type { ImportSource } from './ports.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data/pfif/import-cases');
const NO_DATA = existsSync(DATA) ? false : 'the cases in ../shared/data/pfif are not here';
const SEED = Number(process.env['KITH_SEED'] ?? 1);

function sourceOf(text: string, size = 64 * 1024): ImportSource {
  const bytes = utf8(text);
  return {
    sizeBytes: bytes.byteLength,
    async *open() {
      for (let at = 0; at < bytes.byteLength; at += size)
        yield await Promise.resolve(bytes.subarray(at, at + size));
    },
  };
}

function take(
  registry: MemoryRegistry,
  text: string,
  options: ImportOptions = {},
  progress: (done: number) => void = () => undefined,
): Promise<ImportOutcome> {
  return importRecords({ door: registry, source: sourceOf(text, 4096), options, progress });
}

const counts = ({ read, added, updated, skipped }: ImportOutcome): object => ({
  read,
  added,
  updated,
  skipped,
});
const codes = ({ errors }: ImportOutcome): unknown[] => errors.map(({ line, code }) => [line, code]);

describe('CSV import cases of Person Finder', { skip: NO_DATA }, () => {
  interface Case {
    readonly name: string;
    readonly csv: string;
  }
  const cases = (): Map<string, Case> => {
    const all = JSON.parse(readFileSync(join(DATA, 'csv-import-cases.json'), 'utf8')) as Case[];
    return new Map(all.map((one) => [one.name.replace('test_import_', ''), one]));
  };
  /** As the key of the case has it: it may write records of this domain alone. */
  const options = { domain: 'test.google.com', only: 'test.google.com' };
  const csvOf = (name: string): string => {
    const found = cases().get(name);
    assert.ok(found !== undefined, name);
    return found.csv;
  };
  const PERSON = {
    source_date: '2013-02-26T09:10:00Z',
    full_name: '_test_full_name',
  };

  it('there are no others', () => {
    assert.deepEqual([...cases().keys()].sort(), [
      'broken_csv',
      'domain_dont_match',
      'invalid_authentication_key',
      'note_for_non_existent_person',
      'one_note',
      'one_person',
      'one_person_and_note_on_separate_rows',
      'one_person_and_note_on_single_row',
      'only_digit_record_id',
    ]);
  });

  it('broken_csv: refused, and nothing is imported', async () => {
    const registry = new MemoryRegistry();
    await assert.rejects(
      take(registry, csvOf('broken_csv'), options),
      (error) => isKithError(error, 'bad-csv') && /the CSV file is formatted incorrectly/.test(error.message),
    );
    assert.equal(registry.records.size, 0);
  });

  for (const name of ['one_person', 'only_digit_record_id']) {
    it(`${name}: one of one`, async () => {
      const registry = new MemoryRegistry();
      assert.deepEqual(counts(await take(registry, csvOf(name), options)), {
        read: 1,
        added: 1,
        updated: 0,
        skipped: 0,
      });
      const id = name === 'one_person' ? 'test.google.com/person1' : 'test.google.com/1';
      assert.deepEqual(registry.find(id), PERSON);
    });
  }

  it('domain_dont_match: none of one, not in the domain that was given', async () => {
    const registry = new MemoryRegistry();
    const outcome = await take(registry, csvOf('domain_dont_match'), options);
    assert.deepEqual(counts(outcome), { read: 1, added: 0, updated: 0, skipped: 1 });
    assert.deepEqual(codes(outcome), [[2, 'other-domain']]);
  });

  it('one_note: about a person who is here', async () => {
    const registry = new MemoryRegistry();
    await take(registry, csvOf('one_person'), options);
    assert.deepEqual(counts(await take(registry, csvOf('one_note'), options)), {
      read: 1,
      added: 1,
      updated: 0,
      skipped: 0,
    });
    assert.deepEqual(registry.find('test.google.com/note1'), {
      person_record_id: 'test.google.com/person1',
      author_name: '_test_author_name',
      source_date: '2013-02-26T09:10:00Z',
      status: 'believed_alive',
    });
    assert.deepEqual(
      [...registry.read('person')].map(({ status }) => status),
      ['believed_alive'],
    );
  });

  it('note_for_non_existent_person: none of one', async () => {
    const registry = new MemoryRegistry();
    const outcome = await take(registry, csvOf('note_for_non_existent_person'), options);
    assert.deepEqual(counts(outcome), { read: 1, added: 0, updated: 0, skipped: 1 });
    assert.match(
      outcome.errors[0]?.message ?? '',
      /^Line 2: there is no record “test.google.com\/non_existent_person”/,
    );
  });

  for (const name of ['one_person_and_note_on_separate_rows', 'one_person_and_note_on_single_row']) {
    it(`${name}: both`, async () => {
      const registry = new MemoryRegistry();
      assert.deepEqual(counts(await take(registry, csvOf(name), options)), {
        read: 2,
        added: 2,
        updated: 0,
        skipped: 0,
      });
      assert.deepEqual(registry.find('test.google.com/note1'), {
        person_record_id: 'test.google.com/person1',
        author_name: '_test_author_name',
        source_date: '2013-02-26T09:10:00Z',
      });
      assert.equal(registry.find('test.google.com/person1')?.['full_name'], '_test_full_name');
    });
  }
});

describe('PFIF import files of Person Finder', { skip: NO_DATA }, () => {
  const file = (name: string): string => readFileSync(join(DATA, name), 'utf8');

  it('a bad record is skipped, and the file is not', async () => {
    const registry = new MemoryRegistry();
    const outcome = await take(registry, file('test.pfif-1.2-badrecord.xml'), { only: 'test.google.com' });
    assert.deepEqual(counts(outcome), { read: 6, added: 5, updated: 0, skipped: 1 });
    assert.deepEqual(
      outcome.errors.map(({ code }) => code),
      ['other-domain'],
    );
    assert.equal(registry.find('test.google.com/person.21009')?.['home_city'], '_test_home_city');
    assert.equal(
      registry.find('test.google.com/person.21009')?.['entry_date'],
      undefined,
      'is not for a file to say',
    );
  });

  it('addresses that are none are left out, and said; the people are taken', async () => {
    const registry = new MemoryRegistry();
    const outcome = await take(registry, file('test.pfif-1.2.xml'));
    assert.deepEqual(counts(outcome), { read: 5, added: 5, updated: 0, skipped: 0 });
    assert.deepEqual(outcome.errors, []);
    assert.ok(outcome.notices.every(({ code }) => code === 'left-out'));
    assert.equal(registry.find('test.google.com/note.40121')?.['author_name'], 'test.google.com');
  });

  it('notes wait for their person, whether it comes in the same file, in another one, or never', async () => {
    const registry = new MemoryRegistry();
    const notes = file('test.pfif-1.2-note.xml');
    assert.deepEqual(codes(await take(registry, notes)).length, 2);
    await take(registry, file('test.pfif-1.2.xml'));
    const again = await take(registry, notes);
    assert.deepEqual(
      again.errors.map(({ message }) => /person\.21010/.test(message)),
      [true],
    );
    assert.deepEqual(counts(again), { read: 2, added: 0, updated: 1, skipped: 1 });
  });
});

describe('a file', () => {
  const person = (n: number, more = ''): string =>
    `<person><person_record_id>a.org/${String(n)}</person_record_id><source_date>2026-11-28T10:00:00Z</source_date>` +
    `<full_name>Nur ${String(n)}</full_name>${more}</person>`;
  const note = (n: number, about: number): string =>
    `<note><note_record_id>a.org/n${String(n)}</note_record_id><person_record_id>a.org/${String(about)}</person_record_id>` +
    '<source_date>2026-11-28T10:00:00Z</source_date><author_name>Ada</author_name><text>x</text></note>';
  const pfif = (...inner: readonly string[]): string =>
    `<pfif xmlns="http://zesty.ca/pfif/1.4">\n${inner.join('\n')}\n</pfif>`;

  it('is known by what it says: PFIF, a bundle, a list', async () => {
    const registry = new MemoryRegistry();
    const options = { domain: 'a.org', sourceDate: '2026-11-28T10:00:00Z' };
    const bundle = JSON.stringify({
      resourceType: 'Bundle',
      entry: [
        {
          resource: {
            resourceType: 'RelatedPerson',
            patient: { reference: 'Patient/1' },
            name: [{ text: 'Bo' }],
          },
        },
        { resource: { resourceType: 'Patient', id: '1', name: [{ text: 'Aye' }] } },
      ],
    });
    assert.equal((await take(registry, pfif(person(1)), options)).format, 'pfif');
    assert.equal((await take(registry, '\ufeffname;sex\nNur;f\n', options)).format, 'csv');
    const outcome = await take(registry, bundle, options);
    assert.equal(outcome.format, 'fhir');
    assert.deepEqual(outcome.errors, []);
    assert.deepEqual(registry.find('a.org/fhir.Patient.1'), {
      full_name: 'Aye',
      source_date: '2026-11-28T10:00:00Z',
      contact_name: 'Bo',
    });
  });

  it('taken in again changes nothing, and what is new in it is an update', async () => {
    const registry = new MemoryRegistry();
    await take(registry, pfif(person(1), person(2)));
    assert.deepEqual(counts(await take(registry, pfif(person(1), person(2)))), {
      read: 2,
      added: 0,
      updated: 0,
      skipped: 2,
    });
    assert.deepEqual(counts(await take(registry, pfif(person(1), person(2, '<age>30</age>')))), {
      read: 2,
      added: 0,
      updated: 1,
      skipped: 1,
    });
  });

  it('may say something of a person before it comes', async () => {
    const registry = new MemoryRegistry();
    const outcome = await take(registry, pfif(note(1, 7), note(2, 8), person(7)));
    assert.deepEqual(counts(outcome), { read: 3, added: 2, updated: 0, skipped: 1 });
    assert.deepEqual(codes(outcome), [[3, 'unknown-record']]);
  });

  it('that tells of an expired person ends it where it is known, and is nothing where it is not', async () => {
    const registry = new MemoryRegistry();
    const gone = (n: number): string =>
      `<person><person_record_id>a.org/${String(n)}</person_record_id><source_date>2026-01-01T00:00:00Z</source_date>` +
      '<entry_date>2026-01-01T00:00:00Z</entry_date><expiry_date>2026-01-01T00:00:00Z</expiry_date></person>';
    await take(registry, pfif(person(1)));
    const outcome = await take(registry, pfif(gone(1), gone(2)));
    assert.deepEqual(counts(outcome), { read: 2, added: 0, updated: 1, skipped: 1 });
    assert.deepEqual(outcome.errors, []);
    assert.equal(registry.find('a.org/1')?.['expiry_date'], '2026-01-01T00:00:00Z');
    assert.equal(registry.has('a.org/2'), false);
  });

  it('costs few signatures', async () => {
    const registry = new MemoryRegistry();
    await take(registry, pfif(...Array.from({ length: 5000 }, (_, n) => person(n))));
    assert.equal(registry.records.size, 5000);
    assert.ok(registry.batches <= 6, String(registry.batches));
  });

  it('says how far it is, and stops when it is told to', async () => {
    const registry = new MemoryRegistry();
    const text = pfif(...Array.from({ length: 3000 }, (_, n) => person(n)));
    const said: number[] = [];
    await take(registry, text, {}, (done) => said.push(done));
    assert.equal(said.at(-1), utf8(text).byteLength);
    assert.ok(said.length > 10);
    await assert.rejects(
      take(registry, `${text} `, {}, () => {
        throw new Error('stopped');
      }),
      /stopped/,
    );
  });

  /** What comes of it must not depend on how often it was stopped, and where. */
  it(`stopped at any place goes on where it was: nothing twice, nothing lost (seed ${String(SEED)})`, async () => {
    const rng = new SeededRng(SEED);
    const pick = (below: number): number => rng.next() % below;
    for (let world = 0; world < 3; world += 1) {
      const parts = Array.from({ length: 3000 }, (_, n) => {
        const kind = pick(10);
        if (kind === 0) return person(n, '<sex>unknown</sex>');
        if (kind <= 3) return note(n, pick(3500));
        return person(n % 2600, kind === 4 ? `<age>${String(pick(90))}</age>` : '');
      });
      const text = pfif(...parts);
      const whole = new MemoryRegistry();
      const expected = await take(whole, text);
      const broken = new MemoryRegistry();
      let stops = 0;
      let outcome: ImportOutcome | undefined;
      while (outcome === undefined) {
        let until = 1 + pick(4);
        broken.beforeCommit = () => {
          until -= 1;
          if (until <= 0 && stops < 6) throw new Error('killed');
        };
        try {
          outcome = await take(broken, text);
        } catch (error) {
          assert.match(String(error), /killed/);
          stops += 1;
        }
      }
      assert.ok(stops > 0);
      assert.deepEqual(broken.records, whole.records, `world ${String(world)}`);
      assert.deepEqual(counts(outcome), counts(expected), `world ${String(world)}`);
      assert.deepEqual(outcome.errors, expected.errors, `world ${String(world)}`);
    }
  });
});
