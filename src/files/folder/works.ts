/** Carries out what was decided: publishing at once, files in pools beside the passes. */
import type { Clock, Logger } from '../../base/ports.ts';
import type { Content, ContentId, PathState, Version, VersionId } from '../types.ts';
import { Backlog } from './backlog.ts';
import type { BrakeGauge } from './core-brake.ts';
import type { Disk, Situation } from './core.ts';
import type { Hands, PutOutcome } from './hands.ts';
import { Pool, stillMs, type Turns } from './pacing.ts';
import { Stillness } from './stillness.ts';
import { namesIn } from '../index/paths.ts';
import { foldersOf, foldKey, parentOf } from './paths.ts';
import type {
  Changed,
  Contents,
  Direction,
  DiskEntry,
  FileSystem,
  FolderStore,
  Index,
  Known,
  KnownDisk,
  VersionDraft,
} from './ports.ts';
import type { Problem, Sight } from './sight.ts';

export interface Outgoing {
  readonly seen: Situation;
  /** Where a file that is new here was before. */
  readonly from: string | undefined;
  readonly state: PathState;
  readonly parents: readonly VersionId[];
}

export interface Incoming {
  readonly seen: Situation;
  readonly state: PathState;
  readonly base: readonly VersionId[];
  readonly aside: boolean;
}

export interface WorksDeps {
  readonly fs: FileSystem;
  readonly contents: Contents;
  readonly index: Index;
  readonly store: FolderStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sight: Sight;
  readonly hands: Hands;
  readonly gauge: BrakeGauge;
  readonly turns: Turns;
  readonly look: (path: string, delayMs: number) => void;
  readonly trouble: (path: string, error: unknown) => void;
  readonly problem: (path: string, problem: Problem) => void;
  readonly calm: (path: string) => void;
  /** A folder was made here, which nobody listed yet. */
  readonly appeared: (folder: string) => void;
  readonly unwatch: (path: string) => void;
}

const LARGE_BYTES = 4 * 1024 * 1024;
/** Steps that only change names wait for their folder to reach the disk, and many wait for one time of that. */
const NAMES_AT_ONCE = 64;
const SMALL_AT_ONCE = 12;
const LARGE_AT_ONCE = 2;
/** A file written so shortly before it was read may be written once more without a look telling. */
const SAME_TICK_MS = 20;
const LOOK_AGAIN_MS = 50;
const RETRY_PUBLISH_MS = 1000;
/** Where many files are read, so many milliseconds of them are looked at, and published, together. */
const GATHER_MS = 60;

export class Works {
  readonly #deps: WorksDeps;
  readonly #names = new Pool(NAMES_AT_ONCE);
  readonly #small = new Pool(SMALL_AT_ONCE);
  readonly #large = new Pool(LARGE_AT_ONCE);
  readonly #busy = new Set<string>();
  readonly #again = new Set<string>();
  /** Read so soon after it was written that a look cannot tell whether it was written to again … */
  readonly #fresh = new Set<string>();
  /** … and therefore read once more. */
  readonly #doubtful = new Set<string>();
  /** Since somebody last asked. */
  readonly #read = new Set<string>();
  readonly #stillness: Stillness;
  readonly #backlog = new Backlog();
  readonly #awaited = new Map<ContentId, Set<string>>();
  /** The same by path: thousands may be awaited, and each of them is looked at again when it comes. */
  readonly #awaits = new Map<string, Set<ContentId>>();
  /** What waits for the folder that it lies in. */
  readonly #after = new Map<string, Set<string>>();
  readonly #clashing = new Map<string, Set<string>>();
  readonly #withheld: Record<Direction, Set<string>> = { out: new Set(), in: new Set() };
  #gatheredMs = -Infinity;

  constructor(deps: WorksDeps) {
    this.#deps = deps;
    this.#stillness = new Stillness(deps.clock);
  }

  get isBusy(): boolean {
    return this.#busy.size > 0;
  }

  get missing(): number {
    return this.#awaits.size;
  }

