/** What any path must be before anybody looks at it: where it comes from is another's machine. */
import { malformed } from '../../base/cbor.ts';
import { LIMITS } from '../../base/limits.ts';

/** What is wrong with a path wherever it is to stand; whoever keeps folders on a disk has more to ask (`folder/paths.ts`). */
export type PathFault = 'empty' | 'not-text' | 'not-normal' | 'too-long' | 'too-deep' | 'leads-out';

const WORDS: Readonly<Record<PathFault, string>> = {
  empty: 'it is empty, or a name in it is',
  'not-text': 'it has control characters',
  'not-normal': 'it is not in the normal form of Unicode',
  'too-long': 'it is too long, or a name in it is',
  'too-deep': 'it lies in too many folders',
  'leads-out': 'it leads elsewhere',
};

/** Control characters and halves of characters. */
const NO_TEXT = /\p{Cc}|\p{Surrogate}/u;

export function generalFault(path: string, mostBytes: number = LIMITS.filePathBytes): PathFault | undefined {
  if (path === '') return 'empty';
  if (NO_TEXT.test(path)) return 'not-text';
  if (path.normalize('NFC') !== path) return 'not-normal';
  if (Buffer.byteLength(path) > mostBytes) return 'too-long';
  for (const name of path.split('/')) {
    if (name === '') return 'empty';
    if (name === '.' || name === '..') return 'leads-out';
    if (Buffer.byteLength(name) > LIMITS.fileNameBytes) return 'too-long';
  }
  return namesIn(path) > LIMITS.filePathNames ? 'too-deep' : undefined;
}

export function namesIn(path: string): number {
  return path.split('/').length;
}

/** Why this is no path within a folder; undefined when it is one. */
export function whyNoPath(path: string): string | undefined {
  const fault = generalFault(path);
  return fault === undefined ? undefined : WORDS[fault];
}

/** @throws KithError `malformed` */
export function checkedPath(value: unknown): string {
  if (typeof value !== 'string' || whyNoPath(value) !== undefined) throw malformed('no path within a folder');
  return value;
}
