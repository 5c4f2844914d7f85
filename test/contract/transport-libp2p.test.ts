import { multiaddr } from '@multiformats/multiaddr';
import { silentLogger } from '../../src/base/ports.ts';
import { hearHello, HELLO, sayHello } from '../../src/net/libp2p/hello.ts';
import { linkKeyOfPeer, linkKeyPair } from '../../src/net/libp2p/keys.ts';
import { ConnectionLink } from '../../src/net/libp2p/link.ts';
import { createNode } from '../../src/net/libp2p/node.ts';
import { createLibp2pTransport } from '../../src/net/libp2p/transport.ts';
import { realClock, realTimers } from './real-timers.ts';
import type { TransportFixture } from './transport-stage.ts';
import { transportContract } from './transport.contract.ts';

const seedOf = (seed: number): Uint8Array => new Uint8Array(32).fill(seed);

/** A peer that keeps to the protocol up to the hello, and then writes what it likes until the other side has had enough. */
const writeRaw: NonNullable<TransportFixture['writeRaw']> = async ({ seed, address, name, bytes }) => {
  const open = (): boolean => false;
  const key = await linkKeyPair(seedOf(seed));
  const { libp2p: node } = await createNode({
    key,
    listen: [],
    logger: silentLogger,
    dialTimeoutMs: 10_000,
    handshakeMs: 5_000,
    denyInbound: open,
    denyOutbound: open,
  });
  await node.start();
  const connection = await node.dial(multiaddr(address));
  const peer = linkKeyOfPeer(connection.remotePeer);
  if (peer === undefined) throw new Error('no link key');
  const link = new ConnectionLink({
    connection,
    peer,
    timers: realTimers,
    clock: realClock,
    logger: silentLogger,
    tap: { record: undefined },
    bulk: new Set(),
  });
  const hello = await link.openChannel(HELLO);
  sayHello(hello);
  await hearHello(hello);
  const stream = await connection.newStream(name);
  const ended = Promise.withResolvers<undefined>();
  stream.addEventListener('close', () => ended.resolve(undefined));
  stream.send(bytes);
  await ended.promise;
  await node.stop();
};

transportContract('libp2p', () => ({
  make: ({ seed, gate }) =>
    createLibp2pTransport({
      linkSeed: seedOf(seed),
      listen: ['127.0.0.1:0'],
      mdns: false,
      gate,
      logger: silentLogger,
      timers: realTimers,
      clock: realClock,
    }),
  writeRaw,
}));
