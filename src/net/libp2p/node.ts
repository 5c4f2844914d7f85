/**
 * The libp2p node that carries the links, and nothing more: TCP, WebSocket, circuit relay, Noise, yamux.
 *
 * Noise alone, though TLS moves 438 MB/s against its 309: libp2p's TLS certificates are valid from an hour before they
 * were made, so a node whose clock is ahead by more could link with nobody, and no clock has to be right here.
 *
 * Left out on purpose: identify (streams are negotiated by name; nobody here asks who speaks what, and its pushes
 * would tell every peer our addresses on every change), AutoNAT and DCUtR, which need it, a DHT (why:
 * docs/decisions/0009-no-dht.md), libp2p's own discovery, autodial and content routing.
 */
import { noise } from '@libp2p/noise';
import type { Ed25519PrivateKey, Libp2p, PeerId } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import type { Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { Logger } from '../../base/ports.ts';
import { bridgeLogger } from './log-bridge.ts';
import { RelayClient, relayGater, relayServer, type RelayGate } from './relay.ts';
import { webSocketTransport } from './web-socket.ts';

export const NODE_LIMITS = {
  connections: 300,
  /** Connections that have not proved who they are. One host can hold `perHostPerSecond` × `handshakeMs` of them. */
  pendingInbound: 256,
  perHostPerSecond: 50,
  /** For a stranger to finish the handshake; a slow one is cut off. */
  handshakeMs: 5_000,
  /** Channels of one name on one link, each way: kith has one, and another while the first one ends. Each costs memory. */
  channelsPerName: 8,
  streamsPerLink: 512,
  /** What one paused channel can hold back at the receiver: its window. */
  windowBytes: 4 * 1024 * 1024,
  /** Above the window, for data may come between a stream's negotiation and its handler; more ends the stream. */
  readBufferBytes: 16 * 1024 * 1024,
  /** How often a silent link is asked whether it lives, and how long an answer may take on a crowded one. */
  aliveEveryMs: 15_000,
  aliveAnswerMs: 20_000,
} as const;

export interface NodeInit {
  readonly key: Ed25519PrivateKey;
  readonly listen: readonly Multiaddr[];
  readonly logger: Logger;
  readonly dialTimeoutMs: number;
  /** For an inbound connection to prove who it is. */
  readonly handshakeMs: number;
  /** True ends the connection right after the handshake, before anything can be opened on it. */
  denyInbound(peer: PeerId): boolean;
  /** The same for a connection that we made; what it throws reaches the dialler. */
  denyOutbound(peer: PeerId): boolean;
  /** On a hub. */
  readonly relay?: RelayGate | undefined;
}

/** Addresses of the listeners themselves: libp2p's `getMultiaddrs` hides public ones until AutoNAT confirms them. */
interface Listeners {
  getAddrs(): Multiaddr[];
}

export interface LinkNode {
  readonly libp2p: Libp2p<{ listeners: Listeners }>;
  readonly relays: RelayClient;
}

export async function createNode(init: NodeInit): Promise<LinkNode> {
  const relays = new RelayClient();
  const libp2p = await createLibp2p({
    start: false,
    privateKey: init.key,
    addresses: { listen: init.listen.map(String) },
    logger: bridgeLogger(init.logger),
    transports: [tcp(), await webSocketTransport(init.listen), relays.transport],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: NODE_LIMITS.streamsPerLink,
        maxOutboundStreams: NODE_LIMITS.streamsPerLink,
        streamOptions: {
          maxStreamWindowSize: NODE_LIMITS.windowBytes,
          maxReadBufferLength: NODE_LIMITS.readBufferBytes,
        },
      }),
    ],
    connectionGater: {
      denyInboundEncryptedConnection: (peer) => init.denyInbound(peer),
      denyOutboundEncryptedConnection: (peer) => init.denyOutbound(peer),
      ...relayGater(init.relay, (peer) => init.denyInbound(peer)),
    },
    connectionManager: {
      maxConnections: NODE_LIMITS.connections,
      maxIncomingPendingConnections: NODE_LIMITS.pendingInbound,
      inboundConnectionThreshold: NODE_LIMITS.perHostPerSecond,
      inboundUpgradeTimeout: init.handshakeMs,
      dialTimeout: init.dialTimeoutMs,
      addressDialTimeout: init.dialTimeoutMs,
      reconnectRetries: 0,
    },
    connectionMonitor: {
      protocolPrefix: 'kith',
      pingInterval: NODE_LIMITS.aliveEveryMs,
      pingTimeout: { minTimeout: NODE_LIMITS.aliveAnswerMs },
    },
    // An object of its own: libp2p starts whatever a service factory returns, and would start its manager twice.
    services: {
      listeners: ({ transportManager }: { transportManager: Listeners }): Listeners => ({
        getAddrs: () => transportManager.getAddrs(),
      }),
      ...(init.relay === undefined ? {} : { relay: relayServer() }),
    },
  });
  return { libp2p, relays };
}
