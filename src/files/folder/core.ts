/**
 * What is to be done about one path: its look on disk, what this device last had there, and the heads of its versions, made into one
 * decision. No clock decides what replaces what: a version replaces exactly what its author had on disk.
 */
import { compareHlc } from '../../base/hlc.ts';
import type { Content, FolderMode, PathState, Version, VersionId } from '../types.ts';
import type { DiskEntry, Known, KnownDisk } from './ports.ts';

/** A file's content is undefined until it was read. */
export type Disk =
  | { readonly type: 'absent' }
  | Exclude<DiskEntry, { type: 'file' }>
  | (Extract<DiskEntry, { type: 'file' }> & { readonly content: Content | undefined });

export interface Situation {
  readonly path: string;
  readonly disk: Disk;
  readonly known: Known | undefined;
  readonly heads: readonly Version[];
  /** Something inside of it lives in the index. */
  readonly liveBelow: boolean;
  /** Something inside of it was on disk when last looked. */
  readonly knownBelow: boolean;
}

export type Decision =
  | { readonly do: 'nothing' }
  /** Only its bytes can tell whether it changed. */
  | { readonly do: 'read' }
  /** What is inside of it has to be settled first. */
  | { readonly do: 'wait' }
  /** The disk is as the index says: remember so. */
  | { readonly do: 'note'; readonly base: readonly VersionId[] }
  | { readonly do: 'forget' }
  | { readonly do: 'publish'; readonly state: PathState; readonly parents: readonly VersionId[] }
  /** Make the disk so. @param aside what is there now is nobody's version, so it stays under another name. */
  | {
      readonly do: 'put';
      readonly state: PathState;
      readonly base: readonly VersionId[];
      readonly aside: boolean;
      readonly modifiedBy: Version | undefined;
    };

/** Which way changes go. `list` offers what lies in the folder and fetches nothing by itself, so that absence means nothing. */
export const WAYS: Readonly<
  Record<FolderMode, { readonly out: boolean; readonly in: boolean; readonly deletes: boolean }>
> = {
  sync: { out: true, in: true, deletes: true },
  list: { out: true, in: false, deletes: false },
  receive: { out: false, in: true, deletes: false },
  send: { out: true, in: false, deletes: true },
};

const NOTHING: Decision = { do: 'nothing' };

export interface Desired {
  readonly state: PathState;
  /** The heads that this state stands for; a loser is not among them until a copy of it was made. */
  readonly base: readonly VersionId[];
  readonly winner: Version | undefined;
  readonly losers: readonly Version[];
}

/** What should stand at a path: the same on every device that knows the same heads. */
export function desired(heads: readonly Version[], liveBelow: boolean): Desired {
  const live = heads.filter(({ state }) => state.type !== 'deleted');
  const winner = winnerOf(live, liveBelow);
  const state: PathState = liveBelow ? { type: 'folder' } : (winner?.state ?? { type: 'deleted' });
  const losers = live.filter((head) => !sameContent(head.state, state));
  const base = heads.filter((head) => !losers.includes(head)).map(({ id }) => id);
  return { state, base, winner, losers };
}

/** Whatever lives wins over deletion, folders over files, and of files the last by the clock that only breaks ties. */
function winnerOf(live: readonly Version[], liveBelow: boolean): Version | undefined {
  const folders = live.filter(({ state }) => state.type === 'folder');
  const among = liveBelow || folders.length > 0 ? folders : live;
  return [...among].sort((a, b) => compareHlc(b.hlc, a.hlc) || (a.id < b.id ? 1 : -1))[0];
}

export function decide(mode: FolderMode, situation: Situation): Decision {
  const { disk, known } = situation;
  if (disk.type === 'other') return NOTHING;
  if (disk.type === 'file' && disk.content === undefined) return { do: 'read' };
  const isChanged = differs(disk, known);
  const want = desired(situation.heads, situation.liveBelow);
  if (isAs(disk, want.state)) return settled(disk, known, want);
  if (!isChanged) return decideUnchanged(mode, situation, want);
  // A file where a folder was: its content is not deleted until that is known to be meant.
  if (disk.type !== 'folder' && situation.knownBelow) return { do: 'wait' };
  if (!WAYS[mode].out) return decideUnsent(mode, situation, want);
  return disk.type === 'absent' ? decideAbsent(mode, situation, want) : decideChanged(situation);
}

/** What stands there is what should. */
function settled(disk: Disk, known: Known | undefined, want: Desired): Decision {
  if (disk.type === 'absent') return known === undefined ? NOTHING : { do: 'forget' };
  const isKnown = known !== undefined && sameIds(known.base, want.base) && isJust(disk, known.disk);
  return isKnown ? NOTHING : { do: 'note', base: want.base };
}

