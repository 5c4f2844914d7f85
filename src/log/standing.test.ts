/** Which entries stand: revocation with cuts, acceptance, and links to acts that come late or never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../base/limits.ts';
import type { EntryLink } from '../identity/types.ts';
import { dumpVector } from '../../test/support/dump.ts';
import { Author, linkTo, note, notes } from '../../test/support/author.ts';
import { LogWorld, pull, syncAll, type LogNode } from '../../test/support/log-world.ts';

/** What a node makes of a feed: which places stand, and which are aside. */
function standingOf(node: LogNode, feed: string): { stands: number[]; aside: number[] } {
  const state = node.log.feeds().find(({ info }) => info.id === feed);
  const entries =
    state === undefined ? [] : [...node.store.read({ feed: state.info.id, from: 1, to: state.seq })];
  const seqs = (aside: boolean): number[] =>
    entries.filter((e) => (e.aside !== undefined) === aside).map(({ seq }) => seq);
  for (const seq of seqs(true))
    assert.equal(node.parts.at(feed, seq), undefined, 'what is aside is in no table');
  for (const seq of seqs(false))
    assert.notEqual(node.parts.at(feed, seq), undefined, 'what stands is in the tables');
  return { stands: seqs(false), aside: seqs(true) };
}

function revoke(by: LogNode, whom: LogNode, cuts: readonly EntryLink[]): void {
  by.log.act({ kind: 'revoke', target: { scope: 'device', device: whom.device }, cuts });
}

test('what a revoked device wrote past the cut is quarantined alike, in whatever order it was heard', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [lost, early, late, newcomer] = [
    world.admit('lost'),
    world.admit('early'),
    world.admit('late'),
    world.admit('newcomer'),
  ];
  syncAll(founder, lost, early, late, newcomer);
  lost.write(...notes(3));
  const feed = lost.log.ownFeed('data').id;
  syncAll(founder, early, late, newcomer, lost);
  // Out of reach, the device goes on; one node hears more of it before it hears of the removal.
  lost.write(...notes(2));
  lost.write(...notes(4));
  pull(early, lost);
  revoke(founder, lost, founder.log.cutsOf([lost.device]));
  pull(late, founder);
  late.log.receive(lost.runFor(late, feed));
  newcomer.log.receive(lost.runFor(newcomer, feed));
  pull(newcomer, founder);
  pull(early, founder);
  pull(founder, early);
  const nodes = [founder, early, late, newcomer];
  for (const node of nodes) {
    assert.deepEqual(standingOf(node, feed), { stands: [1, 2, 3], aside: [4, 5, 6, 7, 8, 9] }, node.name);
    assert.deepEqual(
      node.log.asides().map(({ feed: id, from, to, entries }) => [id, from, to, entries]),
      [[feed, 4, 9, 6]],
    );
  }

  // An admin looks at it and takes part of it back.
  const [fifth] = [...founder.store.read({ feed, from: 5, to: 5 })];
  const hash = founder.store.hashAt(feed, 5);
  assert.ok(fifth !== undefined && hash !== undefined);
  founder.log.act({ kind: 'accept', upTo: { feed, seq: 5, hash } });
  for (const node of nodes) if (node !== founder) pull(node, founder);
  for (const node of nodes)
    assert.deepEqual(standingOf(node, feed), { stands: [1, 2, 3, 4, 5], aside: [6, 7, 8, 9] }, node.name);

  // Whoever comes later gets the same from the log alone.
  const joined = world.admit('joined');
  pull(joined, founder);
  assert.deepEqual(standingOf(joined, feed), { stands: [1, 2, 3, 4, 5], aside: [6, 7, 8, 9] });
  for (const node of [...nodes, joined]) node.restart();
  for (const node of [...nodes, joined]) {
    const before = node.parts.dump();
    node.log.rebuild();
    assert.deepEqual(node.parts.dump(), before, node.name);
  }
});

test('a feed that the removal does not name stands nowhere', () => {
  const world = new LogWorld();
  const { founder } = world;
  const lost = world.admit('lost');
  lost.write(...notes(2));
  revoke(founder, lost, founder.log.cutsOf([lost.device]));
  pull(founder, world.admit('bystander'));
  assert.equal(founder.log.receive(lost.runFor(founder, lost.log.ownFeed('data').id)).kind, 'appended');
  assert.deepEqual(standingOf(founder, lost.log.ownFeed('data').id), { stands: [], aside: [1, 2] });
});

test('who is no member any more writes nothing new, but what it wrote before stands', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [member, bystander] = [world.admit('member'), world.admit('bystander')];
  syncAll(founder, member, bystander);
  member.write(...notes(2));
  pull(founder, member);
  founder.log.act({
    kind: 'role',
    member: member.member,
    role: 'reader',
    cuts: founder.log.cutsOf([member.device]),
  });
  pull(bystander, founder);
  const feed = member.log.ownFeed('data').id;
  assert.deepEqual(standingOf(bystander, feed), { stands: [1, 2], aside: [] });
  // Raised again, it goes on where it stopped, having seen both acts.
  founder.log.act({ kind: 'role', member: member.member, role: 'member', cuts: [] });
  pull(member, founder);
  member.write(note('back'));
  syncAll(founder, member, bystander);
  for (const node of [founder, bystander, member])
    assert.deepEqual(standingOf(node, feed), { stands: [1, 2, 3], aside: [] });
});

