/** Two nodes that meet through a hub, on loopback: what the hub decides, and what it can see. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import { silentLogger } from '../../base/ports.ts';
import { realClock, realTimers } from '../../../test/contract/real-timers.ts';
import type { Relays } from '../hubs/ports.ts';
import type { Channel, Link, Transport } from '../ports.ts';
import type { RelayGate } from './relay.ts';
import { createLibp2pTransport } from './transport.ts';

type Node = Transport & Relays;

const OPEN: RelayGate = { mayReserve: () => true, mayPass: () => true };

async function start(
  context: TestContext,
  seed: number,
  relay?: RelayGate,
  mayLink: (peer: LinkKey) => boolean = () => true,
): Promise<Node> {
  const node = await createLibp2pTransport({
    linkSeed: new Uint8Array(32).fill(seed),
    listen: ['127.0.0.1:0'],
    mdns: false,
    gate: { mayLink },
    logger: silentLogger,
    timers: realTimers,
    clock: realClock,
    ...(relay === undefined ? {} : { relay }),
  });
  await node.start();
  context.after(() => node.stop());
  return node;
}

/** The hub's own address, without what is behind it. */
function addressOf(node: Node): string {
  return node.listening()[0] ?? '';
}

/** Links with the hub and can be reached through it. */
async function behind(node: Node, hub: Node): Promise<string> {
  await node.dial(addressOf(hub), {});
  await node.reserve(hub.self, [addressOf(hub)]);
  const relayed = node.listening().find((address) => address.startsWith(`${addressOf(hub)}/p2p-circuit/`));
  assert.ok(relayed !== undefined, 'it tells the address at which the hub passes it on');
  return relayed;
}

function echo(node: Node): void {
  node.handle('/kith/1/test', (channel) => channel.onFrame((frame) => channel.send(frame)));
}

function answered(channel: Channel, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    channel.onFrame((frame) => resolve(fromUtf8(frame)));
    channel.onClose((error) => reject(error ?? new Error('closed')));
    channel.send(utf8(text));
  });
}

function ended(node: Node, wanted: (link: Link) => boolean): Promise<void> {
  return new Promise((resolve) => node.on({ unlink: (link) => wanted(link) && resolve() }));
}

test('two nodes that know a hub have a link through it, known as relayed at both ends', async (context) => {
  const [hub, a, b] = [await start(context, 1, OPEN), await start(context, 2), await start(context, 3)];
  echo(b);
  const relayed = await behind(b, hub);
  const link = await a.dial(relayed, {});
  assert.deepEqual([link.peer, link.relayed, link.direction], [b.self, true, 'outbound']);
  assert.equal(await answered(await link.open('/kith/1/test'), 'hello'), 'hello');
  const atB = b.links().find(({ peer }) => peer === a.self);
  assert.deepEqual([atB?.relayed, atB?.direction], [true, 'inbound']);
  // What a link tells as its address leads there again.
  const again = await a.dial(link.address, { expect: b.self });
  assert.equal(again.peer, b.self);
  assert.equal(
    a.links().find(({ peer }) => peer === hub.self)?.relayed,
    false,
    'the hub was greeted by itself',
  );
});

test('megabytes go through, both ways at once', async (context) => {
  const [hub, a, b] = [await start(context, 1, OPEN), await start(context, 2), await start(context, 3)];
  echo(b);
  const link = await a.dial(await behind(b, hub), {});
  const channel = await link.open('/kith/1/test');
  const frame = new Uint8Array(256 * 1024).fill(7);
  const count = 64;
  let [sent, came] = [0, 0];
  await new Promise<void>((resolve, reject) => {
    const pump = (): void => {
      while (sent < count) {
        sent += 1;
        if (!channel.send(frame.slice())) return;
      }
    };
    channel.onDrain(pump);
    channel.onClose((error) => reject(error ?? new Error('closed')));
    channel.onFrame(({ byteLength }) => {
      assert.equal(byteLength, frame.byteLength);
      came += 1;
      if (came === count) resolve();
    });
    pump();
  });
});

test('the gate of each end is asked about the other, not about the hub', async (context) => {
  const hub = await start(context, 1, OPEN);
  const b = await start(context, 3, undefined, (peer) => peer === hub.self);
  const a = await start(context, 2);
  const relayed = await behind(b, hub);
  await assert.rejects(a.dial(relayed, {}), { code: 'link-refused' });
  assert.equal(
    b.links().some(({ peer }) => peer === a.self),
    false,
  );
});

test('a hub passes on only whom it may', async (context) => {
  const hub = await start(context, 1, { mayReserve: (peer) => peer !== stranger.self, mayPass: () => false });
  const [a, b] = [await start(context, 2), await start(context, 3)];
  const stranger = await start(context, 4);
  const relayed = await behind(b, hub);
  await assert.rejects(a.dial(relayed, {}), { code: 'link-refused' });
  await stranger.dial(addressOf(hub), {});
  await assert.rejects(stranger.reserve(hub.self, [addressOf(hub)]));
  assert.deepEqual(stranger.reservedAt(), []);
});

test('who is not linked with the hub, and a node that is none, are said in words', async (context) => {
  const [hub, plain] = [await start(context, 1, OPEN), await start(context, 5)];
  const [a, b] = [await start(context, 2), await start(context, 3)];
  const [absent = ''] = a.through(hub.self, [addressOf(hub)], b.self);
  await assert.rejects(a.dial(absent, {}), { code: 'unreachable', message: /not linked with the hub/ });
  const [wrong = ''] = a.through(plain.self, [addressOf(plain)], b.self);
  await assert.rejects(a.dial(wrong, {}), { code: 'unreachable', message: /passes nothing on/ });
  const at = addressOf(plain).replace('127.0.0.1', 'localhost').replace('/ip4/', '/dns4/');
  const [named = ''] = a.through(plain.self, [at], b.self);
  const both = await Promise.allSettled([wrong, named].map((address) => a.dial(address, {})));
  for (const dial of both) {
    assert.equal(dial.status, 'rejected', 'dials at once are joined into one');
    assert.match(String(dial.reason), /passes nothing on/);
  }
  const [gone = ''] = b.through(plain.self, [addressOf(plain)], a.self);
  await plain.stop();
  await assert.rejects(b.dial(gone, {}), { code: 'unreachable' });
});

test('a hub that goes takes its addresses and links with it; one that is back serves again', async (context) => {
  const [hub, other] = [await start(context, 1, OPEN), await start(context, 9, OPEN)];
  const [a, b] = [await start(context, 2), await start(context, 3)];
  await behind(b, other);
  const relayed = await behind(b, hub);
  await a.dial(relayed, {});
  const gone = ended(b, ({ peer }) => peer === hub.self);
  const cut = ended(a, ({ relayed: through }) => through);
  await hub.stop();
  await Promise.all([gone, cut]);
  assert.deepEqual(b.reservedAt(), [other.self], 'the other hub is not forgotten with it');
  const back = await start(context, 1, OPEN);
  const link = await a.dial(await behind(b, back), {});
  assert.equal(link.peer, b.self);
});