function decideUnchanged(mode: FolderMode, { disk, known }: Situation, want: Desired): Decision {
  if (WAYS[mode].in) return putting(want, false);
  if (disk.type === 'absent' || known === undefined) return NOTHING;
  return isJust(disk, known.disk) ? NOTHING : { do: 'note', base: known.base };
}

function putting(want: Desired, aside: boolean): Decision {
  return { do: 'put', state: want.state, base: want.base, aside, modifiedBy: want.winner };
}

/** Changes of one's own that nobody is told of: they stay until something newer comes, and then under another name. */
function decideUnsent(mode: FolderMode, { disk, known }: Situation, want: Desired): Decision {
  if (disk.type === 'absent') return WAYS[mode].in ? putting(want, false) : NOTHING;
  const isNews = known === undefined ? want.state.type !== 'deleted' : !sameIds(known.base, want.base);
  return isNews ? putting(want, disk.type !== 'folder') : NOTHING;
}

function decideAbsent(mode: FolderMode, { heads, known }: Situation, want: Desired): Decision {
  if (known === undefined) return NOTHING;
  if (!WAYS[mode].deletes) return { do: 'forget' };
  // Others went on from what is gone here, or it had to go for something else: an edit outlives a deletion.
  const isOurs = heads.some(({ id, state }) => state.type !== 'deleted' && known.base.includes(id));
  const isNews = !isOurs || !isAsKnown(known.disk, want.state);
  if (isNews) return WAYS[mode].in ? putting(want, false) : { do: 'forget' };
  return { do: 'publish', state: { type: 'deleted' }, parents: known.base };
}

function decideChanged({ disk, known, heads }: Situation): Decision {
  // Whoever writes where nothing was has seen that it was deleted.
  const deleted = heads.filter((head) => head.state.type === 'deleted').map(({ id }) => id);
  return { do: 'publish', state: stateOf(disk), parents: known?.base ?? deleted };
}

// ---- comparing

function differs(disk: Disk, known: Known | undefined): boolean {
  if (known === undefined || disk.type === 'absent') return disk.type !== 'absent' || known !== undefined;
  const { disk: before } = known;
  if (disk.type !== 'file') return !isSameNonFile(disk, before);
  if (before.type !== 'file' || disk.executable !== before.executable) return true;
  return before.content.id !== disk.content?.id;
}

type FileMark = Pick<Extract<KnownDisk, { type: 'file' }>, 'identity' | 'stamp'>;

/** Nobody wrote to it since: a look from outside is enough. */
export function isUntouched(now: FileMark, before: FileMark): boolean {
  return now.identity === before.identity && now.stamp === before.stamp;
}

export function isSameFolder(disk: Extract<DiskEntry, { type: 'folder' }>, before: KnownDisk): boolean {
  if (before.type !== 'folder' || before.identity !== disk.identity) return false;
  return before.isMount === (disk.mount !== undefined);
}

function isSameNonFile(disk: Exclude<Disk, { type: 'file' }>, before: KnownDisk): boolean {
  if (disk.type === 'folder') return before.type === 'folder';
  return disk.type === 'link' && before.type === 'link' && disk.target === before.target;
}

function isJust(disk: Disk, before: KnownDisk): boolean {
  if (disk.type === 'file') return before.type === 'file' && isUntouched(disk, before);
  if (disk.type === 'folder') return isSameFolder(disk, before);
  return isSameNonFile(disk, before);
}

function isAs(disk: Disk, state: PathState): boolean {
  if (disk.type === 'absent') return state.type === 'deleted';
  return state.type === disk.type && sameState(stateOf(disk), state);
}

function isAsKnown(known: KnownDisk, state: PathState): boolean {
  if (known.type === 'link') return isAs(known, state);
  if (known.type === 'folder') return state.type === 'folder';
  return state.type === 'file' && state.content.id === known.content.id;
}

/** Of a file, one whose content is known. */
function stateOf(disk: Disk): PathState {
  switch (disk.type) {
    case 'file':
      if (disk.content === undefined) return { type: 'deleted' };
      return {
        type: 'file',
        content: disk.content,
        modifiedMs: Math.round(disk.modifiedMs),
        executable: disk.executable,
      };
    case 'link':
      return { type: 'link', target: disk.target };
    case 'folder':
      return { type: 'folder' };
    default:
      return { type: 'deleted' };
  }
}

/** Times aside: a file that was only touched is the same. */
export function sameState(a: PathState, b: PathState): boolean {
  return sameContent(a, b) && (a.type !== 'file' || b.type !== 'file' || a.executable === b.executable);
}

/** Nothing is lost when one stands for the other. */
function sameContent(a: PathState, b: PathState): boolean {
  if (a.type === 'file') return b.type === 'file' && a.content.id === b.content.id;
  if (a.type === 'link') return b.type === 'link' && a.target === b.target;
  return a.type === b.type;
}

export function sameIds(a: readonly VersionId[], b: readonly VersionId[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}
