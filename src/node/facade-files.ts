/** Of the facade, what is about files and folders. Types only. */
import type { Work } from './facade-work.ts';

/** ISO 8601 in UTC. */
type IsoTime = string;

export interface ListedFile {
  /** 64 hex digits. */
  readonly folder: string;
  /** Of what a member offers: `offered by`, and who. */
  readonly folderName: string;
  readonly path: string;
  /** 64 hex digits. */
  readonly version: string;
  readonly size: number;
  readonly modifiedAt: IsoTime;
  /** Peer number of who made this version. */
  readonly from: number;
  /** Peer numbers of members who say to hold it; this node's own among them. */
  readonly holders: readonly number[];
  /** Those of them who are heard now. */
  readonly reachable: readonly number[];
  /**
   * `here`: every piece is on this node. `reachable`: somebody who says to hold it is heard now. `said`: somebody says
   * so, and is not heard. `nobody`: nobody says so any more.
   */
  readonly sure: 'here' | 'reachable' | 'said' | 'nobody';
  /** There is another version of this path, made without knowing of this one. */
  readonly conflict: boolean;
}

export interface FilesPage {
  readonly files: readonly ListedFile[];
  /** For the page that follows; null at the end. */
  readonly after: string | null;
}

export interface FileGot {
  readonly path: string;
  readonly version: string;
  readonly size: number;
}

export interface FileSent {
  readonly version: string;
  readonly path: string;
  readonly size: number;
  /** Peer numbers; empty where it is for all. */
  readonly to: readonly number[];
}

export interface FilesSettings {
  /** Bytes each second; 0: as fast as it goes. */
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
}

export type FolderModeName = 'sync' | 'list' | 'receive' | 'send';

export interface FolderStatus {
  readonly folder: string;
  readonly name: string;
  /** Null where this device takes no part with files of its own. */
  readonly path: string | null;
  /** Null where this device has not joined. */
  readonly mode: FolderModeName | null;
  readonly files: number;
  readonly bytes: number;
  /** Files that are not on this node, where it should have them. */
  readonly missing: number;
  readonly conflicts: number;
  readonly paused: boolean;
  readonly inStep: boolean;
  /** Why nothing is done at all: the disk is not there, another folder lies there now, or this member was taken out. */
  readonly away: 'missing' | 'another' | 'taken-out' | null;
  /** Paths that cannot be in step, and why; the first hundred. */
  readonly problems: readonly { readonly path: string; readonly problem: string }[];
  /** Peer numbers; empty for a folder of all members. */
  readonly members: readonly number[];
}

export interface FileVersion {
  readonly version: string;
  readonly path: string;
  readonly state: 'file' | 'folder' | 'link' | 'deleted';
  readonly size: number;
  readonly modifiedAt: IsoTime;
  readonly from: number;
  readonly fromName: string;
  readonly current: boolean;
  readonly here: boolean;
  /** Of a file, as of those that are listed. */
  readonly sure: ListedFile['sure'] | null;
}

/** How long, and up to which size, what was replaced or deleted can be had back. */
export interface FilesKeeping {
  readonly days: number;
  readonly bytes: number;
}

export interface FilesFacade {
  list(page: {
    readonly folder: string | undefined;
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<FilesPage>;
  /** @throws KithError `unknown-file` | `ambiguous` | `file-exists` | `cannot-write` | `bad-content` | `interrupted` */
  get(request: { readonly name: string; readonly path: string }, signal: AbortSignal): Promise<Work<FileGot>>;
  /** Gives up on a fetch that goes on. @throws KithError `unknown-file` */
  stop(request: { readonly name: string; readonly path: string }): Promise<{ readonly stopped: boolean }>;
  /** @throws KithError `cannot-read` | `file-changed` | `too-large` | `unknown-member` | `own-file` | `role-writes-nothing` … */
  send(
    request: { readonly path: string; readonly to: readonly string[]; readonly all: boolean },
    signal: AbortSignal,
  ): Promise<Work<FileSent>>;
  settings(): Promise<FilesSettings>;
  set(settings: FilesSettings): Promise<FilesSettings>;
  keeping(): Promise<FilesKeeping>;
  keep(keeping: FilesKeeping): Promise<FilesKeeping>;
  /** Every version of a file, the newest first. @throws KithError `unknown-file` | `ambiguous` */
  versions(name: string): Promise<readonly FileVersion[]>;
  folders(): Promise<readonly FolderStatus[]>;
  /** @throws KithError `unknown-folder` | `ambiguous` */
  folder(name: string): Promise<FolderStatus>;
  /** Founds a folder. @throws KithError `bad-name` | `no-such-folder` | `folder-in-use` | `folder-of-another` | `too-many-files` … */
  addFolder(request: {
    readonly path: string | undefined;
    readonly name: string;
    readonly mode: FolderModeName;
    readonly only: readonly string[];
  }): Promise<FolderStatus>;
  joinFolder(request: {
    readonly folder: string;
    readonly path: string | undefined;
    readonly mode: FolderModeName;
  }): Promise<FolderStatus>;
  /** Nothing of the user's is touched. */
  leaveFolder(folder: string): Promise<FolderStatus>;
  /** Who may have it from now on, of a folder that this device founded for some. @throws KithError `not-yours` | `unknown-member` */
  changeFolderMembers(request: {
    readonly folder: string;
    readonly add: readonly string[];
    readonly remove: readonly string[];
  }): Promise<FolderStatus>;
  /** @throws KithError `not-in-step` | `no-such-version` | `nobody-has-it` */
  restore(request: { readonly name: string }): Promise<FileGot>;
  conflicts(folder: string | undefined): Promise<readonly FileVersion[]>;
  resume(folder: string): Promise<FolderStatus>;
}

export interface FilesEvent {
  readonly type: 'files';
  /** Some of those that are new. */
  readonly versions: readonly string[];
}
