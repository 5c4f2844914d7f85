import { SimDisk, type DiskKind } from '../sim/files/sim-disk.ts';
import { SimFileSystem } from '../sim/files/sim-file-system.ts';
import { fromUtf8, utf8 } from '../../src/base/bytes.ts';
import { FsError } from '../../src/files/folder/ports.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileSystemContract, type Stage } from './file-system.contract.ts';

function inMemory(kind: DiskKind): Stage {
  let nowMs = 1000;
  const disk = new SimDisk(
    kind,
    () => nowMs,
    () => nowMs,
  );
  const read = (path: string): string | undefined => {
    const node = disk.at(path);
    return node?.type === 'file' ? fromUtf8(node.bytes) : undefined;
  };
  return {
    fs: new SimFileSystem(disk),
    user: {
      write: (path, text) => {
        disk.write(path, utf8(text));
      },
      read,
      makeFolder: (path) => {
        disk.makeFolders(path);
      },
      link: (path, target) => {
        disk.put(path, { type: 'link', target });
      },
      rename: (from, to) => {
        disk.rename(from, to);
      },
      remove: (path) => {
        disk.take(path);
      },
      mount: (path) => {
        disk.mount(path, disk.newFolder('7'));
      },
      unmount: (path) => {
        disk.unmount(path);
      },
      kept: (name) => read(`.kith/kept/${name}`),
      fill: ({ absolute }, text) => {
        disk.write(absolute, utf8(text));
      },
      wait: async () => {
        nowMs += 10;
      },
    },
    close: () => undefined,
  };
}

fileSystemContract('memory', () => inMemory({ caseSensitive: true, normalises: false }));
fileSystemContract('memory, any case', () => inMemory({ caseSensitive: false, normalises: false }));
fileSystemContract('memory, decomposed', () => inMemory({ caseSensitive: true, normalises: true }));
fileSystemContract('memory, any case, decomposed', () =>
  inMemory({ caseSensitive: false, normalises: true }),
);

void test('a failing disk says so, and nothing is half done', async () => {
  const disk = new SimDisk(
    { caseSensitive: true, normalises: false },
    () => 0,
    () => 0,
  );
  const fs = new SimFileSystem(disk, {
    pause: () => Promise.resolve(),
    fault: (operation) => (operation === 'replace' || operation === 'look' ? 'full' : undefined),
  });
  disk.write('a.txt', utf8('old'));
  const temp = await fs.newTemp();
  disk.write(temp.absolute, utf8('new'));
  const file = disk.at('a.txt');
  assert.ok(file !== undefined);
  await assert.rejects(fs.replace(temp, 'a.txt', disk.entry(file), 'kept'), FsError);
  await assert.rejects(fs.look('a.txt'), FsError);
  assert.equal(disk.at('a.txt'), file);
});
