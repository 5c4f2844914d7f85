/**
 * Pieces on disk: read where they lie, in a user's own file or in this node's store, checked whenever they are read.
 * What was noted of a file that has changed is forgotten.
 */
import { createHash, hash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, type Stats } from 'node:fs';
import {
  constants,
  copyFile,
  open,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes } from '../../base/bytes.ts';
import { malformed } from '../../base/cbor.ts';
import { KithError } from '../../base/errors.ts';
import type { Logger } from '../../base/ports.ts';
import type { FileSealer, FileStamp, PieceList, PiecePlace, PieceRows } from '../ports-pieces.ts';
import type { Content, ContentId, FolderId, PieceRef } from '../types.ts';
import { cutLength } from './cut.ts';
import { decodeManifest, listPieces, mustAddUp, mustBeFewEnough, pieceIdOf } from './manifest.ts';
import { cutFile, digestOf, openToRead, type AddOptions } from './reading.ts';

const GARBAGE_AT_ONCE = 500;
const BLOB = /^[0-9a-f]{32}$/;

export interface PieceDeps {
  readonly rows: PieceRows;
  readonly sealer: FileSealer;
  /** Of this node's own store. */
  readonly folder: string;
  readonly logger: Logger;
  /** Of these, something that was here is here no more. */
  lost(contents: readonly ContentId[]): void;
}

export class PieceService {
  readonly #deps: PieceDeps;
  #written = 0;
  /** Files of the store under way. */
  readonly #writing = new Set<string>();

  constructor(deps: PieceDeps) {
    this.#deps = deps;
    mkdirSync(deps.folder, { recursive: true, mode: 0o700 });
  }

  get rows(): PieceRows {
    return this.#deps.rows;
  }

  /**
   * Cuts a file into pieces, which from now on are read where they lie; nothing is copied.
   * @param owner who wants it kept: `release` ends that.
   * @throws KithError `file-changed` (while it was read: try again) | `cannot-read` | `too-large`
   */
  async add(path: string, owner: string | Owner, options: AddOptions = {}): Promise<Content> {
    const file = await openToRead(path);
    try {
      const before = await file.stat();
      const cut = await cutFile(file, before.size, options);
      const after = await file.stat();
      if (!sameLook(stampOf(before), stampOf(after)) || cut.sizeBytes !== after.size) throw fileChanged(path);
      const listed = listPieces(cut.id, cut.sizeBytes, cut.pieces);
      for (const { ref, bytes } of listed.manifests) await this.keep(ref, bytes);
      const manifests = listed.manifests.map(({ ref }) => ref);
      const { rows } = this.#deps;
      rows.transact(() => {
        rows.hold(nameOf(owner, cut.id), cut.id, { pieces: cut.pieces, manifests });
        rows.addPlaces(rows.addSource(path, stampOf(after)), placesIn(cut.pieces));
      });
      return listed.content;
    } finally {
      await file.close();
    }
  }

