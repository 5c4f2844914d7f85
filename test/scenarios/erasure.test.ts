/** Erasures whose author turns out to have had no right to them, on nodes that had believed them already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimNode } from '../sim/sim-node.ts';
import { World } from '../sim/world.ts';

function worldOf(...roles: ('admin' | 'member')[]): World {
  const world = new World(23);
  for (const role of roles) assert.ok(world.admit(world.founder, role) !== undefined);
  world.wantAll();
  world.runFor(10_000);
  return world;
}

function apart(world: World, inside: readonly SimNode[]): void {
  for (const a of world.nodes) {
    for (const b of world.nodes)
      if (inside.includes(a) !== inside.includes(b)) world.network.block(a.index, b.index);
  }
  world.network.breakAll();
  world.runFor(20_000);
}

function erase(world: World, by: SimNode, writer: SimNode): void {
  const feed = writer.log.ownFeed('data').id;
  const hash = by.store.hashAt(feed, 1);
  assert.ok(hash !== undefined);
  by.log.erase([{ entry: { feed, seq: 1, hash }, part: 0 }]);
  world.runFor(5000);
}

function hasNote(node: SimNode, writer: SimNode): boolean {
  return (node.store.entries(writer.log.ownFeed('data').id)[0]?.parts[0] ?? null) !== null;
}

void test('the eraser had been revoked before: the part comes back from whoever has it still', () => {
  const world = worldOf('admin', 'member', 'member');
  const [founder, junior, writer, friend] = world.nodes;
  assert.ok(founder !== undefined && junior !== undefined && writer !== undefined && friend !== undefined);
  world.note(writer, 'she was seen at the bridge');
  world.runFor(5000);
  apart(world, [founder, friend]);
  assert.ok(world.revoke(founder, junior.memberId));
  erase(world, junior, writer);
  assert.ok(!hasNote(writer, writer));
  world.network.healAll();
  world.runFor(60_000);
  world.mustBeAtRest([founder, writer, friend]);
  assert.ok(hasNote(writer, writer));
});

void test('the eraser keeps its place and loses the role that gave it the right: the part comes back too', () => {
  const world = worldOf('admin', 'member', 'member', 'member');
  const [founder, second, eraser, writer, friend] = world.nodes;
  assert.ok(founder !== undefined && second !== undefined && eraser !== undefined);
  assert.ok(writer !== undefined && friend !== undefined);
  world.note(writer, 'she was seen at the bridge');
  world.runFor(5000);
  apart(world, [founder, friend]);
  assert.ok(world.revoke(founder, second.memberId));
  assert.ok(world.setRole(second, eraser.memberId, 'admin'));
  world.runFor(5000);
  erase(world, eraser, writer);
  assert.ok(!hasNote(writer, writer));
  world.network.healAll();
  world.runFor(60_000);
  world.mustBeAtRest([founder, eraser, writer, friend]);
  assert.ok(hasNote(writer, writer));
});

void test('an entry comes before the act that its author had seen: it waits, and counts when the act is here', () => {
  const world = worldOf('member', 'member');
  const [founder, writer, reader] = world.nodes;
  assert.ok(founder !== undefined && writer !== undefined && reader !== undefined);
  world.network.unwant(founder.index, reader.index);
  world.runFor(10_000);
  reader.store.failing = 1;
  assert.ok(world.act(founder, { kind: 'hub', address: '/dns4/hub.example/tcp/1', listed: true }));
  world.runFor(1000);
  world.note(writer, 'having seen it');
  world.runFor(1000);
  world.inspectAll();
  assert.equal(reader.store.feed(writer.log.ownFeed('data').id)?.seq, 1, 'it is here');
  assert.equal(reader.store.rows().size, 0, 'and counts for nothing yet');
  world.runFor(30_000);
  world.mustBeAtRest();
  assert.equal(reader.store.rows().size, 1);
});
