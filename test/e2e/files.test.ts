/** Files between real nodes: whatever they are made of, whoever is killed, whoever lies. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../../src/api/contract.ts';
import type { NodeProcess } from '../../scripts/nodes/node-process.ts';
import { until } from '../../scripts/nodes/until.ts';
import { scene, step, type Stage } from '../support/stage.ts';

const ALONE = ['--no-mdns', '--listen', '127.0.0.1:0'];
/** Item 9 asks for 1024. */
const LARGE_BYTES = Number(process.env['KITH_MIB'] ?? 40) * 1024 * 1024;
/** However busy the machine is. */
const COMING_MS = 90_000 + LARGE_BYTES / 1000;

type Listed = Answer<'files'>['files'][number];

const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

async function listed(node: NodeProcess, path: string): Promise<Listed> {
  return until(`${node.name} knows of ${path}`, async () =>
    (await node.call('files', { limit: 10_000 })).files.find((file) => file.path === path),
  );
}

async function get(node: NodeProcess, name: string, path: string): Promise<void> {
  for await (const one of node.client.lines('getFile', { name, path })) if (one.step === 'done') return;
  throw new Error(`${name} did not come`);
}

async function send(
  node: NodeProcess,
  path: string,
  ...to: string[]
): Promise<Answer<'sendFile'> & { step: 'done' }> {
  for await (const one of node.client.lines('sendFile', { path, to, all: to.length === 0 }))
    if (one.step === 'done') return one;
  throw new Error(`${path} was not sent`);
}

function made(stage: Stage, name: string, bytes: Uint8Array): string {
  mkdirSync(stage.path('files'), { recursive: true });
  const path = join(stage.path('files'), name);
  writeFileSync(path, bytes);
  return path;
}

async function peerOf(node: NodeProcess): Promise<string[]> {
  return ['--peer', (await node.call('status', {})).listening[0] ?? ''];
}

scene(
  'files between three nodes',
  async (stage, t) => {
    const ada = await stage.founder('Ada', ALONE);
    const ben = await stage.joiner(ada, 'Ben', ALONE);
    const cho = await stage.joiner(ada, 'Cho', ALONE);
    mkdirSync(stage.path('got'));

    await step(t, 'any file: empty, binary, oddly named', async () => {
      for (const [name, bytes] of [
        ['empty', new Uint8Array()],
        ['-rf ~ "$HOME" မြန်မာ 🦩.txt', Buffer.from('odd')],
        ['binary', randomBytes(3_000_000)],
      ] as const) {
        const path = made(stage, name, bytes);
        const sent = await send(ada, path);
        assert.equal(sent.size, bytes.byteLength);
        const file = await listed(ben, name.normalize('NFC'));
        assert.deepEqual([file.version, file.size, file.from], [sent.version, bytes.byteLength, 1]);
        await get(ben, file.path, stage.path(`got/${name}`));
        assert.equal(digest(stage.path(`got/${name}`)), digest(path));
      }
    });

    await step(t, 'nothing is ever replaced', async () => {
      const target = stage.path('got/mine');
      writeFileSync(target, 'mine');
      const outcome = await ben.kith(['files', 'get', 'binary', '-o', target, '--json']);
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /"code":"file-exists"/);
      assert.equal(readFileSync(target, 'utf8'), 'mine');
    });

    await step(t, 'what is for one, others neither see nor get', async () => {
      const path = made(stage, 'for Ben', randomBytes(200_000));
      await ada.json(['files', 'send', path, 'Ben']);
      const file = await listed(ben, 'for Ben');
      await listed(ada, 'for Ben');
      // It is small, so it came without asking, and the sender hears of it.
      await until('Ada knows that Ben has it', async () =>
        (await listed(ada, 'for Ben')).holders.includes(2),
      );
      assert.equal(file.from, 1);
      const later = made(stage, 'later', Buffer.from('later'));
      await send(ada, later);
      await listed(cho, 'later');
      assert.equal(
        (await cho.call('files', {})).files.some((one) => one.path === 'for Ben'),
        false,
      );
      await assert.rejects(get(cho, 'for Ben', stage.path('got/not mine')), /No file/);
    });

    await step(t, 'a large one from two holders, with either side killed on the way', async () => {
      const path = made(stage, 'large', randomBytes(LARGE_BYTES));
      await send(ada, path);
      await listed(ben, 'large');
      await listed(cho, 'large');
      await ada.call('changeFilesSettings', { downBytesPerSecond: 0, upBytesPerSecond: 30_000_000 });
      const begun = get(ben, 'large', stage.path('got/large')).catch(() => undefined);
      const partial = (): string | undefined =>
        readdirSync(stage.path('got')).find((name) => name.endsWith('.part'));
      await until(
        'something has come',
        () => partial() !== undefined && sizeIn(stage, partial() ?? '') > 5_000_000,
      );
      await ben.kill();
      await begun;
      await ben.up([...ALONE, ...(await peerOf(ada))]);
      await until('it goes on', () => partial() !== undefined);
      await ada.kill();
      await ada.up([...ALONE, ...(await peerOf(ben))]);
      await until('Ben has it', () => readdirSync(stage.path('got')).includes('large'), COMING_MS);
      assert.equal(digest(stage.path('got/large')), digest(path));
      assert.equal(partial(), undefined);
      // Now that two have it, a third one takes it from both.
      await until('Ada knows that Ben has it', async () => (await listed(ada, 'large')).holders.length === 2);
      await ada.call('changeFilesSettings', { downBytesPerSecond: 0, upBytesPerSecond: 0 });
      await get(cho, 'large', stage.path('got/large of Cho'));
      assert.equal(digest(stage.path('got/large of Cho')), digest(path));
      await until(
        'all know that three have it',
        async () => (await listed(ben, 'large')).holders.length === 3,
      );
    });

    await step(
      t,
      'from whoever has it, though the one who sent it has gone, and moved the file',
      async () => {
        renameSync(stage.path('files/large'), stage.path('files/elsewhere'));
        await ada.stop();
        rmSync(stage.path('got/large of Cho'));
        await cho.call('addPeer', { address: (await peerOf(ben))[1] ?? '' });
        await get(cho, 'large', stage.path('got/again'));
        assert.equal(digest(stage.path('got/again')), digest(stage.path('files/elsewhere')));
        const file = await listed(cho, 'large');
        assert.equal(file.sure, 'here');
      },
    );
  },
  { hangingMs: 240_000 + 4 * COMING_MS },
);

function sizeIn(stage: Stage, name: string): number {
  return statSync(stage.path(`got/${name}`)).size;
}
