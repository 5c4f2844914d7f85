/** What files are made of. Shared by the index, the transfer and the folder engine. */
import type { Hlc } from '../base/hlc.ts';
import type { DeviceKey, MemberId } from '../base/ids.ts';

declare const brand: unique symbol;
type Hex32<Name extends string> = string & { readonly [brand]: Name };

/** 32 random bytes: names a folder for good. */
export type FolderId = Hex32<'folder'>;
/** SHA-256 of a piece's bytes. */
export type PieceId = Hex32<'piece'>;
/** SHA-256 of a whole file's bytes. */
export type ContentId = Hex32<'content'>;
/** SHA-256 of a version's canonical bytes, its parents in them: names one state of one path. */
export type VersionId = Hex32<'version'>;

export interface PieceRef {
  readonly id: PieceId;
  readonly sizeBytes: number;
}

/** What a file holds, and how it is cut. Few pieces stand here; many stand in a manifest, which is a piece itself. */
export interface Content {
  readonly id: ContentId;
  readonly sizeBytes: number;
  /** In the file's order; of one that has many, undefined until the manifest was fetched. */
  readonly pieces: readonly PieceRef[] | undefined;
  readonly manifest: PieceRef | undefined;
}

/** What stands at a path. Folders stand for themselves, so that empty ones exist. */
export type PathState =
  | {
      readonly type: 'file';
      readonly content: Content;
      readonly modifiedMs: number;
      readonly executable: boolean;
    }
  | { readonly type: 'folder' }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'deleted' };

/**
 * One state of one path. The versions of a path are a graph: a version replaces its parents. Those that nothing replaces
 * are its heads; more than one is a conflict.
 */
export interface Version {
  readonly id: VersionId;
  readonly folder: FolderId;
  /** Relative, segments joined by `/`, NFC, checked by `paths.ts`. */
  readonly path: string;
  readonly parents: readonly VersionId[];
  readonly state: PathState;
  /** Where it was before, when a rename made it: for people; nothing is decided by it. */
  readonly renamedFrom: string | undefined;
  readonly author: MemberId;
  readonly device: DeviceKey;
  /** Shown, and breaks ties between heads; never decides what replaces what. */
  readonly hlc: Hlc;
}

/** How a device takes part in a folder. */
export const FOLDER_MODES = ['sync', 'list', 'receive', 'send'] as const;
export type FolderMode = (typeof FOLDER_MODES)[number];
