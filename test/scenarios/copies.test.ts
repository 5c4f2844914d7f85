/** One device, two histories: backups, copied folders, burnt disks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimLogStore } from '../sim/sim-log-store.ts';
import type { SimNode } from '../sim/sim-node.ts';
import { World } from '../sim/world.ts';

function worldOf(count: number): [World, ...SimNode[]] {
  const world = new World(11);
  while (world.nodes.length < count) world.admit(world.founder, 'member');
  world.wantAll();
  world.runFor(10_000);
  return [world, ...world.nodes];
}

function restore(
  world: World,
  node: SimNode,
  image: ReturnType<SimLogStore['image']>,
  noticed: boolean,
): void {
  if (!noticed) world.checks.mayFork.add(node.device);
  node.restore(new SimLogStore(node.storeWatcher, image), noticed);
  world.checks.replaced(node);
}

void test('a backup is restored and says so: old and new history stand beside each other, nothing is lost', () => {
  const [world, founder, other] = worldOf(2);
  assert.ok(founder !== undefined && other !== undefined);
  world.note(other, 'one');
  const image = other.store.image();
  world.note(other, 'two');
  world.runFor(5000);
  restore(world, other, image, true);
  world.note(other, 'three');
  world.runFor(60_000);
  world.mustBeAtRest();
  const feeds = founder.log
    .feeds()
    .filter(({ info }) => info.device === other.device && info.lane === 'data');
  assert.deepEqual(feeds.map(({ seq }) => seq).sort(), [1, 2]);
  assert.ok(feeds.every(({ forkedAfter }) => forkedAfter === undefined));
  assert.equal(other.store.rows().size, 3, 'it has back what the backup lacked');
});

void test('a backup is restored and nobody notices: it hears that others know more, and starts a new history', () => {
  const [world, founder, other] = worldOf(2);
  assert.ok(founder !== undefined && other !== undefined);
  world.note(other, 'one');
  const image = other.store.image();
  world.note(other, 'two');
  world.runFor(5000);
  const before = other.incarnation;
  restore(world, other, image, false);
  world.runFor(60_000);
  assert.notEqual(other.incarnation, before);
  world.note(other, 'three');
  world.runFor(5000);
  world.mustBeAtRest();
  assert.ok(founder.log.feeds().every(({ forkedAfter }) => forkedAfter === undefined));
});

void test('a folder was copied and both went on: the fork is shown, and everybody stops at the same place', () => {
  const [world, founder, other, third] = worldOf(3);
  assert.ok(founder !== undefined && other !== undefined && third !== undefined);
  world.note(other, 'shared');
  world.runFor(5000);
  const image = other.store.image();
  world.note(other, 'here');
  world.runFor(5000);
  world.network.block(other.index, founder.index);
  restore(world, other, image, false);
  world.note(other, 'there');
  world.network.healAll();
  world.runFor(60_000);
  world.mustBeAtRest();
  for (const node of [founder, other, third]) {
    const [forked] = node.log.feeds().filter(({ forkedAfter }) => forkedAfter !== undefined);
    assert.equal(forked?.forkedAfter, 1, node.name);
    assert.ok(node.log.evidenceOf(forked.info.id) !== undefined, node.name);
  }
  assert.ok(world.note(other, 'goes on') !== undefined);
  world.runFor(5000);
  world.mustBeAtRest();
});

void test('who joins after a fork gets the evidence and what both histories share', () => {
  const [world, founder, other] = worldOf(2);
  assert.ok(founder !== undefined && other !== undefined);
  for (const text of ['a', 'b', 'c']) world.note(other, text);
  world.runFor(5000);
  const image = other.store.image();
  world.note(other, 'here');
  world.runFor(5000);
  restore(world, other, image, false);
  world.note(other, 'there');
  world.runFor(60_000);
  const late = world.admit(founder, 'member');
  assert.ok(late !== undefined);
  world.runFor(60_000);
  world.mustBeAtRest();
  const [forked] = late.log.feeds().filter(({ forkedAfter }) => forkedAfter !== undefined);
  assert.equal(forked?.forkedAfter, 3);
  assert.ok(forked.seq >= 3);
});

void test('a wiped disk comes back from the others', () => {
  const [world, founder, other] = worldOf(2);
  assert.ok(founder !== undefined && other !== undefined);
  for (let count = 0; count < 200; count += 1) world.note(other, String(count));
  world.runFor(10_000);
  other.restore(new SimLogStore(other.storeWatcher), true);
  world.checks.replaced(other);
  world.runFor(60_000);
  world.mustBeAtRest();
  assert.equal(other.store.rows().size, 200);
});
