/**
 * Paths inside a folder: relative, segments joined by `/`, in NFC. Checked once, where they come in; whatever comes out
 * leads nowhere but into the folder. What is legal here and not on another system is said, never mangled.
 */
export type PathFault =
  'empty' | 'absolute' | 'leads-out' | 'not-text' | 'not-normal' | 'too-long' | 'too-deep' | 'reserved';

/** kith's own corner of a folder: marker, files under way, files that were replaced. Never listed, never sent. */
export const CONTROL = '.kith';

const SEGMENT_BYTES = 255;
const PATH_BYTES = 1024;
const DEPTH = 64;

/** Control characters and halves of characters: no version of such a path is taken by anybody. */
const NO_TEXT = /\p{Cc}|\p{Surrogate}/u;
/** What Windows cannot hold; macOS and Linux hold all that `pathFault` lets pass. */
// eslint-disable-next-line no-control-regex -- these are the very characters that it is about
const NOT_FOR_WINDOWS = /[\u0000-\u001f<>:"|?*\\]|[ .]$/;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])( *\.|$)/i;

export function pathFault(path: string): PathFault | undefined {
  if (path === '') return 'empty';
  if (path.startsWith('/')) return 'absolute';
  if (NO_TEXT.test(path)) return 'not-text';
  if (path.normalize('NFC') !== path) return 'not-normal';
  if (Buffer.byteLength(path) > PATH_BYTES) return 'too-long';
  const segments = path.split('/');
  if (segments.length > DEPTH) return 'too-deep';
  if (foldKey(segments[0] ?? '') === CONTROL) return 'reserved';
  for (const segment of segments) {
    if (segment === '') return 'empty';
    if (segment === '.' || segment === '..') return 'leads-out';
    if (Buffer.byteLength(segment) > SEGMENT_BYTES) return 'too-long';
  }
  return undefined;
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

export function depthOf(path: string): number {
  return path.split('/').length;
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
  let depth = depthOf(path) - 1;
  let inControl = false;
  for (const [at, segment] of target.split(/[/\\]/).entries()) {
    if (segment === '..') depth -= 1;
    else if (segment !== '.' && segment !== '') {
      inControl ||= depth === 0 && foldKey(segment) === CONTROL;
      depth += 1;
    }
    if (depth < 0 || at > DEPTH * 2) return false;
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
  while (stem.length > 0 && Buffer.byteLength(stem.join('') + suffix) > SEGMENT_BYTES)
    stem = stem.slice(0, -1);
  return joined(parent, `${stem.join('')}${suffix}`.normalize('NFC'));
}

/** People's names may hold what no file name may. */
function safeLabel(label: string): string {
  // eslint-disable-next-line no-control-regex -- see above
  const safe = label.replaceAll(/[\u0000-\u001f<>:"|?*\\/]|\p{Surrogate}/gu, '_');
  return Array.from(safe).slice(0, 60).join('').trim();
}
