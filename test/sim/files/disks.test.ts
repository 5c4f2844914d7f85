/** Disks that are mounted inside of a folder, and trees that no other disk holds, as stories over simulated nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../src/base/bytes.ts';
import { silentLogger } from '../../../src/base/ports.ts';
import { SeededRng } from '../rng.ts';
import { FolderWorld, type FolderNode } from './folder-world.ts';
import type { FolderNode as Disk } from './sim-disk.ts';

interface Stage {
  readonly world: FolderWorld;
  readonly a: FolderNode;
  readonly b: FolderNode;
  readonly lines: string[];
}

function stage(seed: number): Stage {
  const world = new FolderWorld(new SeededRng(seed));
  const lines: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, message: string) => lines.push(message) };
  return { world, a: world.addNode({ logger }), b: world.addNode(), lines };
}

function write(node: FolderNode, path: string, text = path): void {
  node.disk.makeFolders(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  node.disk.write(path, utf8(text));
  for (const on of [path.split('/')[0] ?? path, path]) node.hint(on);
}

function filesOf(node: FolderNode): string[] {
  return [...node.disk.tree()].flatMap(([path, { type }]) => (type === 'file' ? [path] : [])).sort();
}

function problemAt(node: FolderNode, path: string): string | undefined {
  return node.service?.status().problems.get(path);
}

/** A stick with a few files, too few for any brake, in a folder that both have. */
async function withStick({ world, a, b }: Stage): Promise<Disk> {
  for (const node of [a, b]) node.start();
  write(a, 'plain.txt');
  a.disk.makeFolders('media/stick');
  const stick = a.disk.newFolder('7');
  a.disk.mount('media/stick', stick);
  for (const name of ['1', '2', 'd/3']) write(a, `media/stick/${name}`);
  await world.settle();
  assert.deepEqual(filesOf(b), ['media/stick/1', 'media/stick/2', 'media/stick/d/3', 'plain.txt']);
  return stick;
}

test('a disk inside of a folder goes away, over restarts and without a trace: nothing of it is deleted until it is back', async () => {
  const the = stage(1);
  const { world, a, b } = the;
  const stick = await withStick(the);
  const said = world.log.length;
  a.disk.unmount('media/stick');
  a.service?.rescan();
  await world.settle();
  assert.equal(problemAt(a, 'media/stick'), 'disk-gone');
  assert.equal(a.service?.status().inStep, false);
  // What others do there waits, and all else goes on.
  write(b, 'media/stick/1', 'changed by b');
  write(b, 'media/stick/new');
  write(b, 'media/beside.txt');
  await world.settle();
  assert.deepEqual(filesOf(a), ['media/beside.txt', 'plain.txt']);
  a.kill();
  a.start();
  await world.settle();
  a.disk.take('media/stick');
  a.hint('media/stick');
  await world.settle();
  await world.run(600_000);
  assert.equal(problemAt(a, 'media/stick'), 'disk-gone');
  assert.deepEqual(
    world.log.slice(said).filter(({ device }) => device === a.device),
    [],
  );
  assert.equal(filesOf(b).length, 6);
  assert.deepEqual(a.store.brakes(), []);
  // It is plugged in again, under another number, and somebody deleted a file of it elsewhere.
  a.disk.makeFolders('media/stick');
  a.disk.mount('media/stick', { ...stick, mount: '9' });
  a.disk.take('media/stick/2');
  await world.run(30_000);
  assert.equal(problemAt(a, 'media/stick'), undefined);
  assert.deepEqual(filesOf(b), [
    'media/beside.txt',
    'media/stick/1',
    'media/stick/d/3',
    'media/stick/new',
    'plain.txt',
  ]);
  assert.equal(problemAt(a, 'media/stick/new'), 'cannot-hold', 'no file of this disk goes onto that one');
});

test('a disk goes in the middle of a look: what lay under it says nothing', async () => {
  const the = stage(7);
  const { world, a, b } = the;
  await withStick(the);
  const stick = a.disk.at('media/stick');
  assert.ok(stick?.type === 'folder');
  a.disk.unmount('media/stick');
  a.disk.put('media/stick/1', { type: 'link', target: '2' });
  a.disk.mount('media/stick', stick);
  const at = a.disk.at.bind(a.disk);
  a.disk.at = (path) => {
    if (path === 'media/stick/1' && at('media/stick') === stick) a.disk.unmount('media/stick');
    return at(path);
  };
  a.hint('media/stick/1');
  await world.settle();
  assert.equal(problemAt(a, 'media/stick'), 'disk-gone');
  assert.equal(b.disk.at('media/stick/1')?.type, 'file');
});

test('a disk goes while a file for it is being written: it is not put where the disk was', async () => {
  const the = stage(8);
  const { world, a, b } = the;
  await withStick(the);
  const materialise = a.contents.materialise.bind(a.contents);
  a.contents.materialise = async (content, absolute) => {
    a.disk.unmount('media/stick');
    a.contents.materialise = materialise;
    await materialise(content, absolute);
  };
  write(b, 'media/stick/new');
  await world.settle();
  assert.equal(a.contents.materialise, materialise, 'it was written');
  assert.deepEqual(filesOf(a), ['plain.txt']);
  assert.deepEqual(filesOf(b).length, 5);
});