test('one whose role was lowered cannot fill the quarantine without end', () => {
  const world = new LogWorld();
  const { founder } = world;
  const member = world.admit('member');
  syncAll(founder, member);
  const heads = founder.log.membership.heads;
  founder.log.act({ kind: 'role', member: member.member, role: 'reader', cuts: [] });
  const author = new Author(9, member.signer);
  const feed = author.feed();
  const kinds = new Set<string>();
  for (let count = 0; count <= LIMITS.quarantineEntriesPerDevice; count += 1000) {
    const outcome = founder.log.receive({
      feed,
      entries: author.write(feed, notes(1000), count === 0 ? heads : []),
    });
    kinds.add(outcome.kind === 'refused' ? outcome.code : outcome.kind);
  }
  assert.deepEqual([...kinds], ['appended', 'quarantine-full']);
  assert.equal(founder.log.feed(feed.id)?.seq, LIMITS.quarantineEntriesPerDevice);
});

test('entries wait for the acts that their author had seen, and all that those build on', () => {
  const world = new LogWorld();
  const { founder } = world;
  const second = world.admit('second', 'admin');
  const third = world.admit('third', 'admin');
  syncAll(founder, second, third);
  const far = world.admit('far');
  syncAll(founder, second, third, far);
  // A chain over three feeds: founder renames, second sees it and lists a hub, third sees that and writes.
  founder.log.act({ kind: 'hub', address: '/dns4/one.example/tcp/1', listed: true });
  pull(second, founder);
  second.log.act({ kind: 'hub', address: '/dns4/two.example/tcp/2', listed: true });
  pull(third, second);
  third.write(note('built on both'));
  const feed = third.log.ownFeed('data').id;
  const roll = (node: LogNode): typeof feed => node.log.ownFeed('roll').id;

  const heard = (node: LogNode): unknown => node.log.feed(feed)?.folded;
  assert.equal(far.pullFeed(third, feed).kind, 'nothing-new');
  assert.equal(heard(far), 0, 'neither act is here');
  far.pullFeed(third, roll(second));
  assert.equal(heard(far), 0, 'what the last act builds on is not here');
  assert.equal(far.log.membership.hubs.length, 0, 'and that act does not count yet');
  far.pullFeed(third, roll(founder));
  assert.equal(heard(far), 1);
  assert.equal(far.log.membership.hubs.length, 2);
  assert.deepEqual(
    dumpVector(far.log.feed(feed)?.seen ?? new Map()),
    dumpVector(third.log.feed(feed)?.seen ?? new Map()),
  );
});

test('a link to nothing holds up its own author and nobody else', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [liar, member] = [world.admit('liar', 'admin'), world.admit('member')];
  syncAll(founder, liar, member);
  const nowhere: EntryLink = {
    feed: liar.log.ownFeed('roll').id,
    seq: 77,
    hash: founder.log.membership.order[0] ?? ('' as never),
  };
  const author = new Author(9, liar.signer);
  const feed = author.feed('roll');
  const payload = actPayload(founder);
  const entries = author.write(
    feed,
    [{ kind: 'hub', lane: 'roll', parts: [{ audience: 'roll', payload }] }],
    [nowhere],
  );
  for (const node of [founder, member]) assert.equal(node.log.receive({ feed, entries }).kind, 'appended');
  assert.equal(founder.log.membership.hubs.length, 1, 'the act that waits does not count');
  member.write(note('not held up'));
  pull(founder, member);
  assert.equal(founder.log.feed(member.log.ownFeed('data').id)?.folded, 1);
  const data = author.feed('data');
  const waiting = author.write(data, [note('x')], [linkTo(entries[0] ?? ({} as never))]);
  assert.equal(founder.log.receive({ feed: data, entries: waiting }).kind, 'appended');
  assert.equal(founder.log.feed(data.id)?.folded, 0);
});

/** The bytes of an act that the founder wrote just now. */
function actPayload(founder: LogNode): Uint8Array {
  const { feed, seq } = founder.log.act({ kind: 'hub', address: '/dns4/one.example/tcp/1', listed: true });
  const part = founder.log.entryAt(feed, seq)?.parts[0];
  assert.ok(part instanceof Uint8Array);
  return part.subarray(16);
}

test('acts of a device that was never rightly let in do not count, and hold up nobody who had built on them', () => {
  const world = new LogWorld();
  const { founder } = world;
  const [rogue, honest] = [world.admit('rogue', 'admin'), world.admit('honest', 'admin')];
  syncAll(founder, rogue, honest);
  // While the founder removes it, the other admin lets somebody in, who acts, and an honest node builds on that.
  const let_in = world.admit('let in', 'admin', rogue);
  let_in.log.act({ kind: 'rename', member: let_in.member, profile: { name: 'Me', org: '', place: '' } });
  pull(honest, rogue);
  pull(honest, let_in);
  honest.write(note('built on what will not count'));
  founder.log.act({ kind: 'revoke', target: { scope: 'member', member: rogue.member }, cuts: [] });
  pull(honest, founder);
  assert.equal(honest.log.membership.members.has(let_in.member), false);

  const newcomer = world.admit('newcomer');
  syncAll(founder, newcomer, honest);
  const feed = honest.log.ownFeed('data').id;
  for (const node of [founder, newcomer, honest]) {
    assert.equal(node.log.feed(feed)?.folded, 1, node.name);
    assert.notEqual(node.parts.at(feed, 1), undefined, node.name);
    assert.deepEqual([...node.log.membership.order], [...founder.log.membership.order], node.name);
  }
  const own = let_in.log.ownFeed('data');
  const author = new Author(9, let_in.signer);
  const outcome = newcomer.log.receive({ feed: own, entries: author.write(own, [note('x')]) });
  assert.deepEqual(outcome, { kind: 'refused', code: 'unknown-device' });
});
