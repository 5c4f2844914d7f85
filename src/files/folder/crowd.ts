/**
 * How many paths a folder may have here, in all and by one author. Nobody means a million of them; whoever puts them there, by mistake or not, takes neither
 * this node nor the folder from the others: what is in step stays so, and the rest is left out and said once.
 */
import type { DeviceKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/ports.ts';
import { desired, type Situation } from './core.ts';
import type { Problem } from './sight.ts';

export interface CrowdLimits {
  readonly paths: number;
  readonly ofAuthor: number;
}

export const CROWD_LIMITS: CrowdLimits = {
  paths: LIMITS.folderPaths,
  ofAuthor: LIMITS.folderPathsOfAuthor,
};

export interface CrowdDeps {
  readonly me: DeviceKey;
  readonly limits: CrowdLimits;
  /** Does what others write come onto this disk at all? */
  readonly takesIn: boolean;
  readonly logger: Logger;
  /** It was on this disk under another name: no path more. */
  readonly isRenamed: (seen: Situation) => boolean;
  readonly problem: (path: string, problem: Problem) => void;
  readonly calm: (path: string) => void;
}

/** A folder that has no version of its own, and stands for what lies in it. */
export const NOBODY = 'nobody';
const RENAMED = 'renamed';
type Author = DeviceKey | typeof NOBODY;

export class Crowd {
  readonly #deps: CrowdDeps;
  #tally = new Tally();
  /** Let in, and not on disk when last counted. */
  #entering = new Set<string>();
  readonly #told = new Set<Author>();
  #isOver = false;

  constructor(deps: CrowdDeps) {
    this.#deps = deps;
  }

  /** Some are left out. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What is on disk already always is; else there has to be room for it. */
  admits(seen: Situation): boolean {
    if (seen.known !== undefined || this.#entering.has(seen.path)) return true;
    const author = this.#authorOf(seen);
    // A rename takes the place of what was there, also once that is gone.
    if (author === RENAMED) this.#entering.add(seen.path);
    return author === undefined || author === RENAMED || this.enter(seen.path, author);
  }

  enter(path: string, author: Author): boolean {
    if (this.#entering.has(path)) return true;
    const { paths, ofAuthor } = this.#deps.limits;
    if (this.#tally.all >= paths || (author !== NOBODY && this.#tally.of(author) >= ofAuthor)) {
      this.#leaveOut(author);
      return false;
    }
    this.#tally.add(author);
    this.#entering.add(path);
    return true;
  }

  /** There is more on disk than can be taken in, whatever it is. */
  overflow(): void {
    this.#leaveOut(this.#deps.me);
  }

  /** What is on disk was counted anew, and is all that is; who was left out may have room now. */
  counted(tally: Tally): void {
    this.#tally = tally;
    this.#entering = new Set();
    if (!this.#isOver && this.#told.size > 0) {
      this.#told.clear();
      this.#deps.calm('');
    }
    this.#isOver = false;
  }

  /** Undefined where nothing would be added. */
  #authorOf(seen: Situation): Author | typeof RENAMED | undefined {
    const { me, takesIn, isRenamed } = this.#deps;
    const { disk, heads, liveBelow } = seen;
    // A folder of the user's has to be known for what is in it to be; many are as many files sooner or later.
    if (disk.type === 'other' || disk.type === 'folder') return undefined;
    const { state, winner } = desired(heads, liveBelow);
    if (disk.type !== 'absent') return isRenamed(seen) ? RENAMED : (winner?.device ?? me);
    if (!takesIn) return undefined;
    return state.type === 'deleted' ? undefined : (winner?.device ?? NOBODY);
  }

  /** Once an author, however many there are: a log is a disk as well. */
  #leaveOut(author: Author): void {
    this.#isOver = true;
    if (this.#told.has(author)) return;
    this.#told.add(author);
    const { logger, limits, problem } = this.#deps;
    logger.warn(
      { device: author, ...limits },
      'more paths in a folder than are kept in step: the rest is left out',
    );
    problem('', 'too-many');
  }
}

/** Paths on disk, and whose versions they are. */
export class Tally {
  readonly #of = new Map<Author, number>();
  all = 0;

  of(author: Author): number {
    return this.#of.get(author) ?? 0;
  }

  add(author: Author): void {
    this.all += 1;
    this.#of.set(author, this.of(author) + 1);
  }
}

/** Paths that are to come onto this disk, of each author no more than can come. */
export class Coming {
  readonly #limits: CrowdLimits;
  readonly #of = new Map<DeviceKey, number>();
  readonly #all: (readonly [path: string, author: DeviceKey])[] = [];

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  get all(): readonly (readonly [path: string, author: DeviceKey])[] {
    return this.#all;
  }

  add(path: string, author: DeviceKey): void {
    const count = this.#of.get(author) ?? 0;
    // One more than can come, so that it is known that there are more.
    if (count > this.#limits.ofAuthor || this.#all.length > this.#limits.paths) return;
    this.#of.set(author, count + 1);
    this.#all.push([path, author]);
  }
}
