/** A peer that keeps to kith's protocol up to the hello, and there speaks another version of it. */
import type { TestContext } from 'node:test';
import { multiaddr } from '@multiformats/multiaddr';
import { decodeCbor, encodeCbor } from '../../src/base/cbor.ts';
import { silentLogger } from '../../src/base/ports.ts';
import { StreamChannel } from '../../src/net/libp2p/channel.ts';
import { HELLO } from '../../src/net/libp2p/hello.ts';
import { linkKeyOf, linkKeyPair } from '../../src/net/libp2p/keys.ts';
import { createNode, type LinkNode } from '../../src/net/libp2p/node.ts';
import type { Channel } from '../../src/net/ports.ts';
import { realTimers } from '../contract/real-timers.ts';

export class FakePeer {
  readonly address: string;
  readonly #node: LinkNode['libp2p'];
  readonly #version: number;

  private constructor(node: LinkNode['libp2p'], version: number) {
    this.#node = node;
    this.#version = version;
    this.address = `${String(node.services.listeners.getAddrs()[0])}/p2p/${String(node.peerId)}`;
  }

  static async start(
    context: TestContext,
    { version, seed }: { readonly version: number; readonly seed: Uint8Array },
  ): Promise<FakePeer> {
    const { libp2p } = await createNode({
      key: await linkKeyPair(seed),
      listen: [multiaddr('/ip4/127.0.0.1/tcp/0')],
      logger: silentLogger,
      dialTimeoutMs: 10_000,
      handshakeMs: 10_000,
      denyInbound: () => false,
      denyOutbound: () => false,
    });
    const hello = encodeCbor([version]);
    await libp2p.handle(HELLO, (stream) => {
      const channel = open(stream);
      channel.onFrame(() => channel.send(hello));
    });
    await libp2p.start();
    context.after(() => libp2p.stop());
    return new FakePeer(libp2p, version);
  }

  /** Dials and says hello. @returns the version that the other side answers with. */
  async greet(address: string): Promise<unknown> {
    const connection = await this.#node.dial(multiaddr(address));
    const channel = open(await connection.newStream(HELLO));
    return new Promise((resolve, reject) => {
      channel.onFrame((frame) => {
        const answer = decodeCbor(frame);
        resolve(Array.isArray(answer) ? (answer as unknown[])[0] : undefined);
      });
      channel.onClose((error) => reject(error ?? new Error('no hello came back')));
      channel.send(encodeCbor([this.#version]));
    });
  }
}

function open(stream: ConstructorParameters<typeof StreamChannel>[0]['stream']): Channel {
  return new StreamChannel({
    name: HELLO,
    peer: linkKeyOfNobody,
    stream,
    timers: realTimers,
    logger: silentLogger,
    tap: { record: undefined },
    pacer: undefined,
  });
}

/** Shown in logs alone. */
const linkKeyOfNobody = linkKeyOf(await linkKeyPair(new Uint8Array(32)));
