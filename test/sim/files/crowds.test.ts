/** More paths in a folder than anybody means, as stories over simulated nodes; the limits are small ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../src/base/bytes.ts';
import { silentLogger, type Logger } from '../../../src/base/ports.ts';
import { SeededRng } from '../rng.ts';
import { FolderWorld, type FolderNode } from './folder-world.ts';
import type { DiskNode } from './sim-disk.ts';

const CROWD = { paths: 60, ofAuthor: 20 };
const UNBRAKED = { files: 10_000, share: 1, windowMs: 60_000 };

function write(node: FolderNode, path: string, text = path): void {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
  if (folder !== '') node.disk.makeFolders(folder);
  node.disk.write(path, utf8(text));
  node.hint(path.split('/')[0] ?? path);
}

function filesOf(node: FolderNode): string[] {
  return [...node.disk.tree()].flatMap(([path, { type }]) => (type === 'file' ? [path] : [])).sort();
}

function has(node: FolderNode, path: string): boolean {
  return node.disk.at(path) !== undefined;
}

function counting(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, logger: { ...silentLogger, warn: (_, message) => lines.push(message) } };
}

test('who puts far too much into a folder is taken in up to a limit, said once, and stops nobody else', async () => {
  const world = new FolderWorld(new SeededRng(1));
  const { logger, lines } = counting();
  const [a, b, c] = [
    world.addNode({ brake: UNBRAKED }),
    world.addNode({ crowd: CROWD, logger, brake: UNBRAKED }),
    world.addNode(),
  ];
  for (const node of [a, b, c]) node.start();
  write(a, 'early');
  write(b, 'mine');
  await world.settle();
  for (let n = 0; n < 300; n += 1) write(a, `x${String(n)}`);
  await world.settle();
  assert.equal(filesOf(a).length, 302);
  assert.equal(filesOf(b).length, 21, 'twenty of one, and its own');
  assert.deepEqual([has(b, 'early'), has(b, 'mine')], [true, true]);
  const status = b.service?.status();
  assert.deepEqual([status?.problems.get(''), status?.inStep], ['too-many', false]);
  assert.equal(lines.filter((line) => line.startsWith('more paths')).length, 1);
  // What others write comes, and so do changes of what is there.
  write(c, 'of c');
  write(a, 'early', 'changed');
  await world.settle();
  assert.equal(has(b, 'of c'), true);
  assert.deepEqual(b.disk.at('early'), { ...b.disk.at('early'), bytes: utf8('changed') });
  // It goes on for hours, and over a restart.
  await world.run(600_000);
  b.kill();
  b.start();
  await world.settle();
  assert.equal(filesOf(b).length, 22);
  assert.ok(lines.length < 10, lines.join('\n'));
  // Where it is cleared away, the rest is taken in, and all is well.
  for (let n = 0; n < 290; n += 1) {
    a.disk.take(`x${String(n)}`);
    a.hint(`x${String(n)}`);
  }
  await world.settle();
  await world.run(200_000);
  await world.settle();
  assert.deepEqual(filesOf(b), filesOf(a));
  assert.deepEqual([b.service?.status().problems.size, b.service?.status().inStep], [0, true]);
});

test('all together are bounded as well', async () => {
  const world = new FolderWorld(new SeededRng(2));
  const b = world.addNode({ crowd: CROWD });
  const others = [0, 1, 2, 3].map(() => world.addNode());
  for (const node of [b, ...others]) node.start();
  for (const [at, node] of others.entries())
    for (let n = 0; n < 30; n += 1) write(node, `${String(at)}/${String(n)}`);
  await world.settle();
  assert.equal([...b.disk.tree().keys()].length, 60);
});

test('that there are too many is told before the first of them is looked at, and no more when they are cleared away', async () => {
  const world = new FolderWorld(new SeededRng(4));
  const a = world.addNode({ crowd: CROWD, brake: UNBRAKED });
  for (let n = 0; n < 100; n += 1) write(a, `many/${String(n)}`);
  const at = a.disk.at.bind(a.disk);
  let told: string | undefined;
  let isLookedAt = false;
  a.disk.at = (path) => {
    if (!isLookedAt && path.startsWith('many/')) {
      isLookedAt = true;
      told = a.service?.status().problems.get('');
    }
    return at(path);
  };
  a.start();
  await world.settle();
  assert.deepEqual([isLookedAt, told], [true, 'too-many']);
  for (let n = 15; n < 100; n += 1) a.disk.take(`many/${String(n)}`);
  a.hint('many');
  await world.run(200_000);
  await world.settle();
  assert.deepEqual([a.service?.status().problems.size, a.service?.status().inStep], [0, true]);
});

test('a user with more files than are shared is told, loses none, and renames are renames still', async () => {
  const world = new FolderWorld(new SeededRng(3));
  const [a, b] = [world.addNode({ crowd: CROWD, brake: UNBRAKED }), world.addNode()];
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 50; n += 1) write(a, `many/${String(n)}`);
  await world.settle();
  assert.equal(filesOf(a).length, 50);
  assert.ok(filesOf(b).length <= 20 && filesOf(b).length >= 18, String(filesOf(b).length));
  assert.equal(a.service?.status().problems.get(''), 'too-many');
  const [shared] = filesOf(b);
  assert.ok(shared !== undefined);
  const before = filesOf(b).length;
  a.disk.rename(shared, 'many/renamed');
  a.hint(shared);
  a.hint('many/renamed');
  await world.settle();
  assert.deepEqual([has(b, 'many/renamed'), has(b, shared), filesOf(b).length], [true, false, before]);
  assert.equal(filesOf(a).length, 50);
});

test('a crowd of new files goes out while the rest of it is still to be looked at', async () => {
  const world = new FolderWorld(new SeededRng(5));
  const [a, b] = [world.addNode({ lookedAtOnce: 10 }), world.addNode()];
  for (const node of [a, b]) node.start();
  write(a, 'early');
  await world.settle();
  for (let n = 0; n < 200; n += 1) {
    const folder = `many/${String(n % 4)}`;
    a.disk.makeFolders(folder);
    a.disk.write(`${folder}/${String(n)}`, utf8(String(n)));
  }
  const looked = new Set<string>();
  const at = a.disk.at.bind(a.disk);
  let lookedWhenFirst: number | undefined;
  a.disk.at = (path) => {
    if (world.log.some((version) => version.path.startsWith('many/') && version.state.type === 'file'))
      lookedWhenFirst ??= looked.size;
    if (/^many\/.\/./.test(path)) looked.add(path);
    return at(path);
  };
  a.hint('many');
  await world.settle();
  assert.deepEqual(filesOf(b), filesOf(a));
  assert.equal(looked.size, 200);
  assert.ok(lookedWhenFirst !== undefined && lookedWhenFirst <= 60, String(lookedWhenFirst));
});

test('who takes a crowd away while another one comes is asked about all that goes', async () => {
  const world = new FolderWorld(new SeededRng(6));
  const [a, b] = [world.addNode({ lookedAtOnce: 10 }), world.addNode()];
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 60; n += 1) write(a, `old/${String(n)}`);
  await world.settle();
  for (let n = 0; n < 60; n += 1) {
    write(a, `new/${String(n)}`, `new ${String(n)}`);
    a.disk.take(`old/${String(n)}`);
  }
  a.hint('old');
  await world.settle();
  assert.deepEqual(
    a.service?.status().brakes.map(({ direction, paths }) => [direction, paths]),
    [['out', 60]],
  );
  assert.equal(filesOf(b).length, 120, 'what is new is there, and nothing went');
});

test('a crowd that is renamed while another one comes is renamed for all, and nothing of it is sent', async () => {
  const world = new FolderWorld(new SeededRng(7));
  const [a, b] = [world.addNode({ lookedAtOnce: 10 }), world.addNode()];
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 60; n += 1) write(a, `old/${String(n)}`);
  await world.settle();
  for (let n = 0; n < 60; n += 1) write(a, `new/${String(n)}`, `new ${String(n)}`);
  a.disk.rename('old', 'older');
  a.hint('old');
  a.hint('older');
  const from = world.log.length;
  await world.settle();
  const renamed = world.log.slice(from).filter(({ renamedFrom }) => renamedFrom !== undefined);
  assert.deepEqual([renamed.length, a.service?.status().brakes], [60, []]);
  assert.deepEqual(filesOf(b), filesOf(a));
});

test('of a crowd in many folders no more is listed than is looked at soon, and none of it is forgotten', async () => {
  const world = new FolderWorld(new SeededRng(8));
  const [a, b] = [world.addNode({ lookedAtOnce: 10, foundAtOnce: 20 }), world.addNode()];
  for (const node of [a, b]) node.start();
  await world.settle();
  for (let n = 0; n < 200; n += 1) {
    const folder = `many/${String(n % 50)}`;
    a.disk.makeFolders(folder);
    a.disk.write(`${folder}/${String(n)}`, utf8(String(n)));
  }
  const seen = new Set<DiskNode>();
  const entry = a.disk.entry.bind(a.disk);
  let seenWhenFirst: number | undefined;
  a.disk.entry = (node) => {
    if (world.log.some(({ state }) => state.type === 'file')) seenWhenFirst ??= seen.size;
    seen.add(node);
    return entry(node);
  };
  a.hint('many');
  // Before anything is looked through as a whole.
  await world.run(20_000);
  assert.deepEqual([filesOf(b).length, filesOf(b)], [200, filesOf(a)]);
  assert.ok(seenWhenFirst !== undefined && seenWhenFirst <= 125, String(seenWhenFirst));
});
