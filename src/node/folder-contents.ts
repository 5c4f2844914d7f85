/**
 * What files of one folder hold, over this node's pieces and transfers. Small files lie in the node's own store as well, so that what they
 * were can be had back and merged, whatever a program writes over them. Large ones lie where they lie, and once, if that can be: where the file
 * system lets two files share their blocks there is a second one of these; elsewhere the store has a copy for as long as nobody else has it.
 */
import { lstatSync, mkdirSync, renameSync, type Stats } from 'node:fs';
import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, type Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';
import type { Logger, Timer, Timers } from '../base/ports.ts';
import { Pool } from '../files/folder/pacing.ts';
import type { Contents } from '../files/folder/ports.ts';
import type { FilesService } from '../files/index.ts';
import { folderOwner, placesIn, stampOf } from '../files/pieces/service.ts';
import type { Content, ContentId, FolderId, PieceId } from '../files/types.ts';

const COPIED_BYTES = 256 * 1024;
/** As many as are fetched at once: who waits longer waits here, where it is not written to the disk each time. */
const AT_ONCE = 32;
/** A fetch of which nothing has come for so long gives its place to another. */
const STALLED_MS = 15_000;
const RETRY_MS = 2000;
/** Who gets a large file at once spares this node a copy. */
const COPY_MS = 3000;
/** Of what is free on the disk, a copy takes no more than this. */
const FREE_SHARE = 0.1;
const KEPT = join('.kith', 'kept');
const CLONE = /^[0-9a-f]{32}$/;

export interface FolderContentsDeps {
  readonly folder: FolderId;
  readonly files: FilesService;
  /** Where it lies. */
  readonly root: string;
  /** For large files under way; on the disk of this node's data. */
  readonly incoming: string;
  /** What may lie in the store of files that lie here as well. */
  copiesBytes(): number;
  readonly timers: Timers;
  readonly logger: Logger;
  /** It may be here now, or has to be asked for again. */
  ready(content: Content): void;
}

export class FolderContents implements Contents {
  readonly #deps: FolderContentsDeps;
  readonly #wanted = new Set<ContentId>();
  readonly #pool = new Pool(AT_ONCE);
  readonly #copies = new Pool(1);
  readonly #timers = new Set<Timer>();
  #clones = true;
  #isStopped = false;

  constructor(deps: FolderContentsDeps) {
    this.#deps = deps;
    mkdirSync(deps.incoming, { recursive: true, mode: 0o700 });
    this.#clearClones().catch((error: unknown) => {
      deps.logger.info({ error }, 'what is kept of a folder could not be looked at');
    });
  }

  /** What waits is asked for again by the next start; what runs goes on with the node. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
    void this.#pool.stop();
    void this.#copies.stop();
  }

  async take(chunks: AsyncIterable<Bytes>, place: string | undefined): Promise<Content> {
    const { pieces } = this.#deps.files;
    const look = place === undefined ? undefined : await stat(place);
    if (place !== undefined && look !== undefined && look.size > COPIED_BYTES) {
      const content = await pieces.add(place, this.#owner);
      if (!(await this.#clone(content, place))) this.#copySoon(content);
      return content;
    }
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
    await transfers.fetch({ id, content, target }, 'soon');
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
    if (this.#takeIncoming(content.id, absolute)) {
      await this.#clone(content, absolute);
      return;
    }
    const isSmall = content.sizeBytes <= COPIED_BYTES;
    if (!isSmall && (await pieces.clone(content, this.#cloneOf(content.id), absolute))) {
      if (await pieces.isWhole(content, absolute)) return this.#hold(content);
      await pieces.dropFile(absolute);
    }
    const list = await pieces.writeTo(content, absolute);
    const { rows } = pieces;
    rows.transact(
      () => {
        rows.hold(this.#owner(content.id), content.id, list);
        if (!isSmall)
          rows.addPlaces(rows.addSource(absolute, stampOf(lstatSync(absolute))), placesIn(list.pieces));
      },
      isSmall ? 'soon' : 'replaceable',
    );
    if (isSmall) return;
    await rm(this.#incoming(content.id), { force: true });
    await this.#clone(content, absolute);
  }

  async #hold(content: Content): Promise<void> {
    const { pieces } = this.#deps.files;
    const list = await pieces.listOf(content);
    if (list !== undefined)
      pieces.rows.transact(() => {
        pieces.rows.hold(this.#owner(content.id), content.id, list);
      }, 'replaceable');
  }

  // ---- large files that programs write over

  /** Both are of the same blocks, until one is written to. */
  async #clone(content: Content, place: string): Promise<boolean> {
    const { pieces } = this.#deps.files;
    const clone = this.#cloneOf(content.id);
    if (!this.#clones) return false;
    if (pieces.rows.sourceAt(clone) !== undefined) return true;
    await mkdir(join(this.#deps.root, KEPT), { mode: 0o700 }).catch(() => undefined);
    await rm(clone, { force: true });
    this.#clones = await pieces.clone(content, place, clone);
    return this.#clones;
  }

  #copySoon(content: Content): void {
    const timer = this.#deps.timers.after(COPY_MS, () => {
      this.#timers.delete(timer);
      this.#copies.run(() => this.#copy(content));
    });
    this.#timers.add(timer);
  }

  async #copy(content: Content): Promise<void> {
    const { files, logger, folder, incoming } = this.#deps;
    try {
      if (this.#isStopped || !files.isAlone(content) || !files.index.hasContent(folder, content.id, ''))
        return;
      const { bavail, bsize } = await statfs(incoming);
      const roomBytes = Math.min(
        bavail * bsize * FREE_SHARE,
        this.#deps.copiesBytes() - files.pieces.rows.copiedBytes(),
      );
      if (content.sizeBytes > roomBytes)
        logger.info(
          { content: content.id },
          'a large file is not copied: once it is written over, what it was is gone',
        );
      else await files.pieces.copy(content);
    } catch (error) {
      logger.info({ error }, 'a large file could not be copied');
    }
  }

  /** These are no versions any more that anybody can have back. */
  letGo(contents: readonly ContentId[]): void {
    const { files, logger } = this.#deps;
    for (const content of contents)
      if (files.pieces.rows.sourceAt(this.#cloneOf(content)) !== undefined)
        files.pieces.dropFile(this.#cloneOf(content)).catch((error: unknown) => {
          logger.info({ error }, 'what was kept of a large file could not be removed');
        });
  }

  /** What a crash left, and what was let go while the disk was away. */
  async #clearClones(): Promise<void> {
    const folder = join(this.#deps.root, KEPT);
    for (const name of await readdir(folder).catch(() => []))
      if (CLONE.test(name) && this.#deps.files.pieces.rows.sourceAt(join(folder, name)) === undefined)
        await rm(join(folder, name), { force: true });
  }

  #cloneOf(content: ContentId): string {
    return join(this.#deps.root, KEPT, this.#deps.files.pieces.rows.blobName(content as string as PieceId));
  }

  // ---- where files are

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
  readonly #owner = (content: ContentId): string => folderOwner(this.#deps.folder, content);

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
