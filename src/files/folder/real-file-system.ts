/**
 * A folder on a real disk. Nothing is opened through a symbolic link, and before anything is changed the folder that it lies in is looked
 * at: where it really is must be where it seems to be. Between the last look and the change lie no other work and no promise, only
 * two system calls.
 */
import {
  chmodSync,
  constants,
  linkSync,
  lstatSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  type BigIntStats,
} from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, readlink, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex, type Bytes } from '../../base/bytes.ts';
import type { Rng } from '../../base/ports.ts';
import { CONTROL, foldKey, parentOf } from './paths.ts';
import {
  FsError,
  type Changed,
  type DiskEntry,
  type FileSystem,
  type FsFault,
  type ListedEntry,
  type Temp,
  type Traits,
} from './ports.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Looks under way: of a folder of a hundred thousand names not all at once. */
const LISTED_AT_ONCE = 512;
const MARKER = 'folder';
const EXECUTE = 0o111;
const IS_WINDOWS = process.platform === 'win32';

/** Where hard links cannot be, as on a USB stick, the look and the step lie a little further apart. */
const HAS_NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Windows knows neither of the two. */
const READING = constants.O_RDONLY | (IS_WINDOWS ? 0 : constants.O_NOFOLLOW | constants.O_NONBLOCK);

const FAULTS: Readonly<Record<string, FsFault>> = {
  EACCES: 'denied',
  EPERM: 'denied',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'read-only',
  EINVAL: 'cannot-hold',
  ENAMETOOLONG: 'cannot-hold',
  EXDEV: 'cannot-hold',
  ELOOP: 'leads-out',
};

export class RealFileSystem implements FileSystem {
  readonly #root: string;
  readonly #rng: Rng;
  readonly #flushes = new Map<string, { hasBegun: boolean; done: Promise<void> }>();
  readonly #controls = new Set<string>();
  #traits: Traits | undefined;
  #real: string | undefined;

  /** @param root an absolute path; what it is a link to, if it is one. */
  constructor(root: string, rng: Rng) {
    this.#root = root;
    this.#rng = rng;
  }

  absolute(path: string): string {
    return join(this.#root, path);
  }

  keptAt(name: string): string {
    return this.absolute(`${CONTROL}/kept/${name}`);
  }

  // ---- looking

  /** By trying: a file system says of itself only what it likes. */
  async traits(): Promise<Traits> {
    if (this.#traits !== undefined) return this.#traits;
    return this.#do('', async () => {
      await this.#control('tmp');
      const probe = `${CONTROL}/tmp/Probe-\u00e9-${this.#name()}`;
      const file = await open(this.absolute(probe), 'wx', 0o600);
      try {
        await file.chmod(0o700);
        const { mode } = await file.stat();
        this.#traits = {
          caseSensitive: !(await this.#stands(probe.replace('Probe', 'pROBE'))),
          exactUnicode: !(await this.#stands(probe.normalize('NFD'))),
          executableBits: !IS_WINDOWS && (mode & EXECUTE) !== 0,
          windowsNames: IS_WINDOWS,
        };
        return this.#traits;
      } finally {
        await file.close();
        await rm(this.absolute(probe), { force: true });
      }
    });
  }

  async #stands(path: string): Promise<boolean> {
    return (await orGone(lstat(this.absolute(path)))) !== undefined;
  }

