import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { Stream } from '@libp2p/interface';
import { silentLogger } from '../../base/ports.ts';
import { createNode } from './node.ts';
import { linkKeyPair } from './keys.ts';
import { parseListenAddress } from './addresses.ts';
import { tellWindowSeldom } from './window-updates.ts';

const NAME = '/kith/1/test';
const SMALL = new Uint8Array(100).fill(7);

/** Two real connections' ends of one stream. */
async function streams(context: TestContext): Promise<readonly [Stream, Stream]> {
  const [one, other] = await Promise.all(
    [1, 2].map(async (seed) => {
      const node = await createNode({
        key: await linkKeyPair(new Uint8Array(32).fill(seed)),
        listen: parseListenAddress('127.0.0.1:0'),
        logger: silentLogger,
        dialTimeoutMs: 10_000,
        handshakeMs: 10_000,
        denyInbound: () => false,
        denyOutbound: () => false,
        relay: undefined,
      });
      context.after(() => node.libp2p.stop());
      await node.libp2p.start();
      return node.libp2p;
    }),
  );
  assert.ok(one !== undefined && other !== undefined);
  const inbound = Promise.withResolvers<Stream>();
  await other.handle(NAME, (stream) => {
    inbound.resolve(stream);
  });
  const connection = await one.dial(other.getMultiaddrs());
  const outbound = await connection.newStream(NAME);
  return [outbound, await inbound.promise];
}

/** Window updates that the sender of `count` small frames, one after the other, gets back. */
async function updatesFor(from: Stream, to: Stream, count: number): Promise<number> {
  assert.ok('handleWindowUpdate' in from && typeof from.handleWindowUpdate === 'function');
  const handle = from.handleWindowUpdate.bind(from) as (frame: unknown) => void;
  let updates = 0;
  from.handleWindowUpdate = (frame: unknown) => {
    updates += 1;
    handle(frame);
  };
  for (let sent = 0; sent < count; sent += 1) {
    const heard = once(to as unknown as NodeJS.EventEmitter, 'message');
    from.send(SMALL);
    await heard;
  }
  return updates;
}

test('small frames are answered once for many, and never run out of window', async (context) => {
  const [from, to] = await streams(context);
  const before = await updatesFor(from, to, 50);
  assert.ok(before >= 45, `yamux works as it did: ${String(before)} updates for 50 frames`);
  tellWindowSeldom(to);
  // More than the window holds.
  const count = 6000;
  const after = await updatesFor(from, to, count);
  assert.ok(after > 0 && after < count / 100, `${String(after)} updates for ${String(count)} frames`);
});
