/** What only the real transport can show; what every transport does is in `test/contract/transport.contract.ts`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { isKithError } from '../../base/errors.ts';
import { silentLogger } from '../../base/ports.ts';
import { realClock, realTimers } from '../../../test/contract/real-timers.ts';
import type { Gate, Transport } from '../ports.ts';
import { createLibp2pTransport } from './transport.ts';

async function make(
  context: TestContext,
  seed: number,
  listen: string[],
  gate: Gate = { mayLink: () => true },
): Promise<Transport> {
  const transport = await createLibp2pTransport({
    linkSeed: new Uint8Array(32).fill(seed),
    listen,
    mdns: false,
    gate,
    logger: silentLogger,
    timers: realTimers,
    clock: realClock,
  });
  context.after(() => transport.stop());
  return transport;
}

test('by default it listens on every interface, and tells real addresses with the peer id', async (context) => {
  const transport = await make(context, 1, []);
  await transport.start();
  const listening = transport.listening();
  await transport.stop();
  assert.ok(listening.length > 0);
  for (const address of listening) {
    assert.match(address, /^\/ip[46]\/[^/]+\/tcp\/[1-9]\d*\/p2p\/12D3KooW\w+$/);
    assert.doesNotMatch(address, /\/(0\.0\.0\.0|::)\//);
  }
  const outside = Object.values(networkInterfaces())
    .flat()
    .filter((address) => address?.internal === false && address.family === 'IPv4');
  const loopback = listening.filter((address) => address.startsWith('/ip4/127.'));
  assert.equal(loopback.length, outside.length > 0 ? 0 : 1);
  for (const address of outside)
    assert.ok(listening.some((told) => told.startsWith(`/ip4/${String(address?.address)}/`)));
});

test('the gate is asked again when the link is to stand', async (context) => {
  let asked = 0;
  const revokes = await make(context, 1, ['127.0.0.1:0'], { mayLink: () => (asked += 1) === 1 });
  const other = await make(context, 2, ['127.0.0.1:0']);
  await Promise.all([revokes.start(), other.start()]);
  await assert.rejects(other.dial(revokes.listening()[0] ?? '', {}), { code: 'link-refused' });
  assert.equal(asked, 2);
  assert.deepEqual(revokes.links(), []);
});

test('a taken port is said in words', async (context) => {
  const squatter = createServer();
  squatter.listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const transport = await make(context, 1, [`127.0.0.1:${port}`]);
  await assert.rejects(
    () => transport.start(),
    (error) =>
      isKithError(error, 'port-taken') && error.next !== undefined && error.message.includes(String(port)),
  );
  squatter.close();
});

test('an address that this machine does not have is said in words', async (context) => {
  const transport = await make(context, 1, ['203.0.113.77:0']);
  await assert.rejects(() => transport.start(), { code: 'bad-address' });
  await assert.rejects(() => make(context, 1, ['nonsense here']), { code: 'bad-address' });
});

test('a name can be dialled', async (context) => {
  const [a, b] = [await make(context, 1, ['127.0.0.1:0']), await make(context, 2, ['127.0.0.1:0'])];
  await Promise.all([a.start(), b.start()]);
  const port = /tcp\/(\d+)/.exec(b.listening()[0] ?? '')?.[1];
  const link = await a.dial(`localhost:${String(port)}`, {});
  assert.equal(link.peer, b.self);
  await assert.rejects(a.dial('no-such-name.invalid:1', {}), { code: 'unreachable' });
});

test('where only HTTP passes, a WebSocket carries the link', async (context) => {
  const server = await make(context, 1, ['/ip4/127.0.0.1/tcp/0/ws']);
  const client = await make(context, 2, ['127.0.0.1:0']);
  await Promise.all([server.start(), client.start()]);
  const address = server.listening()[0] ?? '';
  assert.match(address, /^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*\/ws\/p2p\/12D3/);
  server.handle('/kith/1/test', (channel) => channel.onFrame((frame) => channel.send(frame)));
  const link = await client.dial(address, {});
  assert.deepEqual([link.peer, link.relayed], [server.self, false]);
  const channel = await link.open('/kith/1/test');
  const back = new Promise<Uint8Array>((resolve) => channel.onFrame(resolve));
  channel.send(Uint8Array.of(1, 2, 3));
  assert.deepEqual([...(await back)], [1, 2, 3]);
});

test('thirty that dial at once are all let in', async (context) => {
  const hub = await make(context, 99, ['127.0.0.1:0']);
  await hub.start();
  const address = hub.listening()[0] ?? '';
  const others = await Promise.all(
    Array.from({ length: 30 }, (_, n) => make(context, n + 1, ['127.0.0.1:0'])),
  );
  await Promise.all(others.map((other) => other.start()));
  await Promise.all(others.map((other) => other.dial(address, {})));
  assert.equal(hub.links().length, 30);
});

test('after stop the process ends by itself, and nothing was printed even where DEBUG is set', async () => {
  const script = `
    import { createLibp2pTransport } from ${JSON.stringify(new URL('./transport.ts', import.meta.url).href)};
    import { realClock, realTimers } from ${JSON.stringify(new URL('../../../test/contract/real-timers.ts', import.meta.url).href)};
    import { silentLogger } from ${JSON.stringify(new URL('../../base/ports.ts', import.meta.url).href)};
    const make = (seed) => createLibp2pTransport({ linkSeed: new Uint8Array(32).fill(seed), listen: ['127.0.0.1:0'], mdns: true,
      gate: { mayLink: () => true }, logger: silentLogger, timers: realTimers, clock: realClock });
    const [a, b] = [await make(1), await make(2)];
    await a.start();
    await b.start();
    b.handle('/kith/1/test', (channel) => channel.onFrame(() => channel.pause()));
    const channel = await (await a.dial(b.listening()[0], {})).open('/kith/1/test');
    channel.send(Uint8Array.of(1));
    await a.dial('127.0.0.1:1', {}).catch(() => undefined);
    await a.stop();
    await b.stop();
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...process.env, DEBUG: '*' },
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.deepEqual({ code: child.exitCode, out, err }, { code: 0, out: '', err: '' });
});
