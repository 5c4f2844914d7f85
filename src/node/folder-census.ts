/** How many paths a folder has, before it is shared: too many are refused while nothing is written yet. */
import { lstat, opendir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KithError } from '../base/errors.ts';
import { IGNORE_BYTES, IGNORE_FILE, ignoring, type Ignoring } from '../files/folder/ignoring.ts';
import { joined } from '../files/folder/paths.ts';

/** What cannot be read is left to whoever keeps the folder in step. @throws KithError `too-many-files` */
export async function mustBeFew(root: string, most: number): Promise<void> {
  if ((await countPaths(root, most)) <= most) return;
  const limit = most.toLocaleString('en');
  throw new KithError(
    'too-many-files',
    `${root} has more than ${limit} files and folders, more than kith shares in one.`,
    {
      next: `Share folders in it one by one, or leave out what nobody needs in a file ${IGNORE_FILE} there.`,
    },
  );
}

/** @returns one more than `most` when there are more: it looks no further. */
async function countPaths(root: string, most: number): Promise<number> {
  const isIgnored = await ignoredIn(root);
  const folders = [''];
  let count = 0;
  for (const folder of folders) {
    const entries = await opendir(join(root, folder), { bufferSize: 256 }).catch(() => undefined);
    if (entries === undefined) continue;
    for await (const entry of entries) {
      const path = joined(folder, entry.name);
      if (isIgnored(path.normalize('NFC'), entry.isDirectory())) continue;
      count += 1;
      if (count > most) return count;
      if (entry.isDirectory()) folders.push(path);
    }
  }
  return count;
}

async function ignoredIn(root: string): Promise<Ignoring> {
  const path = join(root, IGNORE_FILE);
  const look = await lstat(path).catch(() => undefined);
  const isList = look?.isFile() === true && look.size <= IGNORE_BYTES;
  return ignoring(isList ? await readFile(path, 'utf8').catch(() => '') : '');
}
