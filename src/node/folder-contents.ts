/**
 * What files of one folder hold, over this node's pieces and transfers. Small files lie in the node's own store as well, so that what they
 * were can be had back and merged, whatever a program writes over them; large ones lie where they lie, and once.
 */
import { lstatSync, mkdirSync, renameSync, type Stats } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, type Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import type { Logger, Timer, Timers } from '../base/ports.ts';
import { Pool } from '../files/folder/pacing.ts';
import type { Contents } from '../files/folder/ports.ts';
import type { FilesService } from '../files/index.ts';
import { placesIn, stampOf } from '../files/pieces/service.ts';
import type { Content, ContentId, FolderId } from '../files/types.ts';

const COPIED_BYTES = 256 * 1024;
/** As many as are fetched at once: who waits longer waits here, where it is not written to the disk each time. */
const AT_ONCE = 32;
/** A fetch of which nothing has come for so long gives its place to another. */
const STALLED_MS = 15_000;
const RETRY_MS = 2000;

export interface FolderContentsDeps {
  readonly folder: FolderId;
  readonly files: FilesService;
  /** For large files under way; on the disk of this node's data. */
  readonly incoming: string;
  readonly timers: Timers;
  readonly logger: Logger;
  /** It may be here now, or has to be asked for again. */
  ready(content: Content): void;
}

export class FolderContents implements Contents {
  readonly #deps: FolderContentsDeps;
  readonly #wanted = new Set<ContentId>();
  readonly #pool = new Pool(AT_ONCE);
  readonly #timers = new Set<Timer>();

  constructor(deps: FolderContentsDeps) {
    this.#deps = deps;
    mkdirSync(deps.incoming, { recursive: true, mode: 0o700 });
  }

