import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiaddr } from '@multiformats/multiaddr';
import { idFromBytes, type LinkKey } from '../../base/ids.ts';
import { silentLogger, type Timers } from '../../base/ports.ts';
import { ManualTimers } from '../../../test/sim/manual-timers.ts';
import { linkKeyOf, linkKeyPair } from './keys.ts';
import { Discovery } from './discovery.ts';
import type { LanInterface } from './lan-interfaces.ts';
import type { LanSocket, LanSocketHandlers } from './lan-socket.ts';
import { encodeAnswer, encodeQuestion } from './mdns-packet.ts';

/** A cable: what one socket sends every socket on it hears, the sender too. */
class Cable {
  readonly sockets = new Map<LanSocketHandlers, string>();
  readonly sent: { from: string; packet: Uint8Array }[] = [];
  broken: Error | undefined;
  joins = 0;

  readonly open = (address: string, handlers: LanSocketHandlers): LanSocket => {
    this.sockets.set(handlers, address);
    this.joins += 1;
    const { broken } = this;
    queueMicrotask(() => (broken === undefined ? handlers.ready() : handlers.failed(broken)));
    return {
      send: (packet) => this.say(address, packet),
      refresh: () => undefined,
      close: () => this.sockets.delete(handlers),
    };
  };

  say(from: string, packet: Uint8Array): void {
    this.sent.push({ from, packet });
    for (const handlers of [...this.sockets.keys()]) handlers.packet(Buffer.from(packet), from);
  }
}

function lan(address: string, more: Partial<LanInterface> = {}): LanInterface {
  const subnet = address.replace(/\d+$/, '');
  return {
    id: address,
    name: 'eth0',
    address,
    internal: false,
    hosts: [address],
    contains: (other) => other.startsWith(subnet),
    ...more,
  };
}

interface Neighbour {
  readonly key: LinkKey;
  readonly discovery: Discovery;
  readonly found: string[];
  interfaces: LanInterface[];
  readonly warnings: string[];
}

async function neighbour(
  cable: Cable,
  timers: Timers,
  seed: number,
  interfaces: LanInterface[],
  listen: string[],
): Promise<Neighbour> {
  const key = linkKeyOf(await linkKeyPair(new Uint8Array(32).fill(seed)));
  const [found, warnings]: [string[], string[]] = [[], []];
  const discovery: Discovery = new Discovery({
    self: key,
    addresses: () => listen.map((text) => multiaddr(text)),
    found: (_peer, addresses) => found.push(...addresses.map((address) => address.replace(/\/p2p\/.*/, ''))),
    timers,
    logger: { ...silentLogger, warn: (_fields, message) => warnings.push(message) },
    interfaces: () => here.interfaces,
    openSocket: cable.open,
  });
  const here: Neighbour = { key, discovery, found, warnings, interfaces };
  return here;
}

/** Lets sockets become ready, then time pass. */
async function pass(timers: ManualTimers, byMs: number): Promise<void> {
  await Promise.resolve();
  timers.advance(byMs);
  await Promise.resolve();
}

test('two find each other when the second starts, and each hears only addresses of that LAN', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  const a = await neighbour(
    cable,
    timers,
    1,
    [lan('10.0.0.1')],
    ['/ip4/10.0.0.1/tcp/1', '/ip4/172.17.0.1/tcp/1'],
  );
  const b = await neighbour(cable, timers, 2, [lan('10.0.0.2')], ['/ip4/10.0.0.2/tcp/2']);
  a.discovery.start();
  await pass(timers, 60_000);
  assert.deepEqual(a.found, []);
  b.discovery.start();
  await pass(timers, 1_000);
  assert.deepEqual([...new Set(a.found)], ['/ip4/10.0.0.2/tcp/2']);
  assert.deepEqual([...new Set(b.found)], ['/ip4/10.0.0.1/tcp/1']);
  a.discovery.stop();
  b.discovery.stop();
  assert.equal(cable.sockets.size, 0);
  assert.equal(timers.waiting, 0);
});

