/**
 * What is done to the disk, one path at a time: `put` makes a path what it should be, and never takes away what was not looked at.
 * Whatever is replaced or taken away can be had back from kith's corner of the folder.
 */
import type { Clock, Rng } from '../../base/ports.ts';
import { toHex } from '../../base/bytes.ts';
import type { PathState } from '../types.ts';
import type { Disk } from './core.ts';
import { freeName, minuteOf } from './core-conflicts.ts';
import { staysInside } from './paths.ts';
import {
  FsError,
  type Contents,
  type DiskEntry,
  type FileSystem,
  type FolderKeeping,
  type FolderStore,
  type Changed,
  type Temp,
} from './ports.ts';

/** `not-empty`: a folder that should go holds what is nobody's version. */
export type PutOutcome = DiskEntry | 'gone' | 'not-empty' | Changed;

export interface Put {
  readonly path: string;
  /** As on disk. */
  readonly spelled: string;
  readonly state: PathState;
  readonly disk: Disk;
  readonly aside: boolean;
}

export interface HandsDeps {
  readonly fs: FileSystem;
  readonly contents: Contents;
  readonly store: FolderStore;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly keeping: FolderKeeping;
  /** Is the disk there that a path lies on? */
  readonly isInPlace: (path: string) => Promise<boolean>;
}

type FileState = Extract<PathState, { type: 'file' }>;

export class Hands {
  readonly #fs: FileSystem;
  readonly #contents: Contents;
  readonly #store: FolderStore;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #time: FolderKeeping;
  readonly isInPlace: (path: string) => Promise<boolean>;

  constructor(deps: HandsDeps) {
    this.#time = deps.keeping;
    this.isInPlace = deps.isInPlace;
    this.#fs = deps.fs;
    this.#contents = deps.contents;
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#rng = deps.rng;
  }

  async put(put: Put): Promise<PutOutcome> {
    const { state, spelled } = put;
    // Filling a file takes time: there it is asked afterwards.
    if (state.type !== 'file' && !(await this.isInPlace(put.path))) return 'changed';
    switch (state.type) {
      case 'deleted':
        return this.#clear(put);
      case 'folder': {
        if (put.disk.type === 'folder') return put.disk;
        const cleared = await this.#clear(put);
        return cleared === 'gone' ? this.#fs.makeFolder(spelled) : cleared;
      }
      case 'link': {
        if (!staysInside(put.path, state.target)) throw new FsError('leads-out', put.path);
        const cleared = await this.#clear(put);
        return cleared === 'gone' ? this.#fs.makeLink(spelled, state.target) : cleared;
      }
      case 'file':
        return this.#putFile(put, state);
    }
  }

  /** A file that lies here already under another name. */
  async move(from: string, to: string, expect: DiskEntry): Promise<DiskEntry | Changed> {
    if (!(await this.isInPlace(to))) return 'changed';
    const outcome = await this.#fs.move(from, to, expect);
    if (outcome !== 'changed') this.#contents.moved(this.#fs.absolute(from), this.#fs.absolute(to));
    return outcome;
  }

  async #putFile(put: Put, state: FileState): Promise<PutOutcome> {
    const { disk, spelled } = put;
    if (disk.type === 'file' && disk.content?.id === state.content.id)
      return this.#fs.setExecutable(spelled, disk, state.executable);
    const temp = await this.#fs.newTemp();
    try {
      await this.#contents.materialise(state.content, temp.absolute);
      await this.#fs.finishTemp(temp, state.modifiedMs, state.executable);
      if (!(await this.isInPlace(put.path))) return 'changed';
      const outcome = await this.#inPlace(put, temp);
      if (typeof outcome !== 'string') this.#contents.moved(temp.absolute, this.#fs.absolute(spelled));
      return outcome;
    } finally {
      await this.#fs.dropTemp(temp);
    }
  }

  async #inPlace(put: Put, temp: Temp): Promise<PutOutcome> {
    const { disk, spelled, aside } = put;
    if (isThere(disk) && !aside)
      return this.#keeping(put, disk, (keepAs) => this.#fs.replace(temp, spelled, disk, keepAs));
    const cleared = await this.#clear(put);
    return cleared === 'gone' ? this.#fs.create(temp, spelled) : cleared;
  }

  /** Nothing stands there afterwards. */
  async #clear(put: Put): Promise<'gone' | 'not-empty' | Changed> {
    const { spelled, disk, aside } = put;
    if (disk.type === 'absent') return 'gone';
    if (disk.type === 'folder')
      return (await this.#fs.removeFolder(spelled)) === 'done' ? 'gone' : 'not-empty';
    if (disk.type === 'other') return 'changed';
    if (aside) return this.#setAside(spelled, disk);
    const outcome = await this.#keeping(put, disk, (keepAs) => this.#fs.takeAway(spelled, disk, keepAs));
    return outcome === 'done' ? 'gone' : outcome;
  }

  async #setAside(spelled: string, disk: DiskEntry): Promise<'gone' | Changed> {
    const label = `kept here, ${minuteOf(this.#clock.nowMs())}`;
    for (let n = 1; ; n += 1) {
      const name = freeName(spelled, n === 1 ? label : `${label}, ${String(n)}`, () => false);
      if ((await this.#fs.look(name)) !== undefined) continue;
      return (await this.#fs.move(spelled, name, disk)) === 'changed' ? 'changed' : 'gone';
    }
  }

  async #keeping<Result>(
    { path, spelled }: Put,
    disk: DiskEntry,
    run: (keepAs: string) => Promise<Result | Changed>,
  ): Promise<Result | Changed> {
    const keptMs = this.#time.nowMs();
    const name = `${String(keptMs)}-${toHex(this.#rng.bytes(8))}`;
    const sizeBytes = disk.type === 'file' ? disk.sizeBytes : 0;
    // Written first: what lies there without a word of whence is of no use to anybody.
    this.#store.keep({ name, path, sizeBytes, keptMs });
    const outcome = await run(name);
    if (outcome === 'changed') this.#store.forgetKept(name);
    else this.#contents.moved(this.#fs.absolute(spelled), this.#fs.keptAt(name));
    return outcome;
  }
}

function isThere(disk: Disk): disk is Exclude<Disk, { type: 'absent' | 'folder' | 'other' }> {
  return disk.type === 'file' || disk.type === 'link';
}
