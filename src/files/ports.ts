/** What the commands about folders need of the engine that keeps trees in step. */
import type { FolderId, FolderMode, VersionId } from './types.ts';

export interface FolderState {
  readonly path: string;
  readonly mode: FolderMode;
  /** Files that this device should have, and does not have yet. */
  readonly missing: number;
  readonly conflicts: number;
  /** Stopped by a brake until somebody has looked. */
  readonly paused: boolean;
  readonly inStep: boolean;
}

/** The engine of `files/folder/`. Starting, joining and leaving never erase anything of the user's. */
export interface Folders {
  /** @throws KithError `folder-in-use` | `cannot-read` | `cannot-write` */
  start(folder: FolderId, path: string, mode: FolderMode): Promise<void>;
  stop(folder: FolderId): Promise<void>;
  stateOf(folder: FolderId): FolderState | undefined;
  /** Puts an earlier version back in place, as a new one. */
  restore(folder: FolderId, path: string, version: VersionId): Promise<void>;
  /** Goes on where a brake stopped it. */
  resume(folder: FolderId): Promise<void>;
}
