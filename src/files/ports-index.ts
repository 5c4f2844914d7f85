/** What the index of files needs of a store. `store/file-store.ts` is the real one. */
import type { Bytes } from '../base/bytes.ts';
import type { Hlc } from '../base/hlc.ts';
import type { DeviceKey, FeedId } from '../base/ids.ts';
import type { Audience } from '../identity/roles.ts';
import type { ContentId, FolderId, FolderMode, Version, VersionId } from './types.ts';

export interface FilePlace {
  readonly feed: FeedId;
  readonly seq: number;
}

/** A version as the log has it; whose device is whose, the roll says. */
export interface IndexedVersion extends Omit<Version, 'author'> {
  /** Who may hold it, as its entry says. */
  readonly audiences: readonly Audience[];
}

export interface HeadRow {
  readonly row: number;
  readonly version: IndexedVersion;
  /** Somebody made the same version before. */
  readonly again: boolean;
}

/** A path of several heads; `place` is for asking on behind it. */
export interface ContestedPath {
  readonly place: string;
  readonly heads: readonly IndexedVersion[];
}

/** What one device wrote for one audience, and nothing replaces. */
export interface FilesOfDevice {
  readonly device: DeviceKey;
  readonly files: number;
  readonly bytes: number;
}

/** Something about a folder: that it was founded, how it is called, whom it is restricted to. */
export interface FolderFact {
  readonly place: FilePlace;
  readonly bytes: Bytes;
}

/** Synchronous. */
export interface IndexRows {
  // Only inside the log's transaction.
  addFact(place: FilePlace, folder: FolderId, bytes: Bytes): void;
  setMode(
    place: FilePlace,
    device: DeviceKey,
    folder: FolderId,
    mode: FolderMode | undefined,
    hlc: Hlc,
  ): void;
  addVersions(place: FilePlace, versions: readonly IndexedVersion[]): void;
  setHeld(place: FilePlace, device: DeviceKey, contents: readonly ContentId[], held: boolean, hlc: Hlc): void;
  /** All that this entry said. */
  removePlace(place: FilePlace): void;
  clear(): void;

  // At any time.
  facts(): readonly FolderFact[];
  factsOf(feed: FeedId): number;
  modesOf(folder: FolderId): ReadonlyMap<DeviceKey, FolderMode | undefined>;
  /** Versions that nothing replaces, in the order in which they came; those after `row`. */
  heads(after: number, limit: number, folder: FolderId | undefined): readonly HeadRow[];
  /** Where this one is among them. */
  rowOf(version: VersionId): number | undefined;
  /** Heads of paths that end with this segment, in whatever folder; the first to come. */
  headsNamed(name: string, limit: number): readonly IndexedVersion[];
  /** Files among the heads, one version once. */
  countHeads(folder: FolderId, audience: Audience): readonly FilesOfDevice[];
  /** Paths of more than one head, in an order of this disk's own, from behind `after` on; '' is before all. */
  contested(folder: FolderId, after: string, limit: number): readonly ContestedPath[];
  /** Every state of a path, in the order in which they came; one version may have several authors. */
  versionsAt(folder: FolderId, path: string, limit: number): readonly IndexedVersion[];
  headsAt(folder: FolderId, path: string): readonly IndexedVersion[];
  version(id: VersionId): readonly IndexedVersion[];
  /** Does a path inside of this one have a head that is no deletion? */
  hasLiveBelow(folder: FolderId, path: string): boolean;
  /** Does some other path have a head with this content? */
  hasContent(folder: FolderId, content: ContentId, exceptPath: string): boolean;
  ofContent(content: ContentId, limit: number): readonly IndexedVersion[];
  /** What each device said last of holding it. */
  heldBy(content: ContentId): ReadonlyMap<DeviceKey, boolean>;
}

/** How a store makes values of what it holds as bytes; `index/stored.ts` has it. */
export interface VersionCodec {
  encode(version: IndexedVersion): Bytes;
  decode(bytes: Bytes): IndexedVersion;
  /** In the order of the numbers that stand for them. */
  readonly modes: readonly FolderMode[];
}
