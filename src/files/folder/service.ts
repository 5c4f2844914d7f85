/**
 * Keeps one folder in step with the versions of its paths. Level-triggered: whatever happens names a path, and a pass looks
 * at named paths and decides from what is there now. Files are read and written beside the passes, so that a slow one holds up
 * nobody. A crash anywhere repeats work at worst: what was done is remembered after it was done, and found again by a look.
 */
import { KithError } from '../../base/errors.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { Clock, Logger, Rng, Timer, Timers } from '../../base/ports.ts';
import type { Content, FolderId, FolderMode, Version, VersionId } from '../types.ts';
import { Acting } from './acting.ts';
import { BRAKE_LIMITS, BrakeGauge, type BrakeLimits } from './core-brake.ts';
import { WAYS, type Situation } from './core.ts';
import { Coming, Crowd, CROWD_LIMITS, NOBODY, Tally, type CrowdLimits } from './crowd.ts';
import { Disks } from './disks.ts';
import { Hands } from './hands.ts';
import { Keeping } from './keeping.ts';
import { LOOKED_AT_ONCE, lookAtAll } from './looking.ts';
import { Agenda, Turns } from './pacing.ts';
import {
  FsError,
  type Brake,
  type Contents,
  type Direction,
  type FileSystem,
  type FolderKeeping,
  type FolderStore,
  type Index,
  type Kept,
  type Names,
  type StartWatching,
  type Watcher,
} from './ports.ts';
import { Problems } from './problems.ts';
import { Settling } from './settling.ts';
import { Sight, type Problem } from './sight.ts';
import { Works } from './works.ts';

export interface FolderDeps {
  readonly folder: FolderId;
  readonly mode: FolderMode;
  /** Of this device: whose versions it publishes. */
  readonly me: DeviceKey;
  readonly fs: FileSystem;
  readonly contents: Contents;
  readonly index: Index;
  readonly store: FolderStore;
  readonly watch: StartWatching;
  readonly names: Names;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
  readonly keeping: FolderKeeping;
  readonly brake?: BrakeLimits;
  /** How many paths are kept in step; left out: those of `LIMITS`. */
  readonly crowd?: CrowdLimits;
  /** How long a turn may take; left out: `TURN_MS`. */
  readonly turnMs?: number;
  /** How many paths are looked at before what is new among them goes out; left out: `LOOKED_AT_ONCE`. */
  readonly lookedAtOnce?: number;
  /** How much that is new is listed before it is looked at; left out: `FOUND_AT_ONCE`. */
  readonly foundAtOnce?: number;
  /** Something of `status` may be different. */
  changed(): void;
}

export interface FolderStatus {
  /** Why nothing is done at all: the disk is not there, or the folder is another one. */
  readonly away: 'missing' | 'another' | undefined;
  readonly brakes: readonly Brake[];
  /** Paths that wait for content of others. */
  readonly missing: number;
  readonly conflicts: readonly string[];
  readonly problems: ReadonlyMap<string, Problem>;
  /** Something is being looked at, read or written. */
  readonly busy: boolean;
  /** Nothing is to be done that is known of. */
  readonly inStep: boolean;
}

const RESCAN_MS = 60_000;
const AWAY_MS = 5000;
const HINT_MS = 20;
/** A deletion may be half of a rename, or one of many. */
const ABSENT_MS = 150;
const ABSENT_MOST_MS = 1000;
const MOST_AT_ONCE = 200_000;
/** So much that is new is listed before it is looked at. */
const FOUND_AT_ONCE = 20_000;
const LONGEST_RETRY_MS = 60_000;
/** Looking at all of it takes no more than such a part of the time. */
const SCANNING_SHARE = 0.05;
const LONGEST_RESCAN_MS = 15 * 60_000;

export class FolderService {
  readonly #deps: FolderDeps;
  readonly #agenda: Agenda;
  readonly #sight: Sight;
  readonly #disks: Disks;
  readonly #works: Works;
  readonly #settling: Settling;
  readonly #keeping: Keeping;
  readonly #acting: Acting;
  readonly #turns: Turns;
  readonly #problems: Problems;
  readonly #limits: CrowdLimits;
  readonly #crowd: Crowd;
  readonly #retries = new Map<string, number>();
  readonly #absentMs = new Map<string, number>();
  readonly #hinted = new Set<string>();
  /** New folders of which all that is in them is to be looked at already. */
  readonly #listed = new Set<string>();
  #lastAbsentMs = -Infinity;
  /** When this pass began: a pass is one moment, however long its looks take. */
  #passMs = -Infinity;
  #away: 'missing' | 'another' | undefined;
  #scanDue = true;
  /** New in the lists of this pass. */
  #found = 0;
  #watcher: Watcher | undefined;
  #rescan: Timer | undefined;
  #diskLook: Timer | undefined;
  #passing: Promise<void> | undefined;
  #isWanted = false;
  #isStopped = false;

