/**
 * Disks that are mounted inside of the folder. One that goes leaves an empty folder, or none, and nothing of what was on it is deleted. Which
 * folders were such places is remembered, so that a start without the disk deletes nothing either.
 */
import { foldersOf } from './paths.ts';
import type { FileSystem, FolderStore } from './ports.ts';
import type { Problem } from './sight.ts';

export interface DisksDeps {
  readonly fs: Pick<FileSystem, 'look'>;
  readonly store: Pick<FolderStore, 'mounts' | 'children' | 'get' | 'put'>;
  readonly sight: { spelled(path: string): string };
  readonly problem: (path: string, problem: Problem) => void;
  readonly calm: (path: string) => void;
}

/** Of what was on a disk, so much is looked for at most, to know it again. */
const MOST_LOOKED_FOR = 256;

export class Disks {
  readonly #deps: DisksDeps;
  /** Disks that are there, by the folder where they begin. */
  readonly #there = new Map<string, string>();
  /** Where one is not there; another may be. */
  #gone: ReadonlySet<string> = new Set();

  constructor(deps: DisksDeps) {
    this.#deps = deps;
  }

  get areGone(): boolean {
    return this.#gone.size > 0;
  }

  /** It is on a disk that was not there when last looked, or is the place of such a one: of it nothing is known. */
  isGone(path: string): boolean {
    return this.areGone && (this.#gone.has(path) || foldersOf(path).some((on) => this.#gone.has(on)));
  }

  /** @returns whether one came back. */
  async look(): Promise<boolean> {
    const { store, problem, calm } = this.#deps;
    const gone = new Set<string>();
    for (const { path } of store.mounts()) {
      if (await this.#isThere(path)) continue;
      this.#there.delete(path);
      gone.add(path);
    }
    const before = this.#gone;
    this.#gone = gone;
    for (const path of gone) problem(path, 'disk-gone');
    const back = [...before].filter((path) => !gone.has(path));
    for (const path of back) calm(path);
    return back.length > 0;
  }

  /** Asked right before something is written: the disk that a path is on may have gone since the last look. */
  async isInPlace(path: string): Promise<boolean> {
    for (const { path: place } of this.#deps.store.mounts())
      if (path.startsWith(`${place}/`) && !(await this.#isThere(place))) return false;
    return true;
  }

  /** Somebody says that those which are gone are gone for good: what is there now counts. */
  async giveUp(): Promise<void> {
    const { store, calm } = this.#deps;
    for (const path of this.#gone) {
      const disk = await this.#diskAt(path);
      const known = store.get(path);
      if (disk !== undefined) this.#there.set(path, disk);
      else if (known?.disk.type === 'folder')
        store.put({ ...known, disk: { ...known.disk, isMount: false } });
      calm(path);
    }
    this.#gone = new Set();
  }

  async #diskAt(path: string): Promise<string | undefined> {
    const { fs, sight } = this.#deps;
    const entry = await fs.look(sight.spelled(path)).catch(() => undefined);
    return entry?.type === 'folder' ? entry.mount : undefined;
  }

  /** Numbers of disks are dealt anew at each mounting, and to others: one that was away is known by what is on it. */
  async #isThere(path: string): Promise<boolean> {
    const disk = await this.#diskAt(path);
    if (disk === undefined) return false;
    if (this.#there.get(path) !== disk && !(await this.#isFamiliar(path))) return false;
    this.#there.set(path, disk);
    return true;
  }

  async #isFamiliar(path: string): Promise<boolean> {
    const { fs, store, sight } = this.#deps;
    let looked = 0;
    for (const { path: inside } of store.children(path)) {
      if ((await fs.look(sight.spelled(inside)).catch(() => undefined)) !== undefined) return true;
      looked += 1;
      if (looked === MOST_LOOKED_FOR) return false;
    }
    return looked === 0;
  }
}
