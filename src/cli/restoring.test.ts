import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { KithError } from '../api/contract.ts';
import { JOINED } from '../../test/fakes/fake-facade.ts';
import { fakeHost, type FakeHost } from '../../test/fakes/fake-run.ts';

const PASSPHRASE = { env: { KITH_PASSPHRASE: 'four words of mine' } };

let host: FakeHost;
afterEach(() => host.close());

/** The folder holds a network; a fresh one beside it is empty. */
async function occupiedHost(restore: () => unknown): Promise<void> {
  host = await fakeHost({ overrides: { 'safety.restore': restore } });
  await mkdir(host.data, { recursive: true });
  await writeFile(join(host.data, 'store.db'), 'old');
  host.node.state = 'running';
}

async function* restored() {
  host.node.state = 'running';
  await Promise.resolve();
  yield { step: 'done', ...JOINED, entries: 42 };
}

describe('kith restore', () => {
  it('fills an empty folder in place', async () => {
    host = await fakeHost({ state: 'empty' });
    const ran = await host.run(['restore', 'b.kith', '--json'], PASSPHRASE);
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(ran.json, [{ ...JOINED, aside: null }]);
    assert.deepEqual(host.temporary, [{ data: host.data, purpose: 'offline' }]);
    const [, request] = host.node.calls.find(([name]) => name === 'safety.restore') ?? [];
    assert.deepEqual(request, { path: join(dirname(host.data), 'b.kith'), passphrase: 'four words of mine' });
  });

  it('asks before it puts an old node aside', async () => {
    await occupiedHost(restored);
    const ran = await host.run(['restore', 'b.kith', '--json'], PASSPHRASE);
    assert.equal(ran.code, 2);
    assert.equal(await readFile(join(host.data, 'store.db'), 'utf8'), 'old');
  });

  it('puts aside what was there, and loses nothing of it', async () => {
    await occupiedHost(restored);
    // The node of the fresh folder is an empty one.
    const { temporary } = host;
    const push = temporary.push.bind(temporary);
    temporary.push = (...requests) => {
      host.node.state = requests[0]?.data === host.data ? 'running' : 'empty';
      return push(...requests);
    };
    const ran = await host.run(['restore', 'b.kith', '--yes', '--json'], PASSPHRASE);
    assert.equal(ran.code, 0, ran.stderr);
    const { aside } = ran.json[0] as { aside: string };
    assert.equal(aside, `${host.data}.before-20261121-100500`);
    assert.equal(await readFile(join(aside, 'store.db'), 'utf8'), 'old');
    assert.ok(!(await readdir(host.data)).includes('store.db'));
  });

  it('leaves everything as it was when the backup is no good', async () => {
    await occupiedHost(() => {
      throw new KithError('damaged-backup', 'This backup was changed.');
    });
    const { temporary } = host;
    const push = temporary.push.bind(temporary);
    temporary.push = (...requests) => {
      host.node.state = requests[0]?.data === host.data ? 'running' : 'empty';
      return push(...requests);
    };
    const ran = await host.run(['restore', 'b.kith', '--yes', '--json'], PASSPHRASE);
    assert.equal(ran.code, 1);
    assert.equal(await readFile(join(host.data, 'store.db'), 'utf8'), 'old');
    assert.deepEqual(await readdir(dirname(host.data)), ['data']);
  });

  it('does nothing to a node that runs', async () => {
    await occupiedHost(restored);
    await host.open();
    const ran = await host.run(['restore', 'b.kith', '--yes', '--json'], PASSPHRASE);
    assert.equal((JSON.parse(ran.stderr) as { code: string }).code, 'node-running');
  });
});
