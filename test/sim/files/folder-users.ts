/** What people do to their folders, at random; and a word for every state that they saved. */
import { utf8, fromUtf8, type Bytes } from '../../../src/base/bytes.ts';
import type { SeededRng } from '../rng.ts';
import type { FolderNode } from './folder-world.ts';
import type { DiskNode, FileNode } from './sim-disk.ts';

const FOLDERS = ['', '', 'd', 'd/e', 'g'];
const NAMES = ['a.txt', 'b.txt', 'c.txt', 'x'];
const LINES = 6;

export class Users {
  readonly #rng: SeededRng;
  #words = 0;

  constructor(rng: SeededRng) {
    this.#rng = rng;
  }

  /** A word that no other state has. */
  word(): string {
    this.#words += 1;
    return `w${String(this.#words)}.`;
  }

  newText(): string {
    const word = this.word();
    return Array.from({ length: LINES }, (_, at) => `${word} line ${String(at)}\n`).join('');
  }

  /** One thing; false when there was nothing to do it to. */
  act(node: FolderNode): boolean {
    const { disk } = node;
    const tree = [...disk.tree()];
    const [path, found] = this.#rng.pick(tree) ?? [];
    const [file, bytes] = this.#file(tree);
    switch (this.#rng.below(13)) {
      case 0:
      case 1:
        return this.#write(node, this.#free(), this.newText());
      case 2:
      case 3:
        return file !== undefined && this.#write(node, file, this.#edited(bytes));
      case 4:
        return file !== undefined && this.#write(node, file, `${text(bytes)}${this.word()}\n`);
      case 5:
        return file !== undefined && this.#save(node, file, this.newText());
      case 6:
      case 7:
        return path !== undefined && this.#remove(node, path);
      case 8:
      case 9:
        return path !== undefined && this.#rename(node, path, this.#free());
      case 10:
        return this.#makeFolder(node, this.#rng.pick(['d', 'd/e', 'g', 'g/new', 'x']) ?? 'd');
      case 11:
        return found?.type === 'file' && path !== undefined && this.#chmod(node, path, found);
      default:
        return this.#link(node, this.#free());
    }
  }

  #file(
    tree: readonly (readonly [string, DiskNode])[],
  ): readonly [string, Bytes] | readonly [undefined, Bytes] {
    const files = tree.filter((one): one is readonly [string, FileNode] => one[1].type === 'file');
    const picked = this.#rng.pick(files);
    return picked === undefined ? [undefined, utf8('')] : [picked[0], picked[1].bytes];
  }

  #free(): string {
    const folder = this.#rng.pick(FOLDERS) ?? '';
    const name = this.#rng.pick(NAMES) ?? 'a.txt';
    return folder === '' ? name : `${folder}/${name}`;
  }

  #edited(bytes: Bytes): string {
    const lines = text(bytes).split('\n');
    lines[this.#rng.below(Math.max(1, lines.length - 1))] = `${this.word()} edited`;
    return lines.join('\n');
  }

  /** False where a file is in the way. */
  #placed(node: FolderNode, path: string): boolean {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const segments = folder === '' ? [] : folder.split('/');
    for (const [at] of segments.entries()) {
      const on = node.disk.at(segments.slice(0, at + 1).join('/'));
      if (on !== undefined && on.type !== 'folder') return false;
    }
    node.disk.makeFolders(folder);
    if (segments[0] !== undefined) node.hint(segments[0]);
    return true;
  }

  #write(node: FolderNode, path: string, content: string): boolean {
    const before = node.disk.at(path);
    if (before !== undefined && before.type !== 'file') return false;
    if (!this.#placed(node, path)) return false;
    node.disk.write(path, utf8(content));
    node.hint(path);
    return true;
  }

  #save(node: FolderNode, path: string, content: string): boolean {
    node.disk.save(path, utf8(content));
    node.hint(path);
    return true;
  }

  #remove(node: FolderNode, path: string): boolean {
    node.disk.take(path);
    node.hint(path);
    return true;
  }

  #rename(node: FolderNode, from: string, to: string): boolean {
    if (to === from || to.startsWith(`${from}/`) || from.startsWith(`${to}/`)) return false;
    if (node.disk.at(to)?.type === 'folder' || !this.#placed(node, to)) return false;
    node.disk.rename(from, to);
    node.hint(from);
    node.hint(to);
    return true;
  }

  #makeFolder(node: FolderNode, path: string): boolean {
    if (node.disk.at(path) !== undefined || !this.#placed(node, path)) return false;
    node.disk.makeFolders(path);
    node.hint(path);
    return true;
  }

  #chmod(node: FolderNode, path: string, file: FileNode): boolean {
    file.executable = !file.executable;
    node.disk.touched(file);
    node.hint(path);
    return true;
  }

  #link(node: FolderNode, path: string): boolean {
    if (node.disk.at(path) !== undefined || !this.#placed(node, path)) return false;
    node.disk.put(path, { type: 'link', target: `x${String(this.#rng.below(4))}` });
    node.hint(path);
    return true;
  }
}

export function text(bytes: Bytes): string {
  return fromUtf8(bytes);
}
