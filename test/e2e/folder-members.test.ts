/** A folder that is for some: its parts go from node to node to those who are in it, and to nobody else. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import type { Answer } from '../../src/api/contract.ts';
import { scene, step } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
type Members = Answer<'changeFolderMembers'>;

function textAt(root: string, name: string): string | undefined {
  try {
    return readFileSync(join(root, name), 'utf8');
  } catch {
    return undefined;
  }
}

async function has(root: string, name: string, text: string): Promise<void> {
  await until(`${name} is in ${root}`, async () => textAt(root, name) === text);
}

/** What both logs hold is the same in number: all that one had to say, the other has heard. */
async function heardAll(one: NodeProcess, other: NodeProcess): Promise<void> {
  await until(`${one.name} and ${other.name} have heard the same`, async () => {
    const [here, there] = await Promise.all([one.call('status', {}), other.call('status', {})]);
    return here.entries === there.entries;
  });
}

async function namesAt(node: NodeProcess): Promise<string[]> {
  return (await node.call('folders', {})).folders.map(({ name }) => name);
}

scene('a folder that is for some', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const cho = await stage.joiner(ada, 'Cho', ALONE);
  const [a, b, c] = [ada, ben, cho].map((node) => stage.path(`${node.name}'s patients`)) as [
    string,
    string,
    string,
  ];
  mkdirSync(a);
  writeFileSync(join(a, 'first'), 'of Ada');

  await step(
    t,
    'who is in it gets it, and who is not sees that there is something, and nothing of it',
    async () => {
      const added = await ada.json<Members>(['folder', 'add', a, '--name', 'Patients', '--only', 'Ben']);
      assert.deepEqual(added.members, [1, 2]);
      await until('Ben sees it', async () => (await namesAt(ben)).includes('Patients'));
      await ben.json(['folder', 'join', 'Patients', b]);
      await has(b, 'first', 'of Ada');
      writeFileSync(join(b, 'second'), 'of Ben');
      await has(a, 'second', 'of Ben');
      await heardAll(ada, cho);
      assert.deepEqual(await namesAt(cho), []);
      assert.deepEqual((await cho.call('files', {})).files, []);
      const refused = await cho.kith(['folder', 'join', 'Patients', c, '--json']);
      assert.match(refused.stderr, /"code":"unknown-folder"/);
    },
  );

  await step(t, 'only the device that shared it says who is in', async () => {
    const refused = await ben.kith(['folder', 'members', 'Patients', '--add', 'Cho', '--json']);
    assert.match(refused.stderr, /"code":"not-yours"/);
  });

  await step(
    t,
    'who is let in later gets all that was there before, by whomever it was written',
    async () => {
      const changed = await ada.json<Members>(['folder', 'members', 'Patients', '--add', 'Cho']);
      assert.deepEqual(changed.members, [1, 2, 3]);
      await until('Cho sees it', async () => (await namesAt(cho)).includes('Patients'));
      await cho.json(['folder', 'join', 'Patients', c]);
      await has(c, 'first', 'of Ada');
      await has(c, 'second', 'of Ben');
    },
  );

  await step(
    t,
    'who is taken out keeps what is there and gets nothing new; nobody loses what it wrote',
    async () => {
      await ada.json(['folder', 'members', 'Patients', '--remove', 'Ben']);
      const isOut = async (): Promise<boolean> =>
        (await ben.call('folder', { folder: 'Patients' })).away === 'taken-out';
      await until('Ben hears of it', isOut);
      writeFileSync(join(a, 'third'), 'after Ben');
      writeFileSync(join(b, 'fourth'), 'Ben’s own');
      await has(c, 'third', 'after Ben');
      await heardAll(ada, ben);
      assert.deepEqual(
        readdirSync(b)
          .filter((name) => !name.startsWith('.'))
          .sort(),
        ['first', 'fourth', 'second'],
      );
      assert.deepEqual(
        (await ben.call('files', {})).files.filter(({ path }) => path === 'third'),
        [],
      );
      for (const root of [a, c]) {
        assert.equal(textAt(root, 'second'), 'of Ben');
        assert.equal(textAt(root, 'fourth'), undefined);
      }
      const refused = await ben.kith(['folder', 'join', 'Patients', b, '--json']);
      assert.match(refused.stderr, /"code":"not-entitled"/);
    },
  );

  await step(t, 'who is let in again goes on where it was, with what it wrote meanwhile', async () => {
    await ada.json(['folder', 'members', 'Patients', '--add', 'Ben']);
    await has(b, 'third', 'after Ben');
    await has(a, 'fourth', 'Ben’s own');
    await has(c, 'fourth', 'Ben’s own');
  });
});
