/** The file system port on a disk in memory. Time passes before and after each step, and there a crash or a user may come in between. */
import type { Bytes } from '../../../src/base/bytes.ts';
import { foldKey, joined, parentOf } from '../../../src/files/folder/paths.ts';
import {
  FsError,
  type Changed,
  type DiskEntry,
  type FileSystem,
  type FsFault,
  type ListedEntry,
  type Temp,
  type Traits,
} from '../../../src/files/folder/ports.ts';
import type { DiskNode, FileNode, SimDisk } from './sim-disk.ts';

export interface SimFileSystemHooks {
  /** Never settles when the program is killed. */
  pause(): Promise<void>;
  fault(operation: string, path: string): FsFault | undefined;
}

const CHUNK_BYTES = 24;
const NO_HOOKS: SimFileSystemHooks = { pause: () => Promise.resolve(), fault: () => undefined };

export class SimFileSystem implements FileSystem {
  readonly #disk: SimDisk;
  readonly #hooks: SimFileSystemHooks;
  static #names = 0;

  constructor(disk: SimDisk, hooks: SimFileSystemHooks = NO_HOOKS) {
    this.#disk = disk;
    this.#hooks = hooks;
  }

  async traits(): Promise<Traits> {
    const { caseSensitive, normalises } = this.#disk.kind;
    return { caseSensitive, exactUnicode: !normalises, executableBits: true, windowsNames: false };
  }

