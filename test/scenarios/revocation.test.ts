/** What becomes of people who are removed while nobody can reach them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALM, World } from '../sim/world.ts';
import type { SimNode } from '../sim/sim-node.ts';

function worldOf(...roles: ('admin' | 'member' | 'reader')[]): [World, SimNode, ...SimNode[]] {
  const world = new World(7, CALM);
  const others = roles.map((role) => {
    const node = world.admit(world.founder, role);
    assert.ok(node !== undefined);
    return node;
  });
  world.wantAll();
  world.runFor(10_000);
  return [world, world.founder, ...others];
}

function apart(world: World, some: readonly SimNode[], others: readonly SimNode[]): void {
  for (const a of some) {
    for (const b of others) {
      world.network.block(a.index, b.index);
      world.network.block(b.index, a.index);
      world.network.breakBetween(a.index, b.index);
    }
  }
  world.runFor(20_000);
}

function holds(node: SimNode, writer: SimNode): number {
  const { rows } = { rows: node.store.rows() };
  return node.store
    .feeds()
    .filter(({ info }) => info.device === writer.device && info.lane === 'data')
    .flatMap(({ info }) => node.store.entries(info.id))
    .filter(({ hash }) => rows.has(hash)).length;
}

void test('revoked while cut off: what it wrote before stands, what it wrote after is set aside everywhere alike', () => {
  const [world, founder, lost, friend] = worldOf('member', 'member');
  assert.ok(lost !== undefined && friend !== undefined);
  world.note(lost, 'before');
  world.runFor(5000);
  apart(world, [lost, friend], [founder]);
  assert.ok(world.revoke(founder, lost.memberId));
  world.note(lost, 'after');
  world.runFor(5000);
  assert.equal(holds(friend, lost), 2, 'the friend has heard of no revocation');
  world.network.healAll();
  world.runFor(60_000);
  world.mustBeAtRest([founder, friend]);
  assert.equal(holds(friend, lost), 1);
  assert.equal(friend.log.asides().length, 1);
  const [aside] = friend.log.asides();
  assert.ok(aside !== undefined);
  assert.equal(founder.store.feed(aside.feed)?.seq, 2, 'it is listed with the admin too');

  const hash = founder.store.hashAt(aside.feed, aside.to);
  assert.ok(hash !== undefined);
  assert.ok(world.act(founder, { kind: 'accept', upTo: { feed: aside.feed, seq: aside.to, hash } }));
  world.runFor(5000);
  assert.deepEqual([holds(founder, lost), holds(friend, lost)], [2, 2], 'accepted, it stands everywhere');
});

void test('two admins revoke each other in two partitions: the senior one stays, on every node', () => {
  const [world, founder, senior, junior, left, right] = worldOf('admin', 'admin', 'member', 'member');
  assert.ok(senior !== undefined && junior !== undefined && left !== undefined && right !== undefined);
  apart(world, [senior, left], [founder, junior, right]);
  assert.ok(world.revoke(senior, junior.memberId));
  assert.ok(world.revoke(junior, senior.memberId));
  world.runFor(5000);
  world.network.healAll();
  world.runFor(60_000);
  world.mustBeAtRest([founder, senior, left, right]);
  for (const node of [founder, senior, left, right]) {
    assert.equal(node.log.membership.members.get(senior.memberId)?.status, 'active', node.name);
    assert.equal(node.log.membership.members.get(junior.memberId)?.status, 'revoked', node.name);
  }
});

void test('two admins revoke each other, and each has a friend who brings the news across', () => {
  const [world, founder, second, friend] = worldOf('admin', 'member');
  assert.ok(second !== undefined && friend !== undefined);
  apart(world, [founder, friend], [second]);
  assert.ok(world.revoke(second, founder.memberId));
  assert.ok(world.revoke(founder, second.memberId));
  world.network.healAll();
  world.runFor(60_000);
  world.mustBeAtRest([founder, friend]);
  assert.equal(friend.log.membership.members.get(founder.memberId)?.status, 'active');
});
