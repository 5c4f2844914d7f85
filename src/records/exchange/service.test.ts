/** Files through the registry as it is: who may take what in, what becomes of it, and what is written down of what goes out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../base/bytes.ts';
import { isKithError } from '../../base/errors.ts';
import { allOf, RecordWorld, type RecordNode } from '../../../test/support/record-world.ts';
import { MemoryRegistry } from '../../../test/support/memory-registry.ts';
import { importRecords, type ImportOptions, type ImportOutcome } from './import.ts';
import type { ImportSource } from './ports.ts';
import type { ExportQuestion } from './export.ts';

const AT = '2026-11-28T09:00:00Z';

function sourceOf(text: string): ImportSource {
  const bytes = utf8(text);
  return {
    sizeBytes: bytes.byteLength,
    async *open() {
      for (let at = 0; at < bytes.byteLength; at += 4096)
        yield await Promise.resolve(bytes.subarray(at, at + 4096));
    },
  };
}

function take(
  node: RecordNode,
  text: string,
  options: ImportOptions = {},
  progress: () => void = () => undefined,
): Promise<ImportOutcome> {
  return node.service.exchange.import(sourceOf(text), options, progress);
}

async function give(node: RecordNode, question: Partial<ExportQuestion> = {}): Promise<string> {
  const whole = { format: 'pfif', audience: 'members', counted: 'census', ...question } as const;
  let text = '';
  for await (const piece of node.service.exchange.export(whole, () => undefined))
    text += Buffer.from(piece).toString('utf8');
  return text;
}

const counts = ({ read, added, updated, skipped }: ImportOutcome): number[] => [
  read,
  added,
  updated,
  skipped,
];
const pfif = (...inner: readonly string[]): string =>
  `<pfif xmlns="http://zesty.ca/pfif/1.4">\n${inner.join('\n')}\n</pfif>`;
const person = (id: string, more = ''): string =>
  `<person><person_record_id>${id}</person_record_id><source_date>${AT}</source_date>` +
  `<full_name>Nur ${id}</full_name>${more}</person>`;
const note = (id: string, about: string, more: string): string =>
  `<note><note_record_id>${id}</note_record_id><person_record_id>${about}</person_record_id>` +
  `<source_date>${AT}</source_date><author_name>Ada</author_name><text>x</text>${more}</note>`;

void test('the same file gives the same in memory and over SQLite, stopped or not', async () => {
  const parts = Array.from({ length: 2500 }, (_, n) =>
    n % 5 === 0
      ? note(`b.org/n${String(n)}`, `b.org/${String((n * 7) % 2800)}`, '')
      : person(`b.org/${String(n % 2000)}`),
  );
  const text = pfif(...parts);
  const memory = new MemoryRegistry();
  const expected = await importRecords({
    door: memory,
    source: sourceOf(text),
    options: {},
    progress: () => undefined,
  });
  const { founder } = new RecordWorld();
  let until = 60;
  await assert.rejects(
    take(founder, text, {}, () => {
      until -= 1;
      if (until === 0) throw new Error('killed');
    }),
    /killed/,
  );
  assert.ok(founder.desk.count() > 0, 'something was taken in before');
  const outcome = await take(founder, text);
  assert.deepEqual(counts(outcome), counts(expected));
  assert.deepEqual(outcome.errors, expected.errors);
  assert.equal(founder.desk.count(), memory.records.size);
  for (const [id, { fields }] of memory.records) {
    const { entry_date: _, ...found } = founder.desk.show(id).fields;
    assert.deepEqual(found, fields, id);
  }
  assert.deepEqual(counts(await take(founder, text)).slice(0, 3), [2500, 0, 0]);
});

void test('bare ids become this organisation’s own records, which others may not change by a file', async () => {
  const world = new RecordWorld();
  const other = world.admit('Bo', 'member', 'Other Org');
  await take(world.founder, pfif(person('7')));
  world.sync();
  const [own] = allOf(world.founder, 'person');
  assert.match(own?.id ?? '', /^[0-9a-f]{16}\.kith\/7$/);
  const outcome = await take(other, pfif(person(own?.id ?? '', '<age>30</age>')));
  assert.deepEqual(
    outcome.errors.map(({ line, code }) => [line, code]),
    [[2, 'not-home']],
  );
  assert.deepEqual(counts(outcome), [1, 0, 0, 1]);
});

void test('a reader takes nothing in', async () => {
  const world = new RecordWorld();
  const reader = world.admit('Ray', 'reader');
  await assert.rejects(take(reader, pfif(person('a.org/1'))), (error) =>
    isKithError(error, 'role-writes-nothing'),
  );
});

void test('what a member may not say is refused, and the rest of the file taken', async () => {
  const world = new RecordWorld();
  const bo = world.admit('Bo', 'member', 'Other Org');
  const dead = '<status>believed_dead</status>';
  const text = pfif(person('a.org/1'), note('a.org/n1', 'a.org/1', dead), note('a.org/n2', 'a.org/1', ''));
  const outcome = await take(bo, text);
  assert.deepEqual(
    outcome.errors.map(({ line, code }) => [line, code]),
    [[3, 'needs-grant']],
  );
  assert.deepEqual(counts(outcome), [3, 2, 0, 1]);
  world.grant(bo, 'deceased');
  assert.deepEqual(counts(await take(bo, text)), [3, 1, 0, 2]);
});

void test('the file of another system that tells of an expired person ends it here, and the next file says so on', async () => {
  const { founder } = new RecordWorld();
  await take(
    founder,
    pfif(person('b.org/1', '<home_city>Maungdaw</home_city>'), note('b.org/n', 'b.org/1', '')),
  );
  const over = '2026-11-28T09:30:00Z';
  founder.node.nowMs.value = Date.parse('2026-12-20T00:00:00Z');
  const gone =
    `<person><person_record_id>b.org/1</person_record_id><source_date>${over}</source_date>` +
    `<entry_date>${over}</entry_date><expiry_date>${over}</expiry_date><full_name></full_name></person>`;
  assert.deepEqual(counts(await take(founder, pfif(gone))), [1, 0, 1, 0]);
  while (founder.desk.sweep());
  assert.equal(founder.desk.show('b.org/1').gone, true);
  const text = await give(founder, { audience: 'readers' });
  assert.ok(!text.includes('Nur') && !text.includes('Maungdaw') && !text.includes('pfif:note'));
  assert.match(text, /<pfif:person_record_id>b\.org\/1<\/pfif:person_record_id>[\s\S]*<pfif:expiry_date>/);
  assert.deepEqual(
    counts(await take(founder, pfif(person('b.org/1')))),
    [1, 0, 0, 1],
    'and does not come back',
  );
});

void test('that few may see goes out when it is asked for, and is written down before', async () => {
  const { founder } = new RecordWorld();
  const { id } = founder.desk.add('person', { full_name: 'Ma Hla', author_phone: '+95 9 777' });
  assert.ok(!(await give(founder)).includes('+95'));
  assert.deepEqual(
    founder.desk.history(id).accesses.filter(({ action }) => action === 'export'),
    [],
    'what every member may see is not written down',
  );
  const pieces = founder.service.exchange.export(
    { format: 'pfif', audience: 'all', counted: 'census' },
    () => undefined,
  );
  const first = await pieces.next();
  assert.ok(first.done !== true && Buffer.from(first.value).includes('+95 9 777'));
  assert.deepEqual(
    founder.desk
      .history(id)
      .accesses.filter(({ action }) => action === 'export')
      .map(({ fields }) => fields),
    [['author_phone']],
    'by the time the piece is here',
  );
  await pieces.return(undefined);
});

void test('a reader’s node gives out what it holds: what is public', async () => {
  const world = new RecordWorld();
  const reader = world.admit('Ray', 'reader');
  world.founder.desk.add('person', {
    full_name: 'Ma Hla',
    age: '34',
    home_city: 'Sittwe',
    description: 'scar',
  });
  world.sync();
  for (const audience of ['readers', 'members', 'all'] as const) {
    const text = await give(reader, { audience });
    assert.ok(text.includes('Ma Hla') && text.includes('30-34'), audience);
    assert.ok(!text.includes('Sittwe') && !text.includes('scar'), audience);
  }
});