  async look(path: string): Promise<DiskEntry | undefined> {
    return this.#step('look', path, () => {
      if (
        this.#disk.nameAt(path)?.normalize('NFC') !== path.slice(path.lastIndexOf('/') + 1).normalize('NFC')
      )
        return undefined;
      const node = this.#disk.at(path);
      return node === undefined ? undefined : this.#disk.entry(node);
    });
  }

  async list(folder: string): Promise<readonly ListedEntry[]> {
    return this.#step('list', folder, () => {
      const node = this.#disk.at(folder);
      if (node?.type !== 'folder') return [];
      return [...node.entries.values()]
        .filter(({ name }) => folder !== '' || foldKey(name) !== '.kith')
        .map(({ name, node: inside }) => ({ name, entry: this.#disk.entry(inside) }));
    });
  }

  async *read(path: string): AsyncGenerator<Bytes> {
    const file = await this.#step('open', path, () => this.#disk.at(path));
    if (file?.type !== 'file') throw new FsError('io', path);
    for (let at = 0; at < file.bytes.byteLength; at += CHUNK_BYTES) {
      const from = at;
      yield await this.#step('read', path, () => file.bytes.slice(from, from + CHUNK_BYTES));
    }
  }

  absolute(path: string): string {
    return path;
  }

  keptAt(name: string): string {
    return `.kith/kept/${name}`;
  }

  async newTemp(): Promise<Temp> {
    SimFileSystem.#names += 1;
    const name = String(SimFileSystem.#names);
    return this.#step('temp', '', () => {
      this.#disk.makeFolders('.kith/tmp');
      return { name, absolute: `.kith/tmp/${name}` };
    });
  }

  async finishTemp({ absolute }: Temp, modifiedMs: number, executable: boolean): Promise<void> {
    await this.#step('finish', absolute, () => {
      const file = this.#file(absolute);
      file.modifiedMs = modifiedMs;
      file.executable = executable;
    });
  }

  async dropTemp({ absolute }: Temp): Promise<void> {
    await this.#step('drop', absolute, () => this.#disk.take(absolute));
  }

  async clearTemps(): Promise<void> {
    await this.#step('clear', '', () => this.#disk.take('.kith/tmp'));
  }

  async create(temp: Temp, path: string): Promise<DiskEntry | Changed> {
    return this.#change('create', path, () => {
      if (this.#disk.at(path) !== undefined) return 'changed';
      this.#mustBeOnRoot(path);
      return this.#placed(temp, path);
    });
  }

  async replace(temp: Temp, path: string, expect: DiskEntry, keepAs: string): Promise<DiskEntry | Changed> {
    return this.#change('replace', path, () => {
      if (!this.#isAsExpected(path, expect)) return 'changed';
      this.#mustBeOnRoot(path);
      this.#keep(path, keepAs);
      return this.#placed(temp, path);
    });
  }

  async takeAway(path: string, expect: DiskEntry, keepAs: string): Promise<'done' | Changed> {
    return this.#change('take', path, () => {
      if (!this.#isAsExpected(path, expect)) return 'changed';
      this.#mustBeOnRoot(path);
      this.#keep(path, keepAs);
      return 'done';
    });
  }

  async move(from: string, to: string, expect: DiskEntry): Promise<DiskEntry | Changed> {
    return this.#change('move', to, () => {
      if (!this.#isAsExpected(from, expect)) return 'changed';
      const standing = this.#disk.at(to);
      if (standing !== undefined && standing !== this.#disk.at(from)) return 'changed';
      if (this.#disk.diskOf(from) !== this.#disk.diskOf(to)) throw new FsError('cannot-hold', to);
      this.#disk.rename(from, to);
      return this.#entry(to);
    });
  }

  async setExecutable(path: string, expect: DiskEntry, executable: boolean): Promise<DiskEntry | Changed> {
    return this.#change('chmod', path, () => {
      if (!this.#isAsExpected(path, expect)) return 'changed';
      const file = this.#file(path);
      file.executable = executable;
      this.#disk.touched(file);
      return this.#disk.entry(file);
    });
  }

  async makeFolder(path: string): Promise<DiskEntry | Changed> {
    return this.#made(path, () => this.#disk.newFolder());
  }

  async makeLink(path: string, target: string): Promise<DiskEntry | Changed> {
    return this.#made(path, () => ({ type: 'link', target }));
  }

  async removeFolder(path: string): Promise<'done' | Changed> {
    return this.#change('rmdir', path, () => {
      const node = this.#disk.at(path);
      if (node?.type !== 'folder' || node.entries.size > 0) return 'changed';
      this.#disk.take(path);
      return 'done';
    });
  }

  async readMarker(): Promise<string | undefined> {
    return this.#step('marker', '', () => {
      if (!this.#disk.isMounted) return undefined;
      const node = this.#disk.at('.kith/folder');
      return node?.type === 'file' ? Buffer.from(node.bytes).toString('utf8') : undefined;
    });
  }

  async writeMarker(text: string): Promise<void> {
    await this.#step('mark', '', () => {
      this.#disk.makeFolders('.kith');
      this.#disk.write('.kith/folder', new Uint8Array(Buffer.from(text)));
    });
  }

  async dropKept(name: string): Promise<void> {
    await this.#step('drop', name, () => this.#disk.take(this.keptAt(name)));
  }

  // ---- inside

  async #step<Result>(operation: string, path: string, run: () => Result): Promise<Result> {
    await this.#hooks.pause();
    const fault = this.#hooks.fault(operation, path);
    if (fault !== undefined) throw new FsError(fault, path);
    // An empty mount point is what is left of a disk that is gone.
    if (!this.#disk.isMounted && operation !== 'marker') {
      if (operation === 'list') return [] as Result;
      if (operation === 'look') return undefined as Result;
      throw new FsError('io', path);
    }
    const result = run();
    await this.#hooks.pause();
    return result;
  }

  #change<Result>(operation: string, path: string, run: () => Result | Changed): Promise<Result | Changed> {
    return this.#step(operation, path, () => (this.#disk.folderOf(path) === undefined ? 'changed' : run()));
  }

  #made(path: string, node: () => DiskNode): Promise<DiskEntry | Changed> {
    return this.#change('make', path, () => {
      if (this.#disk.at(path) !== undefined) return 'changed';
      this.#disk.put(path, node());
      return this.#entry(path);
    });
  }

  #placed({ absolute }: Temp, path: string): DiskEntry {
    const file = this.#disk.take(absolute);
    if (file?.type !== 'file') throw new FsError('io', absolute);
    this.#disk.touched(file);
    this.#disk.put(path, file);
    return this.#disk.entry(file);
  }

  #keep(path: string, keepAs: string): void {
    const node = this.#disk.take(path);
    this.#disk.makeFolders('.kith/kept');
    if (node !== undefined) this.#disk.put(joined('.kith/kept', keepAs), node);
  }

  #isAsExpected(path: string, expect: DiskEntry): boolean {
    const node = this.#disk.at(path);
    if (node === undefined || this.#disk.folderOf(path) === undefined || parentOf(path) === path)
      return false;
    const now = this.#disk.entry(node);
    if (now.type === 'link') return expect.type === 'link' && expect.target === now.target;
    if (now.type === 'file')
      return expect.type === 'file' && expect.identity === now.identity && expect.stamp === now.stamp;
    return false;
  }

  /** Files under way and files that were replaced lie there: no name leads from one disk to another. */
  #mustBeOnRoot(path: string): void {
    if (this.#disk.diskOf(path) !== undefined) throw new FsError('cannot-hold', path);
  }

  #entry(path: string): DiskEntry {
    const node = this.#disk.at(path);
    if (node === undefined) throw new FsError('io', path);
    return this.#disk.entry(node);
  }

  #file(path: string): FileNode {
    const node = this.#disk.at(path);
    if (node?.type !== 'file') throw new FsError('io', path);
    return node;
  }
}
