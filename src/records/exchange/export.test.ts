/** What goes out, for whom, in which format; and that it comes in again as what it was. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { utf8 } from '../../base/bytes.ts';
import { MemoryRegistry } from '../../../test/support/memory-registry.ts';
import type { Fields, KindName } from '../kinds/index.ts';
import { exportRecords, type ExportAudience, type ExportTally, type WriteFormat } from './export.ts';
import { importRecords } from './import.ts';
import { findingsIn } from '../../../test/support/pfif-findings.ts';

const NOW = Date.parse('2026-11-28T10:00:00Z');
const AT = '2026-11-28T09:00:00Z';

function registryOf(records: Readonly<Record<string, readonly [KindName, Fields]>>): MemoryRegistry {
  const registry = new MemoryRegistry();
  for (const [id, [kind, fields]] of Object.entries(records))
    registry.records.set(id, { kind, fields: { source_date: AT, ...fields }, gone: false });
  return registry;
}

interface Written {
  readonly text: string;
  readonly tally: ExportTally;
}

function write(
  registry: MemoryRegistry,
  format: WriteFormat,
  audience: ExportAudience,
  counted: 'census' | 'person' = 'census',
): Written {
  const tally: ExportTally = { written: 0, withheld: 0, givenOut: [] };
  const feed = { id: 'urn:x-kith:records:a.org', title: 'kith <records>', updated: AT };
  const pieces = exportRecords(registry, { format, audience, counted, feed, atMs: NOW }, tally);
  return { text: [...pieces].join(''), tally };
}

async function readBack(text: string): Promise<MemoryRegistry> {
  const registry = new MemoryRegistry();
  const source = {
    sizeBytes: null,
    async *open() {
      yield await Promise.resolve(utf8(text));
    },
  };
  const outcome = await importRecords({ door: registry, source, options: {}, progress: () => undefined });
  assert.deepEqual([outcome.errors, outcome.notices], [[], []]);
  return registry;
}

const PEOPLE = registryOf({
  'a.org/1': [
    'person',
    {
      full_name: 'နူရ် "Nur" <Begum> & Co',
      alternate_names: 'Nuru\nN. B.',
      sex: 'female',
      age: '34',
      home_city: 'Maungdaw',
      home_state: 'Rakhine',
      description: ' =1+1, a scar\r\non the hand',
      author_phone: '+95 1',
      phones: '+95 2',
      consent: 'given',
    },
  ],
  'a.org/n1': [
    'note',
    { person_record_id: 'a.org/1', author_name: 'Ada', status: 'believed_alive', text: 'at "gate" 3' },
  ],
  'a.org/n2': [
    'note',
    { person_record_id: 'a.org/1', author_name: 'Bo', status: 'believed_dead', text: 'told so' },
  ],
  'a.org/2': ['person', { full_name: 'Child', age: '9', home_state: 'Rakhine' }],
  'a.org/n3': ['note', { person_record_id: 'a.org/2', author_name: 'Ada', text: 'with her aunt' }],
  'a.org/3': ['person', { full_name: 'Nobody', opt_out: 'true' }],
  'a.org/n4': ['note', { person_record_id: 'b.org/77', author_name: 'Ada', text: 'of somebody else’s' }],
});

describe('PFIF that goes out', () => {
  it('holds for readers what the public may see, and of minors and those who said no nothing at all', () => {
    for (const format of ['pfif', 'atom', 'csv'] as const) {
      const { text, tally } = write(PEOPLE, format, 'readers');
      for (const secret of [
        'Maungdaw',
        'scar',
        '+95',
        'Ada',
        'gate',
        'believed_dead',
        'Child',
        'aunt',
        'Nobody',
        'b.org',
      ])
        assert.ok(!text.includes(secret), `${format}: ${secret}`);
      assert.match(text, /30-34/);
      assert.match(text, /believed_alive/);
      assert.deepEqual([tally.withheld, tally.givenOut], [2, []]);
    }
  });

  it('holds for members what every member may see, and nobody who said no', () => {
    const { text, tally } = write(PEOPLE, 'pfif', 'members');
    for (const secret of ['+95', 'believed_dead', 'Nobody', 'consent'])
      assert.ok(!text.includes(secret), secret);
    for (const known of ['Maungdaw', 'Child', 'aunt', 'b.org/77', '>34<', 'told so'])
      assert.ok(text.includes(known), known);
    assert.deepEqual(tally.givenOut, []);
  });

  it('holds everything of PFIF when that is asked for, and says what few may see', () => {
    const { text, tally } = write(PEOPLE, 'pfif', 'all');
    assert.ok(text.includes('believed_dead') && text.includes('+95 1') && text.includes('Nobody'));
    assert.ok(!text.includes('+95 2'), 'PFIF has no place for it');
    assert.deepEqual(tally.givenOut, [
      { id: 'a.org/1', fields: ['author_phone'] },
      { id: 'a.org/n2', fields: ['status'] },
    ]);
  });

  for (const format of ['pfif', 'atom', 'csv'] as const) {
    it(`comes in again as what it was: ${format}`, async () => {
      const { text } = write(PEOPLE, format, 'all');
      const back = await readBack(text.replaceAll('b.org/77', 'a.org/1'));
      for (const [id, { fields }] of PEOPLE.records) {
        const { phones: _, consent: __, opt_out: ___, ...known } = fields;
        const expected = { ...known, ...(id === 'a.org/n4' ? { person_record_id: 'a.org/1' } : {}) };
        const description =
          known['description'] === undefined ? {} : { description: known['description'].trim() };
        assert.deepEqual(back.find(id), { ...expected, ...description }, id);
      }
      assert.equal(back.records.size, PEOPLE.records.size);
    });
  }

  it('is PFIF 1.4 to the letter', () => {
    const findings = findingsIn(write(PEOPLE, 'pfif', 'all').text, NOW).filter(
      // The note of somebody who is not here is allowed to stand alone.
      ({ check }) => check !== 'notes_belong_to_persons',
    );
    assert.deepEqual(findings, []);
  });

  it('is an Atom feed with all that a feed needs', () => {
    const { text } = write(PEOPLE, 'atom', 'members');
    assert.match(text, /<title>kith &lt;records&gt;<\/title>/);
    assert.equal(text.match(/<entry>/g)?.length, text.match(/<updated>/g)?.length === undefined ? -1 : 3);
    assert.match(text, /<id>pfif:a\.org\/1<\/id>/);
  });

  it('of an expired person holds PFIF’s placeholder, so that others end it too', () => {
    const registry = registryOf({
      'a.org/1': ['person', { expiry_date: AT, entry_date: AT, source_date: AT }],
      'a.org/n1': ['note', { person_record_id: 'a.org/1', author_name: 'Ada', text: 'secret' }],
    });
    for (const kept of registry.records.values()) kept.gone = true;
    const { text } = write(registry, 'pfif', 'readers');
    assert.ok(!text.includes('secret'));
    assert.deepEqual(findingsIn(text, NOW + 3 * 24 * 3600 * 1000), []);
    assert.match(text, /<pfif:expiry_date>/);
  });
});

describe('a bundle that goes out', () => {
  const PATIENTS = registryOf({
    'a.org/p': ['patient', { full_name: 'Nur', conditions: 'asthma', contact_phone: '55' }],
    'a.org/i': [
      'immunisation',
      { patient_record_id: 'a.org/p', status: 'completed', vaccine: 'MMR', occurrence: '2026-05-17' },
    ],
  });

  it('holds nothing medical unless that is asked for', () => {
    const { text } = write(PATIENTS, 'fhir', 'members');
    assert.ok(!text.includes('asthma') && !text.includes('MMR') && !text.includes('Immunization'));
    assert.ok(!write(PATIENTS, 'fhir', 'readers').text.includes('Nur'));
  });

  it('comes in again as what it was', async () => {
    const { text, tally } = write(PATIENTS, 'fhir', 'all');
    const back = await readBack(text);
    assert.deepEqual(
      [...back.records].map(([id, { kind, fields }]) => [id, kind, fields]),
      [...PATIENTS.records].map(([id, { kind, fields }]) => [id, kind, fields]),
    );
    assert.deepEqual(
      tally.givenOut.map(({ id }) => id),
      ['a.org/p', 'a.org/i'],
    );
  });
});

describe('counts that go out (HXL)', () => {
  const households = (block: string, sizes: readonly Fields[]): Record<string, readonly [KindName, Fields]> =>
    Object.fromEntries(
      sizes.map((fields, n) => [
        `a.org/${block}.${String(n)}`,
        ['census', { region: 'North', camp: 'C1', block, ...fields }],
      ]),
    );
  const rows = (text: string): string[] => text.trimEnd().split('\r\n');

  it('have tags, and no cell below five, nor one that the others would tell', () => {
    const registry = registryOf({
      ...households(
        'A',
        Array.from({ length: 6 }, () => ({
          persons: '5',
          women: '2',
          men: '2',
          girls: '1',
          head_name: 'Ali',
        })),
      ),
      ...households(
        'B',
        Array.from({ length: 4 }, () => ({ persons: '9', women: '9' })),
      ),
      ...households('C', [
        ...Array.from({ length: 5 }, () => ({ persons: '4', women: '2', men: '2' })),
        { persons: '3', girls: '3', under_5: '3' },
      ]),
    });
    const [headings, tags, ...cells] = rows(write(registry, 'hxl', 'readers').text);
    assert.match(headings ?? '', /^Region,Camp,Block,Households,People/);
    assert.match(tags ?? '', /^#adm1\+name,#loc\+camp\+name,#loc\+block\+name,#affected\+hh,#affected\+ind/);
    assert.deepEqual(cells, [
      'North,C1,A,6,30,12,12,6,0,0,0',
      // Block B has four households, and is not there. In C three girls are not told, and not by what is left either.
      'North,C1,C,6,23,,10,,0,,0',
    ]);
  });

  it('do not tell of a few by what is left of all', () => {
    const registry = registryOf(
      households('D', [
        ...Array.from({ length: 5 }, () => ({ persons: '5', women: '5' })),
        { persons: '5', women: '3' },
      ]),
    );
    assert.deepEqual(rows(write(registry, 'hxl', 'readers').text).slice(2), ['North,C1,D,6,30,,0,0,0,0,0']);
  });

  it('count persons by state and status, without minors and those who said no', () => {
    const people = Array.from({ length: 14 }, (_, n): readonly [string, readonly [KindName, Fields]] => [
      `a.org/${String(n)}`,
      [
        'person',
        {
          full_name: 'x',
          home_country: 'MM',
          home_state: 'Rakhine',
          sex: n < 6 ? 'female' : 'male',
          ...(n > 11 ? { opt_out: 'true' } : {}),
        },
      ],
    ]);
    const registry = registryOf({
      ...Object.fromEntries(people),
      'a.org/z': ['person', { full_name: 'y', home_state: 'Chin', sex: 'male' }],
    });
    assert.deepEqual(rows(write(registry, 'hxl', 'readers', 'person').text).slice(2), ['MM,Rakhine,,6,6,0']);
  });
});