test('another disk in its place is not taken for it, until somebody says that it is meant', async () => {
  const the = stage(2);
  const { world, a, b } = the;
  await withStick(the);
  a.disk.unmount('media/stick');
  a.disk.mount('media/stick', a.disk.newFolder('7'));
  write(a, 'media/stick/holiday.jpg');
  // The same number, and nobody looked in between: a start looks whether it is the same.
  a.kill();
  a.start();
  await world.settle();
  assert.equal(problemAt(a, 'media/stick'), 'disk-gone');
  assert.deepEqual(filesOf(b), ['media/stick/1', 'media/stick/2', 'media/stick/d/3', 'plain.txt']);
  await Promise.all([a.service?.giveUpDisks(), world.run(1000)]);
  await world.settle();
  assert.deepEqual(filesOf(b), ['media/stick/holiday.jpg', 'plain.txt']);
  assert.deepEqual([a.service?.status().inStep, problemAt(a, 'media/stick')], [true, undefined]);
});

test('a disk that is gone for good is given up by whoever says so, and much is asked about once more', async () => {
  const the = stage(3);
  const { world, a, b } = the;
  await withStick(the);
  for (let n = 0; n < 40; n += 1) write(a, `media/stick/many/${String(n)}`);
  await world.settle();
  const before = filesOf(b);
  a.disk.unmount('media/stick');
  a.service?.rescan();
  await world.settle();
  assert.deepEqual(a.store.brakes(), [], 'it is no deletion, and nobody is asked about one');
  await Promise.all([a.service?.giveUpDisks(), world.run(1000)]);
  await world.settle();
  assert.deepEqual(
    a.store.brakes().map(({ direction, paths }) => [direction, paths]),
    [['out', 43]],
  );
  assert.deepEqual(filesOf(b), before);
  a.service?.resume('out');
  await world.settle();
  b.service?.resume('in');
  await world.settle();
  assert.deepEqual(filesOf(b), ['plain.txt']);
  assert.equal(a.service?.status().inStep, true);
  // A folder of the same name is one like any other.
  write(a, 'media/stick/new');
  await world.settle();
  assert.deepEqual(filesOf(b), ['media/stick/new', 'plain.txt']);
});

test('what all on a disk is deleted while it is there is deleted, and an empty disk is one', async () => {
  const the = stage(4);
  const { world, a, b } = the;
  const stick = await withStick(the);
  for (const { name } of [...stick.entries.values()]) {
    a.disk.take(`media/stick/${name}`);
    a.hint(`media/stick/${name}`);
  }
  await world.settle();
  assert.deepEqual(filesOf(b), ['plain.txt']);
  a.kill();
  a.start();
  await world.settle();
  assert.deepEqual([problemAt(a, 'media/stick'), a.service?.status().inStep], [undefined, true]);
});

test('a disk that is mounted over files hides them, and deletes none', async () => {
  const { world, a, b } = stage(5);
  for (const node of [a, b]) node.start();
  for (const name of ['1', '2']) write(a, `place/${name}`);
  await world.settle();
  a.disk.mount('place', a.disk.newFolder('7'));
  write(a, 'place/3');
  a.service?.rescan();
  await world.settle();
  assert.equal(problemAt(a, 'place'), 'disk-gone');
  assert.deepEqual(filesOf(b), ['place/1', 'place/2']);
  a.disk.unmount('place');
  await Promise.all([a.service?.giveUpDisks(), world.run(1000)]);
  await world.settle();
  assert.deepEqual([filesOf(b), a.service?.status().inStep], [['place/1', 'place/2'], true]);
});

test('what lies in too many folders is said once, stays where it is whatever others delete, and no more is said when it is gone', async () => {
  const { world, a, b, lines } = stage(6);
  for (const node of [a, b]) node.start();
  const folders = (count: number): string => Array.from({ length: count }, () => 'd').join('/');
  write(a, `${folders(63)}/fits`);
  for (const name of ['1', '2']) write(a, `${folders(80)}/${name}`);
  await world.settle();
  assert.deepEqual(filesOf(b), [`${folders(63)}/fits`]);
  const problems = [...(a.service?.status().problems ?? [])];
  assert.deepEqual(problems, [[folders(65), 'too-deep']]);
  await world.run(600_000);
  assert.equal(lines.length, 1, lines.join('\n'));
  b.disk.take('d');
  b.hint('d');
  await world.settle();
  assert.deepEqual(
    filesOf(a),
    ['1', '2'].map((name) => `${folders(80)}/${name}`),
  );
  a.disk.take(folders(65));
  a.service?.rescan();
  await world.settle();
  assert.deepEqual([...(a.service?.status().problems ?? [])], []);
});
