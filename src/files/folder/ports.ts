/** What the folder engine needs from outside. Twins in `test/sim/files/`, one contract suite a port. */
import type { Bytes } from '../../base/bytes.ts';
import type { MemberId } from '../../base/ids.ts';
import type { KeepingRules } from '../ports-keeping.ts';
import type { Content, ContentId, FolderId, FolderMode, PathState, Version, VersionId } from '../types.ts';

// ---- the file system

/**
 * What stands at a path, by a look from outside. `stamp` changes whenever somebody writes to the file; `identity` stays
 * when it is renamed. Both are to be compared, never read.
 */
export type DiskEntry =
  | {
      readonly type: 'file';
      readonly identity: string;
      readonly stamp: string;
      readonly sizeBytes: number;
      readonly modifiedMs: number;
      readonly executable: boolean;
    }
  | {
      readonly type: 'folder';
      readonly identity: string;
      /** The number of the disk that begins here; undefined where it is that of the folder that it lies in. */
      readonly mount: string | undefined;
    }
  | { readonly type: 'link'; readonly target: string }
  /** A device, a socket, a pipe: nothing of ours. */
  | { readonly type: 'other' };

export interface ListedEntry {
  /** As it stands on disk, in whatever Unicode form. */
  readonly name: string;
  readonly entry: DiskEntry;
}

/** What two files that differ only so become here. */
export interface Traits {
  readonly caseSensitive: boolean;
  readonly exactUnicode: boolean;
  readonly executableBits: boolean;
  /** Names as on Windows. */
  readonly windowsNames: boolean;
}

/** Something else stands there than was looked at, and nothing was done. */
export type Changed = 'changed';

export type FsFault = 'denied' | 'full' | 'read-only' | 'leads-out' | 'cannot-hold' | 'io';

export class FsError extends Error {
  readonly fault: FsFault;

  constructor(fault: FsFault, path: string, cause?: unknown) {
    super(`${fault}: ${path}`, cause === undefined ? undefined : { cause });
    this.name = 'FsError';
    this.fault = fault;
  }
}

/** A file under way: complete and on disk before anything is named by it. */
export interface Temp {
  readonly name: string;
  /** For whoever fills it: an absolute path where nothing stands yet. */
  readonly absolute: string;
}

/**
 * One folder on one disk. Paths are relative and as they stand on disk; no symbolic link is followed, and nothing outside of the root is
 * read or written. Whatever takes something away or over does so only while it is what `expect` saw.
 * @throws FsError from all of it.
 */
export interface FileSystem {
  traits(): Promise<Traits>;
  /**
   * Undefined where nothing stands under exactly this spelling, or where something on the way is no folder.
   * @throws FsError when that cannot be told: then it is not known to be absent.
   */
  look(path: string): Promise<DiskEntry | undefined>;
  /** Of a folder, the root being ''. kith's own corner is left out. */
  list(folder: string): Promise<readonly ListedEntry[]>;
  read(path: string): AsyncIterable<Bytes>;
  absolute(path: string): string;

  newTemp(): Promise<Temp>;
  /** Sets what belongs to the file and brings all of it to the disk. */
  finishTemp(temp: Temp, modifiedMs: number, executable: boolean): Promise<void>;
  dropTemp(temp: Temp): Promise<void>;
  /** Throws away what a crash left under way. */
  clearTemps(): Promise<void>;

  // Each gives the look of what it left there. Where somebody wrote to it right afterwards, it is one that fits no later look.

  /** The temporary file becomes `path`, where nothing stands. */
  create(temp: Temp, path: string): Promise<DiskEntry | Changed>;
  /** The temporary file becomes `path` in one step; what stood there becomes `keepAs`. */
  replace(temp: Temp, path: string, expect: DiskEntry, keepAs: string): Promise<DiskEntry | Changed>;
  /** Where nothing stands at `to`. */
  move(from: string, to: string, expect: DiskEntry): Promise<DiskEntry | Changed>;
  setExecutable(path: string, expect: DiskEntry, executable: boolean): Promise<DiskEntry | Changed>;
  makeFolder(path: string): Promise<DiskEntry | Changed>;
  makeLink(path: string, target: string): Promise<DiskEntry | Changed>;
  /** What stands there, no folder, becomes `keepAs`. */
  takeAway(path: string, expect: DiskEntry, keepAs: string): Promise<'done' | Changed>;
  /** `changed` when something lies in it. */
  removeFolder(path: string): Promise<'done' | Changed>;

  /** The id in the marker; undefined where there is none: not our folder, or not mounted. */
  readMarker(): Promise<string | undefined>;
  writeMarker(text: string): Promise<void>;
  /** Absolute path of a file that was replaced. */
  keptAt(name: string): string;
  dropKept(name: string): Promise<void>;
}

// ---- pieces

