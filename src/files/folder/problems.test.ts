/** What is said of paths that are not in step stays short, whoever makes however many of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../base/ports.ts';
import { Problems } from './problems.ts';

function counting() {
  const said = { lines: [] as string[], changes: 0 };
  const logger = { ...silentLogger, warn: (_: object, message: string) => said.lines.push(message) };
  const problems = new Problems(logger, () => {
    said.changes += 1;
  });
  return { said, problems };
}

test('a thousand are listed, a hundred logged, and one more line says that there are more', () => {
  const { said, problems } = counting();
  for (let n = 0; n < 5000; n += 1) problems.add(`path ${String(n)}`, 'name');
  assert.deepEqual([problems.all.size, said.changes, said.lines.length], [1000, 1000, 101]);
  assert.match(said.lines.at(-1) ?? '', /more paths/);
  // Those that are listed change, and that of the folder as a whole is always there.
  problems.add('path 3', 'denied');
  problems.add('', 'too-many');
  assert.deepEqual([problems.all.get('path 3'), problems.all.get('')], ['denied', 'too-many']);
  assert.deepEqual([problems.all.size, said.lines.length], [1001, 101]);
});

test('said again it is not said; where one goes another has room, and when all is well logging begins anew', () => {
  const { said, problems } = counting();
  for (let n = 0; n < 3; n += 1) problems.add('a', 'io');
  assert.deepEqual([said.lines.length, said.changes], [1, 1]);
  for (let n = 0; n < 1000; n += 1) problems.add(`path ${String(n)}`, 'name');
  assert.equal(problems.all.has('path 999'), false);
  problems.remove('a');
  problems.add('path 999', 'name');
  assert.equal(problems.all.has('path 999'), true);
  const before = said.lines.length;
  for (const path of [...problems.all.keys()]) problems.remove(path);
  problems.add('a', 'io');
  assert.deepEqual([problems.all.size, said.lines.length], [1, before + 1]);
});
