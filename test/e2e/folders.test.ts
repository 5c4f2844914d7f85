/** Folders in step between real nodes: whoever edits, is killed, comes late or loses a disk, nothing of anybody's is lost. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { Answer } from '../../src/api/contract.ts';
import { areAlike, isSame, pathsIn, treeOf, write, type Tree } from '../support/folder-trees.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
/** Item 9 asks for 10,000. */
const FILES = Number(process.env['KITH_FILES'] ?? 80);
const FILE_BYTES = 2000;
/** So many may go before anybody is asked. */
const FREE = 20;
const MANY = 60;
const LARGE_BYTES = 3_000_000;
/** Three megabytes, in two seconds. */
const GROWTHS = 30;
const GROWTH_BYTES = 100_000;
const GROWING_MS = 60;
const COMING_MS = 90_000 + FILES * 60;

async function has(what: string, root: string, tree: Tree): Promise<void> {
  const paths = Object.keys(tree).join('\n');
  await until(what, () => pathsIn(root).join('\n') === paths && isSame(treeOf(root), tree), COMING_MS);
}

async function statusOf(node: NodeProcess): Promise<Answer<'folder'>> {
  return node.call('folder', { folder: 'Reports' });
}

async function inStep(...nodes: NodeProcess[]): Promise<void> {
  for (const node of nodes)
    await until(`${node.name} is in step`, async () => (await statusOf(node)).inStep, COMING_MS);
}

async function peerOf(node: NodeProcess): Promise<string[]> {
  return ['--peer', (await node.call('status', {})).listening[0] ?? ''];
}

function folderOf(stage: Stage, node: NodeProcess): string {
  return stage.path(`${node.name}'s reports`);
}

scene(
  'a folder in step on three nodes',
  async (stage, t) => {
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
      await areAlike('Ada has what was Ben’s', [a, b]);
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
        await areAlike('Ada and Ben agree', [a, b]);
        const { 'of Ben.txt': gone, 'plan.txt': edited } = treeOf(a);
        assert.deepEqual([gone, edited], [undefined, 'one\n2\nthree\n']);
        const inode = statSync(join(b, 'pictures/large')).ino;
        renameSync(join(a, 'pictures'), join(a, 'photos'));
        await until('Ben has it', async () => treeOf(b)['photos/large'] === large);
        assert.equal(statSync(join(b, 'photos/large')).ino, inode);
        await areAlike('and not twice', [a, b]);
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
      await areAlike('all three agree', [a, b, c]);
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
      const tree = await areAlike('all three agree', [a, b, c]);
      assert.equal(Object.keys(tree).filter((path) => path.startsWith('plan')).length, 2);
      await inStep(ada, ben, cho);
      assert.deepEqual((await ada.call('folderConflicts', {})).versions, []);
    });

    await step(
      t,
      `killed while ${String(FILES)} files are on their way, and again: nothing is lost`,
      async () => {
        for (let n = 0; n < FILES; n += 1)
          write(a, `many/${String(n % 7)}/${String(n)}.txt`, `text ${String(n)}`.padEnd(FILE_BYTES, '.'));
        const whole = treeOf(a);
        for (const part of [0.1, 0.5]) {
          await until('some have come', () => pathsIn(b).length > FILES * part, COMING_MS);
          await ben.kill();
          await ben.up([...ALONE, ...(await peerOf(ada))]);
        }
        await has('Ben has all', b, whole);
        await ada.kill();
        await ada.up([...ALONE, ...(await peerOf(ben))]);
        await inStep(ada, ben, cho);
        for (const root of [a, b, c]) await has('all have all', root, whole);
      },
    );

    await step(t, `a folder of ${String(FILES)} files is renamed, and no piece of them is sent`, async () => {
      const watched = await piecesWhile([ada, ben, cho], async () => {
        renameSync(join(a, 'many'), join(a, 'moved'));
        await areAlike('it is renamed everywhere', [a, b, c], COMING_MS);
        await inStep(ada, ben, cho);
      });
      assert.equal(pathsIn(c).filter((path) => path.startsWith('moved/')).length, FILES);
      assert.equal(watched.pieceBytes, 0);
    });

    await step(t, 'a file that grows while it is read comes whole', async () => {
      let tree: Tree = {};
      const watched = await piecesWhile([ada, ben, cho], async () => {
        for (let n = 0; n < GROWTHS; n += 1) {
          appendFileSync(join(a, 'growing'), randomBytes(GROWTH_BYTES));
          await pause(GROWING_MS);
        }
        tree = await areAlike('all have all of it', [a, b, c]);
      });
      assert.equal(tree['growing']?.length, GROWTHS * GROWTH_BYTES);
      // What was not seen before is seen where there is something.
      assert.ok(watched.pieceBytes >= GROWTHS * GROWTH_BYTES, String(watched.pieceBytes));
      assert.equal(Object.keys(tree).filter((path) => path.startsWith('growing')).length, 1);
    });
  },
  { hangingMs: 240_000 + 6 * COMING_MS },
);

