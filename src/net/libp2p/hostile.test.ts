/** Strangers that do not keep to any protocol. The node neither falls nor fills up, and serves the next good peer. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { multiaddr } from '@multiformats/multiaddr';
import fc from 'fast-check';
import { isKithError } from '../../base/errors.ts';
import { silentLogger } from '../../base/ports.ts';
import { realClock, realTimers } from '../../../test/contract/real-timers.ts';
import { ManualTimers } from '../../../test/sim/manual-timers.ts';
import type { Transport } from '../ports.ts';
import { HELLO } from './hello.ts';
import { linkKeyPair } from './keys.ts';
import { createNode, type LinkNode } from './node.ts';
import { createLibp2pTransport, type Libp2pTransportOptions } from './transport.ts';

const HANDSHAKE_MS = 300;

async function started(
  context: TestContext,
  seed: number,
  other: Partial<Libp2pTransportOptions> = {},
): Promise<Transport> {
  const transport = await createLibp2pTransport({
    linkSeed: new Uint8Array(32).fill(seed),
    listen: ['127.0.0.1:0'],
    mdns: false,
    gate: { mayLink: () => true },
    logger: silentLogger,
    timers: realTimers,
    clock: realClock,
    handshakeMs: HANDSHAKE_MS,
    ...other,
  });
  await transport.start();
  context.after(() => transport.stop());
  return transport;
}

function portOf(transport: Transport): number {
  return Number(/tcp\/(\d+)/.exec(transport.listening()[0] ?? '')?.[1]);
}

/** Resolves when the other side has ended the connection, however. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
  });
}

async function serves(context: TestContext, node: Transport): Promise<void> {
  const good = await started(context, 200);
  await dialUntilIn(good, node);
  await good.stop();
  await until(() => node.links().length === 0);
}

/** The door may be shut for the rest of a second after a crowd; and a busy machine may need more than a stranger's time. */
async function dialUntilIn(good: Transport, node: Transport): Promise<void> {
  try {
    await good.dial(node.listening()[0] ?? '', { expect: node.self });
  } catch (error) {
    if (!isKithError(error, 'link-refused')) throw error;
    await dialUntilIn(good, node);
  }
}

/** The condition comes with some later turn of the event loop, or the test runs into the runner's own limit. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

const multistream = (...lines: string[]): Buffer =>
  Buffer.concat(lines.map((line) => Buffer.concat([Buffer.of(line.length + 1), Buffer.from(`${line}\n`)])));

/** The first message of the handshake: a length, and an ephemeral key that is none. */
const NOISE_HELLO = Buffer.concat([Buffer.of(0, 32), Buffer.alloc(32, 1)]);

test('whatever strangers write, they are cut off, and nobody else notices', async (context) => {
  const node = await started(context, 1);
  const beginning = fc.constantFrom(
    Buffer.alloc(0),
    Buffer.from('GET / HTTP/1.1\r\nHost: kith\r\n\r\n'),
    multistream('/multistream/1.0.0'),
    multistream('/multistream/1.0.0', '/noise'),
    multistream('/multistream/1.0.0', '/tls/1.0.0'),
    multistream('/multistream/1.0.0', '/plaintext/2.0.0', 'ls'),
    Buffer.concat([multistream('/multistream/1.0.0', '/noise'), NOISE_HELLO]),
    Buffer.from('ffffffffffffffffff01', 'hex'),
  );
  const stranger = fc.tuple(beginning, fc.uint8Array({ maxLength: 2_000 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(fc.array(stranger, { minLength: 1, maxLength: 20 }), async (strangers) => {
      const all = strangers.map(([head, tail, hangsUp]) => {
        const socket = connect(portOf(node), '127.0.0.1');
        const over = ended(socket);
        socket.write(head);
        socket.write(tail);
        if (hangsUp) socket.end();
        return over;
      });
      await Promise.all(all);
    }),
    { numRuns: 10 },
  );
  await serves(context, node);
});

test('slow and silent strangers keep no place for long, and good peers come in meanwhile', async (context) => {
  const node = await started(context, 1);
  const before = socketsOpen();
  const silent = Array.from({ length: 20 }, () => connect(portOf(node), '127.0.0.1'));
  const slow = Array.from({ length: 10 }, () => connect(portOf(node), '127.0.0.1'));
  const gone = [...silent, ...slow].map(ended);
  for (const socket of slow) socket.write(multistream('/multistream/1.0.0').subarray(0, 5));
  await serves(context, node);
  await Promise.all(gone);
  await serves(context, node);
  await until(() => socketsOpen() <= before);
});

test('strangers that vanish at any moment leave nothing behind', async (context) => {
  const node = await started(context, 1);
  for (let n = 0; n < 30; n += 1) {
    const socket = connect(portOf(node), '127.0.0.1');
    const over = ended(socket);
    if (n % 3 === 0) socket.destroy();
    else
      socket.write(multistream('/multistream/1.0.0', '/noise'), () =>
        n % 3 === 1 ? socket.resetAndDestroy() : socket.end(),
      );
    await over;
  }
  await serves(context, node);
});

test('more strangers at once than are let in: the rest is turned away at the door', async (context) => {
  const node = await started(context, 1);
  const crowd = Array.from({ length: 200 }, () => connect(portOf(node), '127.0.0.1'));
  await Promise.all(crowd.map(ended));
  await serves(context, node);
});

function socketsOpen(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

test('a stranger with a good key is cut off by the gate alone, before it can open anything', async (context) => {
  const timers = new ManualTimers();
  const node = await started(context, 1, { timers, gate: { mayLink: () => false } });
  const stranger = await bareNode(context, 2);
  const connection = await stranger.dial(multiaddr(node.listening()[0] ?? ''));
  if (connection.status === 'open') await once(connection, 'close');
  await assert.rejects(connection.newStream(HELLO));
  assert.equal(timers.waiting, 0);
});

test('who passed the gate and then says no hello is cut off, and its channels are served to nobody', async (context) => {
  const timers = new ManualTimers();
  const node = await started(context, 1, { timers });
  const seen: string[] = [];
  node.handle('/kith/1/test', () => seen.push('channel'));
  node.on({ link: () => seen.push('link'), unlink: () => seen.push('unlink') });
  const rude = await bareNode(context, 2);
  const connection = await rude.dial(multiaddr(node.listening()[0] ?? ''));
  const gone = once(connection, 'close');
  const stream = await connection.newStream('/kith/1/test');
  stream.send(Uint8Array.of(0, 0, 0, 1, 7));
  await until(() => timers.waiting > 0);
  timers.advance(10_000);
  await gone;
  await serves(context, node);
  assert.deepEqual(seen, ['link', 'unlink']);
});

/** A libp2p node without kith on it. */
async function bareNode(context: TestContext, seed: number): Promise<LinkNode['libp2p']> {
  const open = (): boolean => false;
  const { libp2p: node } = await createNode({
    key: await linkKeyPair(new Uint8Array(32).fill(seed)),
    listen: [],
    logger: silentLogger,
    dialTimeoutMs: 10_000,
    handshakeMs: 10_000,
    denyInbound: open,
    denyOutbound: open,
  });
  await node.start();
  context.after(() => node.stop());
  return node;
}
