/** Files that members offer or share, and folders in step. */
import { z } from 'zod';
import { LIMITS } from '../../base/limits.ts';
import { Count, Id, Path, PeerNumber, queryInt, Time, Who } from './common.ts';
import { route } from './route.ts';
import { Progress } from './work.ts';

export const ListedFile = z
  .object({
    folder: Id,
    folderName: z.string(),
    path: z.string(),
    version: Id,
    size: Count,
    modifiedAt: Time,
    from: Count.meta({ description: 'peer number of who made this version' }),
    holders: z.array(PeerNumber).meta({ description: 'members who say to hold it' }),
    reachable: z.array(PeerNumber).meta({ description: 'those of them who are heard now' }),
    sure: z.enum(['here', 'reachable', 'said', 'nobody']),
    conflict: z.boolean(),
  })
  .meta({ id: 'ListedFile' });
export type ListedFile = z.infer<typeof ListedFile>;

export const FileVersion = z
  .object({
    version: Id,
    path: z.string(),
    state: z.enum(['file', 'folder', 'link', 'deleted']),
    size: Count,
    modifiedAt: Time,
    from: Count,
    fromName: z.string(),
    current: z.boolean(),
    here: z.boolean(),
    sure: z
      .enum(['here', 'reachable', 'said', 'nobody'])
      .nullable()
      .meta({ description: 'of a file: whether it can be had back, and from whom; nobody: no more' }),
  })
  .meta({ id: 'FileVersion' });
export type FileVersion = z.infer<typeof FileVersion>;

const Mode = z.enum(['sync', 'list', 'receive', 'send']);

export const FolderStatus = z
  .object({
    folder: Id,
    name: z.string(),
    path: z.string().nullable(),
    mode: Mode.nullable().meta({ description: 'null: this device takes no part' }),
    files: Count,
    bytes: Count,
    missing: Count,
    conflicts: Count,
    paused: z.boolean(),
    inStep: z.boolean(),
    away: z.enum(['missing', 'another', 'taken-out']).nullable().meta({
      description:
        'why nothing is done at all: the disk is not there, another folder lies there, or this member was taken out',
    }),
    problems: z
      .array(z.object({ path: z.string(), problem: z.string() }))
      .meta({ description: 'paths that cannot be in step, and why; the first hundred' }),
    members: z.array(PeerNumber).meta({ description: 'whom it is restricted to; empty: all members' }),
  })
  .meta({ id: 'FolderStatus' });
export type FolderStatus = z.infer<typeof FolderStatus>;

export const FilesEvent = z.object({ type: z.literal('files'), versions: z.array(Id) });

const done = { step: z.literal('done') };
const FileGot = z.object({ path: z.string(), version: Id, size: Count });
const GetStep = z.discriminatedUnion('step', [Progress, FileGot.extend(done)]).meta({ id: 'GetStep' });
const SendStep = z
  .discriminatedUnion('step', [
    Progress,
    z.object({ ...done, version: Id, path: z.string(), size: Count, to: z.array(PeerNumber) }),
  ])
  .meta({ id: 'SendFileStep' });

const FileName = z
  .string()
  .min(1)
  .max(LIMITS.filePathBytes + 200)
  .meta({ description: 'a path, a name, or folder/path; with @ and a beginning of a version behind it' });
const Folder = z
  .string()
  .min(1)
  .max(LIMITS.folderNameChars)
  .meta({ description: 'a name, or a beginning of an id' });
const Settings = z
  .strictObject({
    downBytesPerSecond: Count.meta({ description: '0: as fast as it goes' }),
    upBytesPerSecond: Count,
  })
  .meta({ id: 'FilesSettings' });

const Keeping = z
  .strictObject({
    days: Count.meta({ description: 'so long what was replaced or deleted can be had back' }),
    bytes: Count.meta({
      description:
        'and no more than that of it, in this node’s store and in each folder; the oldest goes first',
    }),
  })
  .meta({ id: 'FilesKeeping' });

const common = { tag: 'files', states: ['running'], form: 'json' } as const;
const FINDING = ['unknown-file', 'ambiguous'] as const;
const FOLDER = ['unknown-folder', 'ambiguous'] as const;
const PLACE = ['folder-in-use', 'folder-of-another', 'cannot-write', 'too-many-files'] as const;
const WRITING = ['role-writes-nothing', 'not-a-member'] as const;

