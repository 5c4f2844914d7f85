/**
 * Circuit relay v2: how a hub passes the connection of two nodes on that cannot reach each other. What it passes on is
 * encrypted between the two ends, handshake and gates included: to the hub it is bytes.
 */
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import type { CircuitRelayTransportComponents } from '@libp2p/circuit-relay-v2';
import { serviceDependencies, type PeerId, type Transport } from '@libp2p/interface';
import { assert } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { linkKeyOfPeer } from './keys.ts';

export const RELAY_LIMITS = {
  /** As many as a node has connections: nobody who could be passed on is turned away. */
  reservations: 300,
  /** Renewed by the other side five minutes before. */
  reservationMs: 2 * 60 * 60 * 1000,
  /** Connections that one node has passed on by one hub, each way. */
  streamsPerLink: 128,
  /** For what a node asks of a hub, to be asked and answered. */
  answerMs: 5_000,
} as const;

/** What a hub asks before it passes anything on. */
export interface RelayGate {
  /** May this peer be reached through this hub? */
  mayReserve(peer: LinkKey): boolean;
  /** May one reach the other through this hub? */
  mayPass(from: LinkKey, to: LinkKey): boolean;
}

/**
 * The part of the relay transport that makes and renews reservations. The library offers it through addresses to
 * listen on alone, with which one hub that goes ends the reservations at all others, and a hub that was away once or
 * did not serve as one yet is never asked again.
 */
interface Reservations {
  addRelay(hub: PeerId, type: 'configured'): Promise<unknown>;
  hasReservation(hub: PeerId): boolean;
  relayFilter: { has(hub: Uint8Array): boolean; add(hub: Uint8Array): void };
}

export class RelayClient {
  #reservations: Reservations | undefined;

  /** For libp2p's list of transports. */
  readonly transport = (components: CircuitRelayTransportComponents): Transport => {
    const transport = circuitRelayTransport({
      maxInboundStopStreams: RELAY_LIMITS.streamsPerLink,
      maxOutboundStopStreams: RELAY_LIMITS.streamsPerLink,
      reservationCompletionTimeout: RELAY_LIMITS.answerMs,
      // Many hubs come up at once after a power cut.
      reservationConcurrency: 8,
      // It has nothing to discover; its own filter would take memory for thousands.
      discoveryFilter: { has: () => true, add: () => undefined, remove: () => undefined },
    })(components);
    this.#reservations = reservationsOf(transport);
    // It wants identify for finding hubs by itself, which is not used: the roll says who is a hub.
    Object.defineProperty(transport, serviceDependencies, { value: [] });
    return transport;
  };

  /** Over the connection to the hub that there is; it is renewed by itself until that ends. */
  async reserve(hub: PeerId): Promise<void> {
    assert(this.#reservations !== undefined, 'the relay transport was made');
    await this.#reservations.addRelay(hub, 'configured');
  }

  has(hub: PeerId): boolean {
    return this.#reservations?.hasReservation(hub) === true;
  }
}

function reservationsOf(transport: Transport): Reservations {
  assert(
    'reservationStore' in transport,
    'the relay transport has its reservations where this version keeps them',
  );
  const reservations = transport.reservationStore as Reservations;
  // Whether to try again is decided above, from whether the hub serves.
  reservations.relayFilter = { has: () => false, add: () => undefined };
  return reservations;
}

/** The service of a hub. Neither bytes nor time of a connection are limited: those who may use it are few and known. */
export function relayServer(): ReturnType<typeof circuitRelayServer> {
  return circuitRelayServer({
    hopTimeout: RELAY_LIMITS.answerMs,
    maxInboundHopStreams: RELAY_LIMITS.streamsPerLink,
    maxOutboundStopStreams: RELAY_LIMITS.streamsPerLink,
    reservations: {
      maxReservations: RELAY_LIMITS.reservations,
      reservationTtl: RELAY_LIMITS.reservationMs,
      applyDefaultLimit: false,
    },
  });
}

/** libp2p's questions, in terms of link keys; a peer whose key is none of ours is refused. */
export function relayGater(
  gate: RelayGate | undefined,
  denyInbound: (peer: PeerId) => boolean,
): {
  denyInboundRelayReservation(peer: PeerId): boolean;
  denyOutboundRelayedConnection(from: PeerId, to: PeerId): boolean;
  denyInboundRelayedConnection(hub: PeerId, peer: PeerId): boolean;
} {
  return {
    denyInboundRelayReservation: (peer) => {
      const key = linkKeyOfPeer(peer);
      return key === undefined || gate?.mayReserve(key) !== true;
    },
    denyOutboundRelayedConnection: (from, to) => {
      const [source, target] = [linkKeyOfPeer(from), linkKeyOfPeer(to)];
      return source === undefined || target === undefined || gate?.mayPass(source, target) !== true;
    },
    // What a hub says about who comes proves nothing; the handshake will. Whom we would refuse then need not begin.
    denyInboundRelayedConnection: (_, peer) => denyInbound(peer),
  };
}
