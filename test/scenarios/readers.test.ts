/** Readers verify the same history as everybody, and hold nothing that is not for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../src/base/bytes.ts';
import { SimLogStore } from '../sim/sim-log-store.ts';
import { World } from '../sim/world.ts';

const SECRET = 'her shelter is in the third street';

function worldWithReader(): { world: World; reader: World['founder']; writer: World['founder'] } {
  const world = new World(3);
  const [reader, writer] = [world.admit(world.founder, 'reader'), world.admit(world.founder, 'member')];
  assert.ok(reader !== undefined && writer !== undefined);
  world.wantAll();
  world.runFor(10_000);
  return { world, reader, writer };
}

function heldBy(node: World['founder']): string {
  return node.store
    .feeds()
    .flatMap(({ info }) => node.store.entries(info.id))
    .flatMap(({ parts }) => parts)
    .map((part) => (part === null ? '' : Buffer.from(part).toString('latin1')))
    .join();
}

void test('a reader verifies everything and never holds what is not for it', () => {
  const { world, reader, writer } = worldWithReader();
  const parts = [
    { audience: 'public', payload: utf8('found') },
    { audience: 'members', payload: utf8(SECRET) },
  ];
  for (let count = 0; count < 100; count += 1) world.write(writer, [{ kind: 'note', lane: 'data', parts }]);
  world.runFor(10_000);
  world.mustBeAtRest();
  assert.equal(reader.store.rows().size, 100);
  assert.ok(heldBy(reader).includes('found'));
  assert.ok(!heldBy(reader).includes(SECRET));
});

void test('a role is raised: the parts that were withheld are filled in, and later ones come with their entry', () => {
  const { world, reader, writer } = worldWithReader();
  for (let count = 0; count < 150; count += 1) world.note(writer, SECRET);
  world.runFor(10_000);
  assert.ok(!heldBy(reader).includes(SECRET));
  assert.ok(world.setRole(world.founder, reader.memberId, 'member'));
  world.runFor(30_000);
  world.mustBeAtRest();
  assert.deepEqual(new Set(reader.store.rows().values()), new Set(['x']));
});

void test('a role is raised while its bearer talks to somebody who has not heard of it', () => {
  const { world, reader, writer } = worldWithReader();
  const { founder, network } = world;
  network.unwant(founder.index, writer.index);
  world.runFor(5000);
  network.block(reader.index, founder.index);
  world.runFor(20_000);
  world.note(writer, SECRET);
  assert.ok(world.setRole(founder, reader.memberId, 'member'));
  world.runFor(20_000);
  network.healAll();
  network.want(founder.index, writer.index);
  world.runFor(120_000);
  world.mustBeAtRest();
  assert.ok(heldBy(reader).includes(SECRET));
});

void test('an erasure arrives before what it erases: the bytes never come in', () => {
  const { world, writer } = worldWithReader();
  const { founder } = world;
  const late = world.admit(founder, 'member');
  assert.ok(late !== undefined);
  world.runFor(10_000);
  const entry = world.note(writer, SECRET);
  assert.ok(entry !== undefined);
  world.runFor(5000);
  const { feed, seq } = entry.header;
  founder.log.erase([{ entry: { feed, seq, hash: entry.hash }, part: 0 }]);
  world.wantAll();
  world.runFor(60_000);
  world.mustBeAtRest();
  for (const node of world.nodes) assert.ok(!heldBy(node).includes(SECRET), node.name);
  late.restore(new SimLogStore(late.storeWatcher), true);
  world.checks.replaced(late);
  world.runFor(60_000);
  world.mustBeAtRest();
  assert.ok(!heldBy(late).includes(SECRET));
});
