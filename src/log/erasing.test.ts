/** Erasure: parts go on every node, in whatever order it hears, and the history stays whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import type { FeedId } from '../base/ids.ts';
import { Author, linkTo, note, notes } from '../../test/support/author.ts';
import { dumpStore } from '../../test/support/dump.ts';
import { LogWorld, pull, syncAll, type LogNode } from '../../test/support/log-world.ts';
import { encodeErase, ERASE_KIND, type EraseTarget } from './folding.ts';
import type { Draft, Entry } from './types.ts';

function target(entry: Entry | undefined, part = 0): EraseTarget {
  assert.ok(entry !== undefined);
  return { entry: linkTo(entry), part };
}

/** Which parts of which entries a node holds, in its log and in its tables. */
function held(node: LogNode, entries: readonly Entry[]): (boolean[] | undefined)[] {
  return entries.map(({ header }) => {
    const stored = node.log.entryAt(header.feed, header.seq);
    const inTable = node.parts.at(header.feed, header.seq)?.parts.map((part) => part !== null);
    if (stored !== undefined && inTable !== undefined)
      assert.deepEqual(
        stored.parts.map((part) => part !== null),
        inTable,
      );
    return stored?.parts.map((part) => part !== null);
  });
}

function eraseDraft(payload: Uint8Array): Draft {
  return { kind: ERASE_KIND, lane: 'data', parts: [{ audience: 'public', payload }] };
}

/** A log and its tables come out of a rebuild as they went in. */
function mustRebuild(...nodes: readonly LogNode[]): void {
  for (const node of nodes) {
    const [store, tables] = [dumpStore(node.store), node.parts.dump()];
    node.restart();
    node.log.rebuild();
    assert.deepEqual(node.parts.dump(), tables, node.name);
    assert.deepEqual(dumpStore(node.store), store, node.name);
  }
}

test('an author erases its own, an admin everybody’s, and nobody else anything', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [member, other] = [world.admit('member'), world.admit('other')];
  syncAll(founder, member, other);
  const entries = member.write(...notes(4, 'public', 'members'));
  syncAll(founder, member, other);
  member.log.erase([target(entries[0], 1)]);
  founder.log.erase([target(entries[1]), target(entries[1], 1)]);
  other.log.erase([target(entries[2]), target(entries[2], 1)]);
  syncAll(founder, member, other);
  for (const node of [founder, member, other]) {
    assert.deepEqual(
      held(node, entries),
      [
        [true, false],
        [false, false],
        [true, true],
        [true, true],
      ],
      node.name,
    );
    for (const { header, hash } of entries) assert.equal(node.store.hashAt(header.feed, header.seq), hash);
  }
  mustRebuild(founder, member, other);
});

test('another device of the same member erases too', () => {
  const world = new LogWorld();
  const { founder } = world;
  const phone = world.admit('phone');
  const laptop = world.link(phone, 'laptop');
  syncAll(founder, phone, laptop);
  const entries = phone.write(...notes(1));
  pull(laptop, phone);
  laptop.log.erase([target(entries[0])]);
  syncAll(founder, phone, laptop);
  for (const node of [founder, phone, laptop]) assert.deepEqual(held(node, entries), [[false]], node.name);
});

test('an erasure holds in whatever order it is heard: before its entry, after it, before its feed', () => {
  const world = new LogWorld();
  const { founder } = world;
  const phone = world.admit('phone');
  const laptop = world.link(phone, 'laptop');
  syncAll(founder, phone, laptop);
  const entries = phone.write(...notes(3, 'public', 'members'));
  pull(laptop, phone);
  laptop.log.erase([target(entries[1]), target(entries[2], 1)]);
  const [written, erasing] = [phone.log.ownFeed('data').id, laptop.log.ownFeed('data').id];
  const nodes = [1, 2, 3].map((number) => world.admit(`node ${String(number)}`));
  const [before, after, between] = nodes;
  assert.ok(before !== undefined && after !== undefined && between !== undefined);
  const rolls = (node: LogNode): void => {
    for (const { info } of phone.log.feeds()) if (info.lane === 'roll') node.pullFeed(phone, info.id);
  };
  const take = (node: LogNode, from: LogNode, feed: FeedId): void => void node.pullFeed(from, feed);
  rolls(before);
  take(before, laptop, erasing);
  assert.equal(before.log.feed(written), undefined);
  assert.equal(before.log.feed(erasing)?.folded, 1);
  before.log.receive(fullRun(phone, written));

  rolls(after);
  after.log.receive(fullRun(phone, written));
  take(after, laptop, erasing);

  // Here even the acts come last.
  between.log.receive(fullRun(laptop, erasing));
  between.log.receive(fullRun(phone, written));
  rolls(between);
  between.log.receive(fullRun(laptop, erasing));
  between.log.receive(fullRun(phone, written));
  for (const node of nodes) {
    assert.deepEqual(
      held(node, entries),
      [
        [true, true],
        [false, true],
        [true, false],
      ],
      node.name,
    );
    assert.deepEqual(node.parts.dump(), after.parts.dump(), node.name);
    assert.equal(node.store.missingParts(written).length, 0, node.name);
  }
  mustRebuild(...nodes);
});

