import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { knownCodec } from '../../src/files/folder/remembered.ts';
import type { FolderId } from '../../src/files/types.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openFolderRoots, openFolderStore } from '../../src/store/folder-store.ts';
import { MemoryFolderStore } from '../sim/files/memory-folder-store.ts';
import { folderStoreContract } from './folder-store.contract.ts';
import { fileSealer } from '../support/file-sealer.ts';

const one = '11'.repeat(32) as FolderId;
const other = '22'.repeat(32) as FolderId;
const sealer = fileSealer(7);

folderStoreContract('memory', () => {
  const store = new MemoryFolderStore();
  return { store, reopened: () => store, close: () => undefined };
});

folderStoreContract('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-folder-'));
  let database = openDatabase(join(folder, 'kith.db'));
  // Another folder beside it, of which nothing may show.
  const beside = openFolderStore(database, sealer, knownCodec, other);
  beside.put({
    path: 'a',
    spelled: undefined,
    base: [],
    disk: { type: 'folder', identity: '9', isMount: false },
  });
  beside.keep({ name: '1-00', path: 'a', sizeBytes: 1, keptMs: 1 });
  return {
    store: openFolderStore(database, sealer, knownCodec, one),
    reopened: () => {
      database.close();
      database = openDatabase(join(folder, 'kith.db'));
      return openFolderStore(database, sealer, knownCodec, one);
    },
    close: () => {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
});

test('who leaves a folder forgets what stood in it, and no name lies in clear on the disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-folder-'));
  const database = openDatabase(join(folder, 'kith.db'));
  const roots = openFolderRoots(database, sealer);
  roots.put({ folder: one, path: '/home/ada/Very secret', mode: 'sync' });
  roots.put({ folder: one, path: '/home/ada/Very secret', mode: 'send' });
  const store = openFolderStore(database, sealer, knownCodec, one);
  store.put({ path: 'Very secret/x', spelled: undefined, base: [], disk: { type: 'link', target: 'y' } });
  store.keep({ name: '1-00', path: 'Very secret/x', sizeBytes: 1, keptMs: 1 });
  assert.deepEqual(roots.all(), [{ folder: one, path: '/home/ada/Very secret', mode: 'send' }]);
  for (const name of readdirSync(folder))
    assert.equal(readFileSync(join(folder, name)).includes('Very secret'), false, name);
  roots.remove(one);
  assert.deepEqual([roots.all(), [...store.below('')], store.hasBelow('Very secret')], [[], [], false]);
  assert.equal(store.kept().length, 1);
  database.close();
  rmSync(folder, { recursive: true });
});
