/** Folders in step between real nodes: whoever edits, is killed, comes late or loses a disk, nothing of anybody's is lost. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { Answer } from '../../src/api/contract.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const FILES = Number(process.env['KITH_FILES'] ?? 120);
const MANY = 60;
const LARGE_BYTES = 3_000_000;

type Tree = Readonly<Record<string, string>>;

/** Every file of a folder with what it holds; kith's own corner left out. */
function treeOf(root: string): Tree {
  const tree: Record<string, string> = {};
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(root.length + 1);
    if (path === '.kith' || path.startsWith('.kith/') || entry.isDirectory()) continue;
    tree[path] = readFileSync(join(root, path), 'latin1');
  }
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function isSame(one: Tree, other: Tree): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

async function areAlike(what: string, ...roots: string[]): Promise<Tree> {
  return until(what, async () => {
    const [first = {}, ...others] = roots.map(treeOf);
    return others.every((other) => isSame(first, other)) ? first : undefined;
  });
}

async function has(what: string, root: string, tree: Tree): Promise<void> {
  await until(what, async () => isSame(treeOf(root), tree));
}

async function statusOf(node: NodeProcess): Promise<Answer<'folder'>> {
  return node.call('folder', { folder: 'Reports' });
}

async function inStep(...nodes: NodeProcess[]): Promise<void> {
  for (const node of nodes) await until(`${node.name} is in step`, async () => (await statusOf(node)).inStep);
}

async function peerOf(node: NodeProcess): Promise<string[]> {
  return ['--peer', (await node.call('status', {})).listening[0] ?? ''];
}

function folderOf(stage: Stage, node: NodeProcess): string {
  return stage.path(`${node.name}'s reports`);
}

scene('a folder in step on three nodes', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const cho = await stage.joiner(ada, 'Cho', ALONE);
  const [a, b, c] = [ada, ben, cho].map((node) => folderOf(stage, node)) as [string, string, string];
  const large = 'x'.repeat(LARGE_BYTES);

  await step(t, 'a nested tree appears, and what was there already stays', async () => {
    write(a, 'plan.txt', 'one\ntwo\nthree\n');
    write(a, 'empty', '');
    write(a, 'deep/er/and/deeper/မြန်မာ 🦩.txt', 'odd');
    write(a, 'pictures/large', large);
    mkdirSync(join(a, 'nothing in it'));
    const added = await ada.json<Answer<'addFolder'>>(['folder', 'add', a, '--name', 'Reports']);
    assert.deepEqual([added.name, added.path, added.mode], ['Reports', a, 'sync']);
    write(b, 'of Ben.txt', 'was here before');
    await until('Ben hears of it', async () => (await ben.call('folders', {})).folders.length === 1);
    await ben.json(['folder', 'join', 'Reports', b]);
    const tree = { ...treeOf(a), 'of Ben.txt': 'was here before' };
    await has(
      'Ben has all',
      b,
      Object.fromEntries(Object.entries(tree).sort(([x], [y]) => (x < y ? -1 : 1))),
    );
    await areAlike('Ada has what was Ben’s', a, b);
    await until('an empty folder too', async () => readdirSync(b).includes('nothing in it'));
    await inStep(ada, ben);
    const [status] = await ben.list<Answer<'folder'>>(['folder', 'status']);
    assert.deepEqual([status?.inStep, status?.files, status?.missing, status?.conflicts], [true, 5, 0, 0]);
  });

  await step(
    t,
    'edits and deletions arrive, and a folder that is renamed is renamed: nothing is sent',
    async () => {
      write(b, 'plan.txt', 'one\n2\nthree\n');
      rmSync(join(a, 'of Ben.txt'));
      await areAlike('Ada and Ben agree', a, b);
      const { 'of Ben.txt': gone, 'plan.txt': edited } = treeOf(a);
      assert.deepEqual([gone, edited], [undefined, 'one\n2\nthree\n']);
      const inode = statSync(join(b, 'pictures/large')).ino;
      renameSync(join(a, 'pictures'), join(a, 'photos'));
      await until('Ben has it', async () => treeOf(b)['photos/large'] === large);
      assert.equal(statSync(join(b, 'photos/large')).ino, inode);
      await areAlike('and not twice', a, b);
    },
  );

  await step(t, 'who comes late gets all of it, whoever has it', async () => {
    await until('Cho hears of it', async () => (await cho.call('folders', {})).folders.length === 1);
    // Of Ben, who got it from Ada and whose copy was renamed meanwhile.
    await until('Ben says that he holds it', async () => {
      const { files } = await cho.call('files', { limit: 100 });
      return files.find(({ path }) => path === 'photos/large')?.holders.includes(2);
    });
    await cho.json(['folder', 'join', 'Reports', c]);
    await areAlike('all three agree', a, b, c);
    await inStep(ada, ben, cho);
  });

  await step(t, 'two who change one file without knowing of each other: both are kept', async () => {
    await ben.stop();
    write(b, 'plan.txt', 'one\nof Ben\nthree\n');
    write(a, 'plan.txt', 'one\nof Ada\nthree\n');
    await has('Cho has what Ada wrote', c, treeOf(a));
    await ben.up([...ALONE, ...(await peerOf(ada))]);
    await until('both are everywhere', async () =>
      [a, b, c].every((root) => {
        const texts = Object.values(treeOf(root));
        return ['one\nof Ben\nthree\n', 'one\nof Ada\nthree\n'].every((text) => texts.includes(text));
      }),
    );
    const tree = await areAlike('all three agree', a, b, c);
    assert.equal(Object.keys(tree).filter((path) => path.startsWith('plan')).length, 2);
    await inStep(ada, ben, cho);
    assert.deepEqual((await ada.call('folderConflicts', {})).versions, []);
  });

  await step(
    t,
    `killed while ${String(FILES)} files are on their way, and again: nothing is lost`,
    async () => {
      for (let n = 0; n < FILES; n += 1)
        write(a, `many/${String(n % 7)}/${String(n)}.txt`, `text ${String(n)}`);
      const whole = treeOf(a);
      for (const part of [0.1, 0.5]) {
        await until('some have come', async () => Object.keys(treeOf(b)).length > FILES * part);
        await ben.kill();
        await ben.up([...ALONE, ...(await peerOf(ada))]);
      }
      await has('Ben has all', b, whole);
      await ada.kill();
      await ada.up([...ALONE, ...(await peerOf(ben))]);
      await inStep(ada, ben, cho);
      for (const root of [a, b, c]) assert.deepEqual(treeOf(root), whole);
    },
  );
});

