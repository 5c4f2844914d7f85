/** @libp2p/gossipsub over 20 nodes in one process, as it comes: messages signed by their sender, nothing on disk. */
import { randomBytes } from 'node:crypto';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { edges, LETTER_BYTES, measure, NODES } from './flood-shape.ts';

/** What is used of it; bench/ is not installed where types are checked. */
interface PubSub {
  addEventListener(
    type: 'gossipsub:message',
    heard: (event: { readonly detail: { readonly msg: { readonly topic: string } } }) => void,
  ): void;
  subscribe(topic: string): void;
  publish(topic: string, data: Uint8Array): Promise<unknown>;
  getMeshPeers(topic: string): readonly string[];
}

const TOPIC = 'letters';
let delivered = 0;

async function startNode() {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), pubsub: gossipsub() },
    connectionManager: { inboundConnectionThreshold: 1000 },
  });
  const pubsub = node.services.pubsub as PubSub;
  pubsub.addEventListener('gossipsub:message', ({ detail }) => {
    if (detail.msg.topic === TOPIC) delivered += 1;
  });
  pubsub.subscribe(TOPIC);
  return { node, pubsub };
}

const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode()));
for (const [from, to] of edges()) {
  const address = nodes[to]?.node.getMultiaddrs()[0];
  if (address !== undefined) await nodes[from]?.node.dial(address);
}
const meshed = (): number => Math.min(...nodes.map(({ pubsub }) => pubsub.getMeshPeers(TOPIC).length));
while (meshed() < 4) await new Promise((resolve) => setTimeout(resolve, 200));
// Some heartbeats, so that the mesh has settled.
await new Promise((resolve) => setTimeout(resolve, 3000));

/** Under load it loses sight of its peers for a moment, and refuses. */
function publish(from: number, message: Uint8Array): void {
  nodes[from]?.pubsub.publish(TOPIC, message).catch(() => setTimeout(() => publish(from, message), 20));
}

await measure({
  send: (from) => {
    publish(from, randomBytes(LETTER_BYTES));
  },
  delivered: () => delivered,
  settle: () => Promise.resolve(),
});
process.exit(0);
