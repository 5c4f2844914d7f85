import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordWorld, type RecordNode } from '../../test/support/record-world.ts';

/** Entries that a node reads back from its log while `work` goes on. */
function readsDuring({ node: { store } }: RecordNode, work: () => void): number {
  let reads = 0;
  const { read } = store;
  store.read = (range) => {
    reads += 1;
    return read.call(store, range);
  };
  try {
    work();
  } finally {
    store.read = read;
  }
  return reads;
}

test('the two hundredth edit of a record costs no more than the hundredth', () => {
  const world = new RecordWorld({ longFrom: 32 });
  const [ada, ben] = [world.founder, world.admit('Ben')];
  const { id } = ada.desk.add('person', { full_name: 'Ma Hla', home_city: 'here' });
  const edit = (from: number, to: number): void => {
    for (let n = from; n < to; n += 1) ada.desk.edit(id, { home_city: `town ${String(n)}` });
  };
  edit(0, 100);
  const early = readsDuring(ada, () => {
    edit(100, 110);
  });
  edit(110, 200);
  const late = readsDuring(ada, () => {
    edit(200, 210);
  });
  assert.ok(late <= early + 10, `${String(early)} reads, and then ${String(late)}`);
  const heard = readsDuring(ben, () => {
    world.sync(ada, ben);
  });
  assert.ok(heard < 1000, `${String(heard)} reads for 211 entries`);
  for (const { desk } of [ada, ben]) assert.equal(desk.show(id).fields['home_city'], 'town 209');
  assert.equal(ben.desk.history(id).items.length, 211);
  assert.equal(ben.desk.history(id).items[100]?.fields[0]?.value, 'town 99');
});

test('a long record ends, and all of it is erased', () => {
  const world = new RecordWorld({ longFrom: 8 });
  const [ada, ben] = [world.founder, world.admit('Ben')];
  const { id } = ada.desk.add('person', { full_name: 'Ma Hla', home_city: 'here' });
  for (let n = 0; n < 40; n += 1) ada.desk.edit(id, { home_city: `town ${String(n)}` });
  world.sync();
  ada.desk.end(id);
  world.settle();
  for (const { desk } of [ada, ben]) {
    assert.equal(desk.show(id).gone, true);
    assert.deepEqual(Object.keys(desk.show(id).fields).sort(), ['entry_date', 'expiry_date', 'source_date']);
    assert.ok(
      desk.history(id).items.every(({ fields }) => fields.every(({ field }) => field !== 'home_city')),
    );
  }
});

test('what is undone is forgotten', () => {
  const world = new RecordWorld({ longFrom: 4 });
  const ada = world.founder;
  const { id } = ada.desk.add('person', { full_name: 'Ma Hla', home_city: 'here' });
  for (let n = 0; n < 10; n += 1) ada.desk.edit(id, { home_city: `town ${String(n)}` });
  assert.throws(() =>
    ada.database.transact(() => {
      ada.desk.edit(id, { home_city: 'nowhere' });
      throw new Error('the disk is full');
    }),
  );
  assert.equal(ada.desk.show(id).fields['home_city'], 'town 9');
  ada.desk.edit(id, { description: 'a scar' });
  assert.equal(ada.desk.show(id).fields['home_city'], 'town 9');
});

test('of many notes the newest says the status, whatever comes late or goes', () => {
  const world = new RecordWorld({ longFrom: 3 });
  const ada = world.founder;
  const { id } = ada.desk.add('person', { full_name: 'Ma Hla' });
  const note = (day: number, status: string): string =>
    ada.desk.note(id, {
      text: 'seen',
      status,
      source_date: `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`,
    }).id;
  const status = (): string | undefined => ada.desk.show(id).status;
  for (let day = 1; day < 6; day += 1) note(day, 'information_sought');
  const last = note(20, 'believed_alive');
  assert.equal(status(), 'believed_alive');
  note(10, 'believed_missing');
  assert.equal(status(), 'believed_alive', 'what came late is older');
  ada.desk.edit(last, { status: 'believed_missing' });
  assert.equal(status(), 'believed_missing');
  ada.desk.end(last);
  assert.equal(status(), 'believed_missing', 'of the tenth');
  note(21, 'believed_alive');
  assert.equal(status(), 'believed_alive');
});
