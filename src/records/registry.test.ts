/** Stories of the registry over several nodes: who sees what, who may change what, and what becomes of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKithError } from '../base/errors.ts';
import { encodeRecordPart } from './wire.ts';
import { START_MS } from '../../test/support/author.ts';
import { allOf, RecordWorld, type RecordNode } from '../../test/support/record-world.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;
const DAY_MS = 24 * 3600 * 1000;
const HLA = {
  full_name: 'Ma Hla',
  age: '34',
  sex: 'female',
  home_city: 'Sittwe',
  home_state: 'Rakhine',
  description: 'a scar on the left hand',
  author_phone: '+95 9 777',
  phones: '+95 9 123456',
};
const SEARCH = { text: 'ma hla', limit: 10, as: 'member' } as const;

function world(): { world: RecordWorld; a: RecordNode; b: RecordNode; reader: RecordNode } {
  const world = new RecordWorld();
  const [b, reader] = [world.admit('Bo', 'member', 'Other Org'), world.admit('Ray', 'reader')];
  return { world, a: world.founder, b, reader };
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(isKithError(error), String(error));
    return error.code;
  }
  return 'nothing';
}

void test('a record is found by everybody, and each sees of it what is for them', () => {
  const { world: w, a, b, reader } = world();
  const { id } = a.desk.add('person', HLA);
  assert.match(id, /^[0-9a-f]{16}\.kith\/[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$/);
  w.sync();
  assert.equal(a.desk.show(id).fields['author_phone'], '+95 9 777');
  const [seen] = b.desk.search(SEARCH);
  assert.equal(seen?.fields['description'], 'a scar on the left hand');
  assert.equal(seen.fields['author_phone'], undefined, 'for its home alone');
  assert.equal(seen.fields['phones'], undefined, 'for who has the grant');
  const [read] = reader.desk.search(SEARCH);
  assert.ok(read !== undefined);
  assert.deepEqual(Object.keys(read.fields).sort(), [
    'age',
    'entry_date',
    'full_name',
    'home_state',
    'sex',
    'source_date',
  ]);
  assert.equal(read.fields['age'], '30-34');
  const [desk] = a.desk.search({ ...SEARCH, as: 'reader' });
  assert.deepEqual(desk?.fields, read.fields, 'a public desk shows what a reader’s node holds');
  w.grant(b, 'contact');
  w.sync();
  assert.equal(b.desk.show(id).fields['phones'], '+95 9 123456');
});

void test('its home edits, others note', () => {
  const { world: w, a, b } = world();
  const { id } = a.desk.add('person', HLA);
  w.sync();
  assert.equal(
    code(() => b.desk.edit(id, { age: 40 })),
    'not-home',
  );
  b.desk.note(id, { text: 'seen at the bridge', status: 'believed_alive' });
  w.sync();
  assert.equal(a.desk.show(id).status, 'believed_alive');
  assert.equal(a.desk.show(id).notes[0]?.fields['text'], 'seen at the bridge');
  assert.equal(a.desk.search({ ...SEARCH, status: 'believed_alive' }).length, 1);
  assert.equal(a.desk.search({ ...SEARCH, status: 'believed_missing' }).length, 0);
  const c = w.admit('Cho', 'member');
  assert.equal(c.desk.edit(id, { age: 35 }).fields['age'], '35', 'a colleague of the same organisation');
});

void test('what somebody writes past the rules, who is not its home, changes nothing, and is shown as that', () => {
  const { world: w, a, b } = world();
  const { id } = a.desk.add('person', HLA);
  w.sync();
  const head = { id, kind: 'person', op: 'write', org: 'Other Org', after: [], ended: [] } as const;
  const payload = encodeRecordPart({ ...head, fields: { full_name: 'Somebody Else' } });
  b.node.write({ kind: 'record', lane: 'data', parts: [{ audience: 'members', payload }] });
  const end = encodeRecordPart({ ...head, op: 'end', fields: {} });
  b.node.write({ kind: 'record', lane: 'data', parts: [{ audience: 'members', payload: end }] });
  w.settle();
  for (const { desk } of [a, b]) {
    assert.equal(desk.show(id).fields['full_name'], 'Ma Hla');
    assert.equal(desk.show(id).gone, false);
    assert.deepEqual(
      desk.history(id).items.map(({ refused }) => refused),
      [false, true, true],
    );
  }
});

void test('edits that did not know of each other merge by field; true conflicts show both values', () => {
  const { world: w, a } = world();
  const c = w.admit('Cho', 'member');
  const { id } = a.desk.add('person', HLA);
  w.sync();
  a.desk.edit(id, { home_city: 'Mrauk-U', age: '35' });
  c.desk.edit(id, { description: 'a scar, and glasses', age: '36' });
  w.sync();
  for (const { desk } of [a, c]) {
    const { fields, conflicts } = desk.show(id);
    assert.equal(fields['home_city'], 'Mrauk-U');
    assert.equal(fields['description'], 'a scar, and glasses');
    assert.deepEqual(
      conflicts.map(({ field, values }) => [field, [...values].sort()]),
      [['age', ['35', '36']]],
    );
  }
  c.desk.edit(id, { age: '35' });
  w.sync();
  assert.deepEqual(a.desk.show(id).conflicts, [], 'who has seen both and writes one settles it');
  assert.equal(a.desk.show(id).fields['age'], '35');
});

void test('a clock that is a year ahead does not win', () => {
  const { world: w, a } = world();
  const c = w.admit('Cho', 'member');
  const { id } = a.desk.add('person', HLA);
  w.sync();
  c.node.nowMs.value = START_MS + YEAR_MS;
  c.desk.edit(id, { home_city: 'from the future' });
  a.node.nowMs.value = START_MS + 2 * DAY_MS;
  a.desk.edit(id, { home_city: 'today' });
  w.sync();
  assert.equal(a.desk.show(id).fields['home_city'], 'today');
  assert.equal(c.desk.show(id).fields['home_city'], 'today');
  a.desk.edit(id, { home_city: 'later' });
  w.sync();
  assert.deepEqual(c.desk.show(id).conflicts, []);
  assert.equal(c.desk.show(id).fields['home_city'], 'later');
});

void test('history says who, when and which fields; reading what few may see is written down', () => {
  const { world: w, a } = world();
  const c = w.admit('Cho', 'member');
  const { id } = a.desk.add('person', HLA);
  w.sync();
  c.desk.edit(id, { age: '35' });
  w.sync();
  a.desk.show(id);
  const { items, accesses } = a.desk.history(id);
  assert.deepEqual(
    items.map(({ member, fields }) => [member, fields.length > 1]),
    [
      [a.node.member, true],
      [c.node.member, false],
    ],
  );
  assert.deepEqual(accesses[0]?.fields, ['author_phone', 'phones']);
});

void test('who opts out, is a minor or takes consent back is gone from readers, and the bytes with it', () => {
  const { world: w, a, b, reader } = world();
  const { id } = a.desk.add('person', HLA);
  w.sync();
  b.desk.note(id, { text: 'x', status: 'believed_alive' });
  w.settle();
  assert.equal(reader.desk.search(SEARCH).length, 1);
  assert.equal(reader.desk.show(id).notes.length, 1);
  a.desk.edit(id, { consent: 'withdrawn' });
  w.settle();
  assert.equal(reader.desk.search(SEARCH).length, 0);
  assert.equal(
    code(() => reader.desk.show(id)),
    'unknown-record',
  );
  assert.equal(b.desk.search(SEARCH).length, 1, 'members go on looking for her');
  assert.equal(a.desk.search({ ...SEARCH, as: 'reader' }).length, 0);
  assert.equal(partsWith(reader, 'Ma Hla'), 0);
  assert.equal(partsWith(reader, 'believed_alive'), 0, 'nor what others said of her');
  a.desk.edit(id, { consent: 'given' });
  w.settle();
  assert.equal(reader.desk.search(SEARCH)[0]?.fields['age'], '30-34', 'and is back when she agrees');
  const minor = a.desk.add('person', { full_name: 'Zaw Zaw', age: 9 });
  w.settle();
  assert.equal(
    code(() => reader.desk.show(minor.id)),
    'unknown-record',
  );
});

void test('a consent that is refused is the person’s', () => {
  const { world: w, a, reader } = world();
  const { id } = a.desk.add('person', HLA);
  a.desk.add('consent', { person_record_id: id, given: false });
  w.settle();
  assert.equal(reader.desk.search(SEARCH).length, 0);
});

void test('that somebody is believed dead is for who has the grant, to say and to see', () => {
  const { world: w, a, b, reader } = world();
  const { id } = a.desk.add('person', HLA);
  w.sync();
  assert.equal(
    code(() => a.desk.note(id, { status: 'believed_dead', text: 'seen' })),
    'needs-grant',
  );
  w.grant(a, 'deceased');
  a.desk.note(id, { status: 'believed_dead', text: 'seen' });
  w.sync();
  assert.equal(a.desk.show(id).status, 'believed_dead');
  assert.equal(b.desk.show(id).status, undefined);
  assert.equal(reader.desk.show(id).status, undefined);
  assert.equal(a.desk.show(id, 'reader').status, undefined);
});

void test('records expire: hidden at once, a placeholder everywhere, erased everywhere, and signed for', () => {
  const { world: w, a, b, reader } = world();
  const { id } = a.desk.add('person', { ...HLA, expiry_date: new Date(START_MS + DAY_MS).toISOString() });
  w.sync();
  b.desk.note(id, { text: 'at the bridge' });
  w.settle();
  w.setClock(START_MS + 2 * DAY_MS);
  assert.equal(b.desk.search(SEARCH).length, 0, 'hidden by its own clock');
  assert.deepEqual(Object.keys(b.desk.show(id).fields).sort(), ['entry_date', 'expiry_date', 'source_date']);
  w.settle();
  for (const node of [a, b, reader]) {
    assert.deepEqual(Object.keys(node.desk.show(id).fields).sort(), [
      'entry_date',
      'expiry_date',
      'source_date',
    ]);
    assert.equal(node.desk.show(id).gone, true);
    assert.equal(partsWith(node, 'Ma Hla'), 0);
    assert.equal(partsWith(node, 'at the bridge'), 0);
  }
  const { confirmed, missing, waiting } = a.desk.erasure(id);
  assert.deepEqual([...confirmed].sort(), [a.node.member, b.node.member, reader.node.member].sort());
  assert.deepEqual(missing, []);
  assert.equal(waiting, 0);
  assert.deepEqual(reader.desk.erasure(id), a.desk.erasure(id), 'a reader knows as much of it');
  assert.equal(
    code(() => a.desk.edit(id, { age: 3 })),
    'record-gone',
  );
});

void test('links are followed from one to the next, and can be taken back', () => {
  const { world: w, a, b } = world();
  const ids = ['Ma Hla', 'Daw Hla', 'Rahima'].map((full_name) => a.desk.add('person', { full_name }).id);
  const [one = '', two = '', three = ''] = ids;
  w.sync();
  a.desk.link(one, two, { linked: true, reason: 'the same scar' });
  b.desk.link(two, three, { linked: true, reason: 'the same phone' });
  w.sync();
  const hit = b.desk.search(SEARCH).find(({ id }) => id === one);
  assert.deepEqual([...(hit?.linked ?? [])].sort(), [two, three].sort());
  assert.ok(b.desk.search(SEARCH).some(({ id, reasons }) => id === three && /linked/.test(reasons[0] ?? '')));
  a.desk.link(two, three, { linked: false, reason: 'two women' });
  w.sync();
  assert.deepEqual(b.desk.show(one).linked, [two]);
});

void test('matches: duplicates, and who is sought and who was found, with reasons', () => {
  const { world: w, a, b } = world();
  const sought = a.desk.add('person', {
    full_name: 'Rahima Begum',
    sex: 'female',
    date_of_birth: '1990-05-17',
    home_city: 'Maungdaw',
  });
  a.desk.note(sought.id, { status: 'information_sought', text: 'her brother asks' });
  w.sync();
  const found = b.desk.add('person', { full_name: 'রহিমা বেগম', sex: 'female', date_of_birth: '1990-05-17' });
  b.desk.note(found.id, { status: 'believed_alive', text: 'in camp 3' });
  w.sync();
  const [match] = a.desk.matches(sought.id, 5);
  assert.equal(match?.id, found.id);
  assert.equal(match.mode, 'reunion');
  assert.ok(match.reasons.length >= 2 && match.score > 0.5);
});

void test('an import is taken in once, whatever is repeated, and under few signatures', () => {
  const { world: w, a, b } = world();
  const items = Array.from({ length: 3000 }, (_, index) => ({
    line: index + 1,
    id: `example.org/${String(index)}`,
    kind: 'person' as const,
    fields: { full_name: nameOf(index), source_date: '2026-01-01T00:00:00Z' },
  }));
  const first = a.desk.bulkAdd('file', items.slice(0, 2000), 2000);
  assert.equal(first.added, 2000);
  const again = a.desk.bulkAdd('file', items, 3000);
  assert.deepEqual([again.added, again.skipped], [1000, 0]);
  assert.deepEqual(a.desk.progressOf('file'), {
    line: 3000,
    read: 3000,
    added: 3000,
    updated: 0,
    skipped: 0,
  });
  const other = a.desk.bulkAdd('another file', items.slice(0, 10), 10);
  assert.deepEqual([other.added, other.skipped], [0, 10]);
  w.sync();
  assert.equal(b.desk.count(), 3000);
  assert.equal(b.desk.search({ text: nameOf(2999), limit: 3, as: 'member' })[0]?.id, 'example.org/2999');
  assert.equal(allOf(a, 'person').length, 3000);
  const seals = a.node.log
    .feeds()
    .map(
      ({ info }) => [...a.node.log.entriesOf(info.id, 1, 4000)].filter(({ seal }) => seal !== null).length,
    );
  assert.ok(Math.max(...seals) <= 12, seals.join());
});

void test('a rebuild gives the same records', () => {
  const { world: w, a, b } = world();
  const { id } = a.desk.add('person', HLA);
  w.sync();
  b.desk.note(id, { text: 'x', status: 'believed_alive' });
  a.desk.edit(id, { age: 35 });
  const other = a.desk.add('person', { full_name: 'Ko Ko' });
  a.desk.link(id, other.id, { linked: true, reason: '' });
  const gone = a.desk.add('person', { full_name: 'Su Su' });
  a.desk.end(gone.id);
  w.settle();
  for (const node of [a, b]) {
    const before = tablesOf(node);
    node.node.log.rebuild();
    assert.deepEqual(tablesOf(node), before);
    assert.equal(node.desk.search(SEARCH)[0]?.id, id);
  }
});

/** One for each number. */
function nameOf(number: number): string {
  const syllables = ['ka', 'mi', 'so', 'ten', 'ru', 'la', 'fe', 'no', 'bi', 'wan'];
  const digits = String(number).padStart(4, '0').split('');
  const [a = '', b = '', c = '', d = ''] = digits.map((digit) => syllables[Number(digit)] ?? '');
  return `${a}${b} ${c}${d}`;
}

function partsWith({ node }: RecordNode, text: string): number {
  return node.log
    .feeds()
    .flatMap(({ info, seq }) =>
      Array.from({ length: seq }, (_, index) => node.log.entryAt(info.id, index + 1)),
    )
    .flatMap((entry) => entry?.parts ?? [])
    .filter((part) => part !== null && Buffer.from(part).includes(text)).length;
}

/** By names, since rows are numbered in the order of arrival. */
function tablesOf(one: RecordNode): unknown {
  const { node, database } = one;
  const count = (table: string): unknown => database.sql(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
  return {
    records: allOf(one).sort((a, b) => (a.id < b.id ? -1 : 1)),
    tables: [
      'records',
      'record_ids',
      'record_places',
      'record_refs',
      'record_links',
      'record_erasures',
      'record_confirmations',
    ].map((table) => [table, count(table)]),
    member: node.member,
  };
}
