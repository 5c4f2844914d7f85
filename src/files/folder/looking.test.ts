import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VersionId } from '../types.ts';
import type { Situation } from './core.ts';
import { lookAtAll } from './looking.ts';

const VERSION = 'v0' as VersionId;

function stranger(path: string): Situation {
  const disk = { type: 'folder', identity: path, mount: undefined } as const;
  return { path, disk, known: undefined, heads: [], liveBelow: false, knownBelow: false };
}

function gone(path: string): Situation {
  const disk = { type: 'link', target: 'somewhere' } as const;
  return {
    ...stranger(path),
    disk: { type: 'absent' },
    known: { path, spelled: undefined, base: [VERSION], disk },
  };
}

const PATHS = Array.from({ length: 100 }, (_, n) => `x${String(n)}`);
const room = async (): Promise<boolean> => true;
const nothingRead = (): readonly string[] => [];

test('of a crowd no more than so many are held at once, and each is acted on once', async () => {
  let [held, most] = [0, 0];
  const acted: string[] = [];
  const rest = await lookAtAll(PATHS, 10, {
    room,
    look: async (path) => {
      held += 1;
      most = Math.max(most, held);
      return stranger(path);
    },
    takeRead: nothingRead,
    isRenamed: () => false,
    act: async (news) => {
      held -= news.length;
      acted.push(...news.map(({ path }) => path));
      return true;
    },
  });
  assert.equal(most, 10);
  acted.push(...(rest ?? []).map(({ path }) => path));
  assert.deepEqual(acted, PATHS);
});

test('what goes, and what came from elsewhere, is decided together at the end, wherever it stands in the crowd', async () => {
  const acted: string[] = [];
  const rest = await lookAtAll(PATHS, 10, {
    room,
    look: async (path) => (path.endsWith('3') ? gone(path) : stranger(path)),
    takeRead: nothingRead,
    isRenamed: ({ path }) => path.endsWith('4'),
    act: async (news) => {
      acted.push(...news.map(({ path }) => path));
      return true;
    },
  });
  const held = (rest ?? []).map(({ path }) => path);
  assert.deepEqual(
    acted.filter((path) => /[34]$/.test(path)),
    [],
  );
  assert.deepEqual(
    held.filter((path) => /[34]$/.test(path)),
    PATHS.filter((path) => /[34]$/.test(path)),
  );
  assert.equal(acted.length + held.length, PATHS.length);
});

test('what was read meanwhile goes on before more is looked at; who is few goes together', async () => {
  const acted: string[] = [];
  let read = ['x0'];
  const deps = {
    room,
    look: async (path: string): Promise<Situation> => stranger(path),
    takeRead: (): readonly string[] => read.splice(0),
    isRenamed: (): boolean => false,
    act: async (news: readonly Situation[]): Promise<boolean> => {
      acted.push(...news.map(({ path }) => path));
      return true;
    },
  };
  const rest = await lookAtAll(['x0', 'x1', 'x2', 'x3', 'x4', 'x5'], 2, deps);
  assert.deepEqual(acted, ['x0', 'x1', 'x0', 'x2', 'x3']);
  assert.deepEqual(
    rest?.map(({ path }) => path),
    ['x4', 'x5'],
  );
  read = ['x0'];
  const few = await lookAtAll(['x6', 'x7'], 2, deps);
  assert.deepEqual([few?.length, acted.length], [2, 5]);
});

test('when the folder is gone, nothing more of it is looked at', async () => {
  const looked: string[] = [];
  const rest = await lookAtAll(PATHS, 10, {
    room,
    look: async (path) => {
      looked.push(path);
      return stranger(path);
    },
    takeRead: nothingRead,
    isRenamed: () => false,
    act: async () => false,
  });
  assert.deepEqual([rest, looked.length], [undefined, 10]);
});

test('nothing is looked at before there is room for it, nor when everything ends meanwhile', async () => {
  const looked: string[] = [];
  let rooms = 2;
  const rest = await lookAtAll(PATHS, 10, {
    room: async () => {
      rooms -= 1;
      return rooms >= 0;
    },
    look: async (path) => {
      looked.push(path);
      return stranger(path);
    },
    takeRead: nothingRead,
    isRenamed: () => false,
    act: async () => true,
  });
  assert.deepEqual([rest, looked.length], [undefined, 30]);
});
