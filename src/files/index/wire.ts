/** Entries about files: bytes to values, once, with limits. Layout: docs/protocol/files.md. */
import { hash } from 'node:crypto';
import { fromHex, type Bytes } from '../../base/bytes.ts';
import {
  arrayOf,
  bytesOf,
  decodeCbor,
  encodeCbor,
  malformed,
  numberOf,
  type CborValue,
} from '../../base/cbor.ts';
import { idFromBytes, type DeviceKey, type MemberId } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { decodeRefs, encodeRefs, mustAddUp } from '../pieces/manifest.ts';
import {
  FOLDER_MODES,
  type Content,
  type ContentId,
  type FolderId,
  type FolderMode,
  type PathState,
  type PieceRef,
  type Version,
  type VersionId,
} from '../types.ts';
import { checkedPath, namesIn } from './paths.ts';

export const FOLDER_KIND = 'folder';
export const MEMBERS_KIND = 'folder-members';
export const MODE_KIND = 'folder-mode';
export const VERSIONS_KIND = 'file-versions';
export const HELD_KIND = 'file-held';

const VERSION = 1;
const SALT_BYTES = 16;
const TARGET_BYTES = 4096;
const MOST_MS = 2 ** 48;

/** A version as its author makes it: who, and when, the entry says. */
export type VersionBody = Omit<Version, 'id' | 'author' | 'device' | 'hlc'>;

// ---- folders

/** Bound to its founder, so that nobody else can claim it. */
export function folderIdOf(device: DeviceKey, salt: Bytes): FolderId {
  return hash('sha256', encodeCbor(['kith folder', fromHex(device), salt]), 'hex') as FolderId;
}

/** Where what this device offers to others stands. */
export function offersOf(device: DeviceKey): FolderId {
  return hash('sha256', encodeCbor(['kith offers', fromHex(device)]), 'hex') as FolderId;
}

export interface FolderPart {
  readonly salt: Bytes;
  readonly restricted: boolean;
}

/** For members: that there is a folder. Its name is a part of its own, for whoever may see into it. */
export function encodeFolder({ salt, restricted }: FolderPart): Bytes {
  return encodeCbor([VERSION, salt, restricted]);
}

/** @throws KithError `malformed`; so do all that read. */
export function decodeFolder(bytes: Bytes): FolderPart {
  const [, said, restricted] = fields(bytes, 3);
  if (typeof restricted !== 'boolean') throw malformed('a folder');
  return { salt: saltOf(said), restricted };
}

export function encodeFolderName(name: string): Bytes {
  return encodeCbor([VERSION, name]);
}

export function decodeFolderName(bytes: Bytes): string {
  const [, name] = fields(bytes, 2);
  if (typeof name !== 'string' || whyNoFolderName(name) !== undefined) throw malformed('a name of a folder');
  return name;
}

export function whyNoFolderName(name: string): string | undefined {
  if (name === '' || name.length > LIMITS.folderNameChars) return 'it is empty, or too long';
  return /[\p{Cc}/\\@]/u.test(name) ? 'it has / or \\ or @ or control characters' : undefined;
}

export interface MembersPart {
  readonly salt: Bytes;
  readonly members: readonly MemberId[];
}

export function encodeMembers({ salt, members }: MembersPart): Bytes {
  return encodeCbor([VERSION, salt, members.map((member) => fromHex(member))]);
}

export function decodeMembers(bytes: Bytes): MembersPart {
  const [, salt, members] = fields(bytes, 3);
  return {
    salt: saltOf(salt),
    members: list(members, LIMITS.folderMembers).map((id) => idFromBytes<MemberId>(id)),
  };
}

export function encodeMode(folder: FolderId, mode: FolderMode | undefined): Bytes {
  return encodeCbor([
    VERSION,
    fromHex(folder),
    mode === undefined ? FOLDER_MODES.length : FOLDER_MODES.indexOf(mode),
  ]);
}

/** Undefined: it has left. */
export function decodeMode(bytes: Bytes): {
  readonly folder: FolderId;
  readonly mode: FolderMode | undefined;
} {
  const [, folder, mode] = fields(bytes, 3);
  return {
    folder: idFromBytes(folder) as string as FolderId,
    mode: FOLDER_MODES[numberOf(mode, FOLDER_MODES.length + 1)],
  };
}

// ---- versions

export function encodeVersions(folder: FolderId, versions: readonly VersionBody[]): Bytes {
  return encodeCbor([VERSION, fromHex(folder), versions.map(bodyValue)]);
}

export function decodeVersions(bytes: Bytes): readonly VersionBody[] {
  const all = readVersions(bytes, checkedPath);
  const names = all.reduce((sum, { path }) => sum + namesIn(path), 0);
  if (names > LIMITS.namesPerEntry) throw malformed('too many folders on the way to the files of one entry');
  return all;
}

/** Of this node's own table: it was judged when it came in, perhaps by an earlier program with other limits. */
export function decodeStoredVersions(bytes: Bytes): readonly VersionBody[] {
  return readVersions(bytes, String);
}

