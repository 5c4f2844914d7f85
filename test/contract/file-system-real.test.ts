import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { RealFileSystem } from '../../src/files/folder/real-file-system.ts';
import { cannotMount, mount, unmount } from '../support/mounts.ts';
import { SeededRng } from '../sim/rng.ts';
import { fileSystemContract, type Stage } from './file-system.contract.ts';

/** Longer than a tick of any file system's clock. */
const TICK_MS = 15;

function onDisk(): Stage {
  const root = mkdtempSync(join(tmpdir(), 'kith-folder-'));
  const at = (path: string): string => join(root, path);
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(at(path), 'utf8');
    } catch {
      return undefined;
    }
  };
  return {
    fs: new RealFileSystem(root, new SeededRng(process.pid)),
    user: {
      write: (path, text) => {
        writeFileSync(at(path), text);
      },
      read,
      makeFolder: (path) => {
        mkdirSync(at(path), { recursive: true });
      },
      link: (path, target) => {
        symlinkSync(target, at(path));
      },
      rename: (from, to) => {
        renameSync(at(from), at(to));
      },
      remove: (path) => {
        rmSync(at(path), { recursive: true });
      },
      mount: (path) => {
        mount(at(path));
      },
      unmount: (path) => {
        unmount(at(path));
      },
      kept: (name) => read(`.kith/kept/${name}`),
      fill: ({ absolute }, text) => {
        writeFileSync(absolute, text);
      },
      wait: async () => {
        await setTimeout(TICK_MS);
      },
    },
    cannotMount,
    close: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

fileSystemContract('disk', onDisk);