  async stop(): Promise<void> {
    await Promise.all([this.#names.stop(), this.#small.stop(), this.#large.stop()]);
  }

  isWorkingOn(path: string): boolean {
    if (!this.#busy.has(path)) return false;
    this.#again.add(path);
    return true;
  }

  /** Its look may not tell that it was written to. */
  mustRead(path: string): boolean {
    return this.#doubtful.has(path);
  }

  hinted(path: string): void {
    this.#stillness.hinted(path);
  }

  /** What was withheld or waited for is decided anew. */
  reconsider(path: string): void {
    this.#withheld.out.delete(path);
    this.#withheld.in.delete(path);
    for (const content of this.#awaits.get(path) ?? []) {
      const paths = this.#awaited.get(content);
      paths?.delete(path);
      if (paths?.size === 0) this.#awaited.delete(content);
    }
    this.#awaits.delete(path);
  }

  lookAbove(path: string): void {
    for (const folder of foldersOf(path)) this.#deps.look(folder, 0);
  }

  contentReady(id: ContentId): void {
    for (const path of this.#awaited.get(id) ?? []) this.#deps.look(path, 0);
  }

  clashesWith(path: string): Known | undefined {
    return this.#deps.store.byFoldKey(foldKey(path)).find((known) => known.path !== path);
  }

  // ---- remembering

  note({ path, disk, known }: Situation, base: readonly VersionId[]): void {
    const { store } = this.#deps;
    const now = knownDisk(disk);
    if (now === undefined) return;
    this.rest(path);
    store.put(this.#known(path, base, now));
    if (known?.disk.type !== 'folder' && now.type === 'folder') this.#release(this.#after, path);
  }

  forget(path: string): void {
    const { store, look } = this.#deps;
    this.rest(path);
    store.remove(path);
    this.#gone(path);
    look(parentOf(path), 0);
  }

  #known(path: string, base: readonly VersionId[], disk: KnownDisk): Known {
    const spelled = this.#deps.sight.spelled(path);
    return { path, spelled: spelled === path ? undefined : spelled, base, disk };
  }

  /** What was read is remembered, or of no use any more. */
  rest(path: string): void {
    this.#deps.gauge.settled(path);
    this.#deps.sight.readings.delete(path);
    if (!this.#fresh.delete(path)) return;
    this.#doubtful.add(path);
    this.#deps.look(path, LOOK_AGAIN_MS);
  }

  #gone(path: string): void {
    this.#deps.sight.forgetSpelling(path);
    this.#deps.unwatch(path);
    this.#release(this.#clashing, foldKey(path));
    const namesake = this.clashesWith(path);
    if (namesake !== undefined) this.#deps.look(namesake.path, 0);
  }

  #release(waiting: Map<string, Set<string>>, key: string): void {
    for (const path of waiting.get(key) ?? []) this.#deps.look(path, 0);
    waiting.delete(key);
  }

  // ---- reading

  /** When it is still: its content is known at the next look. */
  read({ path, disk }: Situation): void {
    const { fs, sight, contents, look, clock } = this.#deps;
    if (disk.type !== 'file') return;
    const waitMs = this.#stillness.waitMs(path, disk.sizeBytes);
    if (waitMs > 0) {
      look(path, waitMs);
      return;
    }
    this.#backlog.add(disk.sizeBytes);
    this.#work(path, disk.sizeBytes, async () => {
      this.#backlog.done(disk.sizeBytes);
      const spelled = sight.spelled(path);
      const content = await contents.take(fs.read(spelled), fs.absolute(spelled));
      const after = await fs.look(spelled);
      if (after?.type === 'file' && after.identity === disk.identity && after.stamp === disk.stamp) {
        this.#doubtful.delete(path);
        sight.readings.set(path, { identity: disk.identity, stamp: disk.stamp, content });
        if (Math.abs(clock.nowMs() - disk.modifiedMs) <= SAME_TICK_MS) this.#fresh.add(path);
      } else this.#stillness.stir(path);
      this.#read.add(path);
      look(path, this.#gatherMs());
    });
  }

  /** Until it is of use to find more that is to be read. */
  async room(): Promise<void> {
    await this.#backlog.room();
  }

  /** What was read since the last time, and is to be looked at again. */
  takeRead(): readonly string[] {
    const paths = [...this.#read];
    this.#read.clear();
    return paths;
  }

  #gatherMs(): number {
    if (this.#small.size <= SMALL_AT_ONCE) return 0;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs >= this.#gatheredMs) this.#gatheredMs = nowMs + GATHER_MS;
    return this.#gatheredMs - nowMs;
  }

  #work(path: string, sizeBytes: number, run: () => Promise<void>): void {
    this.#busy.add(path);
    const pool = sizeBytes > LARGE_BYTES ? this.#large : sizeBytes > 0 ? this.#small : this.#names;
    pool.run(async () => {
      try {
        await run();
      } catch (error) {
        this.#deps.trouble(path, error);
      }
      this.#busy.delete(path);
      if (this.#again.delete(path)) this.#deps.look(path, 0);
    });
  }

  // ---- publishing

  /** What may be published of all that is to go together, in the order in which it may be. */
  weigh(all: readonly Outgoing[]): readonly Outgoing[] {
    const ordered = inOrder(this.#withoutLosses(all));
    const gone = new Map(
      ordered.flatMap((one) => (one.state.type === 'deleted' ? [[one.seen.path, one] as const] : [])),
    );
    if (gone.size === 0 || gone.size === ordered.length) return ordered;
    // Both halves of a rename side by side: others then hear of both in one moment, and rename as well.
    return ordered.flatMap((one) => {
      if (one.state.type === 'deleted') return gone.delete(one.seen.path) ? [one] : [];
      const from = gone.get(one.from ?? '');
      return from !== undefined && gone.delete(from.seen.path) ? [one, from] : [one];
    });
  }

  publish(all: readonly Outgoing[]): void {
    const { index, look, logger } = this.#deps;
    const outgoing = this.#withoutLosses(all);
    if (outgoing.length === 0) return;
    const ordered = inOrder(outgoing);
    const drafts = ordered.map((one) => this.#draft(one));
    try {
      index.publish(drafts, (versions) => {
        for (const [at, { seen }] of ordered.entries()) this.#published(seen, versions[at]);
      });
    } catch (error) {
      logger.error({ err: error }, 'changes of a folder could not be published');
      for (const { seen } of outgoing) look(seen.path, RETRY_PUBLISH_MS);
      return;
    }
    for (const { path, renamedFrom } of drafts) if (renamedFrom !== undefined) this.#moved(renamedFrom, path);
    for (const { seen } of outgoing) this.#afterPublishing(seen);
  }

  #moved(from: string, to: string): void {
    const { fs, sight, contents } = this.#deps;
    contents.moved(fs.absolute(sight.spelled(from)), fs.absolute(sight.spelled(to)));
  }

  #draft({ seen, state, parents }: Outgoing): VersionDraft {
    const { path, disk } = seen;
    const from = parents.length > 0 ? undefined : this.#sameFile(path, disk);
    const isRenamed = disk.type === 'file' && disk.content?.id === contentOf(from);
    return { path, parents, state, renamedFrom: isRenamed ? from?.path : undefined };
  }

  /** Where a file that is new here was before. */
  renamedFrom({ path, disk, known }: Situation): string | undefined {
    return known === undefined ? this.#sameFile(path, disk)?.path : undefined;
  }

  #sameFile(path: string, disk: Disk): Known | undefined {
    if (disk.type !== 'file') return undefined;
    return this.#deps.store.byIdentity(disk.identity).find((known) => known.path !== path);
  }

  #published({ path, disk }: Situation, version: Version | undefined): void {
    const { store } = this.#deps;
    const now = knownDisk(disk);
    if (version === undefined) throw new Error('bug: a draft became no version');
    if (now === undefined) store.remove(path);
    else store.put(this.#known(path, [version.id], now));
  }

  #afterPublishing({ path, disk }: Situation): void {
    this.rest(path);
    if (disk.type === 'absent') this.#gone(path);
    if (disk.type === 'file') this.#stillness.published(path);
    if (disk.type === 'folder') this.#release(this.#after, path);
    this.lookAbove(path);
  }

  /** Withheld or waited for; what happened meanwhile may not have been looked at, if the folder was away. */
  undecided(): readonly string[] {
    return [...this.#withheld.out, ...this.#withheld.in, ...this.#awaits.keys()];
  }

  // ---- the brake

  resume(direction: Direction): void {
    const { store, gauge, look } = this.#deps;
    const paths = [...this.#withheld[direction]];
    gauge.permit(direction, paths);
    store.clearBrake(direction);
    for (const path of paths) look(path, 0);
  }

  /** What was withheld is not wanted any more. @param isSettled nothing waits to be looked at. */
  releaseBrakes(isSettled: boolean): void {
    if (!isSettled || this.isBusy) return;
    for (const { direction } of this.#deps.store.brakes())
      if (this.#withheld[direction].size === 0) this.#deps.store.clearBrake(direction);
  }

  #withoutDestruction<One extends Outgoing | Incoming>(
    direction: Direction,
    all: readonly One[],
    destroys: (one: One) => boolean,
  ): readonly One[] {
    const { gauge, store, clock, logger } = this.#deps;
    const destructive = all.filter(destroys);
    if (destructive.length === 0) return all;
    const paths = destructive.map(({ seen }) => seen.path);
    const isHeld = store.brakes().some((brake) => brake.direction === direction);
    const files = store.count();
    if (!isHeld && gauge.admit(direction, paths, files, clock.monotonicMs())) return all;
    for (const path of paths) this.#withheld[direction].add(path);
    const held = this.#withheld[direction].size;
    store.setBrake({ direction, paths: held, ofPaths: files, sinceMs: clock.nowMs() });
    logger.warn(
      { direction, paths: held, of: files },
      'much would be destroyed: stopped until somebody says so',
    );
    const withheld = new Set(destructive);
    return all.filter((one) => !withheld.has(one));
  }

  /** Destroys what stood there and is nowhere else, nor moved there by these. */
  #withoutLosses(all: readonly Outgoing[]): readonly Outgoing[] {
    const moved = new Set(
      all.flatMap(({ seen, state }) =>
        seen.known === undefined && state.type === 'file' ? [state.content.id] : [],
      ),
    );
    return this.#withoutDestruction('out', all, ({ seen, state }) => {
      const before = contentOf(seen.known);
      if (before === undefined || isContent(state, before) || moved.has(before)) return false;
      return !this.#deps.index.hasContent(before, seen.path);
    });
  }

  #isTakenBy({ seen, state, aside }: Incoming): boolean {
    const before = contentOf(seen.known);
    if (before === undefined || aside || seen.disk.type === 'absent' || isContent(state, before))
      return false;
    return !this.#deps.index.hasContent(before, seen.path);
  }

