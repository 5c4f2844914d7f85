/**
 * Paths inside a folder: relative, segments joined by `/`, in NFC. Checked once, where they come in; whatever comes out
 * leads nowhere but into the folder. What is legal here and not on another system is said, never mangled.
 */
import { LIMITS } from '../../base/limits.ts';
import { generalFault, namesIn, type PathFault } from '../index/paths.ts';

export type FolderPathFault = PathFault | 'absolute' | 'reserved';

/** kith's own corner of a folder: marker, files under way, files that were replaced. Never listed, never sent. */
export const CONTROL = '.kith';

const PATH_BYTES = 1024;

/** What Windows cannot hold; macOS and Linux hold all that `pathFault` lets pass. */
// eslint-disable-next-line no-control-regex -- these are the very characters that it is about
const NOT_FOR_WINDOWS = /[\u0000-\u001f<>:"|?*\\]|[ .]$/;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])( *\.|$)/i;

export function pathFault(path: string): FolderPathFault | undefined {
  if (path.startsWith('/')) return 'absolute';
  const fault = generalFault(path, PATH_BYTES);
  if (fault !== undefined) return fault;
  return foldKey(path.split('/')[0] ?? '') === CONTROL ? 'reserved' : undefined;
}

/** Can Windows hold it? Elsewhere whatever passes `pathFault` can be held. */
export function fitsWindows(path: string): boolean {
  return path.split('/').every((segment) => !NOT_FOR_WINDOWS.test(segment) && !DEVICE.test(segment));
}

/** Two paths with one key are one file where case or Unicode forms are not told apart. */
export function foldKey(path: string): string {
  return path.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

export function isBelow(path: string, folder: string): boolean {
  return folder === '' || path.startsWith(`${folder}/`);
}

/** Every folder on the way to it, the outermost first. */
export function foldersOf(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, at) => segments.slice(0, at + 1).join('/'));
}

/** Whether a symbolic link at `path` stays inside the folder, as far as its text says. */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || /^[A-Za-z]:|^\\/.test(target))
    return false;
  let depth = namesIn(path) - 1;
  let inControl = false;
  for (const [at, segment] of target.split(/[/\\]/).entries()) {
    if (segment === '..') depth -= 1;
    else if (segment !== '.' && segment !== '') {
      inControl ||= depth === 0 && foldKey(segment) === CONTROL;
      depth += 1;
    }
    if (depth < 0 || at > LIMITS.filePathNames * 2) return false;
  }
  return !inControl;
}

/** `reports/may.txt` with `(conflict …)` before its ending. Cut so that it fits, at a whole character. */
export function namedApart(path: string, label: string): string {
  const parent = parentOf(path);
  const name = path.slice(parent === '' ? 0 : parent.length + 1);
  const dot = name.lastIndexOf('.');
  const ending = dot > 0 && name.length - dot <= 12 ? name.slice(dot) : '';
  const suffix = ` (${safeLabel(label)})${ending}`;
  let stem = Array.from(name.slice(0, name.length - ending.length));
  while (stem.length > 0 && Buffer.byteLength(stem.join('') + suffix) > LIMITS.fileNameBytes)
    stem = stem.slice(0, -1);
  return joined(parent, `${stem.join('')}${suffix}`.normalize('NFC'));
}

/** People's names may hold what no file name may. */
function safeLabel(label: string): string {
  // eslint-disable-next-line no-control-regex -- see above
  const safe = label.replaceAll(/[\u0000-\u001f<>:"|?*\\/]|\p{Surrogate}/gu, '_');
  return Array.from(safe).slice(0, 60).join('').trim();
}
