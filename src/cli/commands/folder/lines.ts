/** Folders and versions, for people. */
import type { FileVersion, FolderStatus } from '../../../api/contract.ts';
import type { Context } from '../../context.ts';
import { called, clean, counted, localTime, shortId, sizeInWords, table } from '../../render.ts';

export function folderTable({ out }: Context, folders: readonly FolderStatus[]): string[] {
  const rows = folders.map((folder) => [
    shortId(folder.folder),
    clean(folder.name),
    folder.mode ?? '-',
    `${counted(folder.files, 'file')}, ${sizeInWords(folder.bytes)}`,
    stateOf(folder),
    clean(folder.path ?? ''),
  ]);
  return table(['ID', 'NAME', 'MODE', 'HOLDS', 'STATE', 'PATH'], rows, out.paintData);
}

function stateOf(folder: FolderStatus): string {
  if (folder.paused) return 'stopped: look at it, then resume';
  if (folder.away === 'missing') return 'not there: nothing is done until it is';
  if (folder.away === 'another') return 'another folder lies there: nothing is done';
  if (folder.away === 'taken-out') return 'you were taken out: your files stay as they are';
  if (folder.mode === null) return 'not joined';
  if (folder.problems.some(({ path, problem }) => path === '' && problem === 'too-many'))
    return 'too many files: the rest is left out';
  const states = [
    folder.conflicts === 0 ? '' : counted(folder.conflicts, 'conflict'),
    folder.problems.length === 0 ? '' : counted(folder.problems.length, 'problem'),
    folder.missing === 0 ? '' : `${String(folder.missing)} missing`,
  ].filter((text) => text !== '');
  return states.length > 0 ? states.join(', ') : folder.inStep ? 'in step' : 'not in step';
}

const MOST_PROBLEMS = 10;

/** Which paths are not in step, and why; the first few of each folder. */
export function problemLines(context: Context, folders: readonly FolderStatus[]): string[] {
  return folders.flatMap(({ name, problems }) => {
    const ofPaths = problems.filter(({ path }) => path !== '');
    const shown = ofPaths.slice(0, MOST_PROBLEMS);
    const rest = ofPaths.length - shown.length;
    return [
      ...shown.map(
        ({ path, problem }) => `${clean(name)}/${clean(path)}: ${PROBLEMS.get(problem) ?? clean(problem)}`,
      ),
      ...(rest === 0
        ? []
        : [`${clean(name)}: ${String(rest)} more, see ${context.command('folder status --json')}`]),
    ];
  });
}

const PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['name', 'such a name cannot stand in a folder: rename it'],
  ['too-deep', 'too many folders deep: it stays here, and is not shared'],
  ['clash', 'another differs by capitals or accents alone: rename one of the two'],
  ['not-everywhere', 'shared, and not every system can hold that name'],
  ['leads-out', 'a link that leads out of the folder: it is not shared'],
  ['denied', 'kith may not read or write it'],
  ['full', 'the disk is full'],
  ['read-only', 'the disk cannot be written to'],
  ['cannot-hold', 'the disk cannot hold it, or it lies on another disk than the rest of the folder'],
  [
    'disk-gone',
    'its disk is not there, and nothing beneath it is touched until it is back; gone for good: kith folder resume',
  ],
  ['io', 'it cannot be read or written: tried again'],
]);

export function versionTable({ out }: Context, versions: readonly FileVersion[]): string[] {
  const rows = versions.map((version) => [
    `@${shortId(version.version)}`,
    clean(version.path),
    version.state === 'file' ? sizeInWords(version.size) : version.state,
    localTime(version.modifiedAt),
    called({ member: version.from, name: version.fromName }),
    version.current ? 'current' : '',
    version.sure === null ? '' : SURE[version.sure],
  ]);
  return table(['VERSION', 'FILE', 'SIZE', 'CHANGED', 'BY', '', 'CAN BE HAD BACK'], rows, out.paintData);
}

const SURE: Readonly<Record<NonNullable<FileVersion['sure']>, string>> = {
  here: 'here',
  reachable: 'from its holder',
  said: 'when its holder is back',
  nobody: 'no more: nobody has it',
};