  async look(path: string): Promise<DiskEntry | undefined> {
    return this.#do(path, async () => {
      const stats = await orGone(lstat(this.absolute(path), { bigint: true }));
      if (stats === undefined || !this.#isHere(path)) return undefined;
      return this.#entry(stats, path);
    });
  }

  /** Its folder is really there, and it is spelled so. */
  #isHere(path: string): boolean {
    const folder = parentOf(path);
    try {
      if (folder !== '' && realpathSync.native(this.absolute(folder)) !== join(this.#realRoot(), folder))
        return false;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
    const { caseSensitive, exactUnicode } = this.#traits ?? { caseSensitive: true, exactUnicode: true };
    return (caseSensitive && exactUnicode) || this.#isSpelledSo(path);
  }

  #isSpelledSo(path: string): boolean {
    if (lstatSync(this.absolute(path), { throwIfNoEntry: false })?.isSymbolicLink() === true) return true;
    return (
      realpathSync.native(this.absolute(path)).normalize('NFC') ===
      join(this.#realRoot(), path).normalize('NFC')
    );
  }

  #realRoot(): string {
    this.#real ??= realpathSync.native(this.#root);
    return this.#real;
  }

  #entry(stats: BigIntStats, path: string): DiskEntry {
    if (stats.isSymbolicLink()) return { type: 'link', target: readlinkSync(this.absolute(path)) };
    if (!stats.isDirectory() || path === '') return plainEntry(stats);
    return plainEntry(stats, statSync(this.absolute(parentOf(path)), { bigint: true }).dev);
  }

  async list(folder: string): Promise<readonly ListedEntry[]> {
    return this.#do(folder, async () => {
      if (folder !== '' && !this.#isHere(`${folder}/x`)) return [];
      const listed = await readdir(this.absolute(folder));
      const { dev } = await stat(this.absolute(folder), { bigint: true });
      const names = listed.filter((name) => folder !== '' || foldKey(name) !== CONTROL);
      const entries: ListedEntry[] = [];
      for (let at = 0; at < names.length; at += LISTED_AT_ONCE) {
        const some = names.slice(at, at + LISTED_AT_ONCE).map((name) => this.#listed(folder, name, dev));
        for (const entry of await Promise.all(some)) if (entry !== undefined) entries.push(entry);
      }
      return entries;
    });
  }

  async #listed(folder: string, name: string, disk: bigint): Promise<ListedEntry | undefined> {
    const absolute = join(this.absolute(folder), name);
    const stats = await orGone(lstat(absolute, { bigint: true }));
    if (stats === undefined) return name.includes('\ufffd') ? { name, entry: { type: 'other' } } : undefined;
    if (!stats.isSymbolicLink()) return { name, entry: plainEntry(stats, disk) };
    const target = await orGone(readlink(absolute));
    return target === undefined ? undefined : { name, entry: { type: 'link', target } };
  }

  async *read(path: string): AsyncGenerator<Bytes> {
    const file = await this.#do(path, async () => {
      if (!this.#isHere(path)) throw new FsError('leads-out', path);
      // Not blocked by a pipe that took the file's place.
      return open(this.absolute(path), READING);
    });
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new FsError('io', path);
      for (let leftBytes = stats.size; ;) {
        // One more than there should be, since it may have grown; what has grown is read as fast as any. Most files are far smaller than a chunk.
        const chunk = new Uint8Array(leftBytes < 0 ? CHUNK_BYTES : Math.min(CHUNK_BYTES, leftBytes + 1));
        const { bytesRead, buffer } = await this.#do(path, () => file.read(chunk));
        if (bytesRead === 0) return;
        leftBytes -= bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  // ---- temporary files

  async newTemp(): Promise<Temp> {
    return this.#do('', async () => {
      await this.#control('tmp');
      const name = this.#name();
      return { name, absolute: this.absolute(tempPath(name)) };
    });
  }

  async finishTemp({ absolute }: Temp, modifiedMs: number, executable: boolean): Promise<void> {
    await this.#do('', async () => {
      const file = await open(absolute, 'r+');
      try {
        const { mode } = await file.stat();
        await file.chmod(executable ? (mode & 0o777) | ((mode & 0o444) >> 2) : mode & 0o777 & ~EXECUTE);
        await file.utimes(modifiedMs / 1000, modifiedMs / 1000);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  async dropTemp({ absolute }: Temp): Promise<void> {
    await this.#do('', () => rm(absolute, { force: true }));
  }

  async clearTemps(): Promise<void> {
    await this.#do('', () => rm(this.absolute(`${CONTROL}/tmp`), { recursive: true, force: true }));
  }

  // ---- changing

  async create(temp: Temp, path: string): Promise<DiskEntry | Changed> {
    return this.#do(path, async () => {
      if (!this.#mayChange(path)) return 'changed';
      const before = plainEntry(lstatSync(temp.absolute, { bigint: true }));
      if (!this.#named(temp.absolute, path)) return 'changed';
      await this.#flush(parentOf(path));
      return this.#after(path, before);
    });
  }

  async replace(temp: Temp, path: string, expect: DiskEntry, keepAs: string): Promise<DiskEntry | Changed> {
    return this.#do(path, async () => {
      await this.#control('kept');
      if (!this.#mayChange(path)) return 'changed';
      const { mode } = lstatSync(temp.absolute);
      const before = plainEntry(lstatSync(temp.absolute, { bigint: true }));
      const old = lstatSync(this.absolute(path), { throwIfNoEntry: false });
      if (old?.isFile() === true)
        chmodSync(temp.absolute, (old.mode & 0o666) | (mode & EXECUTE & (old.mode >> 2)) | (mode & 0o100));
      const kept = this.keptAt(keepAs);
      // A second name first, so that there is no moment in which the path is nothing.
      const hasSecondName = this.#secondName(path, kept);
      if (!this.#isAsExpected(this.absolute(path), path, expect)) {
        if (hasSecondName) unlinkSync(kept);
        return 'changed';
      }
      if (!hasSecondName) renameSync(this.absolute(path), kept);
      renameSync(temp.absolute, this.absolute(path));
      if (!this.#isAsExpected(kept, path, expect)) {
        // Written to in that very moment, by a program that had it open: what it wrote stays.
        renameSync(kept, this.absolute(path));
        return 'changed';
      }
      await this.#flush(parentOf(path));
      return this.#after(path, before);
    });
  }

  /** False where the file system has no hard links. */
  #secondName(path: string, kept: string): boolean {
    try {
      linkSync(this.absolute(path), kept);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EPERM' || codeOf(error) === 'ENOTSUP' || codeOf(error) === 'EOPNOTSUPP')
        return false;
      throw error;
    }
  }

  async takeAway(path: string, expect: DiskEntry, keepAs: string): Promise<'done' | Changed> {
    return this.#do(path, async () => {
      await this.#control('kept');
      if (!this.#mayChange(path) || !this.#isAsExpected(this.absolute(path), path, expect)) return 'changed';
      const kept = this.keptAt(keepAs);
      renameSync(this.absolute(path), kept);
      if (!this.#isAsExpected(kept, path, expect)) {
        // Somebody saved in that very moment: it goes back, unless there is something newer yet.
        this.#named(kept, path);
        return 'changed';
      }
      await this.#flush(parentOf(path));
      return 'done';
    });
  }

  async move(from: string, to: string, expect: DiskEntry): Promise<DiskEntry | Changed> {
    return this.#do(to, async () => {
      if (!this.#mayChange(from) || !this.#mayChange(to)) return 'changed';
      if (!this.#isAsExpected(this.absolute(from), from, expect)) return 'changed';
      if (foldKey(from) === foldKey(to) && this.#isOneFile(from, to))
        renameSync(this.absolute(from), this.absolute(to));
      else if (!this.#named(this.absolute(from), to)) return 'changed';
      await Promise.all([this.#flush(parentOf(to)), this.#flush(parentOf(from))]);
      return this.#after(to, expect);
    });
  }

  #isOneFile(one: string, other: string): boolean {
    const [a, b] = [one, other].map((path) =>
      lstatSync(this.absolute(path), { throwIfNoEntry: false, bigint: true }),
    );
    return a !== undefined && a.ino === b?.ino && a.nlink === 1n;
  }

  async setExecutable(path: string, expect: DiskEntry, executable: boolean): Promise<DiskEntry | Changed> {
    return this.#do(path, async () => {
      if (!this.#mayChange(path) || !this.#isAsExpected(this.absolute(path), path, expect)) return 'changed';
      const { mode } = lstatSync(this.absolute(path));
      chmodSync(
        this.absolute(path),
        executable ? (mode & 0o777) | ((mode & 0o444) >> 2) : mode & 0o777 & ~EXECUTE,
      );
      return this.#after(path, expect);
    });
  }

  async makeFolder(path: string): Promise<DiskEntry | Changed> {
    return this.#made(path, () => mkdir(this.absolute(path)));
  }

  async makeLink(path: string, target: string): Promise<DiskEntry | Changed> {
    return this.#made(path, () => symlink(target, this.absolute(path)));
  }

  async #made(path: string, make: () => Promise<unknown>): Promise<DiskEntry | Changed> {
    return this.#do(path, async () => {
      if (!this.#mayChange(path)) return 'changed';
      try {
        await make();
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return 'changed';
        throw error;
      }
      await this.#flush(parentOf(path));
      return this.#entry(lstatSync(this.absolute(path), { bigint: true }), path);
    });
  }

  async removeFolder(path: string): Promise<'done' | Changed> {
    return this.#do(path, async () => {
      if (!this.#mayChange(path)) return 'changed';
      try {
        await rmdir(this.absolute(path));
        return 'done';
      } catch (error) {
        if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'ENOENT'].includes(codeOf(error))) return 'changed';
        throw error;
      }
    });
  }

  /** The folder that it lies in is no link, and no link is on the way. */
  #mayChange(path: string): boolean {
    const folder = parentOf(path);
    try {
      return realpathSync.native(this.absolute(folder)) === join(this.#realRoot(), folder);
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  /** `from` becomes `path`. False when something stands there. */
  #named(from: string, path: string): boolean {
    try {
      linkSync(from, this.absolute(path));
      unlinkSync(from);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (!HAS_NO_LINKS.includes(codeOf(error))) throw error;
    }
    if (lstatSync(this.absolute(path), { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(from, this.absolute(path));
    return true;
  }

  #isAsExpected(absolute: string, path: string, expect: DiskEntry): boolean {
    const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return false;
    if (stats.isSymbolicLink()) return expect.type === 'link' && readlinkSync(absolute) === expect.target;
    const now = plainEntry(stats);
    return path !== '' && isSameWriting(now, expect);
  }

  /** Its look now, where only its names changed since `before`. */
  #after(path: string, before: DiskEntry): DiskEntry {
    const stats = lstatSync(this.absolute(path), { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) return before.type === 'file' ? { ...before, stamp: '' } : before;
    const now = this.#entry(stats, path);
    if (now.type !== 'file' || isSameWriting(now, before)) return now;
    return { ...now, stamp: '' };
  }

  /**
   * Names survive a power cut only when their folder was brought to the disk. Whoever asks while one such is under
   * way waits for the next, together with all others.
   */
  #flush(folder: string): Promise<void> {
    if (IS_WINDOWS) return Promise.resolve();
    const before = this.#flushes.get(folder);
    if (before?.hasBegun === false) return before.done;
    const flush = { hasBegun: false, done: Promise.resolve() };
    flush.done = (before?.done ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => {
        flush.hasBegun = true;
        return this.#syncFolder(folder);
      })
      .finally(() => {
        if (this.#flushes.get(folder) === flush) this.#flushes.delete(folder);
      });
    this.#flushes.set(folder, flush);
    return flush.done;
  }

  /** A folder that went again needs no more. */
  async #syncFolder(folder: string): Promise<void> {
    const handle = await orGone(open(this.absolute(folder), constants.O_RDONLY));
    if (handle === undefined) return;
    try {
      await handle.sync();
    } catch (error) {
      if (codeOf(error) !== 'EINVAL') throw error;
    } finally {
      await handle.close();
    }
  }

  // ---- kith's own corner

  async readMarker(): Promise<string | undefined> {
    return this.#do('', async () => {
      const text = await orGone(readFile(this.absolute(`${CONTROL}/${MARKER}`), 'utf8'));
      return text?.trim();
    });
  }

  async writeMarker(text: string): Promise<void> {
    await this.#do('', async () => {
      await this.#control('tmp');
      const temp = this.absolute(tempPath(this.#name()));
      const file = await open(temp, 'wx', 0o600);
      try {
        await file.writeFile(`${text}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      renameSync(temp, this.absolute(`${CONTROL}/${MARKER}`));
      await this.#flush(CONTROL);
    });
  }

  async dropKept(name: string): Promise<void> {
    await this.#do('', () => rm(this.keptAt(name), { force: true, recursive: true }));
  }

  async #control(folder: 'tmp' | 'kept'): Promise<void> {
    if (this.#controls.has(folder) && (await this.#stands(`${CONTROL}/${folder}`))) return;
    await this.#hasRoot();
    await mkdir(this.absolute(`${CONTROL}/${folder}`), { recursive: true, mode: 0o700 });
    this.#controls.add(folder);
  }

  /** Never makes the root itself: where it is gone, its disk is. */
  async #hasRoot(): Promise<void> {
    if (!(await lstat(this.#realRoot())).isDirectory()) throw new FsError('io', this.#root);
  }

  #name(): string {
    return toHex(this.#rng.bytes(12));
  }

  async #do<Result>(path: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof FsError) throw error;
      throw new FsError(FAULTS[codeOf(error)] ?? 'io', path, error);
    }
  }
}

function tempPath(name: string): string {
  return `${CONTROL}/tmp/${name}`;
}

/** @param disk that of the folder that it lies in, where it is a folder itself. */
function plainEntry(stats: BigIntStats, disk = stats.dev): DiskEntry {
  const identity = String(stats.ino);
  if (stats.isDirectory())
    return { type: 'folder', identity, mount: stats.dev === disk ? undefined : String(stats.dev) };
  if (!stats.isFile()) return { type: 'other' };
  return {
    type: 'file',
    identity,
    stamp: `${String(stats.size)}.${String(stats.mtimeNs)}.${String(stats.ctimeNs)}`,
    sizeBytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs) / 1e6,
    executable: (stats.mode & 0o100n) !== 0n,
  };
}

/** Its names and permissions may have changed, and with them the time of change; its bytes have not. */
function isSameWriting(now: DiskEntry, before: DiskEntry): boolean {
  if (now.type !== 'file' || before.type !== 'file') return now.type === before.type;
  const written = (stamp: string): string => stamp.slice(0, stamp.lastIndexOf('.'));
  return now.identity === before.identity && written(now.stamp) === written(before.stamp);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

async function orGone<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