export interface Contents {
  /**
   * Cuts a file that is still. `place` is where it lies, if it does, for who would rather read it there later than store it twice.
   * The bytes of a taken content stay readable, whatever its file becomes, for as long as a version needs them.
   */
  take(chunks: AsyncIterable<Bytes>, place: string | undefined): Promise<Content>;
  /** Are all of its bytes here? */
  ready(content: Content): boolean;
  /** Fetch it; `FolderService.contentReady` is called when it is here. Asked for again, it stays one wish. */
  want(content: Content): void;
  /** Writes it to an absolute path where nothing stands. @throws when it is not ready. */
  materialise(content: Content, absolute: string): Promise<void>;
  /** @throws when it is not ready. */
  read(content: Content): Promise<Bytes>;
  /** A file read in place lies elsewhere now. */
  moved(from: string, to: string): void;
}

// ---- versions

export interface VersionDraft {
  readonly path: string;
  readonly parents: readonly VersionId[];
  readonly state: PathState;
  readonly renamedFrom: string | undefined;
}

/** The versions of one folder, as far as they are known here. */
export interface Index {
  /** Versions of a path that nothing replaces. */
  heads(path: string): readonly Version[];
  /** All known versions of a path, in whatever order. */
  history(path: string): readonly Version[];
  /** Does any path inside of this one have a head that is not deleted? */
  hasLiveBelow(path: string): boolean;
  /** Does some other path have a head with this content? */
  hasContent(content: ContentId, exceptPath: string): boolean;
  /** Every path that has versions, with a version that nothing replaces; once for each of these. */
  standing(): Iterable<Pick<Version, 'path' | 'device'>>;
  /**
   * All of them or none, in this order; on disk when it returns. `andThen` runs in the same transaction.
   * @throws when it could not be written.
   */
  publish(drafts: readonly VersionDraft[], andThen: (versions: readonly Version[]) => void): void;
}

// ---- what this device had on disk

export type KnownDisk =
  | {
      readonly type: 'file';
      readonly identity: string;
      readonly stamp: string;
      readonly content: Content;
      readonly executable: boolean;
    }
  /** `isMount`: another disk began there. */
  | { readonly type: 'folder'; readonly identity: string; readonly isMount: boolean }
  | { readonly type: 'link'; readonly target: string };

/** What this device last saw or put at a path, and which versions that was. */
export interface Known {
  readonly path: string;
  /** As it is spelled on disk, where that is not `path` itself. */
  readonly spelled: string | undefined;
  /** The heads that what is on disk stands for; what is written next replaces them. */
  readonly base: readonly VersionId[];
  readonly disk: KnownDisk;
}

/** A file that was replaced or taken away, and can be had back. */
export interface Kept {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly keptMs: number;
}

export type Direction = 'out' | 'in';

/** A brake that holds: nothing destructive goes this way until somebody says so. */
export interface Brake {
  readonly direction: Direction;
  readonly paths: number;
  readonly ofPaths: number;
  readonly sinceMs: number;
}

/** Durable, synchronous, of one folder. Each call is on disk when it returns, or in the order of the calls soon after. */
export interface FolderStore {
  get(path: string): Known | undefined;
  put(known: Known): void;
  remove(path: string): void;
  // Read little by little as somebody asks for the next; what comes and goes meanwhile may be among them or not.
  /** Directly in `folder`; '' is the root. */
  children(folder: string): Iterable<Known>;
  /** However deep inside of `folder`. */
  below(folder: string): Iterable<Known>;

  hasBelow(folder: string): boolean;
  /** Folders where another disk began; there are few. */
  mounts(): readonly Known[];
  byIdentity(identity: string): readonly Known[];
  /** Paths whose `foldKey` this is. */
  byFoldKey(key: string): readonly Known[];
  /** Files and links. */
  count(): number;
  brakes(): readonly Brake[];
  setBrake(brake: Brake): void;
  clearBrake(direction: Direction): void;

  keep(kept: Kept): void;
  kept(): readonly Kept[];
  forgetKept(name: string): void;
}

/** How a store makes values of what it holds as bytes, and finds paths; `remembered.ts` has it. */
export interface KnownCodec {
  encode(known: Known): Bytes;
  decode(bytes: Bytes): Known;
  readonly parentOf: (path: string) => string;
  readonly foldKey: (path: string) => string;
  /** Every folder on the way to it. */
  readonly foldersOf: (path: string) => readonly string[];
}

/** A folder that this device takes part in with files of its own. */
export interface FolderRoot {
  readonly folder: FolderId;
  readonly path: string;
  readonly mode: FolderMode;
}

/** Synchronous, durable: what is started again when the node is. */
export interface FolderRoots {
  all(): readonly FolderRoot[];
  put(root: FolderRoot): void;
  /** With all that was remembered of what stands in it; what was kept stays listed. */
  remove(folder: FolderId): void;
}

/** How long what was replaced or taken away can be had back, in time that no jump of a clock uses up. */
export interface FolderKeeping {
  nowMs(): number;
  rules(): KeepingRules;
}

// ---- hints that something changed

export interface Watcher {
  /** Before the folder is listed, so that nothing that comes later is missed. */
  watch(folder: string): void;
  unwatch(folder: string): void;
  close(): void;
}

/** A hint names what changed, or a folder of it; '' says that hints were lost. */
export type StartWatching = (hint: (path: string) => void) => Watcher;

export interface Names {
  /** As people call the author, for the names of copies. */
  nameOf(member: MemberId): string;
}
