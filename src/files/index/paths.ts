/** What any path must be before anybody looks at it: where it comes from is another's machine. */
import { malformed } from '../../base/cbor.ts';
import { LIMITS } from '../../base/limits.ts';

/** Why this is no path within a folder; undefined when it is one. */
export function whyNoPath(path: string): string | undefined {
  if (path === '' || Buffer.byteLength(path) > LIMITS.filePathBytes) return 'it is empty, or too long';
  if (path.normalize('NFC') !== path) return 'it is not in the normal form of Unicode';
  if (/\p{Cc}|\p{Cs}/u.test(path)) return 'it has control characters';
  for (const name of path.split('/')) {
    if (name === '' || name === '.' || name === '..') return 'it leads elsewhere';
    if (Buffer.byteLength(name) > LIMITS.fileNameBytes) return 'a name in it is too long';
  }
  return undefined;
}

/** @throws KithError `malformed` */
export function checkedPath(value: unknown): string {
  if (typeof value !== 'string' || whyNoPath(value) !== undefined) throw malformed('no path within a folder');
  return value;
}