/** A run with all parts, as from somebody who has not heard of any erasure. */
function fullRun(
  author: LogNode,
  feed: FeedId,
): { feed: NonNullable<ReturnType<LogNode['log']['feed']>>['info']; entries: Entry[] } {
  const state = author.log.feed(feed);
  assert.ok(state !== undefined);
  return { feed: state.info, entries: [...author.log.entriesOf(feed, 1, state.seq)] };
}

test('many parts at once are several entries, and one piece of work', () => {
  const world = new LogWorld();
  const { founder } = world;
  const entries = founder.write(...notes(2100, 'public', 'members'));
  const before = founder.log.ownHeight('data')?.seq ?? 0;
  founder.log.erase(entries.flatMap((entry) => [target(entry), target(entry, 1)]));
  assert.equal(founder.log.ownHeight('data')?.seq, before + 3);
  assert.ok(
    held(founder, entries)
      .flat()
      .every((is) => is === false),
  );
});

test('what keeps the history readable cannot be erased', () => {
  const world = new LogWorld();
  const { founder } = world;
  const member = world.admit('member');
  syncAll(founder, member);
  const secret = member.write(note('secret'));
  member.log.erase([target(secret[0])]);
  const erasure = member.log.entryAt(member.log.ownFeed('data').id, 2);
  const act = founder.log.entryAt(founder.log.ownFeed('roll').id, 1);
  const late = world.admit('late');
  syncAll(founder, member);
  // The erasure of an erasure, and of an act; one node hears of it before it has what it names.
  founder.log.erase([target(erasure), target(act)]);
  late.pullFeed(founder, founder.log.ownFeed('data').id);
  assert.equal(late.log.feed(founder.log.ownFeed('data').id)?.folded, 1);
  syncAll(founder, member, late);
  for (const node of [founder, member, late]) {
    assert.deepEqual(held(node, secret), [[false]], node.name);
    assert.deepEqual(
      node.log.entryAt(member.log.ownFeed('data').id, 2)?.parts.map((part) => part !== null),
      [true],
      node.name,
    );
    node.restart();
    assert.equal(node.log.membership.members.size, 3, `${node.name} still knows who is in`);
    assert.deepEqual(node.parts.dump(), founder.parts.dump(), node.name);
    assert.deepEqual(node.store.erasedBy(member.log.ownFeed('data').id, 2), [], node.name);
  }
  mustRebuild(founder, member, late);
});

test('an erasure that cannot be read erases nothing and stands', () => {
  const world = new LogWorld();
  const { founder } = world;
  const entries = founder.write(note('stays'));
  founder.write(eraseDraft(utf8('rubbish')), { kind: ERASE_KIND, lane: 'data', parts: [] });
  const feed = founder.log.ownFeed('data');
  const [entry] = entries;
  assert.ok(entry !== undefined);
  founder.write(eraseDraft(encodeErase([{ feed, entry: linkTo(entry), part: 7 }])));
  assert.deepEqual(held(founder, entries), [[true]]);
  assert.equal(founder.log.feed(feed.id)?.folded, 4);
  mustRebuild(founder);
});

test('when an erasure stands no longer, its parts are missing, and come back from who still has them', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [lost, quick, slow] = [world.admit('lost', 'admin'), world.admit('quick'), world.admit('slow')];
  syncAll(founder, lost, quick, slow);
  const entries = quick.write(...notes(2, 'public', 'members'));
  syncAll(founder, lost, quick, slow);
  // Whoever holds the lost device erases; one node hears of that first, the other of the removal.
  lost.log.erase([target(entries[0]), target(entries[1], 1)]);
  pull(quick, lost);
  assert.deepEqual(held(quick, entries), [
    [false, true],
    [true, false],
  ]);
  founder.log.act({
    kind: 'revoke',
    target: { scope: 'device', device: lost.device },
    cuts: founder.log.cutsOf([lost.device]),
  });
  pull(slow, founder);
  slow.log.receive(fullRun(lost, lost.log.ownFeed('data').id));
  assert.deepEqual(held(slow, entries), [
    [true, true],
    [true, true],
  ]);
  pull(quick, slow);
  assert.deepEqual(held(quick, entries), [
    [true, true],
    [true, true],
  ]);
  syncAll(founder, quick, slow);
  for (const node of [quick, slow]) {
    assert.deepEqual(node.parts.dump(), founder.parts.dump(), node.name);
    assert.deepEqual(
      node.log.asides().map(({ from, to }) => [from, to]),
      [[1, 1]],
      node.name,
    );
  }
  mustRebuild(founder, quick, slow);
});

test('nobody erases what is another’s by claiming its feed', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [member, thief] = [world.admit('member'), world.admit('thief')];
  syncAll(founder, member, thief);
  const [entry] = member.write(note('mine'));
  assert.ok(entry !== undefined);
  const author = new Author(9, thief.signer);
  const feed = author.feed();
  const run = {
    feed,
    entries: author.write(
      feed,
      [eraseDraft(encodeErase([{ feed: member.log.ownFeed('data'), entry: linkTo(entry), part: 0 }]))],
      founder.log.membership.heads,
    ),
  };
  assert.equal(founder.log.receive(run).kind, 'appended');
  pull(founder, member);
  assert.deepEqual(held(founder, [entry]), [[true]]);
  assert.deepEqual(founder.store.erasedBy(entry.header.feed, 1), []);
});
