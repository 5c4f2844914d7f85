/** What is not kept in step: what systems and editors leave behind, and what the folder's own list says. */
import ignore from 'ignore';
import { isBelow, CONTROL } from './paths.ts';

/** Patterns as Git has them, a line each; it is a file like any other, so everybody has the same. */
export const IGNORE_FILE = '.kithignore';
/** A longer one counts as none. */
export const IGNORE_BYTES = 256 * 1024;

const ALWAYS = [
  '.DS_Store',
  '._*',
  'Thumbs.db',
  'desktop.ini',
  '.Trash-*',
  '.fuse_hidden*',
  '.nfs*',
  // Open in an editor or an office, or still coming down.
  '.*.sw[a-px]',
  '.#*',
  '.~lock.*#',
  '~$*',
  '*.crdownload',
  '*.part',
  '.goutputstream-*',
];

export type Ignoring = (path: string, isFolder: boolean) => boolean;

export function ignoring(patterns: string): Ignoring {
  const rules = ignore({ ignorecase: false }).add(ALWAYS).add(patterns);
  return (path, isFolder) =>
    path === CONTROL || isBelow(path, CONTROL) || rules.ignores(isFolder ? `${path}/` : path);
}
