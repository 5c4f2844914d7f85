/** Discovery over this machine's real multicast, where it has any. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { silentLogger } from '../../base/ports.ts';
import { realClock, realTimers } from '../../../test/contract/real-timers.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Transport } from '../ports.ts';
import { lanInterfaces } from './lan-interfaces.ts';
import { openLanSocket } from './lan-socket.ts';
import { createLibp2pTransport } from './transport.ts';

const PROBE_MS = 2_000;

/** Why multicast does not work here, if so: a packet to ourselves must come back. */
function obstacle(): Promise<string | undefined> {
  const [lan] = lanInterfaces().filter(({ internal }) => !internal);
  if (lan === undefined) return Promise.resolve('no network interface but loopback');
  return new Promise((resolve) => {
    const probe = Buffer.from(`kith test ${process.pid}`);
    const finish = (why: string | undefined): void => {
      timer.cancel();
      socket.close();
      resolve(why);
    };
    const timer = realTimers.after(PROBE_MS, () => finish(`multicast on ${lan.name} brings nothing back`));
    const socket = openLanSocket(lan.address, {
      ready: () => socket.send(probe),
      packet: (bytes) => bytes.equals(probe) && finish(undefined),
      trouble: (error) => finish(error.message),
      failed: (error) => finish(error.message),
    });
  });
}

async function start(
  context: TestContext,
  seed: number,
): Promise<{ transport: Transport; heard: (peer: LinkKey) => Promise<readonly string[]> }> {
  const transport = await createLibp2pTransport({
    linkSeed: new Uint8Array(32).fill(seed),
    listen: [],
    mdns: true,
    gate: { mayLink: () => true },
    logger: silentLogger,
    timers: realTimers,
    clock: realClock,
  });
  const waiting = new Map<LinkKey, PromiseWithResolvers<readonly string[]>>();
  const entry = (peer: LinkKey): PromiseWithResolvers<readonly string[]> => {
    const known = waiting.get(peer) ?? Promise.withResolvers<readonly string[]>();
    waiting.set(peer, known);
    return known;
  };
  transport.on({ discovered: (peer, addresses) => entry(peer).resolve(addresses) });
  await transport.start();
  context.after(() => transport.stop());
  return { transport, heard: (peer) => entry(peer).promise };
}

test('two nodes on one LAN find each other and can be dialled where they said', async (context) => {
  const why = await obstacle();
  if (why !== undefined) return context.skip(why);
  const [a, b] = [await start(context, 0xa1), await start(context, 0xb2)];
  const [atB] = await Promise.all([a.heard(b.transport.self), b.heard(a.transport.self)]);
  const [address] = atB;
  assert.ok(address !== undefined);
  const link = await a.transport.dial(address, { expect: b.transport.self });
  assert.equal(link.peer, b.transport.self);
});