interface Watched {
  /** In frames of the files channel that are large enough to hold a file's bytes. */
  readonly pieceBytes: number;
}

/** What these nodes send meanwhile, as they log it themselves. */
async function piecesWhile(nodes: readonly NodeProcess[], run: () => Promise<void>): Promise<Watched> {
  const over = new AbortController();
  let pieceBytes = 0;
  const watching = nodes.map(async (node) => {
    const lines = node.client.lines('log', { net: true, follow: true, lines: 0 }, over.signal);
    for await (const { source, fields } of lines) {
      if (source !== 'frame' || fields['direction'] !== 'out') continue;
      const bytes = Number(fields['sizeBytes']);
      if (fields['channel'] === '/kith/1/files' && bytes >= FILE_BYTES) pieceBytes += bytes;
    }
  });
  await run();
  over.abort();
  await Promise.allSettled(watching);
  return { pieceBytes };
}

scene('a folder that many files go from, or that goes itself', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const [a, b] = [folderOf(stage, ada), folderOf(stage, ben)];
  for (let n = 0; n < MANY; n += 1) write(a, `many/${String(n)}.txt`, `text ${String(n)}`);
  write(a, 'other', 'stays');
  await ada.json(['folder', 'add', a, '--name', 'Reports']);
  await until('Ben hears of it', async () => (await ben.call('folders', {})).folders.length === 1);
  await ben.json(['folder', 'join', 'Reports', b]);
  await areAlike('Ben has all', [a, b]);
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
    await areAlike('it is back, and goes on', [a, b]);
  });

  await step(t, 'a mass rewrite is stopped on both ends until somebody says so', async () => {
    const before = treeOf(b);
    for (let n = 0; n < MANY; n += 1) write(a, `many/${String(n)}.txt`, `scrambled ${String(n)}`);
    await until('Ada’s node asks', async () => (await statusOf(ada)).paused);
    // Files that are written to are read one by one: the first few may have gone before it was many.
    const now = treeOf(b);
    const rewritten = Object.keys(before).filter((path) => now[path] !== before[path]);
    assert.ok(rewritten.length <= FREE, `${String(rewritten.length)} went unasked`);
    await ada.json(['folder', 'resume', 'Reports']);
    await until('Ben’s asks too', async () => (await statusOf(ben)).paused);
    const kept = Object.values(treeOf(b)).filter((text) => text.startsWith('text'));
    assert.ok(kept.length > MANY / 2);
    await ben.json(['folder', 'resume', 'Reports']);
    await areAlike('it is everywhere', [a, b]);
    const versions = await ben.call('fileVersions', { name: 'many/2.txt' });
    const old = versions.versions.find(({ current }) => !current);
    await ben.call('restoreFile', { name: `many/2.txt@${old?.version ?? ''}` });
    for (const root of [a, b]) await until('one is had back', () => treeOf(root)['many/2.txt'] === 'text 2');
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
    const left = await areAlike('it is gone everywhere', [a, b]);
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
        ['file', 1],
      ],
    );
    await ben.json(['folder', 'restore', `many/1.txt@${(lived?.version ?? '').slice(0, 12)}`]);
    for (const root of [a, b])
      await until('it is back', async () => treeOf(root)['many/1.txt'] === 'scrambled 1');
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
    assert.deepEqual(await areAlike('all are as before', [a, b]), before);
  });
});
