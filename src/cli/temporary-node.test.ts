import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isKithError } from '../api/contract.ts';
import { temporaryNodes } from './temporary-node.ts';

const MAIN = fileURLToPath(new URL('../../test/fakes/fake-main.ts', import.meta.url));

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kith-temporary-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

async function pidOf(data: string): Promise<number> {
  return (JSON.parse(await readFile(join(data, 'api.json'), 'utf8')) as { pid: number }).pid;
}

describe('a temporary node', () => {
  it('answers when it is there, and has gone when it was stopped', async () => {
    const data = join(root, 'one');
    const node = await temporaryNodes(MAIN, process.env, process.platform)({ data, purpose: 'offline' });
    assert.equal((await node.client.call('status', {})).state, 'empty');
    const pid = await pidOf(data);
    assert.notEqual(pid, process.pid);
    await node.stop();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await assert.rejects(stat(join(data, 'api.sock')), { code: 'ENOENT' });
  });

  it('says what kept it from starting', async () => {
    const start = (failure: string) =>
      temporaryNodes(
        MAIN,
        { ...process.env, FAKE_FAILURE: failure },
        process.platform,
      )({
        data: join(root, 'two'),
        purpose: 'joining',
      });
    await assert.rejects(
      start('expected'),
      (error) => isKithError(error, 'data-folder-busy') && error.next === 'Wait.',
    );
    await assert.rejects(start('crash'), (error) => isKithError(error, 'no-start'));
  });

  it('makes a whole command work, from one process to another', async () => {
    const data = join(root, 'three');
    const command = spawn(process.execPath, [MAIN, 'init', 'Camp', '--as', 'Aung', '--json', '--data', data]);
    let stdout = '';
    command.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const [code] = (await once(command, 'close')) as [number];
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as { network: string }).network, 'Camp');
    await assert.rejects(stat(join(data, 'api.json')), { code: 'ENOENT' });
  });

  it('ends when the process that started it dies', async () => {
    const data = join(root, 'four');
    const child = spawn(process.execPath, [MAIN, 'up', '--temporary', 'offline', '--json', '--data', data]);
    await once(createInterface({ input: child.stdout }), 'line');
    // What the system does for a dead parent.
    child.stdin.destroy();
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });
});

describe('kith up in a process of its own', () => {
  it('ends in order at SIGTERM', async () => {
    const data = join(root, 'five');
    const child = spawn(process.execPath, [MAIN, 'up', '--json', '--data', data]);
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    assert.match((JSON.parse(line) as { api: { url: string } }).api.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
    await assert.rejects(stat(join(data, 'api.json')), { code: 'ENOENT' });
  });

  it('is stopped by kith stop, which returns when it has gone', async () => {
    const data = join(root, 'six');
    const child = spawn(process.execPath, [MAIN, 'up', '--json', '--data', data]);
    await once(createInterface({ input: child.stdout }), 'line');
    const exited = once(child, 'exit');
    const stop = spawn(process.execPath, [MAIN, 'stop', '--data', data], { stdio: 'ignore' });
    const [code] = (await once(stop, 'exit')) as [number];
    assert.equal(code, 0);
    assert.deepEqual(await exited, [0, null]);
  });
});
