/** Which file somebody means by what they type, among any number of one name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import { file, FileWorld } from '../../../test/support/file-world.ts';
import { syncAll } from '../../../test/support/log-world.ts';
import type { FilesContext } from './files-describe.ts';
import { findVersion } from './files-find.ts';

test('a whole path is found beside more of one name than are looked at; of the name alone it is said that they are too many', () => {
  const the = new FileWorld();
  const ada = the.world.founder;
  const ben = the.world.admit('Ben', 'member');
  const [a, b] = [the.indexOf(ada), the.indexOf(ben)];
  const id = a.found('Reports');
  syncAll(ada, ben);
  const [mine, theirs] = [a.folder(id), b.folder(id)];
  assert.ok(mine && theirs);
  b.publish(
    theirs,
    Array.from({ length: 1001 }, (_, n) => file(`junk/${String(n)}/plan.txt`, String(n))),
  );
  syncAll(ada, ben);
  a.publish(mine, [file('may/plan.txt', 'may'), file('may/list', 'list')]);
  const { state } = file('offered/plan.txt', 'offered');
  b.offer({ path: 'plan.txt', state, renamedFrom: undefined }, undefined);
  syncAll(ada, ben);
  const context = {
    files: () => ({ index: a }),
    session: () => ({ log: ada.log }),
  } as unknown as FilesContext;
  const found = (name: string): string => findVersion(context, name).path;
  for (const name of ['may/plan.txt', './may/plan.txt', 'Reports/may/plan.txt', 'list'])
    assert.match(found(name), /^may\/(plan\.txt|list)$/);
  assert.equal(found(`Ben/plan.txt`), 'plan.txt');
  const { id: version } = findVersion(context, 'may/plan.txt');
  assert.equal(found(`may/plan.txt@${version.slice(0, 12)}`), 'may/plan.txt');
  const refused = (name: string, code: string, words: RegExp): void => {
    assert.throws(
      () => findVersion(context, name),
      (error) => isKithError(error, code) && words.test(error.message),
    );
  };
  refused('plan.txt', 'ambiguous', /fits several: .{1,2000}; and others\.$/);
  refused('june/plan.txt', 'ambiguous', /More than 1000 files are called/);
  refused('nothing', 'unknown-file', /No file/);
});
