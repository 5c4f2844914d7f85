/** Folders: founded, joined and left in the log; kept in step by the engine, where this node has one. */
import { statSync } from 'node:fs';
import { KithError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Folder } from '../../files/index.ts';
import type { FolderState } from '../../files/ports.ts';
import type { FolderMode, Version } from '../../files/types.ts';
import type { FilesFacade, FolderModeName, FolderStatus } from '../facade-files.ts';
import { mustBeFew } from '../folder-census.ts';
import { ambiguous, findMember } from './context.ts';
import { describeVersion, sureOf, type FilesContext } from './files-describe.ts';
import { findVersion } from './files-find.ts';

type FolderCalls = Pick<
  FilesFacade,
  | 'folders'
  | 'folder'
  | 'addFolder'
  | 'joinFolder'
  | 'leaveFolder'
  | 'changeFolderMembers'
  | 'restore'
  | 'conflicts'
  | 'resume'
>;

/** Versions in conflict that are listed at once: whoever settled some sees the next. */
const MOST_CONFLICTS = 1000;

export function foldersOf(context: FilesContext): FolderCalls {
  const index = () => context.files().index;
  const named = (name: string): Folder => folderNamed(context, name);
  const begin = async (folder: Folder, path: string | undefined, mode: FolderModeName): Promise<void> => {
    if (mode === 'list') await context.folders().stop(folder.id);
    else await context.folders().start(folder.id, neededPath(path), mode);
    index().setMode(folder, mode);
  };
  return {
    folders: async () =>
      index()
        .folders()
        .map((folder) => describe(context, folder)),
    folder: async (name) => describe(context, named(name)),
    addFolder: async ({ path, name, mode, only }) => {
      if (mode !== 'list') {
        mustBeFolder(context, neededPath(path));
        await mustBeFew(neededPath(path), LIMITS.folderPathsOfAuthor);
      }
      const members =
        only.length === 0 ? undefined : only.map((who) => findMember(context.session(), who).id);
      const id = index().found(name, members);
      const folder = index().folder(id);
      if (folder === undefined) throw unknownFolder(name);
      await begin(folder, path, mode);
      return describe(context, folder);
    },
    joinFolder: async ({ folder: name, path, mode }) => {
      const folder = named(name);
      if (folder.restricted && !folder.members.has(context.session().ownMemberId)) throw notForYou(folder);
      if (mode !== 'list') await mustBeFew(neededPath(path), LIMITS.folderPaths);
      await begin(folder, path, mode);
      return describe(context, folder);
    },
    changeFolderMembers: async ({ folder: name, add, remove }) => {
      const folder = named(name);
      const idsOf = (some: readonly string[]) => some.map((who) => findMember(context.session(), who).id);
      const out = new Set(idsOf(remove));
      index().restrict(
        folder,
        [...folder.members, ...idsOf(add)].filter((id) => !out.has(id)),
      );
      return describe(context, named(folder.id));
    },
    leaveFolder: async (name) => {
      const folder = named(name);
      await context.folders().stop(folder.id);
      index().setMode(folder, undefined);
      return describe(context, folder);
    },
    restore: async ({ name }) => {
      const version = findVersion(context, name);
      await mustBeSomewhere(context, version);
      context.folders().restore(version.folder, version.path, version.id);
      const size = version.state.type === 'file' ? version.state.content.sizeBytes : 0;
      return { path: version.path, version: version.id, size };
    },
    conflicts: async (name) => {
      const wanted = name === undefined ? index().folders() : [named(name)];
      return wanted
        .flatMap(({ id }) => index().contested(id, MOST_CONFLICTS).flat())
        .slice(0, MOST_CONFLICTS)
        .sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0))
        .map((version) => describeVersion(context, version, true));
    },
    resume: async (name) => {
      const folder = named(name);
      await context.folders().resume(folder.id);
      return describe(context, folder);
    },
  };
}

/** Else its path would wait for good for what nobody can give. */
async function mustBeSomewhere(context: FilesContext, { path, state }: Version): Promise<void> {
  if (state.type !== 'file') return;
  await context.files().pieces.look(state.content);
  if (sureOf(context, state.content) !== 'nobody') return;
  throw new KithError('nobody-has-it', `Nobody has what ${path} was then any more.`, {
    next: 'See which versions can be had back: kith folder versions FILE',
  });
}

function neededPath(path: string | undefined): string {
  if (path !== undefined) return path;
  throw new KithError('bad-request', 'It takes the folder on this machine.', { next: 'Say its path.' });
}

/** Before it is founded for all: a folder of a wrong name is no folder to share. */
function mustBeFolder(context: FilesContext, path: string): void {
  context.folders().check(path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new KithError('no-such-folder', `There is no folder ${path}.`, {
    next: 'Make it first, or see whether the path is right.',
  });
}

/** @throws KithError `unknown-folder` | `ambiguous` */
export function folderNamed(context: FilesContext, name: string): Folder {
  const folders = context.files().index.folders();
  const wanted = name.trim().toLocaleLowerCase();
  const named = folders.filter((folder) => folder.name?.toLocaleLowerCase() === wanted);
  const fits =
    named.length > 0 ? named : folders.filter(({ id }) => wanted.length >= 4 && id.startsWith(wanted));
  const [found, ...others] = fits;
  if (found === undefined) throw unknownFolder(name);
  if (others.length > 0)
    throw ambiguous(
      name,
      fits.map((folder) => `${folder.name ?? ''} ${folder.id.slice(0, 8)}`),
    );
  return found;
}

function unknownFolder(name: string): KithError {
  return new KithError('unknown-folder', `There is no folder “${name}” here.`, {
    next: 'See which there are: kith folder list',
  });
}

function notForYou({ name }: Folder): KithError {
  return new KithError('not-entitled', `You are not among those whom ${name ?? 'this folder'} is for.`, {
    next: 'Ask whoever shared it to let you in. Your own files stay where they are.',
  });
}

/** Of a folder that no engine keeps; who only lists has nothing that could be behind. */
function withoutEngine(mode: FolderMode | undefined, conflicts: number): Omit<FolderState, 'mode' | 'path'> {
  return { missing: 0, conflicts, paused: false, inStep: mode === 'list', away: undefined, problems: [] };
}

function describe(context: FilesContext, folder: Folder): FolderStatus {
  const session = context.session();
  const { index } = context.files();
  const count = index.count(folder);
  const mode = index.modesOf(folder.id).get(session.device);
  const state = context.folders().stateOf(folder.id);
  const { missing, conflicts, paused, inStep, away, problems } =
    state ?? withoutEngine(mode, index.contested(folder.id, MOST_CONFLICTS).length);
  const { members } = session.log.membership;
  return {
    folder: folder.id,
    name: folder.name ?? '',
    path: state?.path ?? null,
    mode: mode ?? null,
    files: count.files,
    bytes: count.bytes,
    missing,
    conflicts,
    paused,
    inStep,
    away: away ?? null,
    problems,
    members: [...folder.members].map((id) => members.get(id)?.number ?? 0).sort((a, b) => a - b),
  };
}
