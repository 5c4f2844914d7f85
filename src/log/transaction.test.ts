/** Append and projection are one transaction: whatever fails, the log, its tables and its word to others agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { note, notes } from '../../test/support/author.ts';
import { dumpStore } from '../../test/support/dump.ts';
import { LogWorld, pull, syncAll, type LogNode } from '../../test/support/log-world.ts';
import { MemoryDisk } from '../../test/sim/memory-disk.ts';
import { MemoryExtensionIndex } from '../../test/sim/memory-extension-index.ts';
import { MemoryLogStore } from '../../test/sim/memory-log-store.ts';

function everything(node: LogNode): object {
  const { membership } = node.log;
  return {
    store: dumpStore(node.store),
    tables: node.parts.dump(),
    order: membership.order,
    heads: membership.heads,
    members: [...membership.members.values()],
    extension: node.index.page('x-note', undefined, 1000),
  };
}

function listen(node: LogNode): string[] {
  const heard: string[] = [];
  node.log.on({
    appended: ({ lane }, from, to) => heard.push(`${lane} ${String(from)}-${String(to)}`),
    membership: () => heard.push('membership'),
    forked: () => heard.push('forked'),
  });
  return heard;
}

const FAILURE = new Error('a table fails');

/** Everything stays as it was, nobody hears anything, and the same works afterwards. */
function mustFail(node: LogNode, work: () => unknown, heard: string[]): void {
  const before = everything(node);
  node.parts.failure = FAILURE;
  assert.throws(work, FAILURE);
  node.parts.failure = undefined;
  assert.deepEqual(everything(node), before);
  assert.deepEqual(heard, []);
}

test('when a projection fails, nothing was appended', () => {
  const { founder } = new LogWorld();
  founder.write(note('before'));
  const heard = listen(founder);
  mustFail(founder, () => founder.write(...notes(3)), heard);
  founder.write(...notes(3));
  assert.deepEqual(heard, ['data 2-4']);
});

test('when a projection fails, nothing was received, neither entries nor acts that let others stand', () => {
  const world = new LogWorld();
  const { founder } = world;
  const member = world.admit('member');
  const late = world.admit('late');
  syncAll(founder, member, late);
  const act = founder.log.act({ kind: 'hub', address: '/ip4/10.0.0.1/tcp/1', listed: true });
  pull(member, founder);
  member.write(note('has seen the hub'));
  const feed = member.log.ownFeed('data').id;
  assert.equal(late.pullFeed(member, feed).kind, 'nothing-new');
  assert.equal(late.log.feed(feed)?.folded, 0);
  const heard = listen(late);
  mustFail(late, () => late.log.receive(founder.runFor(late, act.feed, act.seq)), heard);
  assert.equal(late.log.membership.hubs.length, 0);
  assert.equal(late.log.receive(founder.runFor(late, act.feed, act.seq)).kind, 'appended');
  assert.equal(late.log.feed(feed)?.folded, 1);
  assert.deepEqual(heard, [`roll ${String(act.seq)}-${String(act.seq)}`, 'membership']);
});

test('when a projection fails, a fork was not found', () => {
  const world = new LogWorld();
  const first = world.admit('first');
  const twin = first.twin();
  pull(twin, first);
  first.write(note('one'));
  twin.write(note('other'));
  world.founder.write(note('mine'));
  pull(world.founder, first);
  const heard = listen(world.founder);
  const run = twin.runFor(world.founder, first.log.ownFeed('data').id);
  mustFail(world.founder, () => world.founder.log.receive(run), heard);
  assert.equal(world.founder.log.receive(run).kind, 'fork');
  assert.deepEqual(heard, ['forked', 'membership']);
});

test('a feature’s own transaction around the log’s: nobody hears of entries before they are on disk', () => {
  const { founder } = new LogWorld();
  const heard = listen(founder);
  const before = everything(founder);
  const { store, log } = founder;
  assert.throws(
    () =>
      store.transact(() => {
        log.append([note('a')]);
        log.act({ kind: 'hub', address: '/ip4/10.0.0.1/tcp/1', listed: true });
        assert.equal(log.membership.hubs.length, 1, 'inside, what was done counts');
        log.append([note('has seen the hub')]);
        throw FAILURE;
      }),
    FAILURE,
  );
  assert.deepEqual(heard, []);
  assert.deepEqual(everything(founder), before);
  store.transact(() => {
    log.append([note('a')]);
    log.act({ kind: 'hub', address: '/ip4/10.0.0.1/tcp/1', listed: true });
    log.append([note('has seen the hub')]);
    assert.deepEqual(heard, []);
  });
  assert.deepEqual(heard, ['data 1-1', 'roll 2-2', 'membership', 'data 2-2']);
});

test('an append that is cut into pieces is there as a whole or not at all', () => {
  const { founder } = new LogWorld();
  const before = everything(founder);
  const tooLarge = {
    kind: 'x-a',
    lane: 'data' as const,
    parts: [{ audience: 'public', payload: new Uint8Array(300_000) }],
  };
  assert.throws(() => founder.write(...notes(2000), tooLarge));
  assert.deepEqual(everything(founder), before);
});

test('a listener that writes is heard after what it answers to', () => {
  const { founder } = new LogWorld();
  const heard: string[] = [];
  founder.log.on({
    appended: ({ lane }, from, to) => {
      heard.push(`${lane} ${String(from)}-${String(to)}`);
      if (lane === 'data') founder.log.append([{ ...note('echo'), lane: 'urgent' }]);
    },
  });
  founder.write(note('a'));
  assert.deepEqual(heard, ['data 1-1', 'urgent 1-1']);
});

test('a commit that fails leaves the log as it was; after a crash it goes on from what is on disk', () => {
  const disk = new MemoryDisk({ flushes: 'never' });
  let stores = 0;
  // The founder's store is the first that is asked for.
  const world = new LogWorld({
    stores: () => {
      stores += 1;
      const own = stores === 1 ? disk : new MemoryDisk();
      return { store: new MemoryLogStore(own), index: new MemoryExtensionIndex(own) };
    },
  });
  const { founder } = world;
  founder.write(note('safe'));
  disk.flush();
  const before = everything(founder);
  const heard = listen(founder);
  disk.failNextCommit(FAILURE);
  assert.throws(() => founder.write(note('not safe')), FAILURE);
  assert.deepEqual(everything(founder), before);
  assert.deepEqual(heard, []);
  disk.crash();
  founder.write(note('lost with the power'));
  founder.log.act({ kind: 'hub', address: '/ip4/10.0.0.1/tcp/1', listed: true });
  disk.crash();
  founder.restart();
  founder.log.rebuild();
  assert.deepEqual(everything(founder), before);
});
