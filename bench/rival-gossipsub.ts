/** @libp2p/gossipsub over 20 nodes in one process, as it comes: messages signed by their sender, nothing on disk. */
import { randomBytes } from 'node:crypto';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import { edges, LETTER_BYTES, measure, NODES } from './flood-shape.ts';

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
  node.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => {
    if (detail.msg.topic === TOPIC) delivered += 1;
  });
  node.services.pubsub.subscribe(TOPIC);
  return node;
}

const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode()));
for (const [from, to] of edges()) {
  const address = nodes[to]?.getMultiaddrs()[0];
  if (address !== undefined) await nodes[from]?.dial(address);
}
const isMeshed = (): boolean =>
  nodes.every(({ services: { pubsub } }) => Math.min(pubsub.getMeshPeers(TOPIC).length, pubsub.getSubscribers(TOPIC).length) >= 4);
while (!isMeshed()) await new Promise((resolve) => setTimeout(resolve, 200));
await new Promise((resolve) => setTimeout(resolve, 2000));
await measure({
  send: (from) => void nodes[from]?.services.pubsub.publish(TOPIC, randomBytes(LETTER_BYTES)),
  delivered: () => delivered,
  settle: () => Promise.resolve(),
});
process.exit(0);
