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
  /** Why nothing is done at all: the disk is not there, another folder lies there now, or this member was taken out. */
  readonly away: 'missing' | 'another' | 'taken-out' | undefined;
  /** Paths that cannot be in step, and why; the first of them. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
}

/** The engine of `files/folder/`. Starting, joining and leaving never erase anything of the user's. */
export interface Folders {
  /** @throws KithError `folder-in-use` | `bad-request` where `start` would, before anything is written. */
  check(path: string, folder?: FolderId): void;
  /** @throws KithError `folder-in-use` | `folder-of-another` | `cannot-write` */
  start(folder: FolderId, path: string, mode: FolderMode): Promise<void>;
  stop(folder: FolderId): Promise<void>;
  stateOf(folder: FolderId): FolderState | undefined;
  /** Puts an earlier version back in place, as a new one. @throws KithError `not-in-step` | `no-such-version` */
  restore(folder: FolderId, path: string, version: VersionId): void;
  /** Looks at what is kept in folders: the rules are others. */
  look(): void;
  /** Goes on where a brake stopped it; where none did, disks that are gone are given up. @throws KithError `not-in-step` */
  resume(folder: FolderId): Promise<void>;
}
