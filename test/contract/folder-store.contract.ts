/** What every store of a folder does, whatever it is made of. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { foldKey } from '../../src/files/folder/paths.ts';
import type { FolderStore, Known } from '../../src/files/folder/ports.ts';
import type { Content, ContentId, VersionId } from '../../src/files/types.ts';

export interface FolderStoreStage {
  readonly store: FolderStore;
  /** The same after the process ended. */
  reopened(): FolderStore;
  close(): void;
}

const empty: Content = {
  id: hash('sha256', '') as ContentId,
  sizeBytes: 0,
  pieces: [],
  manifest: undefined,
};
const base: readonly VersionId[] = [hash('sha256', 'a version') as VersionId];

function file(path: string, identity = `1:${path}`, spelled?: string): Known {
  const disk = { type: 'file', identity, stamp: '1/2/3', content: empty, executable: true } as const;
  return { path, spelled, base, disk };
}

function folder(path: string): Known {
  return { path, spelled: undefined, base: [], disk: { type: 'folder', identity: '1:7', isMount: false } };
}

function paths(known: Iterable<Known>): string[] {
  return Array.from(known, ({ path }) => path).sort();
}

export function folderStoreContract(name: string, open: () => FolderStoreStage): void {
  const story = (what: string, tell: (stage: FolderStoreStage) => void): void => {
    test(what, () => {
      const stage = open();
      try {
        tell(stage);
      } finally {
        stage.close();
      }
    });
  };
  describe(`a folder's store: ${name}`, () => {
    story('what was put is there as it was, also after a restart', ({ store, reopened }) => {
      const link: Known = { ...folder('l'), disk: { type: 'link', target: '../x' } };
      const all = [file('a/é.txt', '1:2', 'a/E\u0301.txt'), folder('a'), link];
      for (const known of all) store.put(known);
      const again = reopened();
      for (const known of all) assert.deepEqual(again.get(known.path), known);
      assert.equal(again.get('b'), undefined);
    });

    story('putting replaces, also what is found by identity', ({ store }) => {
      store.put(file('a', '1:1'));
      store.put(file('a', '1:2'));
      assert.deepEqual([paths(store.byIdentity('1:1')), paths(store.byIdentity('1:2'))], [[], ['a']]);
      store.put(folder('a'));
      assert.deepEqual([store.byIdentity('1:2'), store.count()], [[], 0]);
      assert.deepEqual(store.get('a'), folder('a'));
    });

    story('children, and all below, are found; others of the same beginning are not', ({ store }) => {
      for (const known of [file('a/b/c'), file('a/d'), file('ab/c'), file('e'), folder('a')])
        store.put(known);
      assert.deepEqual(paths(store.children('')), ['a', 'e']);
      assert.deepEqual(paths(store.children('a')), ['a/d']);
      assert.deepEqual(paths(store.below('a')), ['a/b/c', 'a/d']);
      assert.deepEqual(paths(store.below('')), ['a', 'a/b/c', 'a/d', 'ab/c', 'e']);
      assert.deepEqual([store.hasBelow('a/b'), store.hasBelow('e'), store.hasBelow('')], [true, false, true]);
      store.remove('a/b/c');
      store.remove('not there');
      assert.deepEqual([store.hasBelow('a/b'), paths(store.below('a'))], [false, ['a/d']]);
      assert.equal(store.count(), 3);
    });

    story('what is put and removed while somebody reads on disturbs nobody', ({ store }) => {
      const names = Array.from({ length: 450 }, (_, n) => `a/${String(n)}`);
      for (const name of names) store.put(file(name));
      for (const list of [store.children('a'), store.below('a'), store.below('')]) {
        const seen: string[] = [];
        for (const { path } of list) {
          seen.push(path);
          if (seen.length === 10) store.put(file('b'));
          if (seen.length % 100 === 0) store.put(file(path, 'another'));
          if (path === 'a/7') store.remove('a/7');
        }
        const others = seen.filter((path) => path.startsWith('a/'));
        assert.deepEqual(new Set(others).size, others.length, 'each once');
        assert.deepEqual(paths(store.children('a')).length, 449);
        assert.ok(others.length >= 449);
        store.put(file('a/7'));
      }
    });

    story(
      'folders where a disk was mounted are found, also after a restart, until they are none',
      ({ store, reopened }) => {
        const stick: Known = { ...folder('d/stick'), disk: { type: 'folder', identity: '1', isMount: true } };
        for (const known of [folder('d'), stick, file('d/stick/x')]) store.put(known);
        const again = reopened();
        assert.deepEqual([again.mounts(), again.get('d/stick')], [[stick], stick]);
        again.put(folder('d/stick'));
        assert.deepEqual(again.mounts(), []);
        again.put(stick);
        again.remove('d/stick');
        assert.deepEqual(again.mounts(), []);
      },
    );

    story('paths that are one on other disks are found by their key', ({ store }) => {
      for (const path of ['Straße', 'STRASSE', 'other']) store.put(file(path));
      assert.deepEqual(paths(store.byFoldKey(foldKey('strasse'))), ['STRASSE', 'Straße']);
    });

    story('brakes and what is kept outlast a restart', ({ store, reopened }) => {
      const brake = { direction: 'in', paths: 30, ofPaths: 100, sinceMs: 5 } as const;
      const kept = { name: '5-ff', path: 'a/b', sizeBytes: 9, keptMs: 5 };
      store.setBrake({ ...brake, paths: 21 });
      store.setBrake(brake);
      store.keep(kept);
      const again = reopened();
      assert.deepEqual([again.brakes(), again.kept()], [[brake], [kept]]);
      again.clearBrake('out');
      assert.equal(again.brakes().length, 1);
      again.clearBrake('in');
      again.forgetKept('5-ff');
      assert.deepEqual([again.brakes(), again.kept()], [[], []]);
    });
  });
}