scene('a folder that many files go from, or that goes itself', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const [a, b] = [folderOf(stage, ada), folderOf(stage, ben)];
  for (let n = 0; n < MANY; n += 1) write(a, `many/${String(n)}.txt`, `text ${String(n)}`);
  write(a, 'other', 'stays');
  await ada.json(['folder', 'add', a, '--name', 'Reports']);
  await until('Ben hears of it', async () => (await ben.call('folders', {})).folders.length === 1);
  await ben.json(['folder', 'join', 'Reports', b]);
  await areAlike('Ben has all', a, b);
  await inStep(ada, ben);

  await step(t, 'a folder that is not there any more is an error, and no deletion', async () => {
    const whole = treeOf(a);
    renameSync(b, `${b}, away`);
    write(a, 'new.txt', 'new');
    await until('Ben says so', async () => (await statusOf(ben)).away === 'missing');
    assert.equal((await statusOf(ben)).inStep, false);
    await until('Ada’s is as it was', async () => treeOf(a)['new.txt'] === 'new');
    assert.deepEqual(Object.keys(treeOf(a)).length, Object.keys(whole).length + 1);
    renameSync(`${b}, away`, b);
    await areAlike('it is back, and goes on', a, b);
  });

  await step(t, 'a mass deletion is stopped on both ends until somebody says so', async () => {
    const before = treeOf(b);
    rmSync(join(a, 'many'), { recursive: true });
    await until('Ada’s node asks', async () => (await statusOf(ada)).paused);
    assert.deepEqual(treeOf(b), before);
    const resumed = await ada.json<Answer<'resumeFolder'>>(['folder', 'resume', 'Reports']);
    assert.equal(resumed.paused, false);
    await until('Ben’s asks too', async () => (await statusOf(ben)).paused);
    assert.ok(Object.keys(treeOf(b)).length > MANY / 2);
    for (const node of [ben]) {
      await until(`${node.name}’s asks`, async () => (await statusOf(node)).paused);
      await node.json(['folder', 'resume', 'Reports']);
    }
    const left = await areAlike('it is gone everywhere', a, b);
    assert.deepEqual(
      Object.keys(left).filter((path) => path.startsWith('many/')),
      [],
    );
  });

  await step(t, 'what was deleted is had back from its versions', async () => {
    const versions = await ben.list<Answer<'fileVersions'>['versions'][number]>([
      'folder',
      'versions',
      'many/1.txt',
    ]);
    const lived = versions.find(({ state }) => state === 'file');
    assert.deepEqual(
      versions.map(({ state, from }) => [state, from]),
      [
        ['deleted', 1],
        ['file', 1],
      ],
    );
    await ben.json(['folder', 'restore', `many/1.txt@${(lived?.version ?? '').slice(0, 12)}`]);
    for (const root of [a, b]) await until('it is back', async () => treeOf(root)['many/1.txt'] === 'text 1');
  });

  await step(t, 'who leaves keeps all files, and joins again without losing one', async () => {
    const before = treeOf(b);
    const left = await ben.json<Answer<'leaveFolder'>>(['folder', 'leave', 'Reports']);
    assert.deepEqual([left.mode, left.path], [null, null]);
    assert.deepEqual(treeOf(b), before);
    rmSync(join(b, 'other'));
    const nested = await ben.kith(['folder', 'add', join(ben.data, 'logs'), '--json']);
    assert.match(nested.stderr, /"code":"folder-in-use"/);
    await ben.json(['folder', 'join', 'Reports', b]);
    assert.deepEqual(await areAlike('all are as before', a, b), before);
  });
});
