/** Settles conflicts of versions that this device published and that others beat: merged where that is clean, else apart. */
import type { Bytes } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { Clock } from '../../base/ports.ts';
import type { Content, Version } from '../types.ts';
import {
  apartDrafts,
  mergedDraft,
  mergeInput,
  ownConflict,
  type Conflict,
  type MergeInput,
} from './core-conflicts.ts';
import { sameIds } from './core.ts';
import { MERGE_BYTES, mergedText } from './merge.ts';
import { Pool } from './pacing.ts';
import type { Contents, FolderStore, Index, Names } from './ports.ts';

export interface SettlingDeps {
  readonly me: DeviceKey;
  readonly contents: Contents;
  readonly index: Index;
  readonly store: FolderStore;
  readonly names: Names;
  readonly clock: Clock;
  readonly look: (path: string, delayMs: number) => void;
  readonly trouble: (path: string, error: unknown) => void;
  /** Looks at the path again when the content is here. */
  readonly wait: (content: Content, path: string) => void;
}

/** So long what a version was made of may be on its way; it may never come. */
const UNKNOWN_MS = 60_000;
const LOOK_AGAIN_MS = 5000;

export class Settling {
  readonly #deps: SettlingDeps;
  readonly #pool = new Pool(1);
  readonly #busy = new Set<string>();
  /** Since when a conflict may be none. */
  readonly #doubtfulMs = new Map<string, number>();

  constructor(deps: SettlingDeps) {
    this.#deps = deps;
  }

  get isBusy(): boolean {
    return this.#busy.size > 0;
  }

  async stop(): Promise<void> {
    await this.#pool.stop();
  }

  settle(path: string): void {
    const { index, me, contents, wait, trouble, look } = this.#deps;
    const conflict = ownConflict(me, path, index.heads(path), index.hasLiveBelow(path));
    if (conflict === undefined || this.#busy.has(path)) return;
    const history = index.history(path);
    if (this.#mayBeNone(conflict, history)) {
      look(path, LOOK_AGAIN_MS);
      return;
    }
    const input = mergeInput(conflict, history);
    if (input === undefined || !this.#mayMerge(input)) {
      this.#setApart(conflict);
      return;
    }
    if (!contents.ready(input.ours)) {
      wait(input.ours, path);
      return;
    }
    this.#busy.add(path);
    this.#pool.run(async () => {
      try {
        await this.#merge(conflict, input);
      } catch (error) {
        trouble(path, error);
      }
      this.#busy.delete(path);
      look(path, 0);
    });
  }

  /** Authors' words come on ways of their own: a head may be made of another one by a version that is still to come. */
  #mayBeNone({ path, heads }: Conflict, history: readonly Version[]): boolean {
    const known = new Set(history.map(({ id }) => id));
    const isWhole = heads.every(({ parents }) => parents.every((id) => known.has(id)));
    const nowMs = this.#deps.clock.monotonicMs();
    const sinceMs = this.#doubtfulMs.get(path) ?? nowMs;
    if (isWhole || nowMs - sinceMs >= UNKNOWN_MS) {
      this.#doubtfulMs.delete(path);
      return false;
    }
    this.#doubtfulMs.set(path, sinceMs);
    return true;
  }

  /** What both were made of cannot be waited for: nobody may have it any more. */
  #mayMerge({ ours, theirs, base }: MergeInput): boolean {
    const { contents } = this.#deps;
    const areSmall = [ours, theirs, base].every(({ sizeBytes }) => sizeBytes <= MERGE_BYTES);
    return areSmall && contents.ready(base) && contents.ready(theirs);
  }

  async #merge(conflict: Conflict, input: MergeInput): Promise<void> {
    const { contents, index } = this.#deps;
    const ours = await contents.read(input.ours);
    const merged = mergedText(ours, await contents.read(input.base), await contents.read(input.theirs));
    const content = merged === undefined ? undefined : await contents.take(inOne(merged), undefined);
    if (!this.#isStill(conflict)) return;
    if (content === undefined) this.#setApart(conflict);
    else index.publish([mergedDraft(conflict, input, content)], () => undefined);
  }

  #isStill({ path, heads }: Conflict): boolean {
    const now = this.#deps.index.heads(path).map(({ id }) => id);
    return sameIds(
      now,
      heads.map(({ id }) => id),
    );
  }

  #setApart(conflict: Conflict): void {
    const { index, store, names, look } = this.#deps;
    const isTaken = (path: string): boolean => index.heads(path).length > 0 || store.get(path) !== undefined;
    const drafts = apartDrafts(conflict, names.nameOf(conflict.loser.author), isTaken);
    index.publish(drafts, () => undefined);
    for (const { path } of drafts) look(path, 0);
  }
}

async function* inOne(bytes: Bytes): AsyncGenerator<Bytes> {
  yield bytes;
}
