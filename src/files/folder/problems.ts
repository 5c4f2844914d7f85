/** Paths that are not in step, and why. Another's machine may make any number of them: so many are listed, and fewer are logged. */
import type { Logger } from '../../base/ports.ts';
import type { Problem } from './sight.ts';

const MOST_LISTED = 1000;
const MOST_LOGGED = 100;

export class Problems {
  readonly #logger: Logger;
  readonly #changed: () => void;
  readonly #listed = new Map<string, Problem>();
  #logged = 0;

  constructor(logger: Logger, changed: () => void) {
    this.#logger = logger;
    this.#changed = changed;
  }

  get all(): ReadonlyMap<string, Problem> {
    return this.#listed;
  }

  /** Of the folder as a whole where `path` is ''; that one is always listed. */
  add(path: string, problem: Problem): void {
    if (this.#listed.get(path) === problem) return;
    if (path !== '' && this.#listed.size >= MOST_LISTED && !this.#listed.has(path)) return;
    this.#listed.set(path, problem);
    this.#log(path, problem);
    this.#changed();
  }

  remove(path: string): void {
    this.#listed.delete(path);
    if (this.#listed.size === 0) this.#logged = 0;
  }

  #log(path: string, problem: Problem): void {
    this.#logged += 1;
    if (this.#logged <= MOST_LOGGED)
      this.#logger.warn({ path, problem }, 'a path of a folder is not in step');
    else if (this.#logged === MOST_LOGGED + 1)
      this.#logger.warn({}, 'more paths of a folder are not in step, and are not logged');
  }
}