function readVersions(bytes: Bytes, pathOf: (value: unknown) => string): readonly VersionBody[] {
  const [, id, versions] = fields(bytes, 3);
  const folder = hexOf<FolderId>(id);
  return list(versions, LIMITS.versionsPerEntry).map((value) => readBody(folder, value, pathOf));
}

/** All that makes a version, and nothing of who made it: two who do the same make the same version. */
export function versionIdOf(body: VersionBody): VersionId {
  const bytes = encodeCbor(['kith version', fromHex(body.folder), bodyValue(body)]);
  return hash('sha256', bytes, 'hex') as VersionId;
}

function bodyValue({ path, parents, state, renamedFrom }: VersionBody): CborValue {
  return [path, [...parents].sort().map(fromHex), stateValue(state), renamedFrom ?? null];
}

function readBody(folder: FolderId, value: CborValue, pathOf: (value: unknown) => string): VersionBody {
  const [path, parents, state, renamedFrom] = tuple(value, 4);
  const known = list(parents, LIMITS.versionParents).map((id) => hexOf<VersionId>(id));
  if (known.some((id, at) => at > 0 && id <= (known[at - 1] ?? '')))
    throw malformed('parents in order, each once');
  return {
    folder,
    path: pathOf(path),
    parents: known,
    state: readState(state),
    renamedFrom: renamedFrom === null ? undefined : pathOf(renamedFrom),
  };
}

function stateValue(state: PathState): CborValue {
  switch (state.type) {
    case 'file':
      return [0, contentValue(state.content), Math.max(0, Math.floor(state.modifiedMs)), state.executable];
    case 'folder':
      return [1];
    case 'link':
      return [2, state.target];
    case 'deleted':
      return [3];
  }
}

function readState(value: CborValue | undefined): PathState {
  const said = arrayOf(value);
  const places = [4, 1, 2, 1][numberOf(said[0], 4)];
  if (said.length !== places) throw malformed('a state of a path');
  switch (said[0]) {
    case 0: {
      if (typeof said[3] !== 'boolean') throw malformed('a state of a file');
      return {
        type: 'file',
        content: readContent(said[1]),
        modifiedMs: numberOf(said[2], MOST_MS),
        executable: said[3],
      };
    }
    case 1:
      return { type: 'folder' };
    case 2: {
      if (typeof said[1] !== 'string' || Buffer.byteLength(said[1]) > TARGET_BYTES || said[1].includes('\0'))
        throw malformed('where a link leads');
      return { type: 'link', target: said[1] };
    }
    default:
      return { type: 'deleted' };
  }
}

export function contentValue({ id, sizeBytes, pieces, manifest }: Content): CborValue {
  const one = manifest === undefined ? null : encodeRefs([manifest]);
  return [fromHex(id), sizeBytes, pieces === undefined || one !== null ? null : encodeRefs(pieces), one];
}

export function readContent(value: CborValue | undefined): Content {
  const [id, size, inline, manifest] = tuple(value, 4);
  const sizeBytes = numberOf(size, LIMITS.fileBytes + 1);
  if ((inline === null) === (manifest === null)) throw malformed('pieces, or a manifest');
  const pieces = inline === null ? undefined : decodeRefs(bytesOf(inline), LIMITS.piecesInline);
  if (pieces !== undefined) mustAddUp(pieces, sizeBytes);
  return {
    id: hexOf<ContentId>(id),
    sizeBytes,
    pieces,
    manifest: manifest === null ? undefined : oneRef(manifest),
  };
}

function oneRef(value: CborValue | undefined): PieceRef {
  const [ref] = decodeRefs(bytesOf(value), 1);
  if (ref === undefined) throw malformed('one piece');
  return ref;
}

// ---- who holds what

export interface HeldPart {
  readonly held: readonly ContentId[];
  readonly dropped: readonly ContentId[];
}

export function encodeHeld({ held, dropped }: HeldPart): Bytes {
  return encodeCbor([VERSION, held.map(fromHex), dropped.map(fromHex)]);
}

export function decodeHeld(bytes: Bytes): HeldPart {
  const [, held, dropped] = fields(bytes, 3);
  return {
    held: list(held, LIMITS.heldPerEntry).map((id) => hexOf<ContentId>(id)),
    dropped: list(dropped, LIMITS.heldPerEntry).map((id) => hexOf<ContentId>(id)),
  };
}

// ---- single places

function fields(bytes: Bytes, places: number): readonly CborValue[] {
  const values = tuple(decodeCbor(bytes), places);
  if (values[0] !== VERSION) throw malformed('a version of files that is not known');
  return values;
}

function tuple(value: CborValue | undefined, places: number): readonly CborValue[] {
  const values = arrayOf(value);
  if (values.length !== places) throw malformed(`a list of ${String(places)} places`);
  return values;
}

function list(value: CborValue | undefined, most: number): readonly CborValue[] {
  const values = arrayOf(value);
  if (values.length > most) throw malformed(`at most ${String(most)} of a kind`);
  return values;
}

function hexOf<Id extends string>(value: CborValue | undefined): Id {
  return idFromBytes(value) as string as Id;
}

function saltOf(value: CborValue | undefined): Bytes {
  const salt = bytesOf(value);
  if (salt.byteLength !== SALT_BYTES) throw malformed('a salt of 16 bytes');
  return salt;
}
