/** A large file that its own user writes over, on a node that nobody helps: what it was can be had back, and where it cannot, that is said. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { Answer } from '../../src/api/contract.ts';
import { SeededRng } from '../sim/rng.ts';
import { scene, step } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const SIZE_BYTES = 3_000_000;
type Version = Answer<'fileVersions'>['versions'][number];

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function share(node: NodeProcess, root: string, bytes: Uint8Array): Promise<void> {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'map.img'), bytes);
  await node.json(['folder', 'add', root, '--name', 'Maps']);
  await until('it has one version', async () => (await versionsOf(node)).length === 1);
}

async function versionsOf(node: NodeProcess): Promise<readonly Version[]> {
  return (await node.call('files', { limit: 10 })).files.length === 0
    ? []
    : node.list<Version>(['folder', 'versions', 'map.img']);
}

async function writeOver(node: NodeProcess, root: string, bytes: Uint8Array): Promise<Version> {
  const before = (await versionsOf(node)).length;
  writeFileSync(join(root, 'map.img'), bytes);
  await until('it is seen', async () => (await versionsOf(node)).length === before + 1);
  return (await versionsOf(node)).at(-1) ?? assert.fail();
}

scene('a large file written over by its own user', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const root = stage.path('maps');
  const rng = new SeededRng(7);
  const [first, second] = [rng.bytes(SIZE_BYTES), rng.bytes(SIZE_BYTES)];

  await step(t, 'is had back from a copy that the node made when nobody else had it', async () => {
    await share(ada, root, first);
    await until('it is copied', async () => bytesBelow(join(ada.data, 'pieces')) >= SIZE_BYTES);
    const old = await writeOver(ada, root, second);
    assert.deepEqual([old.current, old.here, old.sure], [false, true, 'here']);
    await ada.json(['folder', 'restore', `map.img@${old.version.slice(0, 12)}`]);
    await until('it is as it was', async () => readFileSync(join(root, 'map.img')).equals(first));
  });

  await step(t, 'and where there is no room for one, versions say so, and restoring is refused', async () => {
    const keeping = await ada.json<Answer<'filesKeeping'>>(['folder', 'keep', '--size', '0']);
    assert.deepEqual(keeping, { days: 30, bytes: 0 });
    writeFileSync(join(root, 'new.img'), rng.bytes(SIZE_BYTES));
    await until('it is seen', async () => (await ada.call('files', { limit: 10 })).files.length === 2);
    writeFileSync(join(root, 'new.img'), rng.bytes(SIZE_BYTES));
    const lost = await until('the other too', async () => {
      const all = await ada.list<Version>(['folder', 'versions', 'new.img']);
      return all.length === 2 ? all.at(-1) : undefined;
    });
    assert.deepEqual([lost.here, lost.sure], [false, 'nobody']);
    const refused = await ada.kith(['folder', 'restore', `new.img@${lost.version.slice(0, 12)}`, '--json']);
    assert.match(refused.stderr, /"code":"nobody-has-it"/);
    assert.equal((await ada.call('folder', { folder: 'Maps' })).missing, 0);
  });
});

/** A disk of its own on which files can share blocks; undefined where this machine does not let us. */
function sharingDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'kith-disk-'));
  const [image, mount] = [join(folder, 'image'), join(folder, 'disk')];
  try {
    execFileSync('truncate', ['-s', '320M', image], { stdio: 'ignore' });
    execFileSync('mkfs.xfs', ['-q', '-m', 'reflink=1', image], { stdio: 'ignore' });
    mkdirSync(mount);
    execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'ignore' });
    return mount;
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
}

scene('the same where the file system shares blocks', async (stage, t) => {
  const disk = sharingDisk();
  if (disk === undefined) {
    t.skip('no XFS can be mounted here');
    return;
  }
  t.after(() => {
    execFileSync('umount', ['-l', disk]);
    rmSync(dirname(disk), { recursive: true });
  });
  const ada = await stage.founder('Ada', ALONE);
  const root = join(disk, 'maps');
  const rng = new SeededRng(8);
  const [first, second] = [rng.bytes(10 * SIZE_BYTES), rng.bytes(10 * SIZE_BYTES)];
  await share(ada, root, first);
  const usedBytes = (): number =>
    Number(execFileSync('df', ['--output=used', '-B1', disk]).toString().split('\n')[1]);
  const before = usedBytes();
  const kept = (): string[] => readdirSync(join(root, '.kith', 'kept'));
  assert.equal(kept().length, 1, 'it is there from the start, and not after a while');
  const old = await writeOver(ada, root, second);
  assert.deepEqual([old.here, old.sure], [true, 'here']);
  await ada.json(['folder', 'restore', `map.img@${old.version.slice(0, 12)}`]);
  await until('it is as it was', async () => readFileSync(join(root, 'map.img')).equals(first));
  execFileSync('sync', ['-f', disk]);
  const more = usedBytes() - before;
  assert.ok(more < 1.5 * first.byteLength, `three states take the room of two: ${String(more)} bytes more`);
  assert.ok(bytesBelow(join(ada.data, 'pieces')) < SIZE_BYTES, 'and the store has none of it');
});
