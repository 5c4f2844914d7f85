/** What is seen of the folder: one path with all that a decision needs, or a folder's list with what differs from before. */
import type { Content } from '../types.ts';
import { desired, isSameFolder, isUntouched, sameIds, type Disk, type Situation } from './core.ts';
import { IGNORE_BYTES, IGNORE_FILE, ignoring, type Ignoring } from './ignoring.ts';
import type { Turns } from './pacing.ts';
import { fitsWindows, foldersOf, joined, parentOf, pathFault } from './paths.ts';
import type { DiskEntry, FileSystem, FolderStore, Index, Known, ListedEntry, Traits } from './ports.ts';

export type Problem =
  /** Its name cannot stand here, or must not stand anywhere. */
  | 'name'
  /** It lies in more folders than any node takes. */
  | 'too-deep'
  /** Another path differs only by case or Unicode form. */
  | 'clash'
  /** It can stand here, and not on every system. */
  | 'not-everywhere'
  | 'leads-out'
  /** More paths than are kept in step; of the folder as a whole. */
  | 'too-many'
  | 'denied'
  | 'full'
  | 'read-only'
  | 'cannot-hold'
  /** Where another disk was, inside of the folder. */
  | 'disk-gone'
  | 'io';

/** A content that was read, of the file that looked so. */
export interface Reading {
  readonly identity: string;
  readonly stamp: string;
  readonly content: Content;
}

export interface SightDeps {
  readonly fs: FileSystem;
  readonly index: Index;
  readonly store: FolderStore;
  readonly turns: Turns;
  readonly problem: (path: string, problem: Problem) => void;
}

type FileEntry = Extract<DiskEntry, { type: 'file' }>;

export class Sight {
  readonly #deps: SightDeps;
  readonly readings = new Map<string, Reading>();
  /** Of what was listed and is not known for good yet. */
  readonly #spellings = new Map<string, string>();
  #traits: Traits = { caseSensitive: true, exactUnicode: true, executableBits: true, windowsNames: false };
  #ignoring: Ignoring = ignoring('');

  constructor(deps: SightDeps) {
    this.#deps = deps;
  }

  async open(): Promise<void> {
    this.#traits = await this.#deps.fs.traits();
    await this.readIgnored();
  }

  async readIgnored(): Promise<void> {
    const { fs } = this.#deps;
    const entry = await fs.look(IGNORE_FILE);
    let text = '';
    if (entry?.type === 'file' && entry.sizeBytes <= IGNORE_BYTES)
      for await (const chunk of fs.read(IGNORE_FILE)) text += Buffer.from(chunk).toString('utf8');
    this.#ignoring = ignoring(text);
  }

  /** Can two paths be one here? */
  get folds(): boolean {
    return !this.#traits.caseSensitive || !this.#traits.exactUnicode;
  }

  isIgnored(path: string, isFolder: boolean): boolean {
    return this.#ignoring(path, isFolder);
  }

  canHold(path: string): boolean {
    return pathFault(path) === undefined && (!this.#traits.windowsNames || fitsWindows(path));
  }

  /** As it is spelled on disk, where folders on the way may be spelled in their own way. */
  spelled(path: string): string {
    const own = this.#spellingOf(path);
    if (own !== undefined) return own;
    const folder = foldersOf(path).findLast((on) => this.#spellingOf(on) !== undefined);
    if (folder === undefined) return path;
    return `${this.#spellingOf(folder) ?? folder}${path.slice(folder.length)}`;
  }

  #spellingOf(path: string): string | undefined {
    return this.#spellings.get(path) ?? this.#deps.store.get(path)?.spelled;
  }

  forgetSpelling(path: string): void {
    this.#spellings.delete(path);
  }

  /** @throws FsError when it cannot be told what stands there. */
  async look(path: string, isForced: boolean): Promise<Situation> {
    const entry = await this.#deps.fs.look(this.spelled(path));
    if (entry !== undefined) this.#learnMount(path, entry);
    return this.#situation(path, this.#disk(path, entry, this.#deps.store.get(path), isForced));
  }

  /** The same look at the disk, and all else as it is now. */
  fresh({ path, disk }: Situation): Situation {
    return this.#situation(path, disk);
  }

  #situation(path: string, disk: Disk): Situation {
    const { index, store } = this.#deps;
    return {
      path,
      disk,
      known: store.get(path),
      heads: index.heads(path),
      liveBelow: index.hasLiveBelow(path),
      knownBelow: store.hasBelow(path),
    };
  }

  #disk(path: string, entry: DiskEntry | undefined, known: Known | undefined, isForced: boolean): Disk {
    if (entry === undefined) return { type: 'absent' };
    if (entry.type !== 'file') return entry;
    const reading = this.readings.get(path);
    const isRead = reading !== undefined && isUntouched(entry, reading);
    const content = isRead ? reading.content : isForced ? undefined : this.#unread(entry, known);
    return { ...entry, executable: this.#executable(path, entry.executable, known), content };
  }

