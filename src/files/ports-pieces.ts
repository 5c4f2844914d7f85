/** What pieces need of a store. `store/piece-store.ts` is the real one. */
import type { Bytes } from '../base/bytes.ts';
import type { ContentId, PieceId, PieceRef } from './types.ts';

/** What a file looked like when pieces of it were noted: another look means that they may be others. */
export interface FileStamp {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly inode: number;
}

export type PiecePlace =
  /** In this node's own store. */
  | { readonly kind: 'blob' }
  | {
      readonly kind: 'file';
      readonly source: number;
      readonly path: string;
      readonly offset: number;
      /** Undefined while this node is still writing the file. */
      readonly stamp: FileStamp | undefined;
    };

export interface PieceList {
  readonly pieces: readonly PieceRef[];
  /** Pieces that list pieces, the topmost last. */
  readonly manifests: readonly PieceRef[];
}

/** Synchronous; writing joins the open transaction. Names and paths lie sealed, or hashed under a key of this disk. */
export interface PieceRows {
  /** @param keeping `soon`: of the last few milliseconds a killed process may lose it; whoever says so finds it again. */
  transact<Result>(work: () => Result, keeping?: 'lasting' | 'replaceable' | 'soon'): Result;

  /** Notes of what pieces a file is made, for an owner who wants it kept. Doing it again changes nothing. */
  hold(owner: string, content: ContentId, list: PieceList): void;
  /** What nobody else holds is forgotten; its pieces are garbage then. */
  release(owner: string): void;
  isHeld(owner: string): boolean;
  listOf(content: ContentId): PieceList | undefined;

  isHere(piece: PieceId): boolean;
  /** Which of a file's pieces are here, in its order. */
  hereOf(content: ContentId): readonly boolean[];
  placesOf(piece: PieceId): readonly PiecePlace[];
  /** A name for its file in the store that tells nothing. */
  blobName(piece: PieceId): string;
  setBlob(piece: PieceRef, isThere: boolean): void;
  /** A file in which pieces lie; whatever was noted of that path before is forgotten. @returns its row. */
  addSource(path: string, stamp: FileStamp | undefined): number;
  sourceAt(path: string): { readonly source: number; readonly stamp: FileStamp | undefined } | undefined;
  /** The same file under another name, or finished. */
  moveSource(source: number, path: string, stamp: FileStamp): void;
  addPlaces(source: number, places: readonly { readonly piece: PieceRef; readonly offset: number }[]): void;
  /** Where in it pieces lie. */
  offsetsIn(source: number): ReadonlySet<number>;
  dropSource(source: number): void;
  /** Files that pieces of it belong to. */
  contentsIn(source: number): readonly ContentId[];
  /** In the order of their rows; those after `after`. */
  sources(
    after: number,
    limit: number,
  ): readonly { readonly source: number; readonly path: string; readonly stamp: FileStamp | undefined }[];

  /** Names of blobs that no file that anybody holds is made of; they are forgotten with this call. */
  takeGarbage(limit: number): readonly string[];
  /** Is there a row that knows of this blob? */
  hasBlob(name: string): boolean;
  blobBytes(): number;
  /** Of that, pieces of large files that lie in a file as well. */
  copiedBytes(): number;

  /** Fetches that go on after a restart. */
  fetches(): readonly Bytes[];
  putFetch(id: string, body: Bytes): void;
  dropFetch(id: string): void;
}

/** Seals what lies on disk, for one row each. */
export interface FileSealer {
  seal(key: string, bytes: Bytes): Bytes;
  open(key: string, sealed: Bytes): Bytes;
  /** 16 bytes that stand for a value without telling it. */
  indexKey(value: string | Bytes): Bytes;
}