export const fileRoutes = {
  files: route({
    ...common,
    method: 'get',
    path: '/v1/files',
    summary: 'Files of all nodes, as far as this one may know of them, and who holds each',
    query: z.strictObject({
      folder: Folder.optional(),
      after: Id.optional().meta({ description: '`after` of a page: what follows' }),
      limit: queryInt('files on the page', { min: 1, max: 10_000, default: 1000 }),
    }),
    answer: z.object({ files: z.array(ListedFile), after: Id.nullable() }),
    failures: FOLDER,
  }),
  getFile: route({
    ...common,
    method: 'post',
    path: '/v1/files/get',
    summary:
      'Fetch a file from whoever holds it; nothing there is replaced, and the node goes on when the caller goes',
    body: z.strictObject({ name: FileName, path: Path }),
    form: 'lines',
    answer: GetStep,
    failures: [...FINDING, 'not-a-file', 'file-exists', 'cannot-write', 'bad-content', 'interrupted'],
  }),
  stopGetting: route({
    ...common,
    method: 'post',
    path: '/v1/files/stop',
    summary: 'Give up on a fetch that goes on',
    body: z.strictObject({ name: FileName, path: Path }),
    answer: z.object({ stopped: z.boolean() }),
    failures: FINDING,
  }),
  sendFile: route({
    ...common,
    method: 'post',
    path: '/v1/files/send',
    summary: 'Offer a file to members, or to all; it stays where it is',
    body: z.strictObject({
      path: Path,
      to: z.array(Who).max(1000).default([]),
      all: z.boolean().default(false),
    }),
    form: 'lines',
    answer: SendStep,
    failures: [
      ...WRITING,
      'unknown-member',
      'ambiguous',
      'no-recipients',
      'own-file',
      'cannot-read',
      'file-changed',
      'too-large',
      'bad-name',
    ],
  }),
  filesSettings: route({
    ...common,
    method: 'get',
    path: '/v1/files/settings',
    summary: 'How fast files may come and go',
    answer: Settings,
    failures: [],
  }),
  changeFilesSettings: route({
    ...common,
    method: 'put',
    path: '/v1/files/settings',
    summary: 'Set it',
    body: Settings,
    answer: Settings,
    failures: [],
  }),
  fileVersions: route({
    ...common,
    method: 'get',
    path: '/v1/files/versions',
    summary: 'Every version of a file, the newest first',
    query: z.strictObject({ name: FileName }),
    answer: z.object({ versions: z.array(FileVersion) }),
    failures: FINDING,
  }),
  restoreFile: route({
    ...common,
    method: 'post',
    path: '/v1/files/restore',
    summary: 'Put an earlier version back in place, as a new one',
    body: z.strictObject({ name: FileName }),
    answer: FileGot,
    failures: [...FINDING, 'not-in-step', 'no-such-version', 'nobody-has-it'],
  }),
  filesKeeping: route({
    ...common,
    method: 'get',
    path: '/v1/files/keeping',
    summary: 'How long replaced and deleted files can be had back',
    answer: Keeping,
    failures: [],
  }),
  changeFilesKeeping: route({
    ...common,
    method: 'put',
    path: '/v1/files/keeping',
    summary: 'Set it; what is too old, or too much, then goes at once',
    body: Keeping,
    answer: Keeping,
    failures: [],
  }),
  folders: route({
    ...common,
    method: 'get',
    path: '/v1/folders',
    summary: 'Folders that this member may see',
    answer: z.object({ folders: z.array(FolderStatus) }),
    failures: [],
  }),
  folder: route({
    ...common,
    method: 'get',
    path: '/v1/folders/{folder}',
    summary: 'One folder: how far it is in step',
    params: z.object({ folder: Folder }),
    answer: FolderStatus,
    failures: FOLDER,
  }),
  addFolder: route({
    ...common,
    method: 'post',
    path: '/v1/folders',
    summary: 'Share a folder',
    body: z.strictObject({
      name: z.string(),
      path: Path.optional(),
      mode: Mode.default('sync'),
      only: z.array(Who).max(LIMITS.folderMembers).default([]).meta({ description: 'left out: all members' }),
    }),
    answer: FolderStatus,
    failures: [...WRITING, ...PLACE, 'bad-name', 'unknown-member', 'ambiguous', 'no-such-folder'],
  }),
  joinFolder: route({
    ...common,
    method: 'post',
    path: '/v1/folders/{folder}/join',
    summary: 'Take part in a folder; nothing that is there is erased',
    params: z.object({ folder: Folder }),
    body: z.strictObject({ path: Path.optional(), mode: Mode.default('sync') }),
    answer: FolderStatus,
    failures: [...FOLDER, ...WRITING, ...PLACE, 'not-entitled'],
  }),
  changeFolderMembers: route({
    ...common,
    method: 'post',
    path: '/v1/folders/{folder}/members',
    summary: 'Let members into a folder that is for some, or take them out',
    params: z.object({ folder: Folder }),
    body: z.strictObject({
      add: z.array(Who).max(LIMITS.folderMembers).default([]),
      remove: z.array(Who).max(LIMITS.folderMembers).default([]),
    }),
    answer: FolderStatus,
    failures: [...FOLDER, ...WRITING, 'unknown-member', 'not-yours'],
  }),
  leaveFolder: route({
    ...common,
    method: 'post',
    path: '/v1/folders/{folder}/leave',
    summary: 'Take no part any more; nothing is erased',
    params: z.object({ folder: Folder }),
    answer: FolderStatus,
    failures: [...FOLDER, ...WRITING],
  }),
  resumeFolder: route({
    ...common,
    method: 'post',
    path: '/v1/folders/{folder}/resume',
    summary: 'Go on where a brake stopped it; where none did, give up disks inside of it that are gone',
    params: z.object({ folder: Folder }),
    answer: FolderStatus,
    failures: [...FOLDER, 'not-in-step'],
  }),
  folderConflicts: route({
    ...common,
    method: 'get',
    path: '/v1/conflicts',
    summary:
      'Paths that several wrote without knowing of each other, with what each wrote; a thousand versions at once',
    query: z.strictObject({ folder: Folder.optional() }),
    answer: z.object({ versions: z.array(FileVersion) }),
    failures: FOLDER,
  }),
};