  /**
   * The same of bytes in memory, which go into this node's store. @param lies where they lie as well: should the store lose them, they are
   * read from there.
   */
  async addBytes(bytes: Bytes, owner: Owner, lies?: { path: string; stamp: FileStamp }): Promise<Content> {
    const pieces: PieceRef[] = [];
    const id = hash('sha256', bytes, 'hex') as ContentId;
    const { rows } = this.#deps;
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + cutLength(bytes, at, bytes.byteLength));
      pieces.push({ id: pieceIdOf(piece), sizeBytes: piece.byteLength });
      at += piece.byteLength;
    }
    const listed = listPieces(id, bytes.byteLength, pieces);
    // Held first: what nobody holds is garbage.
    rows.transact(() => {
      rows.hold(owner(id), id, { pieces, manifests: listed.manifests.map(({ ref }) => ref) });
      if (lies !== undefined) rows.addPlaces(rows.addSource(lies.path, lies.stamp), placesIn(pieces));
    }, 'soon');
    for (const { ref, bytes: manifest } of listed.manifests) await this.keep(ref, manifest);
    for (const { piece, offset } of placesIn(pieces))
      await this.keep(piece, bytes.subarray(offset, offset + piece.sizeBytes));
    return listed.content;
  }

  /**
   * Writes a file where nothing stands, from pieces that are here, checked one by one and as a whole.
   * @throws KithError `bad-content`; whoever called removes what was written then
   */
  async writeTo(content: Content, path: string): Promise<PieceList> {
    const list = await this.listOf(content);
    if (list === undefined) throw notHere();
    const digest = createHash('sha256');
    const file = await open(path, 'wx', 0o644);
    try {
      for (const piece of list.pieces) {
        const bytes = await this.read(piece);
        if (bytes === undefined) throw notHere();
        digest.update(bytes);
        await file.writeFile(bytes);
      }
    } finally {
      await file.close();
    }
    if (digest.digest('hex') !== content.id) throw notHere();
    return list;
  }

  /** The pieces of a file, when they are known here; of one with manifests, once those came. */
  async listOf(content: Content): Promise<PieceList | undefined> {
    if (content.pieces !== undefined) {
      mustAddUp(content.pieces, content.sizeBytes);
      return { pieces: content.pieces, manifests: [] };
    }
    return this.#deps.rows.listOf(content.id) ?? (await this.#readManifests(content));
  }

  /** Manifests that have to be fetched before the pieces of this file are known. @throws KithError `malformed` */
  async missingManifests(content: Content): Promise<readonly PieceRef[]> {
    const top = content.manifest;
    if (top === undefined) return [];
    mustBeFewEnough([top], content.sizeBytes);
    const bytes = await this.read(top);
    if (bytes === undefined) return [top];
    const manifest = decodeManifest(bytes);
    if (manifest.level === 0) return [];
    mustBeFewEnough(manifest.refs, content.sizeBytes);
    return manifest.refs.filter(({ id }) => !this.#deps.rows.isHere(id));
  }

  async #readManifests({ manifest: top, sizeBytes }: Content): Promise<PieceList | undefined> {
    if (top === undefined) return undefined;
    const bytes = await this.read(top);
    if (bytes === undefined) return undefined;
    const manifest = decodeManifest(bytes);
    const lower = manifest.level === 0 ? [] : manifest.refs;
    const pieces = manifest.level === 0 ? [...manifest.refs] : [];
    for (const ref of lower) {
      const part = await this.read(ref);
      if (part === undefined) return undefined;
      const { level, refs } = decodeManifest(part);
      if (level !== 0) throw malformed('a manifest of manifests of manifests');
      pieces.push(...refs);
    }
    mustAddUp(pieces, sizeBytes);
    return { pieces, manifests: [...lower, top] };
  }

  /** Its bytes, checked; undefined where it is not, or not as it was. */
  async read(piece: PieceRef): Promise<Bytes | undefined> {
    return this.readBehind(piece, 0);
  }

  /** The same, behind so much room for whoever puts something before it. */
  async readBehind(piece: PieceRef, roomBytes: number): Promise<Bytes | undefined> {
    for (const place of this.#deps.rows.placesOf(piece.id)) {
      const bytes = await this.#readAt(piece, place, roomBytes);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  /** Puts a piece into this node's store, sealed. It survives a kill, and a power cut, unless it came just before. */
  async keep(piece: PieceRef, bytes: Bytes): Promise<void> {
    const { rows, sealer } = this.#deps;
    if (rows.placesOf(piece.id).some(({ kind }) => kind === 'blob')) return;
    const name = rows.blobName(piece.id);
    const path = this.#blobPath(name);
    this.#written += 1;
    const written = `${path}.${String(this.#written)}.new`;
    this.#writing.add(written);
    try {
      await writeIn(join(this.#deps.folder, name.slice(0, 2)), written, sealer.seal(`blob ${name}`, bytes));
      // In one turn: whoever collects garbage sees both or none.
      renameSync(written, path);
      rows.transact(() => {
        rows.setBlob(piece, true);
      }, 'soon');
    } finally {
      this.#writing.delete(written);
    }
  }

  /**
   * Puts into the store what lies in a file, piece by piece: pieces that are there already cost nothing.
   * @returns false where the file is not as it was any more.
   */
  async copy(content: Content): Promise<boolean> {
    for (const piece of (await this.listOf(content))?.pieces ?? []) {
      if (this.#deps.rows.placesOf(piece.id).some(({ kind }) => kind === 'blob')) continue;
      const bytes = await this.read(piece);
      if (bytes === undefined) return false;
      await this.keep(piece, bytes);
    }
    return true;
  }

  /**
   * A second file of the same blocks, which costs no space until one of the two is written to.
   * @returns false where this file system knows no such thing, or the file is not as it was.
   */
  async clone(content: Content, from: string, to: string): Promise<boolean> {
    const { rows } = this.#deps;
    const stamp = rows.sourceAt(from)?.stamp;
    const list = await this.listOf(content);
    if (stamp === undefined || list === undefined) return false;
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    } catch {
      return false;
    }
    const [before, after] = await Promise.all([stat(from), stat(to)]);
    if (!sameLook(stamp, stampOf(before))) {
      await rm(to, { force: true });
      return false;
    }
    rows.transact(() => {
      rows.addPlaces(rows.addSource(to, stampOf(after)), placesIn(list.pieces));
    }, 'replaceable');
    return true;
  }

  /** Forgets a file that this node made itself, and removes it. */
  async dropFile(path: string): Promise<void> {
    const { rows } = this.#deps;
    const known = rows.sourceAt(path);
    if (known !== undefined)
      rows.transact(() => {
        rows.dropSource(known.source);
      }, 'replaceable');
    await rm(path, { force: true });
  }

  release(owner: string): void {
    this.#deps.rows.transact(() => {
      this.#deps.rows.release(owner);
    });
    this.collect();
  }

  /**
   * Removes pieces from the store that nobody wants any more. What a transfer fetches is held by it. The rows go first: what a crash leaves
   * between the two is a file that no row knows of, and `tidy` finds it.
   */
  collect(): void {
    for (;;) {
      const names = this.#deps.rows.takeGarbage(GARBAGE_AT_ONCE);
      for (const name of names) rmSync(this.#blobPath(name), { force: true });
      if (names.length < GARBAGE_AT_ONCE) return;
    }
  }

  /** Removes what a crash left of the store's files. @param part 0 to 255: so many looks make all of it. */
  async tidy(part: number): Promise<void> {
    const inside = (part % 256).toString(16).padStart(2, '0');
    const names = await readdir(join(this.#deps.folder, inside)).catch(() => []);
    for (const name of names) {
      const path = join(this.#deps.folder, inside, name);
      const isOurs = name.endsWith('.new')
        ? this.#writing.has(path)
        : !BLOB.test(name) || this.#deps.rows.hasBlob(name);
      if (!isOurs) rmSync(path, { force: true });
    }
  }

  /** Looks at the files that a content is read from, and forgets those that are not as they were. */
  async look(content: Content): Promise<void> {
    const places = ((await this.listOf(content))?.pieces ?? []).flatMap(({ id }) =>
      this.#deps.rows.placesOf(id),
    );
    const files = new Map(
      places.flatMap((place) => (place.kind === 'file' ? [[place.source, place] as const] : [])),
    );
    for (const { source, path, stamp } of files.values()) await this.#lookAt(source, path, stamp);
  }

  /** Is this file what it should be? Reads all of it. */
  async isWhole(content: Content, path: string): Promise<boolean> {
    const file = await openToRead(path);
    try {
      return (await digestOf(file)) === content.id;
    } finally {
      await file.close();
    }
  }

  /** The same of what lies in pieces. */
  async addsUp(content: Content, pieces: readonly PieceRef[]): Promise<boolean> {
    const digest = createHash('sha256');
    for (const piece of pieces) {
      const bytes = await this.read(piece);
      if (bytes === undefined) return false;
      digest.update(bytes);
    }
    return digest.digest('hex') === content.id;
  }

  async #readAt(piece: PieceRef, place: PiecePlace, roomBytes: number): Promise<Bytes | undefined> {
    // Not zeroed: what is not overwritten by the piece is the caller's.
    const all = new Uint8Array(Buffer.allocUnsafeSlow(roomBytes + piece.sizeBytes).buffer);
    const bytes = all.subarray(roomBytes);
    const isRead =
      place.kind === 'blob' ? await this.#readBlob(piece, bytes) : await this.#readFile(place, bytes);
    if (isRead && pieceIdOf(bytes) === piece.id) return all;
    const { rows, logger } = this.#deps;
    logger.info({ piece: piece.id, kind: place.kind }, 'a piece is no longer where it was');
    if (place.kind === 'file') this.#drop(place.source);
    else
      rows.transact(() => {
        rows.setBlob(piece, false);
      });
    return undefined;
  }

  /** Looks at some files in which pieces lie, and forgets those that have changed. @returns where to go on. */
  async audit(after: number, limit: number): Promise<number> {
    let last = 0;
    for (const { source, path, stamp } of this.#deps.rows.sources(after, limit)) {
      last = source;
      await this.#lookAt(source, path, stamp);
    }
    return last;
  }

  /** @param stamp undefined: this node writes it still. */
  async #lookAt(source: number, path: string, stamp: FileStamp | undefined): Promise<void> {
    if (stamp === undefined) return;
    const found = await stat(path).catch(() => undefined);
    const known = this.#deps.rows.sourceAt(path);
    // It may have been noted anew, or moved, while it was looked at.
    if (known?.source !== source || known.stamp === undefined || !sameLook(known.stamp, stamp)) return;
    if (found === undefined || !sameLook(stamp, stampOf(found))) this.#drop(source);
  }

  #drop(source: number): void {
    const { rows } = this.#deps;
    const contents = rows.contentsIn(source);
    rows.transact(() => {
      rows.dropSource(source);
    });
    if (contents.length > 0) this.#deps.lost(contents);
  }

  async #readBlob(piece: PieceRef, into: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const name = this.#deps.rows.blobName(piece.id);
    try {
      const sealed = new Uint8Array(await readFile(this.#blobPath(name)));
      const bytes = this.#deps.sealer.open(`blob ${name}`, sealed);
      if (bytes.byteLength === into.byteLength) into.set(bytes);
      return bytes.byteLength === into.byteLength;
    } catch (error) {
      this.#deps.logger.debug({ error }, 'a piece cannot be read from the store');
      return false;
    }
  }

  async #readFile(
    place: Extract<PiecePlace, { kind: 'file' }>,
    into: Uint8Array<ArrayBuffer>,
  ): Promise<boolean> {
    let file: FileHandle | undefined;
    try {
      file = await open(place.path, 'r');
      if (place.stamp !== undefined && !sameLook(place.stamp, stampOf(await file.stat()))) return false;
      const { bytesRead } = await file.read(into, 0, into.byteLength, place.offset);
      return bytesRead === into.byteLength;
    } catch (error) {
      this.#deps.logger.debug({ error }, 'a piece cannot be read from its file');
      return false;
    } finally {
      await file?.close();
    }
  }

  #blobPath(name: string): string {
    return join(this.#deps.folder, name.slice(0, 2), name);
  }
}

/** Names who wants a file kept, once it is known what it holds. */
export type Owner = (content: ContentId) => string;

/** A folder on this device wants it kept: what was fetched for it, and what was read in it, under one name. */
export function folderOwner(folder: FolderId, content: ContentId): string {
  return `folder ${folder} ${content}`;
}

function nameOf(owner: string | Owner, content: ContentId): string {
  return typeof owner === 'string' ? owner : owner(content);
}

/** Its folder is there nearly always. */
async function writeIn(folder: string, path: string, bytes: Bytes): Promise<void> {
  try {
    await writeFile(path, bytes, { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await writeFile(path, bytes, { mode: 0o600 });
  }
}

export function placesIn(
  pieces: readonly PieceRef[],
): readonly { readonly piece: PieceRef; readonly offset: number }[] {
  let offset = 0;
  return pieces.map((piece) => ({ piece, offset: (offset += piece.sizeBytes) - piece.sizeBytes }));
}

function notHere(): KithError {
  return new KithError('bad-content', 'What is here of a file does not make all of it.', {
    next: 'It is fetched again from whoever has it.',
  });
}

export function stampOf({ size, mtimeMs, ino }: Stats): FileStamp {
  return { sizeBytes: size, modifiedMs: mtimeMs, inode: ino };
}

function sameLook(a: FileStamp, b: FileStamp): boolean {
  return a.sizeBytes === b.sizeBytes && a.modifiedMs === b.modifiedMs && a.inode === b.inode;
}

function fileChanged(path: string): KithError {
  return new KithError('file-changed', `${path} changed while it was read.`, {
    next: 'Try again when whoever writes it has finished.',
  });
}
