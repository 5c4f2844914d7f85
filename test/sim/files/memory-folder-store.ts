/** What a device remembers of a folder, in memory: the twin of what SQLite keeps. It survives the program. */
import { foldKey, isBelow, parentOf } from '../../../src/files/folder/paths.ts';
import type { Brake, Direction, FolderStore, Kept, Known } from '../../../src/files/folder/ports.ts';

export class MemoryFolderStore implements FolderStore {
  readonly #known = new Map<string, Known>();
  readonly #kept = new Map<string, Kept>();
  readonly #brakes = new Map<Direction, Brake>();

  get(path: string): Known | undefined {
    return this.#known.get(path);
  }

  put(known: Known): void {
    this.#known.set(known.path, known);
  }

  remove(path: string): void {
    this.#known.delete(path);
  }

  *children(folder: string): Generator<Known> {
    for (const known of this.#known.values()) if (parentOf(known.path) === folder) yield known;
  }

  *below(folder: string): Generator<Known> {
    for (const known of this.#known.values()) if (isBelow(known.path, folder)) yield known;
  }

  hasBelow(folder: string): boolean {
    for (const path of this.#known.keys()) if (isBelow(path, folder)) return true;
    return false;
  }

  mounts(): readonly Known[] {
    return this.#all(({ disk }) => disk.type === 'folder' && disk.isMount);
  }

  byIdentity(identity: string): readonly Known[] {
    return this.#all(({ disk }) => disk.type === 'file' && disk.identity === identity);
  }

  byFoldKey(key: string): readonly Known[] {
    return this.#all(({ path }) => foldKey(path) === key);
  }

  count(): number {
    return this.#all(({ disk }) => disk.type !== 'folder').length;
  }

  brakes(): readonly Brake[] {
    return [...this.#brakes.values()];
  }

  setBrake(brake: Brake): void {
    this.#brakes.set(brake.direction, brake);
  }

  clearBrake(direction: Direction): void {
    this.#brakes.delete(direction);
  }

  keep(kept: Kept): void {
    this.#kept.set(kept.name, kept);
  }

  kept(): readonly Kept[] {
    return [...this.#kept.values()];
  }

  forgetKept(name: string): void {
    this.#kept.delete(name);
  }

  #all(fits: (known: Known) => boolean): Known[] {
    return [...this.#known.values()].filter(fits);
  }
}
