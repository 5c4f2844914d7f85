/** One device, two histories: kept as evidence, shown, and stopped at, at the same place by everybody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCbor } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import type { FeedId } from '../base/ids.ts';
import type { ActBody } from '../identity/acts.ts';
import { dumpVector } from '../../test/support/dump.ts';
import { linkTo, note, notes, Author } from '../../test/support/author.ts';
import { LogWorld, pull, syncAll, type LogNode } from '../../test/support/log-world.ts';
import type { ForkEvidence } from './types.ts';
import { encodeEvidence, readEvidence, readWhole } from './wire.ts';

/** What must be alike on all nodes that know of the fork, whatever branch they hold. */
function afterwards(node: LogNode): object {
  return {
    tables: node.parts.dump(),
    order: [...node.log.membership.order],
    feeds: node.log
      .feeds()
      .map(({ info, folded, seen, forkedAfter }) => ({
        id: info.id,
        folded,
        seen: dumpVector(seen),
        forkedAfter,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

function stands(node: LogNode, feed: FeedId): number[] {
  // What waits for acts is not aside, and does not stand either.
  const end = node.log.feed(feed)?.folded ?? 0;
  return [...node.log.entriesOf(feed, 1, end)].map(({ header }) => header.seq);
}

/** A member whose folder was copied after `shared` entries; each copy wrote on. */
function copied(
  world: LogWorld,
  shared: number,
  one: number,
  other: number,
): { first: LogNode; second: LogNode; feed: FeedId } {
  const first = world.admit('first');
  const second = first.twin();
  pull(second, first);
  if (shared > 0) {
    first.write(...notes(shared));
    pull(second, first);
  }
  if (one > 0) first.write(...notes(one));
  second.write(...notes(other).map((draft) => ({ ...draft, kind: 'x-other' })));
  return { first, second, feed: first.log.ownFeed('data').id };
}

for (const [title, shared] of [
  ['at its start', 0],
  ['later', 3],
] as const) {
  test(`a feed that was written twice, ${title}: both branches prove it, and everybody stops at the same place`, () => {
    const world = new LogWorld();
    const { founder } = world;
    const { first, second, feed } = copied(world, shared, 4, 2);
    const others = ['a', 'b', 'c'].map((name) => world.admit(name));
    const [a, b, c] = others;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    for (const node of others) pull(node, founder);
    pull(a, first);
    pull(b, second);
    const forked: ForkEvidence[] = [];
    a.log.on({ forked: (evidence) => forked.push(evidence) });

    const outcome = a.log.receive(b.runFor(a, feed));
    assert.equal(outcome.kind, 'fork');
    const [evidence] = forked;
    assert.ok(evidence !== undefined && forked.length === 1);
    assert.equal(evidence.seq, shared + 1);
    assert.deepEqual(
      stands(a, feed),
      Array.from({ length: shared }, (_, index) => index + 1),
    );
    assert.equal([...a.store.read({ feed, from: 1, to: 99 })].length, shared + 4, 'its own branch is kept');
    assert.deepEqual(a.log.asides(), []);

    // The others hear of it from a, by proof: one holds the other branch, one nothing at all.
    const proof = readWhole(encodeCbor(encodeEvidence(evidence)), readEvidence);
    assert.equal(b.log.receiveEvidence(proof), true);
    assert.equal(b.log.receiveEvidence(proof), false, 'no news');
    assert.equal(c.log.receiveEvidence(proof), true);
    syncAll(founder, a, b, c);
    for (const node of [a, b, c]) assert.deepEqual(afterwards(node), afterwards(founder), node.name);
    assert.deepEqual(stands(c, feed), stands(a, feed));

    // The evidence outlives a restart; more of either branch is refused.
    a.restart();
    assert.equal(a.log.evidenceOf(feed)?.seq, shared + 1);
    first.write(note('more'));
    for (const node of [a, b, c]) {
      const more = first.runFor(node, feed, shared + 5);
      assert.deepEqual(node.log.receive(more), { kind: 'refused', code: 'stopped-at-fork' }, node.name);
    }
  });
}

test('who had only the beginning gets the rest of what both share, and no more', () => {
  const world = new LogWorld();
  const { founder } = world;
  const first = world.admit('first');
  first.write(...notes(2));
  pull(founder, first);
  const [behind, witness] = [world.admit('behind'), world.admit('witness')];
  pull(behind, founder);
  first.write(...notes(3));
  const second = first.twin();
  pull(second, first);
  first.write(note('one'));
  second.write(note('other'));
  const feed = first.log.ownFeed('data').id;
  pull(witness, founder);
  pull(witness, first);
  assert.equal(witness.log.receive(second.runFor(witness, feed)).kind, 'fork');
  const proof = witness.log.evidenceOf(feed);
  assert.ok(proof !== undefined);
  assert.equal(behind.log.receiveEvidence(proof), true);
  assert.deepEqual(stands(behind, feed), [1, 2]);
  // Entries 3 to 5 have a seal of their own, but the run reaches over the fork.
  assert.equal(behind.log.receive(second.runFor(behind, feed, 3)).kind, 'appended');
  assert.deepEqual(stands(behind, feed), [1, 2, 3, 4, 5]);
  assert.deepEqual(
    [...behind.store.read({ feed, from: 6, to: 9 })].map(({ aside }) => aside),
    ['forked'],
  );
  pull(founder, witness);
  syncAll(founder, behind, witness);
  assert.deepEqual(afterwards(behind), afterwards(witness));
});

test('in the roll, too: acts up to the fork count, and those in the same run behind it do not', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [behind, witness] = [world.admit('behind'), world.admit('witness')];
  const hub = (n: number): ActBody => ({
    kind: 'hub',
    address: `/ip4/10.0.0.${String(n)}/tcp/1`,
    listed: true,
  });
  const admin = world.admit('admin', 'admin');
  admin.log.act(hub(1));
  for (const node of [behind, witness]) pull(node, admin);
  admin.log.act(hub(2));
  const copy = admin.twin();
  pull(copy, admin);
  admin.log.act(hub(3));
  copy.log.act(hub(4));
  const feed = admin.log.ownFeed('roll').id;
  pull(witness, admin);
  assert.equal(witness.log.receive(copy.runFor(witness, feed)).kind, 'fork');
  const proof = witness.log.evidenceOf(feed);
  assert.ok(proof !== undefined);
  assert.equal(behind.log.receiveEvidence(proof), true);
  assert.equal(behind.log.membership.hubs.length, 1);
  assert.equal(behind.log.receive(copy.runFor(behind, feed, 2)).kind, 'appended');
  assert.deepEqual(
    behind.log.membership.hubs,
    [1, 2].map((n) => `/ip4/10.0.0.${String(n)}/tcp/1`),
  );
  syncAll(founder, behind, witness);
  for (const node of [founder, behind]) assert.deepEqual(afterwards(node), afterwards(witness), node.name);
  behind.restart();
  assert.deepEqual(afterwards(behind), afterwards(witness));
});

test('an earlier fork of the same feed moves the stop back, a later one changes nothing', () => {
  const world = new LogWorld();
  const { founder } = world;
  const author = new Author(9, world.admit('first').signer);
  const feed = author.feed();
  const heads = founder.log.membership.heads;
  const one = author.write(feed, notes(1), heads);
  const two = author.write(feed, notes(1));
  const three = author.write(feed, notes(1));
  author.goBackTo(feed, two[0]);
  const otherThree = author.write(feed, notes(1));
  author.goBackTo(feed, one[0]);
  const otherTwo = [...author.write(feed, notes(1)), ...author.write(feed, notes(1))];
  const run = (...entries: ReturnType<Author['write']>[]) => ({ feed, entries: entries.flat() });

  assert.equal(founder.log.receive(run(one, two, three)).kind, 'appended');
  const late = founder.log.receive(run(two, otherThree));
  assert.ok(late.kind === 'fork');
  assert.deepEqual(stands(founder, feed.id), [1, 2]);
  assert.equal(founder.log.receive(run(one, otherTwo)).kind, 'fork');
  assert.deepEqual(stands(founder, feed.id), [1]);
  assert.deepEqual(founder.log.receive(run(two, otherThree)), { kind: 'refused', code: 'stopped-at-fork' });
  assert.equal(founder.log.receiveEvidence(late.evidence), false);
  assert.equal(founder.log.evidenceOf(feed.id)?.seq, 2);
});

test('a run that contradicts ours before it starts is answered with where to look', () => {
  const world = new LogWorld();
  const { first, second, feed } = copied(world, 2, 3, 3);
  const { founder } = world;
  pull(founder, first);
  second.write(note('and one more'));
  assert.deepEqual(founder.log.receive(second.runFor(founder, feed, 6)), { kind: 'diverged' });
  assert.equal(founder.log.receive(second.runFor(founder, feed, 1)).kind, 'fork');
});

test('a device that finds its own history written twice adds nothing to it, and goes on in a new one', () => {
  const world = new LogWorld();
  const { first, second, feed } = copied(world, 1, 1, 1);
  pull(world.founder, second);
  const outcome = first.log.receive(second.runFor(first, feed));
  assert.equal(outcome.kind, 'fork');
  assert.throws(
    () => first.write(note('lost')),
    (error) => isKithError(error, 'written-twice') && error.next !== undefined,
  );
  first.startIncarnation();
  const [entry] = first.write(note('kept'));
  assert.equal(entry?.header.seq, 1);
  syncAll(first, world.founder);
  assert.deepEqual(afterwards(first), afterwards(world.founder));
});

test('a device whose store was set back is told so by its own entries', () => {
  const world = new LogWorld();
  const member = world.admit('member');
  const restored = member.twin();
  pull(restored, member);
  member.write(...notes(3));
  pull(world.founder, member);
  const heard: string[] = [];
  restored.log.on({ setBack: ({ lane }) => heard.push(lane) });
  pull(restored, world.founder);
  assert.deepEqual(heard, ['data']);
});

test('a fork in the roll takes back what it did, and does not hold up who had built on it', () => {
  const world = new LogWorld();
  const { founder } = world;
  const second = world.admit('second', 'admin');
  const twin = second.twin();
  syncAll(founder, second);
  pull(twin, second);
  const [a, b] = [world.admit('a'), world.admit('b')];
  for (const node of [a, b, second]) pull(node, founder);
  second.log.act({ kind: 'rename', member: founder.member, profile: { name: 'Alpha', org: '', place: '' } });
  twin.log.act({ kind: 'rename', member: founder.member, profile: { name: 'Beta', org: '', place: '' } });
  pull(a, second);
  pull(b, twin);
  a.write(note('has seen Alpha'));
  b.write(note('has seen Beta'));
  b.write(note('and goes on'));
  const name = (node: LogNode): string | undefined => node.log.membership.members.get(founder.member)?.name;
  assert.deepEqual([name(a), name(b)], ['Alpha', 'Beta']);
  syncAll(founder, a, b);
  const late = world.admit('late');
  syncAll(founder, a, b, late);
  for (const node of [founder, a, b, late]) {
    assert.equal(name(node), 'Founder', node.name);
    // What let them in was no part of either branch, so they could write all the time.
    assert.deepEqual(stands(node, a.log.ownFeed('data').id), [1], node.name);
    assert.deepEqual(stands(node, b.log.ownFeed('data').id), [1, 2], node.name);
    assert.deepEqual(afterwards(node), afterwards(founder), node.name);
  }
  a.restart();
  assert.deepEqual(afterwards(a), afterwards(founder));
});

/** An admin whose folder is copied after `shared` acts of its own; then each copy writes one. */
function copiedAdmin(
  world: LogWorld,
  shared: readonly ActBody[],
  one: ActBody,
  other: ActBody,
): { admin: LogNode; copy: LogNode } {
  const admin = world.admit('admin', 'admin');
  for (const act of shared) admin.log.act(act);
  const copy = admin.twin();
  pull(copy, admin);
  admin.log.act(one);
  copy.log.act(other);
  return { admin, copy };
}

const HUB: ActBody = { kind: 'hub', address: '/ip4/10.0.0.1/tcp/1', listed: true };

test('who builds on a branch that is left behind is still known to have seen what came before the fork', () => {
  const world = new LogWorld();
  const { founder } = world;
  const writer = world.admit('writer', 'reader');
  const raise: ActBody = { kind: 'role', member: writer.member, role: 'member', cuts: [] };
  const { admin, copy } = copiedAdmin(world, [raise], HUB, { ...HUB, listed: false });
  pull(writer, admin);
  pull(founder, copy);
  const [entry] = writer.write(note('raised, and has seen the hub'));
  const feed = writer.log.ownFeed('data').id;
  assert.ok(
    entry?.header.after.some(({ feed: of, seq }) => of === admin.log.ownFeed('roll').id && seq === 2),
  );
  assert.equal(founder.log.receive(admin.runFor(founder, admin.log.ownFeed('roll').id)).kind, 'fork');
  const late = world.admit('late');
  for (const node of [founder, late]) {
    pull(node, writer);
    pull(node, founder);
  }
  syncAll(founder, late);
  for (const node of [founder, late]) assert.deepEqual(stands(node, feed), [1], node.name);
});

test('who may write by a branch that is left behind alone is kept aside by all, and goes on when it has seen more', () => {
  const world = new LogWorld();
  const { founder } = world;
  const writer = world.admit('writer', 'reader');
  const raise: ActBody = { kind: 'role', member: writer.member, role: 'member', cuts: [] };
  const early = world.admit('early');
  const { admin, copy } = copiedAdmin(world, [], raise, HUB);
  for (const node of [writer, early]) pull(node, admin);
  writer.write(note('raised by one branch'));
  writer.write(note('the same, without a link of its own'));
  const feed = writer.log.ownFeed('data').id;
  pull(early, writer);
  assert.deepEqual(stands(early, feed), [1, 2]);
  pull(founder, copy);
  assert.equal(founder.log.receive(admin.runFor(founder, admin.log.ownFeed('roll').id)).kind, 'fork');
  const late = world.admit('late');
  const proof = founder.log.evidenceOf(admin.log.ownFeed('roll').id);
  assert.ok(proof !== undefined);
  for (const node of [early, writer]) assert.equal(node.log.receiveEvidence(proof), true);
  const nodes = [founder, early, late, writer];
  const held = (node: LogNode): unknown => node.log.asides().map(({ from, to }) => [from, to]);
  const first = writer.runFor(founder, feed).entries.slice(0, 1);
  for (const node of [founder, late]) {
    const { info } = writer.log.feed(feed) ?? {};
    assert.ok(info !== undefined);
    assert.equal(node.log.receive({ feed: info, entries: first }).kind, 'appended', node.name);
  }
  syncAll(...nodes);
  for (const node of nodes) assert.deepEqual(held(node), [[1, 2]], node.name);
  founder.log.act(raise);
  syncAll(...nodes);
  writer.write(note('raised again, by who counts'));
  syncAll(...nodes);
  for (const node of nodes) assert.deepEqual(stands(node, feed), [3], node.name);
});

test('evidence is believed when it proves something, of devices that are known', () => {
  const world = new LogWorld();
  const { founder } = world;
  const a = world.admit('a');
  const { first, second, feed } = copied(world, 1, 1, 1);
  pull(founder, first);
  const outcome = founder.log.receive(second.runFor(founder, feed));
  assert.ok(outcome.kind === 'fork');
  const proof = outcome.evidence;
  assert.equal(a.log.receiveEvidence(proof), false, 'of a device that is not known here');
  a.pullFeed(founder, founder.log.ownFeed('roll').id);
  assert.equal(a.log.receiveEvidence({ ...proof, other: proof.one }), false);
  assert.equal(a.log.receiveEvidence({ ...proof, seq: proof.seq + 1 }), false);
  const stranger = new Author(9, world.signatures.signer(world.rng));
  const info = stranger.feed();
  const one = stranger.write(info, [note('one')]);
  stranger.goBackTo(info, undefined);
  const other = stranger.write(info, [note('other')], [linkTo(one[0] ?? ({} as never))]);
  assert.equal(a.log.receiveEvidence({ feed: info, seq: 1, one, other }), false);
  assert.equal(a.log.receiveEvidence(proof), true);
});
