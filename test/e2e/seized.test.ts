/** Letters on disks that somebody took: a carrier's, and a receiver's with every key that lies there. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LetterDetail } from '../../src/api/contract.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { allBytesIn } from '../support/folder.ts';
import { scene, step } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
const OLD = 'the old letter says heliotrope';
const ANSWER = 'the answer says vermilion';
const LATE = 'the late letter says cerulean';

async function texts(node: NodeProcess): Promise<string[]> {
  return (await node.call('inbox', { limit: 1000 })).letters.map(({ text }) => text);
}

async function addressOf(node: NodeProcess): Promise<string> {
  return (await node.call('status', {})).listening[0] ?? '';
}

/** As it is, and as programs like to write it down. */
function findsIn(folder: string, text: string): boolean {
  const bytes = allBytesIn(folder);
  const plain = Buffer.from(text);
  return [plain, Buffer.from(text, 'utf16le'), Buffer.from(plain.toString('hex'))].some((form) =>
    bytes.includes(form),
  );
}

/** What this node carries, on a stick: the recorded flood. */
async function record(node: NodeProcess, file: string, letters: number): Promise<void> {
  await until(`${node.name} carries ${String(letters)}`, async () => {
    const said = await node.json<{ letters: number }>(['bundle', 'export', file, '--yes']);
    return said.letters === letters;
  });
}

scene('what lies on a carrier’s and on a receiver’s disk gives no old letter away', async (stage, t) => {
  const ada = await stage.founder('Ada', ALONE);
  const ben = await stage.joiner(ada, 'Ben', ALONE);
  const cho = await stage.joiner(ada, 'Cho', ALONE);
  await ada.json(['send', 'Cho', 'hello', '--wait']);
  await cho.json(['send', 'Ada', 'hello', '--wait']);
  await ben.call('addPeer', { address: await addressOf(ada) });
  const copy = stage.node('Copy of Cho');

  await step(t, 'a letter is carried, arrives, is read and answered; the copies are dropped', async () => {
    await cho.stop();
    const { id } = await ada.json<LetterDetail>(['send', 'Cho', OLD]);
    await until('Ben carries it', async () => (await ada.call('letter', { id })).carriers.includes(2));
    await record(ben, stage.path('flood'), 1);
    assert.ok(!findsIn(ben.data, OLD), 'not while it is carried either');
    await cho.up([...ALONE, '--peer', await addressOf(ben)]);
    await until('Cho has it', async () => (await texts(cho)).includes(OLD));
    await cho.json(['letter', id]);
    await until('Ada knows', async () => (await ada.call('letter', { id })).status === 'read');
    await cho.json(['send', 'Ada', ANSWER, '--wait']);
    await record(ben, stage.path('nothing'), 0);
  });

  await step(t, 'a letter that comes too late is with the carrier when the disks are taken', async () => {
    await cho.stop();
    const { id } = await ada.json<LetterDetail>(['send', 'Cho', LATE]);
    await until('Ben carries it', async () => (await ada.call('letter', { id })).carriers.includes(2));
    await record(ben, stage.path('late'), 1);
    await Promise.all([ada.stop(), ben.stop()]);
  });

  await step(t, 'no byte of either disk shows a text', () => {
    for (const { data } of [ben, cho]) {
      assert.ok(findsIn(data, 'Camp North'), 'the search finds what lies there in the clear');
      for (const text of [OLD, ANSWER, LATE]) assert.ok(!findsIn(data, text), `${text} in ${data}`);
    }
    return Promise.resolve();
  });

  await step(t, 'with all its keys and the recorded flood, what was opened does not open again', async () => {
    cpSync(cho.data, copy.data, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    forgetLetters(copy.data);
    await copy.up(ALONE);
    assert.deepEqual(await texts(copy), [], 'the inbox is gone');
    await copy.json(['bundle', 'import', stage.path('flood')]);
    await copy.json(['bundle', 'import', stage.path('late')]);
    // What had not arrived does open, as docs/THREATS.md says: so the keys are there, and the old letter was tried.
    await until('the late letter opens', async () => (await texts(copy)).includes(LATE));
    assert.deepEqual(await texts(copy), [LATE]);
    const { stdout } = await copy.kith(['log', '--lines', '1000']);
    assert.match(stdout, /cannot be opened/);
    await copy.stop();
    assert.ok(!findsIn(copy.data, OLD));
  });
});

/** All that says that a letter came: as if the thief had only the keys, and tried everything again. */
function forgetLetters(folder: string): void {
  const database = new DatabaseSync(join(folder, 'kith.db'));
  for (const table of ['mail_inbox', 'mail_receipts', 'mail_gone', 'mail_letters'])
    database.exec(`DELETE FROM ${table}`);
  database.close();
}
