/** A folder of too many files is refused before it is shared. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/folder.ts';
import { mustBeFew } from './folder-census.ts';

test('folders count like files, what is ignored does not, and one too many is refused with a way out', async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'a/b'), { recursive: true });
  for (const name of ['a/1', 'a/b/2', 'a/b/3', 'c.part']) writeFileSync(join(root, name), name);
  await mustBeFew(root, 5);
  writeFileSync(join(root, 'a/b/4'), '');
  await assert.rejects(mustBeFew(root, 5), (error: Error & { code?: string; next?: string }) => {
    assert.deepEqual(error.code, 'too-many-files');
    assert.match(error.message, /more than 5 files and folders/);
    assert.match(error.next ?? '', /\.kithignore/);
    return true;
  });
  writeFileSync(join(root, '.kithignore'), 'b/\n');
  await mustBeFew(root, 5);
  await mustBeFew(join(root, 'not there'), 0);
  rmSync(join(root, '.kithignore'));
  await mustBeFew(root, 6);
});
