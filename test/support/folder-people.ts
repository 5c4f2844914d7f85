/**
 * What people do to their folders, at random, on real disks, whether a node runs or not. Each state that they save has
 * a word of its own; a word that nobody's hand took away must be in sight in the end.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SeededRng } from '../sim/rng.ts';
import { pathsIn, write, type Tree } from './folder-trees.ts';

const FOLDERS = ['', 'camp', 'camp/north', 'reports/may', 'reports'];
const NAMES = 12;
const LINES = 5;
const WORD = /w\d+\./g;
/** Nobody touches these but to delete them when all agree. */
const DOOMED = 'doomed';

export class FolderPeople {
  readonly #rng: SeededRng;
  /** Word to where it was saved. */
  readonly #saved = new Map<string, string>();
  readonly #deleted = new Set<string>();
  #words = 0;
  #doomed = 0;

  constructor(rng: SeededRng) {
    this.#rng = rng;
  }

  get count(): number {
    return this.#words;
  }

  /** So many files, so that what follows is little beside them. */
  fill(root: string, files: number): void {
    for (let n = 0; n < files; n += 1)
      this.#save(root, `old/${String(n % 9)}/${String(n)}.txt`, this.#text());
  }

  /** One thing. What a node took away a moment ago cannot be had: then it is nothing. */
  act(root: string): void {
    try {
      this.#act(root);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ENOENT', 'EISDIR', 'ENOTDIR'].includes(code)) throw error;
    }
  }

  #act(root: string): void {
    const file = this.#rng.pick(pathsIn(root).filter((path) => !path.startsWith(DOOMED)));
    switch (this.#rng.below(10)) {
      case 0:
      case 1:
      case 2:
        this.#save(root, this.#place(), this.#text());
        return;
      case 3:
      case 4:
        if (file !== undefined) this.#edit(root, file);
        return;
      case 5:
        if (file !== undefined) this.#saveBeside(root, file);
        return;
      case 6:
      case 7:
        if (file !== undefined) this.#append(root, file);
        return;
      case 8:
        if (file !== undefined) this.#rename(root, file, this.#place());
        return;
      default:
        if (file !== undefined) this.#remove(root, file);
    }
  }

  /** While all agree: these are gone for good. */
  plantDoomed(root: string): void {
    for (let n = 0; n < 3; n += 1) {
      this.#doomed += 1;
      write(root, `${DOOMED}/${String(this.#doomed)}.txt`, `doomed ${String(this.#doomed)}\n`);
    }
  }

  deleteDoomed(root: string): void {
    for (const path of pathsIn(root).filter((one) => one.startsWith(`${DOOMED}/`))) {
      rmSync(join(root, path));
      this.#deleted.add(path);
    }
  }

  /** @returns words that are not in sight, with where they were saved; they may be in earlier versions. */
  check(tree: Tree): ReadonlyMap<string, string> {
    for (const path of this.#deleted)
      assert.equal(tree[path], undefined, `${path} was deleted by all, and is back`);
    const seen = new Set(Object.values(tree).flatMap((text) => text.match(WORD) ?? []));
    return new Map([...this.#saved].filter(([word]) => !seen.has(word)));
  }

  #word(): string {
    this.#words += 1;
    return `w${String(this.#words)}.`;
  }

  #text(): string {
    return Array.from({ length: LINES }, (_, at) => `line ${String(at)}: ${this.#word()}\n`).join('');
  }

  #place(): string {
    const folder = this.#rng.pick(FOLDERS) ?? '';
    return join(folder, `${String(this.#rng.below(NAMES))}.txt`);
  }

  /** In place, as editors do that keep the file. */
  #edit(root: string, path: string): void {
    const lines = readFileSync(join(root, path), 'utf8').split('\n');
    lines[this.#rng.below(Math.max(1, lines.length - 1))] = `edited: ${this.#word()}`;
    this.#save(root, path, lines.join('\n'));
  }

  #append(root: string, path: string): void {
    const word = this.#word();
    appendFileSync(join(root, path), `${word}\n`);
    this.#saved.set(word, path);
  }

  #save(root: string, path: string, text: string): void {
    this.#taken(root, path);
    write(root, path, text);
    this.#kept(path, text);
  }

  /** Written beside and renamed over it, as other editors do. */
  #saveBeside(root: string, path: string): void {
    const text = this.#text();
    const draft = join(root, dirname(path), `.${String(this.#words)}.draft`);
    writeFileSync(draft, text);
    this.#taken(root, path);
    renameSync(draft, join(root, path));
    this.#kept(path, text);
  }

  #rename(root: string, from: string, to: string): void {
    if (from === to) return;
    const text = readFileSync(join(root, from), 'utf8');
    this.#taken(root, to);
    write(root, join(dirname(to), '.made'), '');
    rmSync(join(root, dirname(to), '.made'));
    renameSync(join(root, from), join(root, to));
    this.#kept(to, text);
  }

  #remove(root: string, path: string): void {
    this.#taken(root, path);
    rmSync(join(root, path));
  }

  /** What stands there is destroyed by this user's own hand. */
  #taken(root: string, path: string): void {
    try {
      for (const word of readFileSync(join(root, path), 'utf8').match(WORD) ?? []) this.#saved.delete(word);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #kept(path: string, text: string): void {
    for (const word of text.match(WORD) ?? []) this.#saved.set(word, path);
  }
}
