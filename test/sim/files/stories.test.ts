/** What a folder does, as stories over simulated nodes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8, fromUtf8 } from '../../../src/base/bytes.ts';
import { SeededRng } from '../rng.ts';
import { FolderWorld, type FolderNode, type NodeOptions } from './folder-world.ts';

interface Stage {
  readonly world: FolderWorld;
  readonly nodes: readonly FolderNode[];
  readonly a: FolderNode;
  readonly b: FolderNode;
}

function stage(...options: NodeOptions[]): Stage {
  const world = new FolderWorld(new SeededRng(1));
  const nodes = (options.length === 0 ? [{}, {}] : options).map((one) => world.addNode(one));
  const [a, b] = nodes;
  assert.ok(a !== undefined && b !== undefined);
  return { world, nodes, a, b };
}

function write(node: FolderNode, path: string, text: string): void {
  node.disk.makeFolders(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  node.disk.write(path, utf8(text));
  node.hint(path.split('/')[0] ?? path);
  node.hint(path);
}

function read(node: FolderNode, path: string): string | undefined {
  const found = node.disk.at(path);
  return found?.type === 'file' ? fromUtf8(found.bytes) : undefined;
}

function paths(node: FolderNode): string[] {
  return [...node.disk.tree().keys()].sort();
}

test('what one saves appears at the other, in folders too, and an edit and a deletion follow', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  write(a, 'notes/may/list.txt', 'rice');
  await world.settle();
  assert.equal(read(b, 'notes/may/list.txt'), 'rice');
  write(b, 'notes/may/list.txt', 'rice, oil');
  await world.settle();
  assert.equal(read(a, 'notes/may/list.txt'), 'rice, oil');
  a.disk.take('notes');
  a.hint('notes');
  await world.settle();
  assert.deepEqual(paths(b), []);
  assert.equal(b.store.kept().length, 1);
});

test('two who edit one line keep both, the loser with author and time; other lines merge', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  write(a, 'plan.txt', 'one\ntwo\nthree\nfour\nfive\n');
  await world.settle();
  world.part(a, b);
  write(a, 'plan.txt', 'ONE\ntwo\nthree\nfour\nfive\n');
  write(b, 'plan.txt', 'one\ntwo\nthree\nfour\nFIVE\n');
  await world.run(2000);
  world.heal();
  await world.settle();
  for (const node of [a, b]) {
    assert.deepEqual(paths(node), ['plan.txt']);
    assert.equal(read(node, 'plan.txt'), 'ONE\ntwo\nthree\nfour\nFIVE\n');
  }
  world.part(a, b);
  write(a, 'plan.txt', 'uno\n');
  write(b, 'plan.txt', 'eins\n');
  await world.run(2000);
  world.heal();
  await world.settle();
  assert.deepEqual(paths(a), paths(b));
  assert.equal(paths(a).length, 2);
  assert.match(paths(a)[0] ?? '', /^plan \(conflict, d[01], 2026-11-\d\d \d\d\.\d\d\)\.txt$/);
  assert.deepEqual(
    paths(a)
      .map((path) => read(a, path))
      .sort(),
    ['eins\n', 'uno\n'],
  );
});

test('an edit outlives a deletion', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  write(a, 'x.txt', 'first');
  await world.settle();
  world.part(a, b);
  a.disk.take('x.txt');
  a.hint('x.txt');
  write(b, 'x.txt', 'second');
  await world.run(2000);
  world.heal();
  await world.settle();
  for (const node of [a, b]) assert.equal(read(node, 'x.txt'), 'second');
});

test('a folder of many files is renamed without reading or sending one, and nothing asks', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 60; n += 1) write(a, `old/${String(n)}.txt`, `text ${String(n)}`);
  await world.settle();
  const held = b.contents.held.size;
  const inode = (node: FolderNode): unknown => {
    const found = node.disk.at('new/7.txt') ?? node.disk.at('old/7.txt');
    return found?.type === 'file' ? found.inode : undefined;
  };
  const before = inode(b);
  a.disk.rename('old', 'new');
  for (const path of ['old', 'new']) a.hint(path);
  await world.settle();
  assert.equal(paths(b).filter((path) => path.startsWith('new/')).length, 60);
  assert.equal(b.disk.at('old'), undefined);
  assert.equal(b.contents.held.size, held);
  assert.equal(inode(b), before, 'moved, not written anew');
  assert.deepEqual(
    [a, b].map((node) => node.store.brakes()),
    [[], []],
  );
  assert.equal(a.index.heads('new/7.txt')[0]?.renamedFrom, 'old/7.txt');
});

test('many deletions stop at whoever deleted, until they are meant; then at whoever receives', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 40; n += 1) write(a, `f${String(n)}.txt`, `text ${String(n)}`);
  await world.settle();
  for (let n = 0; n < 30; n += 1) {
    a.disk.take(`f${String(n)}.txt`);
    a.hint(`f${String(n)}.txt`);
  }
  await world.settle();
  assert.deepEqual(
    a.store.brakes().map(({ direction, paths: held }) => [direction, held]),
    [['out', 30]],
  );
  assert.equal(paths(b).length, 40);
  a.kill();
  a.start();
  await world.settle();
  assert.equal(a.store.brakes().length, 1, 'it holds after a restart');
  a.service?.resume('out');
  await world.settle();
  assert.equal(a.store.brakes().length, 0);
  assert.equal(b.store.brakes()[0]?.direction, 'in');
  assert.ok(paths(b).length >= 20, 'what came before there were too many');
  b.service?.resume('in');
  await world.settle();
  assert.equal(paths(b).length, 10);
});

test('what is published little by little is weighed as a whole before: nothing of too much goes', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 300; n += 1) write(a, `f${String(n)}.txt`, `text ${String(n)}`);
  await world.settle();
  for (let n = 0; n < 100; n += 1) {
    a.disk.take(`f${String(n)}.txt`);
    a.hint(`f${String(n)}.txt`);
  }
  await world.settle();
  assert.deepEqual(
    a.store.brakes().map(({ direction, paths: held }) => [direction, held]),
    [['out', 100]],
  );
  assert.equal(paths(b).length, 300);
});

test('one yes to many rewrites is enough, though their content has to come first', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 40; n += 1) write(a, `f${String(n)}.txt`, `text ${String(n)}`);
  await world.settle();
  for (let n = 0; n < 40; n += 1) write(a, `f${String(n)}.txt`, `scrambled ${String(n)}`);
  await world.settle();
  assert.equal(a.store.brakes().length, 1);
  a.service?.resume('out');
  await world.settle();
  assert.equal(b.store.brakes().length, 1);
  b.service?.resume('in');
  await world.settle();
  assert.deepEqual(b.store.brakes(), []);
  assert.equal(read(b, 'f39.txt'), 'scrambled 39');
});

test('who puts back what was deleted lets the brake go', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 30; n += 1) write(a, `d/${String(n)}.txt`, `text ${String(n)}`);
  await world.settle();
  const folder = a.disk.take('d');
  a.hint('d');
  await world.settle();
  assert.equal(a.store.brakes().length, 1);
  assert.ok(folder !== undefined);
  a.disk.put('d', folder);
  a.hint('d');
  await world.run(120_000);
  await world.settle();
  assert.deepEqual(a.store.brakes(), []);
  assert.equal(paths(b).length, 31);
});

test('a disk that is gone is no deletion', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  for (let n = 0; n < 5; n += 1) write(a, `f${String(n)}.txt`, `text ${String(n)}`);
  await world.settle();
  a.disk.isMounted = false;
  for (let n = 0; n < 5; n += 1) a.hint(`f${String(n)}.txt`);
  write(b, 'new.txt', 'meanwhile');
  await world.run(90_000);
  assert.equal(a.service?.status().away, 'missing');
  assert.equal(paths(b).length, 6);
  a.disk.isMounted = true;
  await world.run(10_000);
  await world.settle();
  assert.equal(read(a, 'new.txt'), 'meanwhile');
  assert.equal(paths(b).length, 6);
});

test('who joins with files of their own loses none, and what is equal is not sent', async () => {
  const { world, a, b } = stage();
  a.start();
  write(a, 'same.txt', 'same');
  write(a, 'other.txt', 'theirs');
  await world.settle();
  write(b, 'same.txt', 'same');
  write(b, 'other.txt', 'mine');
  write(b, 'own.txt', 'own');
  b.start();
  await world.settle();
  assert.deepEqual(paths(a), paths(b));
  assert.equal(b.index.history('same.txt').length, 1);
  assert.deepEqual(
    paths(a)
      .map((path) => read(a, path))
      .sort(),
    ['mine', 'own', 'same', 'theirs'],
  );
});

test('modes: who receives sends nothing and loses nothing; who sends takes nothing; who lists is given nothing', async () => {
  const { world, nodes, a } = stage({}, { mode: 'receive' }, { mode: 'send' }, { mode: 'list' });
  for (const node of nodes) node.start();
  const [, receiver, sender, lister] = nodes;
  assert.ok(receiver !== undefined && sender !== undefined && lister !== undefined);
  write(a, 'a.txt', 'of a');
  write(sender, 's.txt', 'of the sender');
  write(lister, 'l.txt', 'of the lister');
  write(receiver, 'r.txt', 'of the receiver');
  await world.settle();
  assert.deepEqual(paths(a), ['a.txt', 'l.txt', 's.txt']);
  assert.deepEqual(paths(receiver), ['a.txt', 'l.txt', 'r.txt', 's.txt']);
  assert.deepEqual(paths(sender), ['s.txt']);
  assert.deepEqual(paths(lister), ['l.txt']);
  write(receiver, 'a.txt', 'changed where it is received');
  await world.settle();
  assert.equal(read(a, 'a.txt'), 'of a');
  write(a, 'a.txt', 'newer');
  await world.settle();
  assert.equal(read(receiver, 'a.txt'), 'newer');
  const aside = paths(receiver).find((path) => path.startsWith('a (kept here'));
  assert.equal(read(receiver, aside ?? ''), 'changed where it is received');
  lister.disk.take('l.txt');
  lister.hint('l.txt');
  await world.settle();
  assert.equal(read(a, 'l.txt'), 'of the lister');
});

test('two names that are one on a simpler disk: the first is there, the other is told, and nothing is lost', async () => {
  const { world, a, b } = stage({}, { kind: { caseSensitive: false, normalises: true } });
  for (const node of [a, b]) node.start();
  write(a, 'Readme.txt', 'upper');
  await world.settle();
  write(a, 'readme.txt', 'lower');
  await world.run(5000);
  assert.deepEqual(paths(b), ['Readme.txt']);
  assert.equal(b.service?.status().problems.get('readme.txt'), 'clash');
  assert.deepEqual(paths(a), ['Readme.txt', 'readme.txt']);
  a.disk.take('Readme.txt');
  a.hint('Readme.txt');
  await world.settle();
  assert.deepEqual(paths(b), ['readme.txt']);
  assert.equal(read(b, 'readme.txt'), 'lower');
  a.disk.rename('readme.txt', 'README.txt');
  for (const path of ['readme.txt', 'README.txt']) a.hint(path);
  await world.settle();
  assert.deepEqual(paths(b), ['README.txt']);
  write(b, 'cafe\u0301.txt', 'coffee');
  await world.settle();
  assert.equal(read(a, 'caf\u00e9.txt'), 'coffee');
});

test('links, empty folders and permissions travel; a link that leads out does not', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  write(a, 'run.sh', 'echo');
  const file = a.disk.at('run.sh');
  assert.ok(file?.type === 'file');
  file.executable = true;
  a.disk.makeFolders('empty');
  a.disk.put('link', { type: 'link', target: 'run.sh' });
  a.disk.put('out', { type: 'link', target: '../../etc/passwd' });
  for (const path of ['empty', 'link', 'out']) a.hint(path);
  await world.run(5000);
  assert.deepEqual(paths(b), ['empty', 'link', 'run.sh']);
  const arrived = b.disk.at('run.sh');
  assert.ok(arrived?.type === 'file' && arrived.executable);
  assert.equal(arrived.modifiedMs, file.modifiedMs);
  assert.equal(a.service?.status().problems.get('out'), 'leads-out');
});

test('a folder stays when what was in it goes, though that was heard of before the folders above', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  await world.settle();
  a.disk.makeFolders('far/off/place');
  a.disk.put('far/off/place/link', { type: 'link', target: 'x' });
  for (const path of ['far/off/place', 'far/off/place/link']) a.hint(path);
  await world.settle();
  assert.deepEqual(paths(b), ['far', 'far/off', 'far/off/place', 'far/off/place/link']);
  a.disk.take('far/off/place/link');
  a.hint('far/off/place/link');
  await world.settle();
  for (const node of [a, b]) assert.deepEqual(paths(node), ['far', 'far/off', 'far/off/place']);
});

test('what is ignored stays where it is', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  write(a, '.kithignore', '*.log\nbuild/\n');
  await world.settle();
  write(a, 'x.log', 'log');
  write(a, 'build/out.bin', 'built');
  write(a, '.x.swp', 'editor');
  write(a, 'kept.txt', 'kept');
  await world.settle();
  assert.deepEqual(paths(b), ['.kithignore', 'kept.txt']);
});

test('a list of what is ignored counts up to 256 KiB, and a longer one as none', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  const list = '*.log\n'.padEnd(256 * 1024, '#');
  write(a, '.kithignore', list);
  await world.settle();
  write(a, 'x.log', 'noise');
  await world.settle();
  assert.equal(read(b, 'x.log'), undefined);
  write(a, '.kithignore', `${list}#`);
  await world.settle();
  for (const { service } of [a, b]) service?.rescan();
  await world.settle();
  assert.equal(read(b, 'x.log'), 'noise');
});

test('a version that was replaced can be had back', async () => {
  const { world, a, b } = stage();
  for (const node of [a, b]) node.start();
  write(a, 'x.txt', 'first');
  await world.settle();
  write(a, 'x.txt', 'second');
  await world.settle();
  const first = b.index.history('x.txt').find(({ parents }) => parents.length === 0);
  assert.ok(first !== undefined);
  b.service?.restore('x.txt', first.id);
  await world.settle();
  assert.deepEqual([read(a, 'x.txt'), read(b, 'x.txt')], ['first', 'first']);
});

/** b edits what a wrote after c; c hears of b’s edit, and not of a’s. */
async function editWithoutItsBase() {
  const { world, nodes, a, b } = stage({}, {}, {});
  const c = nodes[2];
  assert.ok(c !== undefined);
  for (const node of nodes) node.start();
  write(c, 'note.txt', 'of c');
  await world.settle();
  world.part(a, c);
  write(a, 'note.txt', 'of a, who read c');
  await world.run(2000);
  write(b, 'note.txt', 'of b, who read a');
  return { world, nodes, c };
}

test('an edit that comes before what it was made of is no conflict', async () => {
  const { world, nodes, c } = await editWithoutItsBase();
  await world.run(30_000);
  assert.equal(read(c, 'note.txt'), 'of b, who read a');
  world.heal();
  await world.settle();
  assert.deepEqual(paths(c), ['note.txt']);
  for (const node of nodes) assert.deepEqual(node.service?.status().conflicts, []);
});

test('where what an edit was made of never comes, both are kept at last', async () => {
  const { world, c } = await editWithoutItsBase();
  // Whoever sees all of it knows better, which is how the checker is seen to work.
  await assert.rejects(world.run(90_000), /joins versions of note\.txt that follow each other/);
  assert.equal([...c.index.standing()].length, 2);
});