  /** What waits is asked for again by the next start; what runs goes on with the node. */
  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    void this.#pool.stop();
  }

  async take(chunks: AsyncIterable<Bytes>, place: string | undefined): Promise<Content> {
    const { pieces } = this.#deps.files;
    const look = place === undefined ? undefined : await stat(place);
    if (place !== undefined && look !== undefined && look.size > COPIED_BYTES)
      return pieces.add(place, this.#owner);
    const bytes = await allOf(chunks);
    if (place === undefined || look === undefined) return pieces.addBytes(bytes, this.#owner);
    const isStill = sameStamp(look, await stat(place)) && look.size === bytes.byteLength;
    return pieces.addBytes(bytes, this.#owner, isStill ? { path: place, stamp: stampOf(look) } : undefined);
  }

  ready(content: Content): boolean {
    const { files } = this.#deps;
    return files.isHere(content) && files.transfers.progressOf(this.#owner(content.id)) === undefined;
  }

  want(content: Content): void {
    if (this.#wanted.has(content.id)) return;
    this.#wanted.add(content.id);
    this.#pool.run(async () => {
      try {
        await this.#fetch(content);
      } catch (error) {
        this.#again(content);
        this.#deps.logger.info({ content: content.id, error }, 'a file of a folder did not come yet');
      }
      this.#wanted.delete(content.id);
      if (this.ready(content)) this.#deps.ready(content);
    });
  }

  /** Its path is looked at again soon, and asks for it where it is wanted still. */
  #again(content: Content): void {
    const timer = this.#deps.timers.after(RETRY_MS, () => {
      this.#timers.delete(timer);
      this.#deps.ready(content);
    });
    this.#timers.add(timer);
  }

  async #fetch(content: Content): Promise<void> {
    const { transfers, pieces } = this.#deps.files;
    const id = this.#owner(content.id);
    if (this.ready(content)) return;
    const path = this.#incoming(content.id);
    // What is small comes into the store, and never lies there.
    const isSmall = content.sizeBytes <= COPIED_BYTES;
    // What a crash left between two steps, and cannot be told from what should be.
    if (!isSmall && transfers.progressOf(id) === undefined) await rm(path, { force: true });
    const target = isSmall ? undefined : { path, partial: `${path}.part`, modifiedMs: 0, executable: false };
    await transfers.fetch({ id, content, target }, 'replaceable');
    const watch = this.#watchStalling(id);
    try {
      await transfers.ended(id);
      if (!isSmall && pieces.rows.sourceAt(path) === undefined) await rm(path, { force: true });
    } finally {
      watch.cancel();
      this.#timers.delete(watch);
    }
  }

  #watchStalling(id: string): Timer {
    const { transfers } = this.#deps.files;
    const timer = this.#deps.timers.after(STALLED_MS, () => {
      const progress = transfers.progressOf(id);
      if (progress?.state === 'fetching' && progress.doneBytes === 0) void transfers.cancel(id);
    });
    this.#timers.add(timer);
    return timer;
  }

  async materialise(content: Content, absolute: string): Promise<void> {
    const { pieces } = this.#deps.files;
    if (this.#takeIncoming(content.id, absolute)) return;
    const list = await pieces.writeTo(content, absolute);
    const { rows } = pieces;
    const isSmall = content.sizeBytes <= COPIED_BYTES;
    rows.transact(() => {
      rows.hold(this.#owner(content.id), content.id, list);
      if (!isSmall)
        rows.addPlaces(rows.addSource(absolute, stampOf(lstatSync(absolute))), placesIn(list.pieces));
    }, 'replaceable');
    if (!isSmall) await rm(this.#incoming(content.id), { force: true });
  }

  /** What came for this folder goes there itself, by another name; once, and not from another disk. */
  #takeIncoming(content: ContentId, absolute: string): boolean {
    const { rows } = this.#deps.files.pieces;
    const path = this.#incoming(content);
    const known = rows.sourceAt(path);
    if (known?.stamp === undefined) return false;
    try {
      renameSync(path, absolute);
    } catch (error) {
      this.#deps.logger.debug({ error }, 'a file that came is copied to its folder');
      return false;
    }
    this.#rename(known.source, absolute);
    return true;
  }

  async read(content: Content): Promise<Bytes> {
    const { pieces } = this.#deps.files;
    const list = await pieces.listOf(content);
    const parts = await Promise.all((list?.pieces ?? []).map((piece) => pieces.read(piece)));
    if (list === undefined || parts.includes(undefined))
      throw new KithError('bad-content', 'What is here of a file does not make all of it.', {
        next: 'It is fetched again from whoever has it.',
      });
    return concatBytes(...parts.filter((part) => part !== undefined));
  }

  moved(from: string, to: string): void {
    const { pieces } = this.#deps.files;
    const known = pieces.rows.sourceAt(from);
    if (known !== undefined) this.#rename(known.source, to);
    else this.#noteAgain(to);
  }

  /** It was forgotten where it lay, because it lay there no more when somebody asked for it. */
  #noteAgain(path: string): void {
    const { files, logger } = this.#deps;
    if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) <= COPIED_BYTES) return;
    files.pieces.add(path, this.#owner).catch((error: unknown) => {
      logger.info({ error }, 'a file that was moved is not offered to others any more');
    });
  }

  #rename(source: number, to: string): void {
    const { rows } = this.#deps.files.pieces;
    const look = lstatSync(to, { throwIfNoEntry: false });
    if (look === undefined) return;
    rows.transact(() => {
      rows.moveSource(source, to, stampOf(look));
    }, 'replaceable');
  }

  /** Who fetched it wants it kept, under the same name. */
  readonly #owner = (content: ContentId): string => `folder ${this.#deps.folder} ${content}`;

  #incoming(content: ContentId): string {
    return join(this.#deps.incoming, `${this.#deps.folder.slice(0, 16)}-${content}`);
  }
}

async function allOf(chunks: AsyncIterable<Bytes>): Promise<Bytes> {
  const all: Bytes[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return concatBytes(...all);
}

function sameStamp(a: Stats, b: Stats): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ino === b.ino;
}