  constructor(deps: FolderDeps) {
    this.#deps = deps;
    const { fs, contents, store, clock, rng } = deps;
    this.#limits = deps.crowd ?? CROWD_LIMITS;
    this.#problems = new Problems(deps.logger, () => {
      deps.changed();
    });
    this.#agenda = new Agenda(clock, deps.timers, () => {
      this.#wake();
    });
    this.#turns = new Turns(clock, deps.timers, deps.turnMs);
    const problem = (path: string, what: Problem): void => {
      this.#problems.add(path, what);
    };
    this.#sight = new Sight({ ...deps, turns: this.#turns, problem });
    this.#keeping = new Keeping(fs, store, deps.keeping);
    const look = (path: string, delayMs: number): void => {
      if (!this.#isStopped) this.#agenda.add(path, delayMs);
    };
    const trouble = (path: string, error: unknown): void => {
      this.#trouble(path, error);
    };
    const calm = (path: string): void => {
      this.#calm(path);
    };
    this.#disks = new Disks({ fs, store, sight: this.#sight, problem, calm });
    const isInPlace = (path: string): Promise<boolean> => this.#disks.isInPlace(path);
    this.#works = new Works({
      ...deps,
      sight: this.#sight,
      turns: this.#turns,
      hands: new Hands({ fs, contents, store, clock, rng, keeping: deps.keeping, isInPlace }),
      gauge: new BrakeGauge(deps.brake ?? BRAKE_LIMITS),
      look,
      trouble,
      problem,
      calm,
      appeared: (folder) => {
        this.#hinted.add(folder);
        look(folder, 0);
      },
      unwatch: (path) => this.#watcher?.unwatch(path),
    });
    this.#crowd = new Crowd({
      ...deps,
      limits: this.#limits,
      takesIn: WAYS[deps.mode].in,
      isRenamed: (seen) => this.#works.renamedFrom(seen) !== undefined,
      problem,
      calm,
    });
    this.#settling = new Settling({
      ...deps,
      look,
      trouble,
      wait: (content, path) => {
        this.#works.await(content, path);
      },
    });
    this.#acting = new Acting({
      ...deps,
      sight: this.#sight,
      works: this.#works,
      settling: this.#settling,
      turns: this.#turns,
      look,
      problem,
      calm,
    });
  }

  /** Makes a folder this one, whatever lies in it; it stays there. @throws KithError `folder-of-another`, FsError. */
  static async adopt(fs: FileSystem, folder: FolderId): Promise<void> {
    const marker = await fs.readMarker();
    if (marker === folder) return;
    if (marker !== undefined)
      throw new KithError('folder-of-another', 'This folder is in step with another one already.', {
        next: 'Choose another folder, or leave the other one first: kith folder list',
      });
    await fs.writeMarker(folder);
  }

  /** Returns at once; where the disk is not there, it waits for it. */
  start(): void {
    this.#agenda.set('', 0);
  }

  /** Waits for what is under way; what has not begun is begun next time. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#agenda.clear();
    this.#rescan?.cancel();
    this.#diskLook?.cancel();
    this.#watcher?.close();
    await this.#passing;
    await Promise.all([this.#works.stop(), this.#settling.stop()]);
  }

  // ---- what happens outside

  /** Versions of these paths came. */
  indexChanged(paths: Iterable<string>): void {
    if (this.#isStopped) return;
    for (const path of paths) {
      // So many at once are looked for rather than remembered.
      if (this.#agenda.size >= this.#limits.paths) {
        this.#scanDue = true;
        return;
      }
      this.#agenda.add(path, 0);
      // A folder stands for as long as something lives in it.
      this.#works.lookAbove(path);
    }
  }

  contentReady(content: Content): void {
    this.#works.contentReady(content.id);
  }

  rescan(): void {
    this.#scanDue = true;
    if (!this.#isStopped) this.#agenda.set('', 0);
  }

  /** Disks inside of it that are gone stay so: what was on them is deleted, and the brake is asked about that. */
  async giveUpDisks(): Promise<void> {
    await this.#disks.giveUp();
    this.rescan();
  }

  /** Lets through what the brake held. */
  resume(direction: Direction): void {
    this.#works.resume(direction);
    this.rescan();
  }

  /** Makes an older version the newest. @throws KithError `no-such-version`. */
  restore(path: string, id: VersionId): void {
    const { index } = this.#deps;
    const version = index.history(path).find((one) => one.id === id);
    if (version === undefined || version.state.type === 'deleted')
      throw new KithError('no-such-version', 'There is no such version of this file.', {
        next: 'See what there is: kith folder versions FILE',
      });
    const parents = index.heads(path).map((head) => head.id);
    index.publish([{ path, parents, state: version.state, renamedFrom: undefined }], () => undefined);
    this.indexChanged([path]);
  }

  // ---- what is

  status(): FolderStatus {
    const { store } = this.#deps;
    const brakes = store.brakes();
    const busy =
      this.#scanDue ||
      this.#agenda.size > 0 ||
      this.#passing !== undefined ||
      this.#works.isBusy ||
      this.#settling.isBusy;
    return {
      away: this.#away,
      brakes,
      missing: this.#works.missing,
      conflicts: this.#acting.conflicts,
      problems: this.#problems.all,
      busy,
      inStep:
        this.#away === undefined &&
        brakes.length === 0 &&
        this.#works.missing === 0 &&
        !this.#crowd.isOver &&
        !this.#disks.areGone &&
        !busy,
    };
  }

  /** Every state that a path has had. */
  versions(path: string): readonly Version[] {
    return this.#deps.index.history(path);
  }

  kept(): readonly Kept[] {
    return this.#deps.store.kept();
  }

  // ---- passes

  #wake(): void {
    this.#isWanted = true;
    if (this.#isStopped) return;
    this.#passing ??= this.#passes().finally(() => {
      this.#passing = undefined;
      if (this.#isWanted) this.#wake();
      else this.#deps.changed();
    });
  }

  async #passes(): Promise<void> {
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      try {
        await this.#pass();
      } catch (error) {
        this.#deps.logger.error({ err: error }, 'a pass over a folder failed');
        this.#agenda.set('', AWAY_MS);
        this.#scanDue = true;
      }
    }
  }

  async #pass(): Promise<void> {
    if (!(await this.#isHome())) return;
    await this.#lookAtDisks();
    this.#found = 0;
    if (this.#scanDue) await this.#scanAll();
    this.#passMs = this.#deps.clock.monotonicMs();
    const paths = this.#agenda.take(MOST_AT_ONCE).filter((path) => path !== '');
    const situations = await lookAtAll(paths, this.#deps.lookedAtOnce ?? LOOKED_AT_ONCE, {
      room: async () => {
        await this.#works.room();
        return !this.#isStopped;
      },
      look: (path) => this.#look(path),
      takeRead: () => this.#works.takeRead().filter((path) => this.#agenda.remove(path)),
      isRenamed: (seen) => this.#works.renamedFrom(seen) !== undefined,
      act: (news) => this.#act(news),
    });
    if (situations === undefined) return;
    await this.#addRenamed(situations);
    if (!(await this.#act(situations))) return;
    this.#works.takeRead();
    this.#works.releaseBrakes(this.#agenda.size === 0 && !this.#scanDue);
  }

  /** @returns false when the folder is gone, and none of it was done. */
  async #act(situations: readonly Situation[]): Promise<boolean> {
    // Looked at last: what seems to be gone may be on a disk that is gone.
    if (!(await this.#isHome()) || this.#isStopped) return false;
    await this.#lookAtDisks();
    const certain = situations.filter(({ path }) => !this.#disks.isGone(path));
    if (await this.#acting.act(certain)) this.rescan();
    return true;
  }

  /** Where a new file was before need not be waited for: both halves of a rename go together. */
  async #addRenamed(situations: Situation[]): Promise<void> {
    const paths = new Set(situations.map(({ path }) => path));
    for (const seen of [...situations]) {
      const from = this.#works.renamedFrom(seen);
      if (from === undefined || paths.has(from) || this.#works.isWorkingOn(from)) continue;
      paths.add(from);
      const before = await this.#sight.look(from, false).catch(() => undefined);
      if (before?.disk.type === 'absent' && !before.knownBelow) situations.push(before);
    }
  }

  async #isHome(): Promise<boolean> {
    const marker = await this.#deps.fs.readMarker().catch(() => undefined);
    const away = marker === this.#deps.folder ? undefined : marker === undefined ? 'missing' : 'another';
    if (away !== this.#away) this.#deps.logger.warn({ away }, 'a folder came or went');
    this.#away = away;
    if (away === undefined) return true;
    this.#scanDue = true;
    this.#absentMs.clear();
    this.#listed.clear();
    this.#agenda.clear();
    if (!this.#isStopped) this.#agenda.set('', AWAY_MS);
    return false;
  }

  /** Nobody tells that a disk is back. */
  async #lookAtDisks(): Promise<void> {
    if (await this.#disks.look()) this.rescan();
    this.#diskLook?.cancel();
    if (!this.#disks.areGone || this.#isStopped) return;
    this.#absentMs.clear();
    this.#diskLook = this.#deps.timers.after(AWAY_MS, () => {
      this.#wake();
    });
  }

  async #look(path: string): Promise<Situation | undefined> {
    if (this.#disks.isGone(path)) return undefined;
    if (this.#works.isWorkingOn(path)) return undefined;
    let seen: Situation;
    try {
      seen = await this.#sight.look(path, this.#works.mustRead(path));
    } catch (error) {
      this.#trouble(path, error);
      return undefined;
    }
    const isHinted = this.#hinted.delete(path);
    if (this.#sight.isIgnored(path, seen.disk.type === 'folder')) return undefined;
    if (!this.#sight.canHold(path)) {
      if (seen.heads.some(({ state }) => state.type !== 'deleted')) this.#problems.add(path, 'name');
      else if (seen.disk.type === 'absent') this.#calm(path);
      return undefined;
    }
    if (!this.#crowd.admits(seen)) return undefined;
    await this.#lookInside(seen, isHinted);
    return this.#isGoneForGood(seen) ? seen : undefined;
  }

  async #lookInside({ path, disk, known, knownBelow }: Situation, isHinted: boolean): Promise<void> {
    const isListed = this.#listed.delete(path) && known === undefined;
    if (disk.type !== 'folder') {
      if (knownBelow)
        for (const { path: inside } of this.#deps.store.below(path)) {
          if (this.#turns.isOver) await this.#turns.next();
          this.#agenda.add(inside, 0);
        }
    } else {
      const isSame = known?.disk.type === 'folder' && known.disk.identity === disk.identity;
      if (isHinted || !(isSame || isListed)) await this.#scan(path, false);
    }
  }

  /** False while it may come back under another name, or others may follow. */
  #isGoneForGood({ path, disk, known }: Situation): boolean {
    if (disk.type !== 'absent' || known === undefined) {
      this.#absentMs.delete(path);
      return true;
    }
    const nowMs = this.#deps.clock.monotonicMs();
    const sinceMs = this.#absentMs.get(path) ?? nowMs;
    if (!this.#absentMs.has(path)) this.#lastAbsentMs = nowMs;
    this.#absentMs.set(path, sinceMs);
    // All that go together are decided together.
    const dueMs = Math.min(this.#lastAbsentMs + ABSENT_MS, sinceMs + ABSENT_MOST_MS);
    if (this.#passMs >= dueMs) return true;
    this.#agenda.set(path, Math.max(0, dueMs - nowMs));
    return false;
  }

  // ---- scanning

  async #scanAll(): Promise<void> {
    const { fs, timers } = this.#deps;
    const beganMs = this.#deps.clock.monotonicMs();
    this.#scanDue = false;
    this.#listed.clear();
    this.#rescan?.cancel();
    if (this.#watcher === undefined) {
      await fs.clearTemps();
      await this.#sight.open();
      this.#watcher = this.#deps.watch((hint) => {
        this.#hint(hint);
      });
    } else await this.#sight.readIgnored();
    await this.#scan('', true);
    await this.#lookAtAll();
    for (const path of this.#toLookAtAgain()) this.#agenda.add(path, 0);
    await this.#keeping.prune();
    const tookMs = this.#deps.clock.monotonicMs() - beganMs;
    const restMs = Math.min(LONGEST_RESCAN_MS, Math.max(RESCAN_MS, tookMs / SCANNING_SHARE));
    if (!this.#isStopped)
      this.#rescan = timers.after(restMs, () => {
        this.rescan();
      });
  }

  /** What the index, or what is remembered, says otherwise than the disk. */
  async #lookAtAll(): Promise<void> {
    const { index, store, mode } = this.#deps;
    const tally = new Tally();
    await this.#lookAtKnown(tally);
    const coming = new Coming(this.#limits);
    for (const { path, device } of index.standing()) {
      if (this.#turns.isOver) await this.#turns.next();
      const isKnown = store.get(path) !== undefined;
      if (isKnown) tally.add(device);
      if (this.#sight.isInStep(path)) continue;
      if (isKnown) this.#agenda.add(path, 0);
      else coming.add(path, device);
    }
    this.#crowd.counted(tally);
    for (const [path, device] of coming.all) {
      if (this.#turns.isOver) await this.#turns.next();
      if (!WAYS[mode].in || this.#crowd.enter(path, device)) this.#agenda.add(path, 0);
    }
  }

  /** What cannot stand here may be gone; nothing else tells. */
  *#toLookAtAgain(): Generator<string> {
    yield* this.#works.undecided();
    yield* this.#retries.keys();
    for (const path of this.#problems.all.keys()) if (path !== '' && !this.#sight.canHold(path)) yield path;
  }

  async #lookAtKnown(tally: Tally): Promise<void> {
    const { store } = this.#deps;
    // A folder without versions of its own stands for what lies in it; what lies in none was not seen above.
    for (const { path, base } of store.below('')) {
      if (this.#turns.isOver) await this.#turns.next();
      if (base.length === 0) tally.add(NOBODY);
      if (base.length === 0 || !this.#sight.hasFolder(path)) this.#agenda.add(path, 0);
    }
  }

  async #scan(root: string, isDeep: boolean): Promise<void> {
    const folders = [root];
    const before = this.#found;
    for (const folder of folders) {
      if (this.#isStopped) return;
      if (this.#disks.isGone(folder) || this.#comesLater(folder, root)) continue;
      try {
        this.#watcher?.watch(this.#sight.spelled(folder));
        const { changed, unknown, folders: inside } = await this.#sight.list(folder);
        if (this.#retries.has(folder)) this.#calm(folder);
        // What is left now is found by the next look at all.
        const room = Math.max(0, this.#limits.paths + 1 - this.#agenda.size);
        for (const path of changed.slice(0, room)) this.#agenda.add(path, HINT_MS);
        if (changed.length <= room && this.#isNew(folder)) this.#listed.add(folder);
        this.#found += unknown;
        // Looking at so many takes minutes, and none of these will make them fewer.
        if (this.#found - before > this.#limits.paths) this.#crowd.overflow();
        const fresh = new Set(changed);
        folders.push(...inside.filter((path) => isDeep || fresh.has(path)));
      } catch (error) {
        this.#trouble(folder, error);
      }
    }
  }

  /** Where much was found already, what is to be looked at itself is listed then, in a later pass. */
  #comesLater(folder: string, root: string): boolean {
    if (this.#found <= (this.#deps.foundAtOnce ?? FOUND_AT_ONCE)) return false;
    if (folder === root) this.#hint(root);
    return this.#isNew(folder) || this.#hinted.has(folder);
  }

  #isNew(folder: string): boolean {
    return folder !== '' && this.#deps.store.get(folder) === undefined;
  }

  #hint(raw: string): void {
    const path = raw.normalize('NFC');
    if (path === '') {
      this.rescan();
      return;
    }
    this.#hinted.add(path);
    this.#works.hinted(path);
    this.#agenda.add(path, HINT_MS);
  }

  // ---- what goes wrong

  #calm(path: string): void {
    this.#retries.delete(path);
    this.#problems.remove(path);
  }

  /** Says so, and tries again, ever more rarely. */
  #trouble(path: string, error: unknown): void {
    if (this.#isStopped) return;
    if (error instanceof FsError) this.#problems.add(path, error.fault);
    else this.#deps.logger.error({ err: error, path }, 'a path of a folder could not be brought in step');
    const tries = this.#retries.get(path) ?? 0;
    this.#retries.set(path, tries + 1);
    this.#agenda.add(path === '' ? '' : path, Math.min(LONGEST_RETRY_MS, 1000 * 2 ** tries));
    if (path === '') this.#scanDue = true;
  }
}
