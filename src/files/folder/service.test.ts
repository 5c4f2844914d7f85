/** Folders on the real disk, as people use them. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { cannotMount, mount, mountAgain, unmount } from '../../../test/support/mounts.ts';
import { realFolders, until, type RealFolder } from '../../../test/support/real-folder.ts';

async function pair(t: TestContext): Promise<readonly [RealFolder, RealFolder]> {
  const [a, b] = await realFolders(temporaryFolder(t), 2);
  assert.ok(a !== undefined && b !== undefined);
  for (const { service } of [a, b]) service.start();
  t.after(() => Promise.all([a.service.stop(), b.service.stop()]));
  await until('both are in step', () => a.service.status().inStep && b.service.status().inStep);
  return [a, b];
}

function textOf(folder: RealFolder, path: string): string | undefined {
  const absolute = join(folder.root, path);
  return existsSync(absolute) ? readFileSync(absolute, 'utf8') : undefined;
}

test('a saved note appears at the other, again and again', async (t) => {
  const [a, b] = await pair(t);
  const tookMs: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const began = performance.now();
    writeFileSync(join(a.root, `note ${String(n)}.txt`), `number ${String(n)}`);
    await until('the note is there', () => textOf(b, `note ${String(n)}.txt`) === `number ${String(n)}`);
    tookMs.push(performance.now() - began);
  }
  t.diagnostic(`median: ${tookMs.sort((x, y) => x - y)[10]?.toFixed(0) ?? ''} ms`);
  await until('nothing is left to do', () => a.service.status().inStep && b.service.status().inStep);
  assert.equal(b.index.feed.length, 0, 'nothing came back');
});

test('new folders in new folders, edits, renames, permissions, links and deletions', async (t) => {
  const [a, b] = await pair(t);
  mkdirSync(join(a.root, 'one/two/three'), { recursive: true });
  writeFileSync(join(a.root, 'one/two/three/deep.txt'), 'deep');
  writeFileSync(join(a.root, 'one/run.sh'), 'echo');
  chmodSync(join(a.root, 'one/run.sh'), 0o755);
  symlinkSync('one/run.sh', join(a.root, 'link'));
  symlinkSync('/etc/passwd', join(a.root, 'out'));
  await until(
    'all is there',
    () => textOf(b, 'one/two/three/deep.txt') === 'deep' && textOf(b, 'link') === 'echo',
  );
  assert.ok((lstatSync(join(b.root, 'one/run.sh')).mode & 0o100) !== 0);
  assert.equal(existsSync(join(b.root, 'out')), false);
  await until('the link is told', () => a.service.status().problems.get('out') === 'leads-out');
  renameSync(join(b.root, 'one'), join(b.root, 'uno'));
  await until(
    'renamed',
    () => textOf(a, 'uno/two/three/deep.txt') === 'deep' && !existsSync(join(a.root, 'one')),
  );
  appendFileSync(join(a.root, 'uno/two/three/deep.txt'), 'er');
  await until('edited', () => textOf(b, 'uno/two/three/deep.txt') === 'deeper');
  rmSync(join(b.root, 'uno'), { recursive: true });
  await until('deleted', () => !existsSync(join(a.root, 'uno')));
  await until('in step', () => a.service.status().inStep && b.service.status().inStep);
  assert.deepEqual(readdirSync(b.root).sort(), ['.kith', 'link']);
  assert.ok(a.service.kept().some(({ path }) => path === 'uno/two/three/deep.txt'));
});

test('a file that grows is published when it is still, and a folder of 100 files is renamed in place', async (t) => {
  const [a, b] = await pair(t);
  mkdirSync(join(a.root, 'many'));
  for (let n = 0; n < 100; n += 1) writeFileSync(join(a.root, `many/${String(n)}`), `text ${String(n)}`);
  for (let n = 0; n < 50; n += 1) {
    appendFileSync(join(a.root, 'growing.log'), `line ${String(n)}\n`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const whole = textOf(a, 'growing.log');
  await until('the log is there', () => textOf(b, 'growing.log') === whole);
  assert.ok(a.index.history('growing.log').length < 10);
  await until(
    'all are there',
    () => existsSync(join(b.root, 'many')) && readdirSync(join(b.root, 'many')).length === 100,
  );
  await until('in step', () => a.service.status().inStep && b.service.status().inStep);
  const before = lstatSync(join(b.root, 'many/7')).ino;
  const began = performance.now();
  renameSync(join(a.root, 'many'), join(a.root, 'lots'));
  await until(
    'renamed',
    () => !existsSync(join(b.root, 'many')) && readdirSync(join(b.root, 'lots')).length === 100,
  );
  t.diagnostic(`renamed in ${(performance.now() - began).toFixed(0)} ms`);
  assert.equal(lstatSync(join(b.root, 'lots/7')).ino, before);
  assert.deepEqual(b.store.brakes(), []);
});

test('a folder that another one is in step with is refused, and one that vanishes is no deletion', async (t) => {
  const [a, b] = await pair(t);
  writeFileSync(join(a.root, 'x'), 'x');
  await until('there', () => textOf(b, 'x') === 'x');
  renameSync(b.root, `${b.root} away`);
  mkdirSync(b.root);
  b.service.rescan();
  await until('it is noticed', () => b.service.status().away === 'missing');
  assert.equal(textOf(a, 'x'), 'x');
  assert.deepEqual(readdirSync(b.root), []);
});

test(
  'a stick that is pulled out deletes nothing, and what was deleted on it elsewhere goes when it is back',
  { skip: cannotMount ?? false },
  async (t) => {
    const stick = temporaryFolder(t);
    const [a, b] = await pair(t);
    const place = join(a.root, 'stick');
    mkdirSync(place);
    mount(stick);
    mountAgain(stick, place);
    let isIn = true;
    try {
      mkdirSync(join(stick, 'd'));
      for (const name of ['1', '2', 'd/3']) writeFileSync(join(stick, name), name);
      a.service.rescan();
      await until('all is there', () =>
        ['1', '2', 'd/3'].every((name) => textOf(b, `stick/${name}`) === name),
      );
      await until('in step', () => a.service.status().inStep && b.service.status().inStep);
      unmount(place);
      isIn = false;
      a.service.rescan();
      await until('it is told', () => a.service.status().problems.get('stick') === 'disk-gone');
      rmSync(place, { recursive: true });
      writeFileSync(join(a.root, 'beside'), 'beside');
      await until('all else goes on', () => textOf(b, 'beside') === 'beside');
      assert.ok(a.index.feed.every(({ state }) => state.type !== 'deleted'));
      rmSync(join(stick, '2'));
      mkdirSync(place);
      mountAgain(stick, place);
      isIn = true;
      await until('the deletion arrives', () => textOf(b, 'stick/2') === undefined);
      await until('in step', () => a.service.status().inStep && b.service.status().inStep);
      assert.deepEqual(readdirSync(join(b.root, 'stick')).sort(), ['1', 'd']);
    } finally {
      if (isIn) unmount(place);
      unmount(stick);
    }
  },
);
