/** What every file system must do for the folder engine: the real one, its twins in memory, and those on simpler disks. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { concatBytes, fromUtf8 } from '../../src/base/bytes.ts';
import { FsError, type DiskEntry, type FileSystem, type Temp } from '../../src/files/folder/ports.ts';

/** The same disk, as somebody beside us has it. */
export interface User {
  write(path: string, text: string): void;
  read(path: string): string | undefined;
  makeFolder(path: string): void;
  link(path: string, target: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Puts an empty disk there, and takes it away again. */
  mount(path: string): void;
  unmount(path: string): void;
  /** Whatever lies at kith's name for it. */
  kept(name: string): string | undefined;
  fill(temp: Temp, text: string): void;
  /** Time enough for a later write to look different. */
  wait(): Promise<void>;
}

export interface Stage {
  readonly fs: FileSystem;
  readonly user: User;
  /** Why there can be no disks inside of it; undefined where there can. */
  readonly cannotMount?: string | undefined;
  close(): void;
}

async function textOf(fs: FileSystem, path: string): Promise<string> {
  const chunks = [];
  for await (const chunk of fs.read(path)) chunks.push(chunk);
  return fromUtf8(concatBytes(...chunks));
}

async function look(fs: FileSystem, path: string): Promise<DiskEntry> {
  const entry = await fs.look(path);
  assert.ok(entry !== undefined, `nothing at ${path}`);
  return entry;
}

async function temp(fs: FileSystem, user: User, text: string, executable = false): Promise<Temp> {
  const made = await fs.newTemp();
  user.fill(made, text);
  await fs.finishTemp(made, 1_700_000_000_123, executable);
  return made;
}

export function fileSystemContract(name: string, open: () => Stage): void {
  const story = (what: string, run: (stage: Stage, t: TestContext) => Promise<void>): void => {
    void test(`${name}: ${what}`, async (t) => {
      const stage = open();
      try {
        await stage.fs.traits();
        await run(stage, t);
      } finally {
        stage.close();
      }
    });
  };

  story('what is written looks different, what is renamed is the same', async ({ fs, user }) => {
    user.write('a.txt', 'one');
    const before = await look(fs, 'a.txt');
    assert.deepEqual(await look(fs, 'a.txt'), before);
    assert.equal(await textOf(fs, 'a.txt'), 'one');
    await user.wait();
    user.write('a.txt', 'two');
    const after = await look(fs, 'a.txt');
    assert.ok(before.type === 'file' && after.type === 'file');
    assert.notEqual(after.stamp, before.stamp);
    user.rename('a.txt', 'b.txt');
    const renamed = await look(fs, 'b.txt');
    assert.ok(renamed.type === 'file' && renamed.identity === after.identity);
    assert.equal(await fs.look('a.txt'), undefined);
    assert.equal(await fs.look('b.txt/inside'), undefined);
    assert.equal(await fs.look('none/inside'), undefined);
  });

  story('a list has everything but our own corner', async ({ fs, user }) => {
    await fs.writeMarker('the marker');
    assert.equal(await fs.readMarker(), 'the marker');
    user.makeFolder('d');
    user.write('d/x', '');
    user.link('l', 'd/x');
    const names = async (folder: string): Promise<string[]> => {
      const listed = await fs.list(folder);
      return listed.map((one) => `${one.name} ${one.entry.type}`).sort();
    };
    assert.deepEqual(await names(''), ['d folder', 'l link']);
    assert.deepEqual(await names('d'), ['x file']);
    assert.deepEqual(await look(fs, 'l'), { type: 'link', target: 'd/x' });
  });

  story('a file appears whole, where nothing stands, with its time and permissions', async ({ fs, user }) => {
    const made = await fs.create(await temp(fs, user, 'new', true), 'a.txt');
    assert.ok(made !== 'changed' && made.type === 'file');
    assert.deepEqual(await look(fs, 'a.txt'), made);
    assert.equal(made.executable, (await fs.traits()).executableBits);
    assert.equal(Math.round(made.modifiedMs), 1_700_000_000_123);
    const second = await temp(fs, user, 'other');
    assert.equal(await fs.create(second, 'a.txt'), 'changed');
    assert.equal(await fs.create(second, 'none/a.txt'), 'changed');
    await fs.dropTemp(second);
    assert.equal(user.read('a.txt'), 'new');
  });

  story('what is replaced is kept, and nothing is replaced that was not looked at', async ({ fs, user }) => {
    user.write('a.txt', 'old');
    const old = await look(fs, 'a.txt');
    const made = await fs.replace(await temp(fs, user, 'new'), 'a.txt', old, 'kept-1');
    assert.deepEqual(await look(fs, 'a.txt'), made);
    assert.equal(user.read('a.txt'), 'new');
    assert.equal(user.kept('kept-1'), 'old');
    await user.wait();
    user.write('a.txt', 'of the user');
    assert.equal(await fs.replace(await temp(fs, user, 'newer'), 'a.txt', old, 'kept-2'), 'changed');
    assert.ok(made !== 'changed');
    assert.equal(await fs.replace(await temp(fs, user, 'newer'), 'a.txt', made, 'kept-2'), 'changed');
    assert.equal(user.read('a.txt'), 'of the user');
    assert.equal(user.kept('kept-2'), undefined);
    await fs.dropKept('kept-1');
    assert.equal(user.kept('kept-1'), undefined);
  });

  story('what is taken away is kept, and only what was looked at', async ({ fs, user }) => {
    user.write('a.txt', 'old');
    user.link('l', 'a.txt');
    const old = await look(fs, 'a.txt');
    await user.wait();
    user.write('a.txt', 'edited');
    assert.equal(await fs.takeAway('a.txt', old, 'kept'), 'changed');
    assert.equal(user.read('a.txt'), 'edited');
    assert.equal(await fs.takeAway('a.txt', await look(fs, 'a.txt'), 'kept'), 'done');
    assert.equal(user.kept('kept'), 'edited');
    assert.equal(await fs.takeAway('a.txt', old, 'kept-2'), 'changed');
    assert.equal(await fs.takeAway('l', await look(fs, 'l'), 'kept-3'), 'done');
    assert.equal(await fs.look('l'), undefined);
  });

  story('a file moves to where nothing stands', async ({ fs, user }) => {
    user.write('a.txt', 'text');
    user.write('b.txt', 'other');
    user.makeFolder('d');
    const entry = await look(fs, 'a.txt');
    assert.equal(await fs.move('a.txt', 'b.txt', entry), 'changed');
    const moved = await fs.move('a.txt', 'd/c.txt', entry);
    assert.deepEqual(await look(fs, 'd/c.txt'), moved);
    assert.equal(await fs.look('a.txt'), undefined);
    assert.ok(moved !== 'changed');
    const respelled = await fs.move('d/c.txt', 'd/C.txt', moved);
    assert.deepEqual(await look(fs, 'd/C.txt'), respelled);
    assert.equal(await fs.look('d/c.txt'), undefined);
    assert.equal(user.read('b.txt'), 'other');
  });

  story('folders and links come and go, and a folder only when it is empty', async ({ fs, user }) => {
    const made = await fs.makeFolder('d');
    assert.deepEqual(await look(fs, 'd'), made);
    assert.equal(await fs.makeFolder('d'), 'changed');
    assert.equal(await fs.makeFolder('none/d'), 'changed');
    assert.deepEqual(await fs.makeLink('d/l', '../x'), { type: 'link', target: '../x' });
    assert.equal(await fs.makeLink('d/l', '../y'), 'changed');
    assert.equal(await fs.removeFolder('d'), 'changed');
    user.remove('d/l');
    assert.equal(await fs.removeFolder('d'), 'done');
    assert.equal(await fs.removeFolder('d'), 'changed');
  });

  story('permissions change where the disk has any, and nothing else does', async ({ fs, user }) => {
    if (!(await fs.traits()).executableBits) return;
    user.write('run.sh', 'echo');
    const made = await fs.setExecutable('run.sh', await look(fs, 'run.sh'), true);
    assert.deepEqual(await look(fs, 'run.sh'), made);
    assert.ok(made !== 'changed' && made.type === 'file' && made.executable);
    await user.wait();
    user.write('run.sh', 'echo 2');
    assert.equal(await fs.setExecutable('run.sh', made, false), 'changed');
  });

  story('a name in another case or form is another one, or none', async ({ fs, user }) => {
    const { caseSensitive, exactUnicode } = await fs.traits();
    user.write('Name.txt', 'upper');
    assert.equal(await fs.look('name.txt'), undefined);
    const lower = await fs.create(await temp(fs, user, 'lower'), 'name.txt');
    assert.equal(lower === 'changed', !caseSensitive);
    assert.equal(user.read('Name.txt'), 'upper');
    user.write('caf\u00e9', 'composed');
    const other = await fs.create(await temp(fs, user, 'decomposed'), 'cafe\u0301');
    assert.equal(other === 'changed', !exactUnicode);
    assert.equal(user.read('caf\u00e9'), 'composed');
  });

  story('nothing is done through a link', async ({ fs, user }) => {
    user.makeFolder('d');
    user.write('d/x', 'inside');
    user.link('way', 'd');
    assert.equal(await fs.look('way/x'), undefined);
    assert.deepEqual(await fs.list('way'), []);
    await assert.rejects(textOf(fs, 'way/x'), FsError);
    await assert.rejects(textOf(fs, 'way'), FsError);
    const entry = await look(fs, 'd/x');
    assert.equal(await fs.takeAway('way/x', entry, 'kept'), 'changed');
    assert.equal(await fs.create(await temp(fs, user, 'new'), 'way/new'), 'changed');
    assert.equal(await fs.makeFolder('way/new'), 'changed');
    assert.equal(await fs.move('d/x', 'way/y', entry), 'changed');
    assert.equal(user.read('d/x'), 'inside');
  });

  story(
    'a disk that begins inside is told, has its own number, and takes no file of another',
    async (stage, t) => {
      const { fs, user, cannotMount } = stage;
      if (cannotMount !== undefined) {
        t.skip(cannotMount);
        return;
      }
      user.makeFolder('plain');
      user.makeFolder('stick');
      const mountOf = async (path: string): Promise<string | undefined> => {
        const entry = await look(fs, path);
        assert.ok(entry.type === 'folder');
        return entry.mount;
      };
      user.mount('stick');
      try {
        user.makeFolder('stick/d');
        user.write('stick/x', 'on the stick');
        const number = await mountOf('stick');
        assert.ok(number !== undefined);
        const listed = await fs.list('');
        assert.deepEqual(
          listed.map((one) => [one.name, one.entry.type === 'folder' && one.entry.mount]).sort(),
          [
            ['plain', undefined],
            ['stick', number],
          ],
        );
        assert.deepEqual([await mountOf('plain'), await mountOf('stick/d')], [undefined, undefined]);
        const isRefused = (error: unknown): boolean =>
          error instanceof FsError && error.fault === 'cannot-hold';
        await assert.rejects(fs.create(await temp(fs, user, 'new'), 'stick/y'), isRefused);
        await assert.rejects(fs.takeAway('stick/x', await look(fs, 'stick/x'), 'kept'), isRefused);
        assert.equal(user.read('stick/x'), 'on the stick');
      } finally {
        user.unmount('stick');
      }
      assert.equal(await mountOf('stick'), undefined);
      assert.deepEqual(await fs.list('stick'), []);
    },
  );

  story('what a crash left under way goes; the marker and what was kept stay', async ({ fs, user }) => {
    await fs.writeMarker('mine');
    const left = await temp(fs, user, 'half');
    await fs.clearTemps();
    assert.equal(await fs.create(left, 'a.txt').catch(() => 'changed'), 'changed');
    assert.equal(await fs.readMarker(), 'mine');
    await fs.create(await temp(fs, user, 'whole'), 'a.txt');
    assert.equal(user.read('a.txt'), 'whole');
  });
}
