/** Who writes far too much of one kind costs a bounded look, and hides nothing of others. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import type { DeviceKey, FeedId } from '../../base/ids.ts';
import { deep, file, FileWorld } from '../../../test/support/file-world.ts';
import { syncAll } from '../../../test/support/log-world.ts';
import type { FileIndex } from './file-index.ts';
import { versionIdOf } from './wire.ts';

function two() {
  const the = new FileWorld();
  const ada = the.world.founder;
  const ben = the.world.admit('Ben', 'member');
  const [a, b] = [the.indexOf(ada), the.indexOf(ben)] as [FileIndex, FileIndex];
  const id = a.found('Reports');
  syncAll(ada, ben);
  const folder = a.folder(id);
  assert.ok(folder);
  return { the, ada, ben, a, b, id, folder };
}

test('of many versions of one path, and of one content, the first 256 are looked at', () => {
  const { ada, ben, a, b, id, folder } = two();
  a.publish(
    folder,
    Array.from({ length: 300 }, (_, n) => file('plan.txt', String(n))),
  );
  a.publish(
    folder,
    Array.from({ length: 300 }, (_, n) => file(`copy ${String(n)}`, 'same')),
  );
  syncAll(ada, ben);
  for (const index of [a, b]) {
    const heads = index.headsAt(id, 'plan.txt');
    assert.equal(heads.length, 256);
    assert.deepEqual(heads[0]?.state, file('plan.txt', '0').state);
    assert.equal(index.versionsAt(id, 'plan.txt').length, 256);
    const state = file('', 'same').state;
    assert.ok(state.type === 'file');
    assert.equal(index.versionsOf(state.content.id).length, 256);
    assert.equal(index.mayRead(ben.member, state.content.id), true);
    // Paths are counted whole.
    assert.equal([...index.heads(id)].length, 600);
  }
});

test('of many authors of one version the first 256 are looked at', () => {
  const { the, ada, id } = two();
  const { database, rows } = the.known.get(ada.store) ?? assert.fail();
  assert.ok(rows);
  const body = { ...file('same', 'same'), folder: id };
  const version = { ...body, id: versionIdOf(body), hlc: { ms: 1, n: 1 }, audiences: ['members'] };
  database.transact(() => {
    for (let n = 0; n < 300; n += 1) {
      const device = hash('sha256', String(n)) as DeviceKey;
      rows.addVersions({ feed: hash('sha256', 'feed') as FeedId, seq: n + 1 }, [{ ...version, device }]);
    }
  });
  const all = rows.version(version.id);
  assert.equal(all.length, 256);
  assert.equal(all[0]?.device, hash('sha256', '0'));
});

test('conflicts are listed up to a number of versions, each path with all of its own', () => {
  const { ada, ben, a, b, id, folder } = two();
  const twice = (count: number) =>
    Array.from({ length: count * 2 }, (_, n) => file(`${String(n >> 1)}.txt`, String(n)));
  a.publish(folder, twice(1200));
  a.publish(folder, [file('peace', 'one')]);
  syncAll(ada, ben);
  const paths = (most: number): number => {
    const found = b.contested(id, most);
    assert.ok(found.every((heads) => heads.length === 2 && heads[0]?.path === heads[1]?.path));
    assert.equal(new Set(found.map(([head]) => head?.path)).size, found.length);
    return found.length;
  };
  assert.deepEqual([paths(10), paths(11), paths(2000), paths(10_000)], [5, 6, 1000, 1200]);
});

test('what an outsider writes into a folder for some hides none of its conflicts', () => {
  const the = new FileWorld();
  const ada = the.world.founder;
  const ben = the.world.admit('Ben', 'member');
  const [a, b] = [the.indexOf(ada), the.indexOf(ben)] as [FileIndex, FileIndex];
  const id = a.found('Patients', []);
  syncAll(ada, ben);
  const [mine, theirs] = [a.folder(id), b.folder(id)];
  assert.ok(mine && theirs);
  b.publish(
    theirs,
    Array.from({ length: 1400 }, (_, n) => file(`${String(n >> 1)}.txt`, String(n))),
  );
  a.publish(mine, [file('list', 'one'), file('list', 'two')]);
  syncAll(ada, ben);
  assert.deepEqual(
    a.contested(id, 10).map((heads) => heads.map(({ path }) => path)),
    [['list', 'list']],
  );
});

test('of many files of one name the first are looked at, and it is said that there are more', () => {
  const { a, folder } = two();
  const names = Array.from({ length: 20 }, (_, n) => file(`${String(n)}/plan.txt`, String(n)));
  a.publish(folder, [...names, file(`${deep(3)}/other`, 'x')]);
  const found = a.headsNamed('plan.txt', 15);
  assert.deepEqual([found.heads.length, found.areMore, found.heads[0]?.path], [15, true, '0/plan.txt']);
  assert.equal(a.headsNamed('plan.txt', 20).areMore, false);
});
