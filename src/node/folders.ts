/** Folders that this device keeps in step: which lie where, over restarts, and an engine for each. */
import { mkdirSync, realpathSync, rmSync } from 'node:fs';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { KithError } from '../base/errors.ts';
import type { MemberId } from '../base/ids.ts';
import type { Clock, Logger } from '../base/ports.ts';
import { FsError, type FolderKeeping, type FolderRoot, type FolderRoots } from '../files/folder/ports.ts';
import {
  FolderService,
  knownCodec,
  RealFileSystem,
  watching,
  type FilesService,
  type IndexNews,
} from '../files/index.ts';
import type { FileSealer } from '../files/ports-pieces.ts';
import type { Folders, FolderState } from '../files/ports.ts';
import type { ContentId, FolderId, FolderMode, VersionId } from '../files/types.ts';
import type { LogStore } from '../log/ports.ts';
import type { Database } from '../store/database.ts';
import { openFolderRoots, openFolderStore } from '../store/folder-store.ts';
import { FolderContents } from './folder-contents.ts';
import { FolderIndex } from './folder-index.ts';
import { trustedClock } from './mail.ts';
import type { Session } from './session.ts';

const MARKER = join('.kith', 'folder');
const MOST_PROBLEMS = 100;

export interface NodeFoldersDeps {
  readonly database: Database;
  readonly sealer: FileSealer;
  readonly store: LogStore;
  readonly session: Session;
  readonly files: FilesService;
  /** Where this node keeps what is its own: no folder may be in there. */
  readonly data: string;
  /** For large files under way. */
  readonly incoming: string;
  readonly logger: Logger;
  readonly keeping: FolderKeeping;
  changed(): void;
}

interface Running {
  readonly root: FolderRoot;
  readonly engine: FolderService;
  readonly contents: FolderContents;
}

export class NodeFolders implements Folders {
  readonly #deps: NodeFoldersDeps;
  readonly #roots: FolderRoots;
  readonly #running = new Map<FolderId, Running>();
  /** Of these it was taken out: nothing is done there until it is in again. */
  readonly #takenOut = new Map<FolderId, FolderRoot>();
  readonly #clock: Clock;

  constructor(deps: NodeFoldersDeps) {
    this.#deps = deps;
    this.#roots = openFolderRoots(deps.database, deps.sealer);
    this.#clock = trustedClock(deps.session);
    for (const root of this.#roots.all()) this.#runWhereIn(root);
  }

  /** The node stops; what it takes part in stays. */
  async end(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map(end));
  }

