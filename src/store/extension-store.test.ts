/** Entries of programs that are built on kith, and the log on SQLite as a whole: the same on every node, twin or real. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fromUtf8 } from '../base/bytes.ts';
import { isNarrow } from '../identity/roles.ts';
import { isExtensionKind, readExtensionPage, type ExtensionPage } from '../log/extension.ts';
import { payloadOf } from '../log/wire.ts';
import { note } from '../../test/support/author.ts';
import { dumpStore } from '../../test/support/dump.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import {
  LogWorld,
  memoryStores,
  syncAll,
  type LogNode,
  type NodeStores,
} from '../../test/support/log-world.ts';
import { fakeSealer } from '../../test/support/sealer.ts';
import { openDatabase, type Database } from './database.ts';
import { openExtensionStore } from './extension-store.ts';
import { openLogStore } from './log-store.ts';

function on(database: Database): NodeStores {
  return { store: openLogStore(database, fakeSealer, isNarrow), index: openExtensionStore(database) };
}

/** The founder, and whoever else comes in an even place, is on SQLite; the others are in memory. */
function mixedWorld(t: TestContext): LogWorld {
  const folder = temporaryFolder(t);
  let count = 0;
  return new LogWorld({
    stores: () => {
      count += 1;
      if (count % 2 === 0) return memoryStores();
      const database = openDatabase(join(folder, `${String(count)}.db`));
      t.after(() => database.close());
      return on(database);
    },
  });
}

function textsOf({ entries }: ExtensionPage): (string | null)[] {
  return entries.map(({ parts }) => (parts[0] ? fromUtf8(payloadOf(parts[0])) : null));
}

function pageOf(node: LogNode, kind: string, limit = 100): ExtensionPage {
  return readExtensionPage(node.index, node.store, { kind, limit });
}

test('pages by kind in the order of time, alike on all nodes, after a rebuild too', (t) => {
  const world = mixedWorld(t);
  const { founder } = world;
  const [member, reader] = [world.admit('member'), world.admit('reader', 'reader')];
  syncAll(founder, member, reader);
  const expected: string[] = [];
  for (let n = 0; n < 20; n += 1) {
    const author = n % 3 === 0 ? founder : member;
    author.nowMs.value += 1000 * (n + 1) + (author === member ? 1 : 0);
    founder.nowMs.value = member.nowMs.value = Math.max(founder.nowMs.value, member.nowMs.value);
    author.write(note(`n${String(n)}`, n % 4 === 0 ? 'members' : 'public'));
    expected.push(`n${String(n)} for ${n % 4 === 0 ? 'members' : 'public'}`);
    if (n % 5 === 0) author.write({ ...note('other'), kind: 'x-other' });
  }
  syncAll(founder, member, reader);
  assert.deepEqual(textsOf(pageOf(founder, 'x-note')), expected);
  assert.deepEqual(textsOf(pageOf(member, 'x-note')), expected);
  assert.deepEqual(
    textsOf(pageOf(reader, 'x-note')),
    expected.map((text) => (text.endsWith('members') ? null : text)),
  );
  assert.equal(pageOf(reader, 'x-other').entries.length, 4);
  assert.equal(pageOf(founder, 'x-none').entries.length, 0);

  for (const node of [founder, member, reader]) {
    const paged: (string | null)[] = [];
    for (let after: ExtensionPage['next'], more = true; more; more = after !== undefined) {
      const page = readExtensionPage(node.index, node.store, { kind: 'x-note', after, limit: 7 });
      paged.push(...textsOf(page));
      after = page.next;
    }
    assert.deepEqual(paged, textsOf(pageOf(node, 'x-note')), node.name);
  }
  const places = (node: LogNode): unknown => node.index.page('x-note', undefined, 100);
  for (const node of [founder, member, reader]) {
    node.log.rebuild();
    assert.deepEqual(places(node), places(founder), node.name);
  }
});

test('what is erased is gone from the pages of all', (t) => {
  const world = mixedWorld(t);
  const { founder } = world;
  const member = world.admit('member');
  const [entry] = member.write(note('secret'));
  assert.ok(entry !== undefined);
  syncAll(founder, member);
  member.log.erase([
    { entry: { feed: entry.header.feed, seq: entry.header.seq, hash: entry.hash }, part: 0 },
  ]);
  syncAll(founder, member);
  for (const node of [founder, member]) assert.deepEqual(textsOf(pageOf(node, 'x-note')), [null]);
});

test('kinds of programs start with x-', () => {
  assert.deepEqual(['x-a', 'x', 'person', 'xx-a'].map(isExtensionKind), [true, false, false, false]);
});

test('the log on SQLite goes on after a restart where it stopped, and a rebuild changes no byte', (t) => {
  const path = join(temporaryFolder(t), 'kith.db');
  let database = openDatabase(path);
  t.after(() => database.close());
  let first = true;
  const world = new LogWorld({
    stores: () => {
      if (!first) return memoryStores();
      first = false;
      return on(database);
    },
  });
  const { founder } = world;
  const [member, lost] = [world.admit('member'), world.admit('lost')];
  syncAll(founder, member, lost);
  const entries = member.write(
    ...Array.from({ length: 30 }, (_, n) => note(`n${String(n)}`, 'public', 'members')),
  );
  lost.write(note('stands'));
  syncAll(founder, member, lost);
  lost.write(note('does not'));
  founder.log.act({
    kind: 'revoke',
    target: { scope: 'device', device: lost.device },
    cuts: founder.log.cutsOf([lost.device]),
  });
  founder.log.receive(lost.runFor(founder, lost.log.ownFeed('data').id));
  const erased = entries
    .slice(3, 6)
    .map(({ header: { feed, seq }, hash }) => ({ entry: { feed, seq, hash }, part: 1 }));
  founder.log.erase(erased);
  assert.equal(founder.log.asides().length, 1);

  const tables = (from: Database): unknown =>
    ['feeds', 'entries', 'bodies', 'erasures', 'extension_entries'].map((table) =>
      from.sql(`SELECT * FROM ${table} ORDER BY 1, 2`).all(),
    );
  const [before, store] = [tables(database), dumpStore(founder.store)];
  founder.log.rebuild();
  assert.deepEqual(tables(database), before, 'bit for bit');

  database.close();
  database = openDatabase(path);
  founder.reopen(on(database));
  assert.deepEqual(dumpStore(founder.store), store);
  assert.equal(founder.log.membership.members.size, 3);
  founder.write(note('goes on'));
  syncAll(founder, member);
  assert.equal(member.log.feed(founder.log.ownFeed('data').id)?.seq, founder.log.ownHeight('data')?.seq);
});
