/** What the twin can do beyond a transport: take a network apart. The rest is in `test/contract/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idFromBytes, type LinkKey } from '../../src/base/ids.ts';
import type { Channel, ChannelName } from '../../src/net/ports.ts';
import { ManualTimers } from './manual-timers.ts';
import { MemoryNetwork, type MemoryTransport } from './memory-transport.ts';

const NAME: ChannelName = '/kith/1/test';
const key = (seed: number): LinkKey => idFromBytes<LinkKey>(new Uint8Array(32).fill(seed));

async function pair(delayMs = 0): Promise<{
  timers: ManualTimers;
  network: MemoryNetwork;
  a: MemoryTransport;
  b: MemoryTransport;
}> {
  const timers = new ManualTimers();
  const network = new MemoryNetwork({ timers, delayMs: () => delayMs });
  const gate = { mayLink: () => true };
  const [a, b] = [
    network.transport({ self: key(1), gate, mdns: true }),
    network.transport({ self: key(2), gate, mdns: true }),
  ];
  await a.start();
  return { timers, network, a, b };
}

/** Lets everything happen that needs no time. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

test('nodes hear each other on the LAN when the second starts', async () => {
  const { a, b } = await pair();
  const heard: string[] = [];
  a.on({ discovered: (peer, addresses) => heard.push(`a ${peer.slice(0, 2)} ${String(addresses.length)}`) });
  b.on({ discovered: (peer) => heard.push(`b ${peer.slice(0, 2)}`) });
  await b.start();
  await rest();
  assert.deepEqual(heard.sort(), ['a 02 1', 'b 01']);
});

test('a delay is what the timers make of it', async () => {
  const { timers, a, b } = await pair(20);
  await b.start();
  let linked = false;
  const dialled = a.dial(b.place, {}).then(() => {
    linked = true;
  });
  timers.advance(39);
  await rest();
  assert.equal(linked, false);
  timers.advance(1);
  await dialled;
});

test('a cut ends links and lets none arise until it heals', async () => {
  const { network, a, b } = await pair();
  await b.start();
  const unlinked: string[] = [];
  a.on({ unlink: () => unlinked.push('a') });
  b.on({ unlink: () => unlinked.push('b') });
  await a.dial(b.place, {});
  network.cut(a.self, b.self);
  assert.deepEqual(unlinked, ['a', 'b']);
  await assert.rejects(a.dial(b.place, {}), { code: 'unreachable' });
  network.heal(a.self, b.self);
  await a.dial(b.place, {});
});

test('a stall is silence: nothing is lost, and dials time out', async () => {
  const { timers, network, a, b } = await pair();
  await b.start();
  const got: number[] = [];
  b.handle(NAME, (channel: Channel) => {
    channel.onFrame((frame) => got.push(frame[0] ?? 0));
  });
  const channel = await (await a.dial(b.place, {})).open(NAME);
  network.stall(a.self, b.self);
  for (const n of [1, 2, 3]) channel.send(Uint8Array.of(n));
  const late = a.dial(b.place, {});
  await rest();
  assert.deepEqual(got, []);
  assert.equal(a.links().length, 1);
  timers.advance(10_000);
  await assert.rejects(late, { code: 'unreachable' });
  network.heal(a.self, b.self);
  await rest();
  assert.deepEqual(got, [1, 2, 3]);
});

test('who crashes says no good-bye', async () => {
  const { network, a, b } = await pair();
  await b.start();
  const link = await a.dial(b.place, {});
  network.crash(b.self);
  await rest();
  assert.deepEqual(a.links(), [link]);
});
