import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import type { Database } from '../../store/database.ts';
import { openFileIndex } from '../../store/file-store.ts';
import { content, deep, file, FileWorld } from '../../../test/support/file-world.ts';
import { syncAll } from '../../../test/support/log-world.ts';
import type { Content } from '../types.ts';
import type { Change, FileIndex } from './file-index.ts';
import { versionCodec } from './stored.ts';
import { decodeVersions, encodeVersions, versionIdOf, VERSIONS_KIND } from './wire.ts';

function dump(database: Database): unknown {
  return ['folders', 'modes', 'versions', 'parents', 'held'].map((table) =>
    database.sql(`SELECT * FROM file_${table} ORDER BY 1, 2`).all(),
  );
}

test('versions of a folder are seen by all, heads are those that nothing replaces', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const [a, b] = [world.indexOf(ada), world.indexOf(ben)];
  const id = a.found('Reports');
  syncAll(ada, ben);
  const folder = b.folder(id);
  assert.equal(folder?.name, 'Reports');
  const [first] = b.publish(folder, [file('plan.txt', 'one'), file('x/y', 'two')]);
  assert.ok(first);
  syncAll(ada, ben);
  const shared = a.folder(id);
  assert.ok(shared);
  // Both change it without knowing of each other.
  a.publish(shared, [file('plan.txt', 'by ada', [first.id])]);
  b.publish(folder, [file('plan.txt', 'by ben', [first.id])]);
  syncAll(ada, ben);
  for (const index of [a, b]) {
    assert.equal(index.headsAt(id, 'plan.txt').length, 2);
    assert.equal(index.versionsAt(id, 'plan.txt').length, 3);
    assert.deepEqual([...index.heads(id)].map(({ path }) => path).sort(), ['plan.txt', 'plan.txt', 'x/y']);
  }
  const both = a.headsAt(id, 'plan.txt').map((version) => version.id);
  a.publish(shared, [{ ...file('plan.txt', '', both.sort()), state: { type: 'deleted' } }]);
  syncAll(ada, ben);
  assert.deepEqual(
    b.headsAt(id, 'plan.txt').map(({ state, author }) => [state.type, author]),
    [['deleted', ada.member]],
  );
});

test('the same change by two is one version, and counts as the first one', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const [a, b] = [world.indexOf(ada), world.indexOf(ben)];
  const id = a.found('Reports');
  syncAll(ada, ben);
  const [one] = a.publish(a.folder(id) as never, [file('a', 'same')]);
  const [other] = b.publish(b.folder(id) as never, [file('a', 'same')]);
  assert.equal(one?.id, other?.id);
  syncAll(ada, ben);
  assert.equal(a.headsAt(id, 'a').length, 1);
  assert.deepEqual(a.headsAt(id, 'a'), b.headsAt(id, 'a'));
  assert.equal([...a.heads(id)].length, 1);
  assert.equal(a.holders(content('same').id).length, 2);
});

test('an offer is for whom it names: others may not have it, and who holds it says so to its author', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const cho = world.world.admit('Cho', 'member');
  const [a, b, c] = [ada, ben, cho].map((node) => world.indexOf(node)) as [FileIndex, FileIndex, FileIndex];
  const { id } = content('secret');
  const offer = a.offer(file('letter.pdf', 'secret'), [ben.member]);
  syncAll(ada, ben, cho);
  assert.equal(b.version(offer.id)?.path, 'letter.pdf');
  assert.equal(c.version(offer.id), undefined);
  assert.deepEqual(
    [ada, ben, cho].map(({ member }) => a.mayRead(member, id)),
    [true, true, false],
  );
  b.say([id], []);
  syncAll(ada, ben, cho);
  assert.deepEqual([...a.holders(id)].sort(), [ada.device, ben.device].sort());
  b.say([], [id]);
  syncAll(ada, ben, cho);
  assert.deepEqual(a.holders(id), [ada.device]);
});

