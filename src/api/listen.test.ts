import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isKithError } from '../base/errors.ts';
import { silentLogger, type Rng } from '../base/ports.ts';
import { API_FILE, ApiFile, TOKEN_FILE } from './contract.ts';
import { listenApi, type ApiListener, type ListenOptions } from './listen.ts';
import { realTimers } from '../../test/contract/real-timers.ts';
import { fakeNode } from '../../test/fakes/fake-facade.ts';

const rng: Rng = { bytes: (count) => new Uint8Array(count).fill(7), below: () => 0 };
let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'kith-api-'));
});
after(async () => {
  await rm(root, { recursive: true, force: true });
});

async function listen(
  name: string,
  change: Partial<ListenOptions> = {},
): Promise<ApiListener & { folder: string }> {
  const folder = join(root, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const listener = await listenApi({
    node: fakeNode(),
    logger: silentLogger,
    timers: realTimers,
    rng,
    version: '0.1.0',
    dataFolder: folder,
    apiPort: 0,
    platform: process.platform,
    env: {},
    ...change,
  });
  return { ...listener, folder };
}

async function get(
  where: { socket?: string | undefined; url?: string | undefined },
  headers = {},
): Promise<IncomingMessage> {
  const door = where.socket === undefined ? {} : { socketPath: where.socket };
  const sent = request(`${where.url ?? 'http://localhost'}/v1/status`, { ...door, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

function refusedWith(code: string) {
  return (error: unknown) => isKithError(error, code);
}

describe('the API listener', () => {
  it('opens a socket for its owner alone, which needs no token', async () => {
    const api = await listen('socket');
    assert.equal(api.socket, join(api.folder, 'api.sock'));
    assert.equal(await modeOf(api.socket), 0o600);
    assert.equal((await get({ socket: api.socket })).statusCode, 200);
    await api.close();
    await assert.rejects(stat(api.socket), { code: 'ENOENT' });
  });

  it('listens on loopback, and wants the token there', async () => {
    const api = await listen('loopback');
    assert.match(api.url ?? '', /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await get({ url: api.url })).statusCode, 401);
    assert.equal(await modeOf(api.tokenFile), 0o600);
    const token = (await readFile(api.tokenFile, 'utf8')).trim();
    assert.equal((await get({ url: api.url }, { authorization: `Bearer ${token}` })).statusCode, 200);
    const rebound = await get({ url: api.url }, { authorization: `Bearer ${token}`, host: 'evil.example' });
    assert.equal(rebound.statusCode, 403);
    await api.close();
  });

  it('says where it is, in a file of its owner alone, while it is there', async () => {
    const api = await listen('file');
    const path = join(api.folder, API_FILE);
    assert.equal(await modeOf(path), 0o600);
    const where = ApiFile.parse(JSON.parse(await readFile(path, 'utf8')));
    assert.deepEqual(where, { socket: api.socket, url: api.url, pid: process.pid });
    await api.close();
    await assert.rejects(stat(path), { code: 'ENOENT' });
  });

  it('keeps its token from one start to the next, and replaces what is no token', async () => {
    const first = await listen('token', { rng: { ...rng, bytes: (count) => new Uint8Array(count).fill(1) } });
    const token = await readFile(first.tokenFile, 'utf8');
    await first.close();
    const second = await listen('token');
    assert.equal(await readFile(second.tokenFile, 'utf8'), token);
    await second.close();
    await writeFile(join(second.folder, TOKEN_FILE), '');
    const third = await listen('token');
    assert.match(await readFile(third.tokenFile, 'utf8'), /^[\w-]{43}\n$/);
    await third.close();
  });

  it('finds a short path for the socket of a folder with a long one', async () => {
    const runtime = join(root, 'run');
    const name = 'long-'.repeat(30);
    const api = await listen(name, { env: { XDG_RUNTIME_DIR: runtime } });
    const { socket = '' } = api;
    assert.ok(socket.startsWith(runtime));
    assert.ok(Buffer.byteLength(socket) <= 100);
    assert.equal(await modeOf(join(socket, '..')), 0o700);
    assert.equal((await get({ socket })).statusCode, 200);
    assert.equal(
      ApiFile.parse(JSON.parse(await readFile(join(api.folder, API_FILE), 'utf8'))).socket,
      socket,
    );
    await api.close();
  });

  it('refuses a second node for the same folder', async () => {
    const api = await listen('twice');
    await assert.rejects(listen('twice'), refusedWith('already-running'));
    assert.equal((await get({ socket: api.socket })).statusCode, 200);
    await api.close();
  });

  it('takes the place of a socket that a crashed node left', async () => {
    const folder = join(root, 'stale');
    await mkdir(folder);
    await writeFile(join(folder, 'api.sock'), '');
    const api = await listen('stale');
    assert.equal((await get({ socket: api.socket })).statusCode, 200);
    await api.close();
  });

  it('says when the port that was asked for is taken, and leaves no socket', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(typeof address === 'object' && address !== null);
    await assert.rejects(listen('port', { apiPort: address.port }), refusedWith('port-in-use'));
    await assert.rejects(stat(join(root, 'port', 'api.sock')), { code: 'ENOENT' });
    other.close();
  });

  it('opens loopback only where it was not told otherwise, or there are no sockets', async () => {
    const quiet = await listen('quiet', { apiPort: 'none' });
    assert.equal(quiet.url, undefined);
    await quiet.close();
    const windows = await listen('windows', { apiPort: 'none', platform: 'win32' });
    assert.equal(windows.socket, undefined);
    assert.match(windows.url ?? '', /^http/);
    await windows.close();
  });

  it('reads no more of a body than it may, whatever its length is said to be', async () => {
    const api = await listen('body');
    const post = async (
      size: number,
      headers: Record<string, string | number>,
    ): Promise<number | undefined> => {
      const sent = request({
        socketPath: api.socket,
        path: '/v1/peers',
        method: 'POST',
        headers,
        agent: false,
      });
      sent.on('error', () => undefined);
      sent.write(`{"address":"${'a'.repeat(size)}`);
      sent.end('"}');
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    assert.equal(await post(10, {}), 200);
    assert.equal(await post(10, { 'transfer-encoding': 'chunked' }), 200);
    assert.equal(await post(100_000, { 'transfer-encoding': 'chunked' }), 413);
    assert.equal(await post(100_000, { 'content-length': 100_014 }), 413);
    await api.close();
  });

  it('takes a request of any method without a body', async () => {
    const api = await listen('bare');
    for (const [method, path] of [
      ['DELETE', '/v1/invites/a1a1'],
      ['POST', '/v1/peers/bye'],
      ['POST', '/v1/invites'],
    ] as const) {
      const sent = request({ socketPath: api.socket, path, method, agent: false });
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      assert.equal(response.statusCode, 200);
    }
    await api.close();
  });

  it('sends the head of a stream at once, and ends it on closing', async () => {
    const api = await listen('stream');
    const sent = request({ socketPath: api.socket, path: '/v1/events', agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    const [first] = (await once(response, 'data')) as [string];
    assert.match(first, /^event: state\n/);
    const ended = once(response, 'end');
    await api.close();
    await ended;
    assert.equal(response.complete, true);
  });
});
