import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { Backlog } from './backlog.ts';

/** Is there room once everything that can go on has gone on? */
async function hasRoom(backlog: Backlog): Promise<boolean> {
  let isThere = false;
  void backlog.room().then(() => {
    isThere = true;
  });
  await setImmediate();
  return isThere;
}

test('who finds files waits while enough small ones are to be read, and goes on with the first that is', async () => {
  const backlog = new Backlog({ files: 3, sizeBytes: 100 });
  backlog.add(1);
  backlog.add(1);
  assert.equal(await hasRoom(backlog), true);
  backlog.add(1);
  assert.equal(await hasRoom(backlog), false);
  const waiting = backlog.room();
  backlog.done(1);
  await waiting;
  assert.equal(await hasRoom(backlog), true);
});

test('nobody waits for what takes long', async () => {
  const backlog = new Backlog({ files: 3, sizeBytes: 100 });
  for (const sizeBytes of [1, 1, 1]) backlog.add(sizeBytes);
  const waiting = backlog.room();
  backlog.add(1000);
  await waiting;
  backlog.done(1000);
  assert.equal(await hasRoom(backlog), false);
});