test('lost packets delay it by seconds, not for ever', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  const a = await neighbour(cable, timers, 1, [lan('10.0.0.1')], ['/ip4/10.0.0.1/tcp/1']);
  const b = await neighbour(cable, timers, 2, [lan('10.0.0.2')], ['/ip4/10.0.0.2/tcp/2']);
  a.discovery.start();
  await pass(timers, 20_000);
  const deaf = [...cable.sockets];
  cable.sockets.clear();
  b.discovery.start();
  await pass(timers, 500);
  for (const [handlers, address] of deaf) cable.sockets.set(handlers, address);
  await pass(timers, 1_500);
  assert.ok(a.found.length > 0 && b.found.length > 0);
});

test('interfaces may come and go', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  const a = await neighbour(cable, timers, 1, [], ['/ip4/10.0.0.1/tcp/1']);
  a.discovery.start();
  assert.match(a.warnings[0] ?? '', /no network/);
  await pass(timers, 5_000);
  assert.equal(cable.sockets.size, 0);
  a.interfaces = [lan('10.0.0.1'), lan('10.9.0.1')];
  await pass(timers, 5_000);
  await pass(timers, 0);
  assert.equal(cable.sockets.size, 2);
  assert.ok(cable.sent.length > 0);
  a.interfaces = [lan('10.9.0.1')];
  await pass(timers, 5_000);
  assert.deepEqual([...cable.sockets.values()], ['10.9.0.1']);
});

test('loopback is used only by who listens there alone', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  const loopback = lan('127.0.0.1', { internal: true });
  const a = await neighbour(cable, timers, 1, [loopback, lan('10.0.0.1')], ['/ip4/10.0.0.1/tcp/1']);
  const b = await neighbour(cable, timers, 2, [loopback], ['/ip4/127.0.0.1/tcp/2']);
  a.discovery.start();
  b.discovery.start();
  assert.deepEqual([...cable.sockets.values()], ['10.0.0.1', '127.0.0.1']);
});

test('a socket that fails is told once and tried again', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  cable.broken = new Error('no multicast');
  const a = await neighbour(cable, timers, 1, [lan('10.0.0.1')], ['/ip4/10.0.0.1/tcp/1']);
  a.discovery.start();
  for (let n = 0; n < 5; n += 1) await pass(timers, 5_000);
  assert.deepEqual(a.warnings, ['LAN discovery does not work here']);
  assert.equal(cable.joins, 6);
  cable.broken = undefined;
  await pass(timers, 5_000);
  await pass(timers, 1);
  assert.ok(cable.sent.length > 0);
});

test('however many ask, there is one announcement a second', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  const a = await neighbour(cable, timers, 1, [lan('10.0.0.1')], ['/ip4/10.0.0.1/tcp/1']);
  a.discovery.start();
  await pass(timers, 30_500);
  const before = cable.sent.length;
  const question = encodeQuestion(idFromBytes<LinkKey>(new Uint8Array(32).fill(0x58)));
  for (let n = 0; n < 1_000; n += 1) {
    cable.say('10.0.0.7', question);
    await pass(timers, 2);
  }
  const answers = cable.sent.slice(before).filter(({ from }) => from === '10.0.0.1').length;
  assert.ok(answers >= 2 && answers <= 3, String(answers));
});

test('what comes from elsewhere or points elsewhere is not believed, and a shouting LAN not passed on', async () => {
  const [cable, timers] = [new Cable(), new ManualTimers()];
  const a = await neighbour(cable, timers, 1, [lan('10.0.0.1')], ['/ip4/10.0.0.1/tcp/1']);
  const other = linkKeyOf(await linkKeyPair(new Uint8Array(32).fill(9)));
  const answer = (...texts: string[]): Uint8Array =>
    encodeAnswer(
      other,
      texts.map((text) => multiaddr(text)),
    );
  a.discovery.start();
  await pass(timers, 1);
  cable.say('10.8.0.7', answer('/ip4/10.0.0.7/tcp/1'));
  cable.say('10.0.0.7', answer('/ip4/192.0.2.1/tcp/1', '/dns/victim.example.org/tcp/1'));
  assert.deepEqual(a.found, []);
  cable.say('10.0.0.7', answer('/ip4/192.0.2.1/tcp/1', '/ip4/10.0.0.7/tcp/1'));
  assert.deepEqual(a.found, ['/ip4/10.0.0.7/tcp/1']);
  for (let n = 0; n < 2_000; n += 1) cable.say('10.0.0.7', answer('/ip4/10.0.0.7/tcp/1'));
  assert.equal(a.found.length, 500);
});