  /** What nobody wrote to need not be read, nor what was renamed only. */
  #unread(entry: FileEntry, known: Known | undefined): Content | undefined {
    const before = known === undefined ? this.#deps.store.byIdentity(entry.identity) : [known];
    for (const { disk } of before) if (disk.type === 'file' && isUntouched(entry, disk)) return disk.content;
    return undefined;
  }

  /** Where the disk does not know such a thing, it is as it was. */
  #executable(path: string, onDisk: boolean, known: Known | undefined): boolean {
    if (this.#traits.executableBits) return onDisk;
    if (known?.disk.type === 'file') return known.disk.executable;
    const { state } = desired(this.#deps.index.heads(path), false);
    return state.type === 'file' && state.executable;
  }

  /** Does the folder stand that it lies in, as far as is known? */
  hasFolder(path: string): boolean {
    const folder = parentOf(path);
    return folder === '' || this.#deps.store.get(folder)?.disk.type === 'folder';
  }

  /** Does the index say nothing new about a path that nobody touched? */
  isInStep(path: string): boolean {
    const { index, store } = this.#deps;
    const { base, state } = desired(index.heads(path), index.hasLiveBelow(path));
    const known = store.get(path);
    if (known === undefined) return state.type === 'deleted';
    return known.disk.type === state.type && sameIds(known.base, base);
  }

  /** @returns what has to be looked at, how much of it was never seen before, and the folders in it. @throws FsError */
  async list(
    folder: string,
  ): Promise<{ readonly changed: string[]; readonly unknown: number; readonly folders: string[] }> {
    const { fs, store, turns } = this.#deps;
    const entries = await fs.list(this.spelled(folder));
    turns.begin();
    const listed = await this.#named(folder, entries);
    const changed: string[] = [];
    const folders: string[] = [];
    let unknown = 0;
    for (const [path, { entry }] of listed) {
      if (turns.isOver) await turns.next();
      if (entry.type === 'folder') folders.push(path);
      this.#learnMount(path, entry);
      const known = store.get(path);
      if (known === undefined) unknown += 1;
      if (!isSame(entry, known)) changed.push(path);
    }
    for (const { path } of store.children(folder)) {
      if (turns.isOver) await turns.next();
      if (!listed.has(path)) changed.push(path);
    }
    return { changed, unknown, folders };
  }

  /** A disk that comes over a folder hides what was in it: known before anything in there is looked at. */
  #learnMount(path: string, entry: DiskEntry): void {
    const { store } = this.#deps;
    if (entry.type !== 'folder' || entry.mount === undefined) return;
    const known = store.get(path);
    if (known?.disk.type !== 'folder' || known.disk.isMount) return;
    store.put({ ...known, disk: { ...known.disk, isMount: true } });
  }

  /** By path. Names that cannot be, that are ignored, and those that are one path with another, are left out. */
  async #named(folder: string, entries: readonly ListedEntry[]): Promise<Map<string, ListedEntry>> {
    const { store, turns, problem } = this.#deps;
    const listed = new Map<string, ListedEntry>();
    for (const one of entries) {
      if (turns.isOver) await turns.next();
      const path = joined(folder, one.name.normalize('NFC'));
      if (this.#ignoring(path, one.entry.type === 'folder')) continue;
      const fault = one.name.includes('\ufffd') ? 'not-text' : pathFault(path);
      if (fault !== undefined) {
        problem(path, fault === 'too-deep' ? fault : 'name');
        continue;
      }
      const other = listed.get(path);
      if (other !== undefined) problem(path, 'clash');
      const mine = store.get(path)?.spelled ?? path;
      const isBetter = other === undefined || joined(parentOf(mine), one.name) === mine;
      if (isBetter) listed.set(path, one);
    }
    for (const [path, { name }] of listed) this.#spell(path, name);
    return listed;
  }

  /** Remembered until it is known for good. */
  #spell(path: string, name: string): void {
    const spelled = joined(this.spelled(parentOf(path)), name);
    if (spelled === path) this.#spellings.delete(path);
    else this.#spellings.set(path, spelled);
  }
}

function isSame(entry: DiskEntry, known: Known | undefined): boolean {
  if (known === undefined) return entry.type === 'other';
  const { disk } = known;
  if (entry.type === 'file')
    return disk.type === 'file' && isUntouched(entry, disk) && disk.executable === entry.executable;
  if (entry.type === 'link') return disk.type === 'link' && disk.target === entry.target;
  return entry.type === 'folder' && isSameFolder(entry, disk);
}
