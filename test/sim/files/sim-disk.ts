/** A disk in memory, as its users have it: what they do happens at once, whatever a program is in the middle of. */
import type { Bytes } from '../../../src/base/bytes.ts';
import type { DiskEntry } from '../../../src/files/folder/ports.ts';

export interface FileNode {
  readonly type: 'file';
  readonly inode: number;
  bytes: Bytes;
  modifiedMs: number;
  /** As coarse as a kernel's: two writes within it look alike. */
  changedTick: number;
  executable: boolean;
}
export interface FolderNode {
  readonly type: 'folder';
  readonly inode: number;
  readonly entries: Map<string, { readonly name: string; readonly node: DiskNode }>;
  /** The number of the disk that begins here. */
  readonly mount: string | undefined;
}
export interface LinkNode {
  readonly type: 'link';
  readonly target: string;
}
export type DiskNode = FileNode | FolderNode | LinkNode;

export interface DiskKind {
  readonly caseSensitive: boolean;
  /** Stores names decomposed, and finds them in any form. */
  readonly normalises: boolean;
}

const TICK_MS = 4;

export class SimDisk {
  readonly kind: DiskKind;
  readonly root: FolderNode;
  isMounted = true;
  readonly #nowMs: () => number;
  readonly #monotonicMs: () => number;
  readonly #covered = new Map<string, FolderNode>();
  #inodes = 1;

  constructor(kind: DiskKind, nowMs: () => number, monotonicMs: () => number) {
    this.kind = kind;
    this.#nowMs = nowMs;
    this.#monotonicMs = monotonicMs;
    this.root = this.newFolder();
  }

  newFolder(mount?: string): FolderNode {
    this.#inodes += 1;
    return { type: 'folder', inode: this.#inodes, entries: new Map(), mount };
  }

  newFile(bytes: Bytes): FileNode {
    this.#inodes += 1;
    const file: FileNode = {
      type: 'file',
      inode: this.#inodes,
      bytes,
      modifiedMs: 0,
      changedTick: 0,
      executable: false,
    };
    this.written(file, bytes);
    return file;
  }

  written(file: FileNode, bytes: Bytes): void {
    file.bytes = bytes;
    file.modifiedMs = Math.floor(this.#nowMs() / TICK_MS) * TICK_MS;
    this.touched(file);
  }

  touched(file: FileNode): void {
    file.changedTick = Math.floor(this.#monotonicMs() / TICK_MS);
  }

  keyOf(name: string): string {
    const form = this.kind.normalises ? name.normalize('NFD') : name;
    return this.kind.caseSensitive ? form : form.toLowerCase();
  }

  /** No link is followed. */
  at(path: string): DiskNode | undefined {
    let node: DiskNode = this.root;
    for (const name of path === '' ? [] : path.split('/')) {
      if (node.type !== 'folder') return undefined;
      const found: DiskNode | undefined = node.entries.get(this.keyOf(name))?.node;
      if (found === undefined) return undefined;
      node = found;
    }
    return node;
  }

  /** As the name stands on disk. */
  nameAt(path: string): string | undefined {
    const cut = path.lastIndexOf('/');
    const folder = this.at(path.slice(0, Math.max(0, cut)));
    return folder?.type === 'folder' ? folder.entries.get(this.keyOf(path.slice(cut + 1)))?.name : undefined;
  }

  folderOf(path: string): FolderNode | undefined {
    const folder = this.at(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    return folder?.type === 'folder' ? folder : undefined;
  }

  /** @throws when the folder that it would lie in is not there. */
  put(path: string, node: DiskNode): void {
    const given = path.slice(path.lastIndexOf('/') + 1);
    const name = this.kind.normalises ? given.normalize('NFD') : given;
    const folder = this.folderOf(path);
    if (folder === undefined) throw new Error(`no folder for ${path}`);
    const key = this.keyOf(name);
    const before = folder.entries.get(key);
    // Whoever replaces a file by another leaves its name as it was spelled.
    folder.entries.set(key, { name: before?.name ?? name, node });
  }

  take(path: string): DiskNode | undefined {
    const folder = this.folderOf(path);
    const key = this.keyOf(path.slice(path.lastIndexOf('/') + 1));
    const node = folder?.entries.get(key)?.node;
    folder?.entries.delete(key);
    return node;
  }

  entry(node: DiskNode): DiskEntry {
    if (node.type === 'link') return { type: 'link', target: node.target };
    if (node.type === 'folder') return { type: 'folder', identity: String(node.inode), mount: node.mount };
    return {
      type: 'file',
      identity: String(node.inode),
      stamp: `${String(node.bytes.byteLength)}.${String(node.modifiedMs)}.${String(node.changedTick)}`,
      sizeBytes: node.bytes.byteLength,
      modifiedMs: node.modifiedMs,
      executable: node.executable,
    };
  }

  /** Of the disk on which a file of that path would lie; undefined: the root's. */
  diskOf(path: string): string | undefined {
    const folders = path.split('/').map((_, at, names) => this.at(names.slice(0, at).join('/')));
    const last = folders.findLast((node) => node?.type === 'folder' && node.mount !== undefined);
    return last?.type === 'folder' ? last.mount : undefined;
  }

  // ---- users

  /** A disk at that folder; what lies there is hidden meanwhile. */
  mount(path: string, disk: FolderNode): void {
    const folder = this.at(path);
    if (folder?.type !== 'folder') throw new Error(`no folder ${path}`);
    this.#covered.set(path, folder);
    this.put(path, disk);
  }

  unmount(path: string): void {
    const folder = this.#covered.get(path);
    if (folder === undefined) throw new Error(`no disk at ${path}`);
    this.#covered.delete(path);
    this.put(path, folder);
  }

  write(path: string, bytes: Bytes): void {
    const node = this.at(path);
    if (node?.type === 'file') this.written(node, bytes);
    else this.put(path, this.newFile(bytes));
  }

  /** As programs save that write a file of their own first. */
  save(path: string, bytes: Bytes): void {
    this.put(path, this.newFile(bytes));
  }

  makeFolders(path: string): void {
    const segments = path === '' ? [] : path.split('/');
    for (const [at] of segments.entries()) {
      const folder = segments.slice(0, at + 1).join('/');
      if (this.at(folder) === undefined) this.put(folder, this.newFolder());
    }
  }

  rename(from: string, to: string): void {
    const node = this.take(from);
    if (node === undefined) throw new Error(`nothing at ${from}`);
    this.take(to);
    this.put(to, node);
    if (node.type === 'file') this.touched(node);
  }

  /** Everything in it by path, kith's corner left out. */
  tree(): Map<string, DiskNode> {
    const found = new Map<string, DiskNode>();
    const walk = (folder: FolderNode, before: string): void => {
      for (const { name, node } of folder.entries.values()) {
        if (before === '' && name === '.kith') continue;
        const path = before + name;
        found.set(path.normalize('NFC'), node);
        if (node.type === 'folder') walk(node, `${path}/`);
      }
    };
    walk(this.root, '');
    return found;
  }

  /** The bytes of every file, kith's corner too. */
  *files(folder: FolderNode = this.root): Generator<FileNode> {
    for (const { node } of folder.entries.values()) {
      if (node.type === 'file') yield node;
      if (node.type === 'folder') yield* this.files(node);
    }
  }
}
