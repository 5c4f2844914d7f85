/** Where pieces go as they come: into this node's store, or to their places in the file that they make up. */
import { mkdirSync } from 'node:fs';
import {
  chmod,
  constants,
  copyFile,
  link,
  lstat,
  open,
  rm,
  statfs,
  utimes,
  type FileHandle,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import type { Timer, Timers } from '../../base/ports.ts';
import { stampOf, type PieceService } from '../pieces/service.ts';
import type { Content, PieceRef } from '../types.ts';

export interface Sink {
  /** Places of the list that are there already. */
  here(): readonly boolean[];
  /** Resolves when it survives the end of this process. */
  write(places: readonly number[], bytes: Bytes): Promise<void>;
  /** All is there: checked as a whole, and where it belongs. @throws KithError `bad-content` | `file-exists` | `cannot-write` */
  finish(): Promise<void>;
  /** Leaves what came, for another time; or nothing. */
  end(keep: boolean): Promise<void>;
}

export interface FileTarget {
  readonly path: string;
  /** Beside it, until all is there. */
  readonly partial: string;
  readonly modifiedMs: number;
  readonly executable: boolean;
}

export function storeSink(pieces: PieceService, content: Content, list: readonly PieceRef[]): Sink {
  return {
    here: () => pieces.rows.hereOf(content.id),
    async write(places, bytes) {
      const piece = list[places[0] ?? -1];
      if (piece !== undefined) await pieces.keep(piece, bytes);
    },
    async finish() {
      if (!(await pieces.addsUp(content, list))) throw badContent();
    },
    end: async () => undefined,
  };
}

/** Left to everybody else on that disk. */
const SPARE_BYTES = 64 * 1024 * 1024;
const FLUSH_MS = 20;
const FLUSH_AT = 32;

interface Waiting {
  readonly piece: PieceRef;
  readonly offset: number;
  done(error?: Error): void;
}

/** @throws KithError `cannot-write` */
export async function fileSink(
  pieces: PieceService,
  content: Content,
  list: readonly PieceRef[],
  target: FileTarget,
  timers: Timers,
): Promise<Sink> {
  const sink = new FileSink(pieces, content, list, target, timers);
  await sink.open();
  return sink;
}

class FileSink implements Sink {
  readonly #pieces: PieceService;
  readonly #content: Content;
  readonly #list: readonly PieceRef[];
  readonly #offsets: readonly number[];
  readonly #target: FileTarget;
  readonly #timers: Timers;
  #file: FileHandle | undefined;
  #source = 0;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;

  constructor(
    pieces: PieceService,
    content: Content,
    list: readonly PieceRef[],
    target: FileTarget,
    timers: Timers,
  ) {
    this.#pieces = pieces;
    this.#content = content;
    this.#list = list;
    this.#target = target;
    this.#timers = timers;
    let offset = 0;
    this.#offsets = list.map(({ sizeBytes }) => (offset += sizeBytes) - sizeBytes);
  }

  async open(): Promise<void> {
    const { partial, path } = this.#target;
    const { rows } = this.#pieces;
    await refuseToReplace(path);
    const known = rows.sourceAt(partial);
    try {
      mkdirSync(dirname(partial), { recursive: true });
      await this.#mustFit(dirname(partial), known?.source);
      const isNew = known === undefined;
      this.#file = isNew ? await open(partial, 'w+', 0o600) : await this.#reopen(partial);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
    this.#source = rows.sourceAt(partial)?.source ?? rows.transact(() => rows.addSource(partial, undefined));
  }

  /** What does not fit is not begun: a few pieces, named often enough, make a file of any size. */
  async #mustFit(folder: string, source: number | undefined): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    const here = source === undefined ? new Set<number>() : this.#pieces.rows.offsetsIn(source);
    const missing = this.#list.reduce(
      (sum, { sizeBytes }, place) => sum + (here.has(this.#offsets[place] ?? -1) ? 0 : sizeBytes),
      0,
    );
    if (missing + SPARE_BYTES > bavail * bsize) throw new Error('there is no room for it');
  }

  /** What came before a restart is still there, unless somebody removed the file. */
  async #reopen(partial: string): Promise<FileHandle> {
    try {
      return await open(partial, 'r+');
    } catch {
      const { rows } = this.#pieces;
      const known = rows.sourceAt(partial);
      if (known !== undefined) rows.transact(() => rows.dropSource(known.source));
      return open(partial, 'w+', 0o600);
    }
  }

  here(): readonly boolean[] {
    const offsets = this.#pieces.rows.offsetsIn(this.#source);
    return this.#offsets.map((offset) => offsets.has(offset));
  }

  async write(places: readonly number[], bytes: Bytes): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw cannotWrite(this.#target.path, undefined);
    try {
      for (const place of places) await file.write(bytes, 0, bytes.byteLength, this.#offsets[place] ?? 0);
    } catch (cause) {
      throw cannotWrite(this.#target.path, cause);
    }
    await Promise.all(places.map((place) => this.#note(place)));
  }

  /** Many are noted in one transaction. */
  #note(place: number): Promise<void> {
    const [piece, offset] = [this.#list[place], this.#offsets[place]];
    if (piece === undefined || offset === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const done = (error?: Error): void => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#waiting.push({ piece, offset, done });
      if (this.#waiting.length >= FLUSH_AT) this.#flush();
      else
        this.#timer ??= this.#timers.after(FLUSH_MS, () => {
          this.#flush();
        });
    });
  }

  #flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const written = this.#waiting;
    this.#waiting = [];
    const { rows } = this.#pieces;
    try {
      rows.transact(() => {
        rows.addPlaces(this.#source, written);
      }, 'replaceable');
    } catch (cause) {
      for (const waiting of written) waiting.done(cannotWrite(this.#target.path, cause));
      return;
    }
    for (const waiting of written) waiting.done();
  }

  async finish(): Promise<void> {
    const { path, partial, modifiedMs, executable } = this.#target;
    const { rows } = this.#pieces;
    if (!(await this.#pieces.isWhole(this.#content, partial))) throw badContent();
    try {
      await this.#file?.datasync();
      await this.#file?.close();
      this.#file = undefined;
      await chmod(partial, executable ? 0o755 : 0o644);
      await utimes(partial, new Date(modifiedMs), new Date(modifiedMs));
      await putInPlace(partial, path);
      const stamp = stampOf(await lstat(path));
      rows.transact(() => {
        rows.moveSource(this.#source, path, stamp);
      });
    } catch (cause) {
      throw cause instanceof KithError ? cause : cannotWrite(path, cause);
    }
  }

  async end(keep: boolean): Promise<void> {
    if (this.#waiting.length > 0) this.#flush();
    await this.#file?.close();
    this.#file = undefined;
    if (keep) return;
    const { rows } = this.#pieces;
    rows.transact(() => {
      rows.dropSource(this.#source);
    });
    await rm(this.#target.partial, { force: true });
  }
}

/** Under its name, if nothing has that name: a link never replaces. Where there are no links, a copy that does not either. */
async function putInPlace(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw fileExists(path);
    await refuseToReplace(path);
    await copyFile(partial, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
  await rm(partial, { force: true });
}

/** @throws KithError `file-exists` */
export async function refuseToReplace(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined) throw fileExists(path);
}

function fileExists(path: string): KithError {
  return new KithError('file-exists', `${path} is there already; nothing was replaced.`, {
    next: 'Say another place with -o, or move that one away.',
  });
}

function badContent(): KithError {
  return new KithError(
    'bad-content',
    'All pieces came, and do not make the file that its author described.',
    {
      next: 'Ask its author to send it again.',
    },
  );
}

function cannotWrite(path: string, cause: unknown): KithError {
  return new KithError('cannot-write', `${path} cannot be written.`, {
    next: 'See whether the disk is full, or the folder is yours.',
    cause,
  });
}
