/**
 * The index of files: what folders there are, which versions of what, who holds them, and who may. Reads the tables
 * that the log keeps in step, and writes to the log; synchronous, as both are.
 */
import { utf8, type Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';
import { compareHlc } from '../../base/hlc.ts';
import type { DeviceKey, MemberId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Rng } from '../../base/ports.ts';
import { Recent } from '../../base/recent.ts';
import { mayHold, type Audience, type Standing } from '../../identity/roles.ts';
import type { Draft, Entry } from '../../log/types.ts';
import type { FilesOfDevice, IndexedVersion, IndexRows } from '../ports-index.ts';
import type { ContentId, FolderId, FolderMode, Version, VersionId } from '../types.ts';
import { decodeFact, foldFolders, wasIn, type Folder } from './folder-table.ts';
import { namesIn } from './paths.ts';
import {
  encodeFolder,
  encodeFolderName,
  encodeHeld,
  encodeMembers,
  encodeMode,
  encodeVersions,
  FOLDER_KIND,
  folderIdOf,
  HELD_KIND,
  MEMBERS_KIND,
  MODE_KIND,
  offersOf,
  VERSIONS_KIND,
  versionIdOf,
  whyNoFolderName,
  type VersionBody,
} from './wire.ts';

const ENTRY_BYTES = 200 * 1024;
const PAGE = 500;
/** Versions of one content, or of one path, that are looked at. */
const MOST_ALIKE = 256;
/** Paths of several heads that are looked at when somebody asks for conflicts. */
const MOST_CONTESTED = 10_000;
/** Contents whose readers are remembered: what is being served is asked about with each piece. */
const READERS_KEPT = 1024;

export interface FileRoll {
  readonly self: MemberId;
  readonly device: DeviceKey;
  memberOf(device: DeviceKey): MemberId | undefined;
  /** What a member may hold, folders left out; undefined for who is not in any more. */
  standingOf(member: MemberId): Standing | undefined;
}

export interface FileIndexDeps {
  readonly rows: IndexRows;
  readonly roll: FileRoll;
  readonly rng: Rng;
  append(drafts: readonly Draft[]): readonly Entry[];
}

/** What somebody says has become of a path in a folder. */
export type Change = Omit<VersionBody, 'folder'>;

/** What says who may have a content; the roll says the rest. */
type Reading = Pick<IndexedVersion, 'folder' | 'device' | 'audiences' | 'hlc'>;

export class FileIndex {
  readonly #deps: FileIndexDeps;
  readonly #readings = new Recent<ContentId, readonly Reading[]>(READERS_KEPT);
  readonly #counts = new Map<FolderId, readonly FilesOfDevice[]>();
  #folders: ReadonlyMap<FolderId, Folder> | undefined;

  constructor(deps: FileIndexDeps) {
    this.#deps = deps;
  }

  /** Folders may be others now, and anything may have been taken back. */
  refresh(): void {
    this.#folders = undefined;
    this.#readings.clear();
    this.#counts.clear();
  }

  /** There are versions that were not known before; those of files are of these contents. */
  learned(contents: readonly ContentId[]): void {
    for (const content of contents) this.#readings.delete(content);
    this.#counts.clear();
  }

  // ---- folders

  /** Those that this node may see into. */
  folders(): readonly Folder[] {
    return [...this.#all().values()].filter((folder) => folder.name !== undefined);
  }

  /** Of all that are known of, whether this node may see into them or not. */
  folderIds(): readonly FolderId[] {
    return [...this.#all().keys()];
  }

  folder(id: FolderId): Folder | undefined {
    return this.#all().get(id);
  }

  /** Restricted ones that this member is in: what `folder:ID` stands for. */
  restrictedTo(member: MemberId): ReadonlySet<string> {
    const folders = [...this.#all().values()].filter(
      ({ restricted, members }) => restricted && members.has(member),
    );
    return new Set(folders.map(({ id }) => id));
  }

  /** @param members undefined: for all members. @throws KithError `bad-name` and as `Log.append`. */
  found(name: string, members?: readonly MemberId[]): FolderId {
    const clean = name.normalize('NFC').trim();
    const why = whyNoFolderName(clean);
    if (why !== undefined)
      throw new KithError('bad-name', `“${name}” cannot be the name of a folder: ${why}.`, {
        next: 'Take another one.',
      });
    const { roll, rng } = this.#deps;
    const salt = rng.bytes(16);
    const id = folderIdOf(roll.device, salt);
    const restricted = members !== undefined;
    if (members !== undefined) {
      const all = [...new Set([roll.self, ...members])];
      this.#deps.append([draft(MEMBERS_KIND, ['members'], encodeMembers({ salt, members: all }))]);
    }
    const parts = [
      { audience: 'members', payload: encodeFolder({ salt, restricted }) },
      { audience: restricted ? `folder:${id}` : 'members', payload: encodeFolderName(clean) },
    ];
    this.#deps.append([{ kind: FOLDER_KIND, lane: 'data', parts }]);
    return id;
  }

  /** Only the device that founded it may. @throws KithError `not-yours` */
  restrict(folder: Folder, members: readonly MemberId[]): void {
    const { roll } = this.#deps;
    if (folder.founder !== roll.device || !folder.restricted)
      throw new KithError('not-yours', 'Only the device that founded a restricted folder says who is in it.');
    const all = [...new Set([roll.self, ...members])];
    this.#deps.append([draft(MEMBERS_KIND, ['members'], encodeMembers({ salt: folder.salt, members: all }))]);
  }

  /** How this device takes part from now on; undefined: no more. */
  setMode(folder: Folder, mode: FolderMode | undefined): void {
    this.#deps.append([draft(MODE_KIND, [folder.audience], encodeMode(folder.id, mode))]);
  }

  modesOf(folder: FolderId): ReadonlyMap<DeviceKey, FolderMode | undefined> {
    return this.#deps.rows.modesOf(folder);
  }

  // ---- versions

  /** Of this device, for others to fetch. @param to undefined: for all members. */
  offer(change: Omit<Change, 'parents'>, to: readonly MemberId[] | undefined): Version {
    const { roll } = this.#deps;
    const folder = offersOf(roll.device);
    const groups =
      to === undefined
        ? [['members']]
        : chunks(to, LIMITS.offerRecipients).map((some) => some.map((id) => `member:${id}`));
    // A new state of the same name replaces the one before for whoever got that one too.
    const parents = this.#deps.rows
      .headsAt(folder, change.path)
      .filter(({ audiences }) => sameAudiences(audiences, groups.flat()))
      .map(({ id }) => id);
    const body = { ...change, folder, parents: [...new Set(parents)].sort().slice(0, LIMITS.versionParents) };
    const drafts = groups.map((audiences) => draft(VERSIONS_KIND, audiences, encodeVersions(folder, [body])));
    const [entry] = this.#deps.append(drafts);
    return this.#written(body, entry);
  }

  /** All or none, on disk when it returns. */
  publish(folder: Folder, changes: readonly Change[]): readonly Version[] {
    const bodies = changes.map((change) => ({ ...change, folder: folder.id }));
    const groups = batches(bodies);
    const entries = this.#deps.append(
      groups.map((some) => draft(VERSIONS_KIND, [folder.audience], encodeVersions(folder.id, some))),
    );
    return groups.flatMap((some, at) => some.map((body) => this.#written(body, entries[at])));
  }

  /** What nothing replaces, of all folders or one; deletions too. @param behind those that come after this one. */
  *heads(folder?: FolderId, behind?: VersionId): Generator<Version> {
    const { rows } = this.#deps;
    for (let after = behind === undefined ? 0 : (rows.rowOf(behind) ?? Infinity); ;) {
      const page = rows.heads(after, PAGE, folder);
      for (const { row, version, again } of page) {
        after = row;
        if (this.#isRight(version) && !(again && this.#isTold(version))) yield this.#known(version);
      }
      if (page.length < PAGE) return;
    }
  }

  /** Two made the same one, and this is not the first that counts. */
  #isTold(version: IndexedVersion): boolean {
    const first = this.#deps.rows.version(version.id).find((one) => this.#isRight(one));
    return (
      first !== undefined && (first.device !== version.device || compareHlc(first.hlc, version.hlc) !== 0)
    );
  }

  /**
   * Heads of paths that end with this segment, in whatever folder: of the first to come.
   * @param most that are looked at; `areMore`: somebody gave that name to more than these.
   */
  headsNamed(name: string, most: number): { readonly heads: readonly Version[]; readonly areMore: boolean } {
    const found = this.#deps.rows.headsNamed(name, most + 1);
    return { heads: this.#seen(found.slice(0, most)), areMore: found.length > most };
  }

  /** Files that nothing replaces. */
  count(folder: Folder): { readonly files: number; readonly bytes: number } {
    const count = { files: 0, bytes: 0 };
    const add = (files: number, bytes: number): void => {
      count.files += files;
      count.bytes += bytes;
    };
    // Who was in when counts for each version; mostly nobody was ever taken out.
    if (folder.lists.length > 1) {
      for (const { state } of this.heads(folder.id))
        if (state.type === 'file') add(1, state.content.sizeBytes);
      return count;
    }
    const counts = this.#counts.get(folder.id) ?? this.#deps.rows.countHeads(folder.id, folder.audience);
    this.#counts.set(folder.id, counts);
    for (const { device, files, bytes } of counts) {
      const author = this.#deps.roll.memberOf(device);
      if (author !== undefined && (!folder.restricted || folder.members.has(author))) add(files, bytes);
    }
    return count;
  }

  /** Paths that more than one version claims, and these. @param most versions, and those of one path together. */
  contested(folder: FolderId, most: number): readonly (readonly Version[])[] {
    const found: (readonly Version[])[] = [];
    let [versions, after] = [0, ''];
    // What counts for nobody may stand at any number of paths.
    for (let looked = 0; looked < MOST_CONTESTED && versions < most; looked += PAGE) {
      const page = this.#deps.rows.contested(folder, after, PAGE);
      for (const { place, heads } of page) {
        after = place;
        const seen = this.#seen(heads);
        if (seen.length < 2 || versions >= most) continue;
        found.push(seen);
        versions += seen.length;
      }
      if (page.length < PAGE) break;
    }
    return found;
  }

  headsAt(folder: FolderId, path: string): readonly Version[] {
    return this.#seen(this.#deps.rows.headsAt(folder, path));
  }

  /** What a device offers under this name. */
  offersAt(device: DeviceKey, name: string): readonly Version[] {
    return this.headsAt(offersOf(device), name);
  }

  versionsAt(folder: FolderId, path: string): readonly Version[] {
    return this.#seen(this.#deps.rows.versionsAt(folder, path, MOST_ALIKE));
  }

  version(id: VersionId): Version | undefined {
    return this.#seen(this.#deps.rows.version(id))[0];
  }

  hasLiveBelow(folder: FolderId, path: string): boolean {
    return this.#deps.rows.hasLiveBelow(folder, path);
  }

  hasContent(folder: FolderId, content: ContentId, exceptPath: string): boolean {
    return this.#deps.rows.hasContent(folder, content, exceptPath);
  }

  /** Whom a version is for, by what its entries say. */
  audiencesOf(id: VersionId): readonly Audience[] {
    return [...new Set(this.#deps.rows.version(id).flatMap(({ audiences }) => audiences))];
  }

  /** Is it something that its author offers, rather than a file of a folder? */
  isOffer({ folder, device }: Pick<Version, 'folder' | 'device'>): boolean {
    return folder === offersOf(device);
  }

  // ---- who holds what

  /** Says that this device holds these now, or no more; to whoever knows of them. */
  say(held: readonly ContentId[], dropped: readonly ContentId[]): void {
    const byAudience = new Map<Audience, { held: ContentId[]; dropped: ContentId[] }>();
    const sort = (content: ContentId, list: 'held' | 'dropped'): void => {
      for (const audience of this.#whoKnowsOf(content)) {
        const group = byAudience.get(audience) ?? { held: [], dropped: [] };
        byAudience.set(audience, group);
        group[list].push(content);
      }
    };
    const known = (content: ContentId): boolean | undefined =>
      this.#deps.rows.heldBy(content).get(this.#deps.roll.device);
    for (const content of held) if (known(content) !== true) sort(content, 'held');
    for (const content of dropped) if (known(content) === true) sort(content, 'dropped');
    const drafts = [...byAudience].flatMap(([audience, group]) => [
      ...chunks(group.held, LIMITS.heldPerEntry).map((some) =>
        draft(HELD_KIND, [audience], encodeHeld({ held: some, dropped: [] })),
      ),
      ...chunks(group.dropped, LIMITS.heldPerEntry).map((some) =>
        draft(HELD_KIND, [audience], encodeHeld({ held: [], dropped: some })),
      ),
    ]);
    if (drafts.length > 0) this.#deps.append(drafts);
  }

  /** Devices that say they hold it, of members who are in. */
  holders(content: ContentId): readonly DeviceKey[] {
    return [...this.#deps.rows.heldBy(content)]
      .filter(([device, held]) => held && this.#deps.roll.memberOf(device) !== undefined)
      .map(([device]) => device);
  }

  /** May this member have it, by any version that it belongs to? */
  mayRead(member: MemberId, content: ContentId): boolean {
    const standing = this.#deps.roll.standingOf(member);
    if (standing === undefined) return false;
    const folders = this.restrictedTo(member);
    return this.#readingsOf(content).some(
      (version) =>
        this.#isRight(version) &&
        // What somebody wrote stays that member's own, unless it was for a folder that it is not in any more.
        ((this.isOffer(version) && this.#deps.roll.memberOf(version.device) === member) ||
          version.audiences.some((audience) => mayHold({ ...standing, folders }, audience))),
    );
  }

  versionsOf(content: ContentId): readonly Version[] {
    return this.#seen(this.#deps.rows.ofContent(content, MOST_ALIKE));
  }

  #readingsOf(content: ContentId): readonly Reading[] {
    return this.#readings.of(content, () =>
      this.#deps.rows
        .ofContent(content, MOST_ALIKE)
        .map(({ folder, device, audiences, hlc }) => ({ folder, device, audiences, hlc })),
    );
  }

  // ---- what counts

  #all(): ReadonlyMap<FolderId, Folder> {
    this.#folders ??= foldFolders(this.#deps.rows.facts().map(({ bytes }) => decodeFact(bytes)));
    return this.#folders;
  }

  /** Was it written where, and for whom, its author may write? */
  #isRight({ folder, device, audiences, hlc }: Reading): boolean {
    if (folder === offersOf(device)) return true;
    const known = this.#all().get(folder);
    if (known === undefined || audiences.length !== 1 || audiences[0] !== known.audience) return false;
    const author = this.#deps.roll.memberOf(device);
    return author !== undefined && wasIn(known, author, hlc);
  }

  /** Two who made the same version count as the one who was first. */
  #seen(versions: readonly IndexedVersion[]): readonly Version[] {
    const first = new Map<VersionId, IndexedVersion>();
    for (const version of versions) {
      if (!this.#isRight(version)) continue;
      const other = first.get(version.id);
      if (other === undefined || isBefore(version, other)) first.set(version.id, version);
    }
    return [...first.values()].map((version) => this.#known(version));
  }

  #known({ audiences: _, ...version }: IndexedVersion): Version {
    // Who is not in the roll any more made it all the same.
    return {
      ...version,
      author: this.#deps.roll.memberOf(version.device) ?? (version.device as string as MemberId),
    };
  }

  #written(body: VersionBody, entry: Entry | undefined): Version {
    const { roll } = this.#deps;
    const hlc = entry?.header.hlc ?? { ms: 0, n: 0 };
    return { ...body, id: versionIdOf(body), author: roll.self, device: roll.device, hlc };
  }

  #whoKnowsOf(content: ContentId): ReadonlySet<Audience> {
    const { roll, rows } = this.#deps;
    const own = `member:${roll.self}`;
    const audiences = new Set<Audience>();
    for (const version of rows.ofContent(content, MOST_ALIKE)) {
      if (!this.#isRight(version)) continue;
      const author = roll.memberOf(version.device);
      for (const audience of version.audiences) {
        if (!audience.startsWith('member:')) audiences.add(audience);
        else if (author === roll.self) audiences.add(audience);
        else if (audience === own && author !== undefined) audiences.add(`member:${author}`);
      }
    }
    return audiences.has('members') ? new Set<Audience>(['members']) : audiences;
  }
}

function draft(kind: string, audiences: readonly Audience[], payload: Bytes): Draft {
  return { kind, lane: 'data', parts: audiences.map((audience) => ({ audience, payload })) };
}

function isBefore(a: IndexedVersion, b: IndexedVersion): boolean {
  const order = compareHlc(a.hlc, b.hlc);
  return order < 0 || (order === 0 && a.device < b.device);
}

function sameAudiences(a: readonly Audience[], b: readonly Audience[]): boolean {
  return a.length === b.length && a.every((audience) => b.includes(audience));
}

function chunks<Item>(items: readonly Item[], most: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, at) =>
    items.slice(at * most, (at + 1) * most),
  );
}

/** As many to an entry as fit. */
function batches(bodies: readonly VersionBody[]): VersionBody[][] {
  const all: VersionBody[][] = [];
  let [bytes, names] = [0, 0];
  for (const body of bodies) {
    bytes += sizeOf(body);
    names += namesIn(body.path);
    const last = all.at(-1);
    const fits = bytes <= ENTRY_BYTES && names <= LIMITS.namesPerEntry;
    if (last !== undefined && fits && last.length < LIMITS.versionsPerEntry) last.push(body);
    else {
      all.push([body]);
      [bytes, names] = [sizeOf(body), namesIn(body.path)];
    }
  }
  return all;
}

function sizeOf({ path, parents, state, renamedFrom = '' }: VersionBody): number {
  const said = state.type === 'link' ? state.target : '';
  const pieces = state.type === 'file' ? (state.content.pieces?.length ?? 1) : 0;
  return 128 + utf8(path + renamedFrom + said).byteLength + 40 * (parents.length + pieces);
}