test('in a restricted folder, what others write counts for nobody, and others are given nothing', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const cho = world.world.admit('Cho', 'member');
  const [a, , c] = [ada, ben, cho].map((node) => world.indexOf(node)) as [FileIndex, FileIndex, FileIndex];
  const id = a.found('Patients', [ben.member]);
  const { id: secret } = content('secret');
  a.publish(a.folder(id) as never, [file('list.csv', 'secret')]);
  syncAll(ada, ben, cho);
  assert.equal(c.folders().length, 0);
  assert.equal([...c.heads()].length, 0);
  assert.deepEqual(
    [ada, ben, cho].map(({ member }) => a.mayRead(member, secret)),
    [true, true, false],
  );
  const closed = c.folder(id);
  assert.ok(closed);
  c.publish(closed, [file('intruder', 'bad')]);
  syncAll(ada, ben, cho);
  assert.deepEqual(
    [...a.heads(id)].map(({ path }) => path),
    ['list.csv'],
  );
});

test('what somebody wrote in a restricted folder counts when it is taken out, and what it writes then does not', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const [a, b] = [ada, ben].map((node) => world.indexOf(node)) as [FileIndex, FileIndex];
  const id = a.found('Patients', [ben.member]);
  syncAll(ada, ben);
  const open = b.folder(id);
  assert.ok(open);
  b.publish(open, [file('before', 'of Ben')]);
  syncAll(ada, ben);
  a.restrict(a.folder(id) as never, []);
  syncAll(ada, ben);
  b.publish(open, [file('after', 'of Ben too')]);
  syncAll(ada, ben);
  assert.deepEqual(
    [...b.heads(id)].map(({ path }) => path),
    ['before'],
  );
  assert.equal(b.mayRead(ben.member, content('of Ben').id), false, 'it is not in the folder any more');
  a.restrict(a.folder(id) as never, [ben.member]);
  syncAll(ada, ben);
  assert.equal(b.mayRead(ben.member, content('of Ben').id), true);
});

test('tables rebuilt from the log are what they were', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const a = world.indexOf(ada);
  const id = a.found('Reports');
  const [first] = a.publish(a.folder(id) as never, [file('a', 'one'), file('b', 'two')]);
  a.publish(a.folder(id) as never, [file('a', 'three', first === undefined ? [] : [first.id])]);
  a.setMode(a.folder(id) as never, 'list');
  const { database } = world.known.get(ada.store) ?? assert.fail();
  const before = dump(database);
  ada.log.rebuild();
  assert.deepEqual(dump(database), before);
});

test('files are counted, found by name, listed by pages and contested as a walk over all of them says', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const [a, b] = [world.indexOf(ada), world.indexOf(ben)];
  const id = a.found('Reports');
  const only = a.found('Patients', [ben.member]);
  syncAll(ada, ben);
  const [open, closed] = [b.folder(id), b.folder(only)];
  assert.ok(open && closed);
  const [first] = b.publish(open, [
    file('x/plan.txt', 'one'),
    file('y/plan.txt', 'two'),
    file('same', 'same'),
  ]);
  b.publish(closed, [file('plan.txt', 'three'), file('gone', 'four')]);
  syncAll(ada, ben);
  const shared = a.folder(id) as never;
  const parents = first === undefined ? [] : [first.id];
  a.publish(shared, [file('x/plan.txt', 'by ada', parents), file('x', 'five')]);
  b.publish(open, [file('x/plan.txt', 'by ben', parents), file('x', 'five')]);
  syncAll(ada, ben);
  const agree = (index: FileIndex): void => {
    for (const folder of index.folders()) {
      const files = [...index.heads(folder.id)].filter(({ state }) => state.type === 'file');
      assert.deepEqual(index.count(folder), { files: files.length, bytes: files.length * 4 });
    }
    const all = [...index.heads()];
    for (const name of ['plan.txt', 'x', 'gone', 'nothing'])
      assert.deepEqual(
        index.headsNamed(name, 1000).heads.map((head) => head.id),
        all.filter(({ path }) => path === name || path.endsWith(`/${name}`)).map((head) => head.id),
      );
    all.forEach((head, at) => {
      assert.deepEqual([...index.heads(undefined, head.id)], all.slice(at + 1));
    });
    assert.deepEqual(
      index.contested(id, 1000).map((heads) => heads.map(({ path }) => path)),
      [['x/plan.txt', 'x/plan.txt']],
    );
  };
  for (const index of [a, b]) agree(index);
  const { database, sealer } = world.known.get(ben.store) ?? assert.fail();
  assert.ok(sealer);
  const before = dump(database);
  database.sql('UPDATE file_versions SET name = NULL, audience = NULL, device = NULL, size = NULL').run();
  openFileIndex(database, sealer, versionCodec);
  assert.deepEqual(dump(database), before, 'of what an earlier program wrote, too');
  a.restrict(a.folder(only) as never, []);
  syncAll(ada, ben);
  agree(a);
});