  news({ versions, folders }: IndexNews): void {
    if (folders) this.#lookWhereIn();
    const changed = new Map<FolderId, Set<string>>();
    for (const { folder, path } of versions) {
      if (!this.#running.has(folder)) continue;
      const paths = changed.get(folder) ?? new Set();
      changed.set(folder, paths.add(path));
    }
    for (const [folder, paths] of changed) this.#running.get(folder)?.engine.indexChanged(paths);
  }

  /** Old versions that nobody can have back any more. */
  letGo(contents: readonly ContentId[]): void {
    for (const running of this.#running.values()) running.contents.letGo(contents);
  }

  // ---- taking part

  check(path: string, folder?: FolderId): void {
    if (!isAbsolute(path))
      throw new KithError('bad-request', 'The path of a folder is absolute.', {
        next: 'Say the whole path.',
      });
    const wanted = realOf(path);
    if (areNested(wanted, realOf(this.#deps.data)))
      throw inUse(path, 'it lies in kith’s own data folder, or around it');
    for (const { root } of this.#running.values())
      if (root.folder !== folder && areNested(wanted, realOf(root.path)))
        throw inUse(path, `it lies in ${root.path}, or around it, and that is kept in step already`);
    const here = folder === undefined ? undefined : this.#running.get(folder);
    if (here !== undefined && realOf(here.root.path) !== wanted)
      throw inUse(path, `the same is kept in step in ${here.root.path} already`);
  }

  async start(folder: FolderId, path: string, mode: FolderMode): Promise<void> {
    this.check(path, folder);
    const root = { folder, path, mode };
    try {
      mkdirSync(path, { recursive: true });
      await FolderService.adopt(new RealFileSystem(path, this.#deps.session.deps.rng), folder);
    } catch (error) {
      throw asFailure(path, error);
    }
    const before = this.#running.get(folder);
    if (before !== undefined) await end(before);
    this.#takenOut.delete(folder);
    this.#roots.put(root);
    this.#run(root);
  }

  /** The marker is kith's own, and goes; all else stays where it is. */
  async stop(folder: FolderId): Promise<void> {
    const running = this.#running.get(folder);
    const root = running?.root ?? this.#takenOut.get(folder);
    if (root === undefined) return;
    this.#running.delete(folder);
    this.#takenOut.delete(folder);
    if (running !== undefined) await end(running);
    this.#roots.remove(folder);
    const fs = new RealFileSystem(root.path, this.#deps.session.deps.rng);
    if ((await fs.readMarker().catch(() => undefined)) === folder) rmSync(join(root.path, MARKER));
  }

  // ---- where this member is in

  #isIn(id: FolderId): boolean {
    const { files, session } = this.#deps;
    const folder = files.index.folder(id);
    return folder?.restricted !== true || folder.members.has(session.ownMemberId);
  }

  #runWhereIn(root: FolderRoot): void {
    if (this.#isIn(root.folder)) this.#run(root);
    else this.#takenOut.set(root.folder, root);
  }

  /** What lies there stays, on either way. */
  #lookWhereIn(): void {
    for (const [folder, running] of this.#running) {
      if (this.#isIn(folder)) continue;
      this.#running.delete(folder);
      this.#takenOut.set(folder, running.root);
      end(running).catch((error: unknown) => {
        this.#deps.logger.error({ folder, error }, 'a folder did not end well');
      });
    }
    for (const [folder, root] of this.#takenOut) {
      if (!this.#isIn(folder)) continue;
      this.#takenOut.delete(folder);
      this.#run(root);
    }
  }

  #run(root: FolderRoot): void {
    const { database, sealer, store, session, files, incoming, logger } = this.#deps;
    const { folder, path, mode } = root;
    const { timers, rng } = session.deps;
    const contents = new FolderContents({
      folder,
      files,
      root: path,
      incoming,
      copiesBytes: () => this.#deps.keeping.rules().bytes,
      timers,
      logger,
      ready: (content) => {
        engine.contentReady(content);
      },
    });
    const engine = new FolderService({
      folder,
      mode,
      me: session.device,
      fs: new RealFileSystem(path, rng),
      contents,
      index: new FolderIndex(files, store, folder),
      store: openFolderStore(database, sealer, knownCodec, folder),
      watch: watching(path, logger),
      names: { nameOf: (member) => nameOf(session, member) },
      clock: this.#clock,
      timers,
      rng,
      logger,
      keeping: this.#deps.keeping,
      changed: () => {
        this.#deps.changed();
      },
    });
    this.#running.set(folder, { root, engine, contents });
    engine.start();
  }

  // ---- what is, and what people say

  stateOf(folder: FolderId): FolderState | undefined {
    const running = this.#running.get(folder);
    if (running === undefined) return stateOut(this.#takenOut.get(folder));
    const { away, brakes, missing, conflicts, problems, inStep } = running.engine.status();
    return {
      path: running.root.path,
      mode: running.root.mode,
      missing,
      conflicts: conflicts.length,
      paused: brakes.length > 0,
      inStep,
      away,
      problems: [...problems].slice(0, MOST_PROBLEMS).map(([path, problem]) => ({ path, problem })),
    };
  }

  restore(folder: FolderId, path: string, version: VersionId): void {
    this.#need(folder).restore(path, version);
  }

  look(): void {
    for (const { engine } of this.#running.values()) engine.rescan();
  }

  async resume(folder: FolderId): Promise<void> {
    const engine = this.#need(folder);
    const { brakes } = engine.status();
    for (const { direction } of brakes) engine.resume(direction);
    // Whoever lets go of a brake has not said anything of disks.
    if (brakes.length === 0) await engine.giveUpDisks();
  }

  #need(folder: FolderId): FolderService {
    const running = this.#running.get(folder);
    if (running !== undefined) return running.engine;
    throw new KithError('not-in-step', 'This device does not keep that folder in step.', {
      next: 'Join it: kith folder join NAME PATH',
    });
  }
}

function stateOut(root: FolderRoot | undefined): FolderState | undefined {
  if (root === undefined) return undefined;
  const { path, mode } = root;
  const nothing = { missing: 0, conflicts: 0, paused: false, inStep: false, problems: [] };
  return { path, mode, ...nothing, away: 'taken-out' };
}

async function end({ engine, contents }: Running): Promise<void> {
  contents.stop();
  await engine.stop();
}

function nameOf(session: Session, member: MemberId): string {
  return session.log.membership.members.get(member)?.name ?? 'somebody';
}

/** Where it really is; of what is not there, where it would be. */
function realOf(path: string): string {
  const whole = resolve(path);
  try {
    return realpathSync.native(whole);
  } catch {
    const parent = resolve(whole, '..');
    return parent === whole ? whole : join(realOf(parent), whole.slice(parent.length));
  }
}

function areNested(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => (path.endsWith(sep) ? path : path + sep));
  return one?.startsWith(other ?? '') === true || other?.startsWith(one ?? '') === true;
}

function inUse(path: string, why: string): KithError {
  return new KithError('folder-in-use', `${path} cannot be kept in step: ${why}.`, {
    next: 'Choose another folder, or leave the other one first: kith folder list',
  });
}

function asFailure(path: string, error: unknown): unknown {
  if (error instanceof KithError) return error;
  const why = error instanceof FsError ? error.fault : (error as Error).message;
  return new KithError('cannot-write', `${path} cannot be used as a folder: ${why}.`, {
    next: 'See that it is a folder, there and yours.',
    cause: error,
  });
}