  // ---- what others did

  async put(all: readonly Incoming[]): Promise<void> {
    const { turns } = this.#deps;
    const incoming = inOrder(this.#withoutDestruction('in', all, (one) => this.#isTakenBy(one)));
    const movable = new Map<string, Incoming>();
    for (const one of incoming) {
      const content = one.state.type === 'deleted' ? contentOf(one.seen.known) : undefined;
      if (content !== undefined && one.seen.disk.type === 'file') movable.set(content, one);
    }
    for (const one of incoming) {
      if (turns.isOver) await turns.next();
      if (one.state.type === 'folder' && this.isPlaceReady(one.seen.path)) await this.#putHere(one);
      else if (!this.#busy.has(one.seen.path)) this.#start(one, movable);
    }
  }

  #start(one: Incoming, movable: Map<string, Incoming>): void {
    const { contents, problem } = this.#deps;
    const { seen, state } = one;
    if (state.type === 'deleted') {
      if (!seen.knownBelow) this.#work(seen.path, 0, () => this.#putHere(one));
      return;
    }
    if (!this.isPlaceReady(seen.path)) return;
    if (this.#deps.sight.folds && this.clashesWith(seen.path) !== undefined) {
      problem(seen.path, 'clash');
      waitFor(this.#clashing, foldKey(seen.path), seen.path);
      return;
    }
    if (state.type !== 'file') {
      this.#work(seen.path, 0, () => this.#putHere(one));
      return;
    }
    const from = seen.disk.type === 'absent' ? movable.get(state.content.id) : undefined;
    if (from !== undefined && !this.#busy.has(from.seen.path)) {
      movable.delete(state.content.id);
      this.#move(from, one);
    } else if (contents.ready(state.content) || isSameFile(seen.disk, state))
      this.#work(seen.path, state.content.sizeBytes, () => this.#putHere(one));
    else this.await(state.content, seen.path);
  }

  await(content: Content, path: string): void {
    waitFor(this.#awaited, content.id, path);
    waitFor(this.#awaits, path, content.id);
    this.#deps.contents.want(content);
  }

  /** The folder that it lies in stands; else it will be looked at, and this afterwards. */
  isPlaceReady(path: string): boolean {
    const folder = parentOf(path);
    if (folder === '' || this.#deps.store.get(folder)?.disk.type === 'folder') return true;
    waitFor(this.#after, folder, path);
    this.#deps.look(folder, 0);
    return false;
  }

  /** A rename by others is one here. */
  #move(from: Incoming, to: Incoming): void {
    const { hands, sight } = this.#deps;
    const [{ path: old, disk }, { path }] = [from.seen, to.seen];
    if (disk.type === 'absent') return;
    this.#busy.add(old);
    this.#work(path, 0, async () => {
      try {
        const entry = await hands.move(sight.spelled(old), sight.spelled(path), disk);
        if (entry !== 'changed') this.forget(old);
        this.#putDone(to, entry === 'changed' ? entry : await this.#permitted(path, entry, to.state));
      } finally {
        this.#busy.delete(old);
        this.#deps.look(old, 0);
      }
    });
  }

  async #permitted(path: string, entry: DiskEntry, state: PathState): Promise<DiskEntry | Changed> {
    if (entry.type !== 'file' || state.type !== 'file' || entry.executable === state.executable) return entry;
    return this.#deps.fs.setExecutable(this.#deps.sight.spelled(path), entry, state.executable);
  }

  async #putHere(one: Incoming): Promise<void> {
    const { hands, sight, trouble } = this.#deps;
    const { path, disk } = one.seen;
    try {
      const outcome = await hands.put({ ...one, path, disk, spelled: sight.spelled(path) });
      if (outcome === 'changed' && disk.type === 'absent') await this.#makePlace(path);
      this.#putDone(one, outcome);
    } catch (error) {
      trouble(path, error);
    }
  }

  /** Somebody took the folders away that this needs, and has not settled what was in them. */
  async #makePlace(path: string): Promise<void> {
    const { fs, sight, store, hands } = this.#deps;
    if (!(await hands.isInPlace(path))) return;
    for (const folder of foldersOf(path)) {
      const spelled = sight.spelled(folder);
      const standing = await fs.look(spelled);
      if (standing?.type === 'folder') continue;
      if (standing !== undefined) {
        // Something else took its place, and is decided about as soon as nothing is known to be in it.
        store.remove(path);
        this.#deps.look(folder, 0);
        return;
      }
      const made = await fs.makeFolder(spelled);
      if (made === 'changed' || made.type !== 'folder') return;
      store.put(this.#known(folder, store.get(folder)?.base ?? [], folderOf(made)));
      this.#deps.appeared(folder);
    }
  }

  #putDone({ seen, state, base }: Incoming, outcome: PutOutcome): void {
    const { store, sight, look, calm } = this.#deps;
    const { path } = seen;
    this.rest(path);
    if (outcome === 'changed') {
      this.#stillness.stir(path);
      look(path, stillMs(0, this.#stillness.restlessness(path)));
      return;
    }
    calm(path);
    if (outcome === 'gone') {
      this.forget(path);
      return;
    }
    if (outcome === 'not-empty') {
      if (seen.disk.type === 'folder' && state.type === 'deleted')
        store.put(this.#known(path, base, folderOf(seen.disk)));
      return;
    }
    const now = putDisk(outcome, state);
    if (now === undefined) return;
    store.put(this.#known(path, base, now));
    if (now.type === 'folder') {
      this.#release(this.#after, path);
      this.#deps.appeared(path);
    }
    if (!sight.isInStep(path)) look(path, 0);
  }
}

// ---- helpers

function waitFor<Key, One>(waiting: Map<Key, Set<One>>, key: Key, one: One): void {
  const all = waiting.get(key) ?? new Set();
  waiting.set(key, all.add(one));
}

/** What lives goes first, folders before what is in them; what goes, the other way round. */
function inOrder<One extends Outgoing | Incoming>(all: readonly One[]): One[] {
  const rank = ({ state, seen }: One): number =>
    state.type === 'deleted' ? 1e6 - namesIn(seen.path) : namesIn(seen.path);
  return [...all].sort((a, b) => rank(a) - rank(b));
}

function contentOf(known: Known | undefined): ContentId | undefined {
  return known?.disk.type === 'file' ? known.disk.content.id : undefined;
}

function isContent(state: PathState, id: ContentId): boolean {
  return state.type === 'file' && state.content.id === id;
}

function isSameFile(disk: Disk, state: Extract<PathState, { type: 'file' }>): boolean {
  return disk.type === 'file' && disk.content?.id === state.content.id;
}

/** Undefined of what is not there, and of what could not be read. */
function knownDisk(disk: Disk): KnownDisk | undefined {
  if (disk.type === 'folder') return folderOf(disk);
  if (disk.type === 'link') return disk;
  if (disk.type !== 'file' || disk.content === undefined) return undefined;
  const { identity, stamp, content, executable } = disk;
  return { type: 'file', identity, stamp, content, executable };
}

function folderOf({ identity, mount }: Extract<DiskEntry, { type: 'folder' }>): KnownDisk {
  return { type: 'folder', identity, isMount: mount !== undefined };
}

function putDisk(entry: DiskEntry, state: PathState): KnownDisk | undefined {
  if (entry.type === 'folder') return folderOf(entry);
  if (entry.type === 'link') return { type: 'link', target: entry.target };
  if (entry.type !== 'file' || state.type !== 'file') return undefined;
  const { identity, stamp } = entry;
  return { type: 'file', identity, stamp, content: state.content, executable: state.executable };
}