test('an entry with a path of too many folders counts for nobody, and many deep ones are written in several', () => {
  const world = new FileWorld();
  const ada = world.world.founder;
  const ben = world.world.admit('Ben', 'member');
  const [a, b] = [ada, ben].map((node) => world.indexOf(node)) as [FileIndex, FileIndex];
  const id = a.found('Reports');
  syncAll(ada, ben);
  const folder = b.folder(id);
  assert.ok(folder);
  const payload = encodeVersions(id, [
    { ...file('fine', 'one'), folder: id },
    { ...file(deep(65), 'two'), folder: id },
  ]);
  ben.log.append([{ kind: VERSIONS_KIND, lane: 'data', parts: [{ audience: 'members', payload }] }]);
  b.publish(
    folder,
    Array.from({ length: 300 }, (_, n) => file(`${deep(63)}/${String(n)}`, 'one')),
  );
  syncAll(ada, ben);
  for (const [node, index] of [
    [ada, a],
    [ben, b],
  ] as const) {
    assert.equal([...index.heads(id)].length, 300);
    assert.equal(index.headsAt(id, 'fine').length, 0);
    assert.equal(index.hasLiveBelow(id, deep(62)), true);
    const { database } = world.known.get(node.store) ?? assert.fail();
    assert.equal(database.sql('SELECT 1 FROM file_versions').all().length, 300);
  }
});

test('what an earlier program took in is read as it was, whatever the limits are now', () => {
  const version = {
    ...file(deep(70), 'one'),
    folder: 'ab'.repeat(32) as never,
    device: 'cd'.repeat(32) as never,
    hlc: { ms: 1, n: 2 },
    audiences: ['members'],
  };
  const whole = { ...version, id: versionIdOf(version) };
  assert.deepEqual(versionCodec.decode(versionCodec.encode(whole)), whole);
});

test('paths that lead elsewhere, lists out of order and sizes that do not add up are refused', () => {
  const folder = 'ab'.repeat(32) as never;
  const refuse = (change: unknown): void => {
    assert.throws(
      () => decodeVersions(encodeVersions(folder, [{ ...(change as Change), folder }])),
      (error) => isKithError(error, 'malformed'),
    );
  };
  for (const path of [
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    'a//b',
    'a/',
    '.',
    'a\0b',
    'a\nb',
    'e\u0301',
    'x'.repeat(256),
    deep(65),
  ])
    refuse(file(path, 'one'));
  for (const renamedFrom of ['../../x', deep(65)]) refuse({ ...file('a', 'one'), renamedFrom });
  const state = file('a', 'one').state as { content: Content };
  refuse({ ...file('a', 'one'), state: { ...state, content: { ...state.content, sizeBytes: 5 } } });
  refuse({ ...file('a', 'one'), state: { ...state, content: { ...state.content, sizeBytes: 2 ** 50 } } });
  const good = ['a', deep(64)].map((path) => ({ ...file(path, 'one'), folder }));
  assert.deepEqual(decodeVersions(encodeVersions(folder, good)), good);
  const many = (count: number): Change[] =>
    Array.from({ length: count }, (_, n) => file(`${deep(63)}/${String(n)}`, 'one'));
  const encoded = (count: number) =>
    encodeVersions(
      folder,
      many(count).map((one) => ({ ...one, folder })),
    );
  assert.equal(decodeVersions(encoded(128)).length, 128);
  assert.throws(
    () => decodeVersions(encoded(129)),
    (error) => isKithError(error, 'malformed'),
  );
  assert.ok(good.every((body) => versionIdOf(body).length === 64));
});
