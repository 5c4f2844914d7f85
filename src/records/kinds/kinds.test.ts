import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isNarrow } from '../../identity/roles.ts';
import { AUDIENCE_PATTERN } from '../../identity/roles.ts';
import {
  ageOf,
  bandOf,
  checkFields,
  classOf,
  KIND_NAMES,
  KINDS,
  readerView,
  splitByAudience,
  suppressSmallCells,
  withheldBecause,
} from './index.ts';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const SCHEMA = '../shared/data/pfif/pfif-1.4.rnc';

void test('the table is whole: numbers stand for one field each, and every audience is one', () => {
  for (const name of KIND_NAMES) {
    const fields = Object.entries(KINDS[name].fields);
    assert.equal(new Set(fields.map(([, { no }]) => no)).size, fields.length, name);
    const every = Object.fromEntries(
      fields.map(([field, { type }]) => [field, typeof type === 'string' ? 'x' : (type[0] ?? '')]),
    );
    for (const { audience } of splitByAudience(name, every, 'grant:home-0123')) {
      assert.match(audience, AUDIENCE_PATTERN);
      assert.ok(isNarrow(audience), `${name}: nothing but the reader's view is public`);
    }
  }
});

void test('person and note have the fields and statuses of PFIF 1.4, and no other ones that call themselves so', (t) => {
  if (!existsSync(SCHEMA)) return t.skip('no ../shared/data');
  const schema = readFileSync(SCHEMA, 'utf8');
  for (const kind of ['person', 'note'] as const) {
    const body = new RegExp(`^${kind} = element.*?^}`, 'ms').exec(schema)?.[0] ?? '';
    const named = [...body.matchAll(/element pfif:(\w+) \{/g)].map(([, name]) => name ?? '');
    const theirs = named.filter((name) => name !== kind && name !== `${kind}_record_id`).sort();
    const ours = Object.entries(KINDS[kind].fields).flatMap(([name, { pfif }]) => (pfif ? [name] : []));
    assert.deepEqual(ours.sort(), theirs);
  }
  const statuses = /^status = (.*)$/m
    .exec(schema)?.[1]
    ?.split(' | ')
    .map((text) => text.replaceAll('"', ''));
  assert.deepEqual(KINDS.note.fields['status']?.type, statuses);
});

void test('values come in once, with their limits, and every problem is said', () => {
  const { fields, problems } = checkFields(
    'person',
    {
      full_name: '  Ma Hla ',
      age: 34,
      sex: 'f',
      source_date: 'yesterday',
      home_town: 'x',
      description: 'x'.repeat(9000),
    },
    true,
  );
  assert.deepEqual(fields, { full_name: 'Ma Hla', age: '34' });
  assert.deepEqual(
    problems.map(({ field, code }) => `${field} ${code}`),
    ['sex bad-value', 'source_date bad-value', 'home_town unknown-field', 'description too-long'],
  );
});

void test('an edit names what it changes; what has to be there cannot be taken back', () => {
  assert.deepEqual(checkFields('person', { age: '', sex: 'female' }, false), {
    fields: { age: '', sex: 'female' },
    problems: [],
  });
  assert.equal(checkFields('person', { full_name: '' }, false).problems[0]?.code, 'missing-field');
  assert.equal(checkFields('person', { full_name: 'a\u0007' }, false).problems[0]?.code, 'bad-value');
  assert.deepEqual(checkFields('person', { __proto__x: 'a', constructor: 'b' }, false).problems.length, 2);
});

const ADULT = {
  full_name: 'Ma Hla',
  source_date: '2026-11-01T00:00:00Z',
  age: '34',
  sex: 'female',
  home_city: 'Sittwe',
  home_street: 'Strand Road 7',
  home_state: 'Rakhine',
  home_country: 'MM',
  description: 'a scar',
  author_phone: '+95 9 1',
  case_notes: 'her shelter',
};

void test('readers see ages in bands of five, places as regions, and nothing above public', () => {
  assert.deepEqual(readerView('person', ADULT, NOW), {
    full_name: 'Ma Hla',
    source_date: '2026-11-01T00:00:00Z',
    age: '30-34',
    sex: 'female',
    home_state: 'Rakhine',
    home_country: 'MM',
  });
  assert.equal(readerView('person', { ...ADULT, age: '', date_of_birth: '1990-05' }, NOW)?.['age'], '35-39');
  assert.equal(bandOf({ from: 28, to: 41 }), '25-44');
});

void test('minors, who opted out and who did not agree are withheld; and other kinds altogether', () => {
  const because = (more: Record<string, string>): unknown =>
    withheldBecause('person', { ...ADULT, ...more }, NOW);
  assert.equal(because({}), undefined);
  assert.equal(because({ age: '17' }), 'minor');
  assert.equal(because({ age: '15-40' }), 'minor');
  assert.equal(because({ age: '', date_of_birth: '2008' }), 'minor', 'born on its last day, perhaps');
  assert.equal(because({ age: '30', date_of_birth: '2012-01-02' }), 'minor', 'one of two says so');
  assert.equal(because({ age: '16', date_of_birth: '1990' }), 'minor');
  assert.equal(because({ opt_out: 'true' }), 'opted-out');
  assert.equal(because({ consent: 'refused' }), 'no-consent');
  assert.equal(because({ consent: 'withdrawn' }), 'no-consent');
  assert.equal(withheldBecause('patient', ADULT, NOW), 'kind');
});

void test('an age that was said years ago never makes an adult of a child', () => {
  const child = { age: '12', source_date: '2010-01-01T00:00:00Z' };
  assert.deepEqual(ageOf(child, NOW), { from: 12, to: 28 });
  assert.equal(withheldBecause('person', { ...ADULT, ...child }, NOW), 'minor');
});

void test('that somebody is believed dead needs its own grant, and hides what the others had seen before', () => {
  assert.equal(classOf('note', 'status', 'believed_alive'), 'public');
  assert.equal(classOf('note', 'status', 'believed_dead'), 'grant:deceased');
  const note = { person_record_id: 'a/b', status: 'believed_dead' };
  assert.equal(readerView('note', note, NOW)?.['status'], undefined);
  assert.deepEqual(splitByAudience('note', { status: 'believed_dead' }, 'member:x'), [
    { audience: 'members', fields: {} },
    { audience: 'grant:deceased', fields: { status: 'believed_dead' } },
  ]);
  assert.deepEqual(
    splitByAudience('note', { status: 'believed_dead' }, 'member:x', { status: 'believed_alive' })[0],
    { audience: 'members', fields: { status: '' } },
  );
  assert.deepEqual(
    splitByAudience('note', { status: 'believed_alive' }, 'member:x', { status: 'believed_dead' })[1],
    { audience: 'grant:deceased', fields: { status: '' } },
  );
});

void test('cells of fewer than five are left out, and never one alone', () => {
  const cells = [
    { key: ['A'], count: 3 },
    { key: ['B'], count: 9 },
    { key: ['C'], count: 40 },
    { key: ['D'], count: 0 },
  ];
  assert.deepEqual(
    suppressSmallCells(cells).map(({ count }) => count),
    [null, null, 40, 0],
  );
  assert.deepEqual(
    suppressSmallCells(cells.slice(1)).map(({ count }) => count),
    [9, 40, 0],
  );
});
