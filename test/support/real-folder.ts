/** Folders on the real disk with the real watcher, in one process; versions and pieces pass between them in memory. */
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { DeviceKey } from '../../src/base/ids.ts';
import { silentLogger, type Clock } from '../../src/base/ports.ts';
import { RealFileSystem } from '../../src/files/folder/real-file-system.ts';
import { FolderService } from '../../src/files/folder/service.ts';
import { watching } from '../../src/files/folder/watcher.ts';
import type { FolderId } from '../../src/files/types.ts';
import { realTimers } from '../contract/real-timers.ts';
import { MemoryFolderStore } from '../sim/files/memory-folder-store.ts';
import { SimContents, SimIndex } from '../sim/files/sim-contents.ts';
import { SeededRng } from '../sim/rng.ts';

const FOLDER = 'ab'.repeat(32) as FolderId;
const clock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

export interface RealFolder {
  readonly root: string;
  readonly index: SimIndex;
  readonly contents: SimContents;
  readonly store: MemoryFolderStore;
  readonly service: FolderService;
}

export async function realFolders(parent: string, count: number): Promise<RealFolder[]> {
  const folders: RealFolder[] = [];
  for (let at = 0; at < count; at += 1)
    folders.push(await realFolder(join(parent, `folder ${String(at)}`), at));
  for (const folder of folders) connect(folder, folders);
  return folders;
}

async function realFolder(root: string, at: number): Promise<RealFolder> {
  await mkdir(root, { recursive: true });
  const me = `d${String(at)}`.padEnd(64, '0') as DeviceKey;
  const index = new SimIndex(FOLDER, me, clock);
  const contents = new SimContents((absolute, bytes) => {
    writeFileSync(absolute, bytes);
  });
  const store = new MemoryFolderStore();
  const rng = new SeededRng(process.pid + at);
  const fs = new RealFileSystem(root, rng);
  await FolderService.adopt(fs, FOLDER);
  const service = new FolderService({
    folder: FOLDER,
    mode: 'sync',
    me,
    fs,
    contents,
    index,
    store,
    watch: watching(root, silentLogger),
    names: { nameOf: (member) => member.slice(0, 2) },
    clock,
    timers: realTimers,
    rng,
    logger: silentLogger,
    keeping: { nowMs: () => clock.nowMs(), rules: () => ({ days: 30, bytes: 10 * 1024 ** 3 }) },
    changed: () => undefined,
  });
  return { root, index, contents, store, service };
}

/** What one publishes the others know, with its content. */
function connect(folder: RealFolder, all: readonly RealFolder[]): void {
  folder.index.published = (versions) => {
    for (const other of all) {
      if (other === folder) continue;
      for (const version of versions) {
        other.index.add(version);
        const { state } = version;
        const bytes = state.type === 'file' ? folder.contents.held.get(state.content.id) : undefined;
        if (state.type === 'file' && bytes !== undefined) other.contents.held.set(state.content.id, bytes);
      }
      other.service.indexChanged(versions.map(({ path }) => path));
    }
  };
}

/** @throws when it does not come true within half a minute. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue(); tries += 1) {
    if (tries > 6000) throw new Error(`not yet: ${what}`);
    await setTimeout(5);
  }
}
