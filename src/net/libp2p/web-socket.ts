/** Links where only HTTP passes. Loaded when the first such address is dialled, for most nodes never need it. */
import type { Connection, DialTransportOptions, Listener, Transport } from '@libp2p/interface';
import { transportSymbol } from '@libp2p/interface';
import type { WebSocketsComponents } from '@libp2p/websockets';
import type { Multiaddr } from '@multiformats/multiaddr';
import { isWebSocket } from './addresses.ts';

type MakeTransport = (components: WebSocketsComponents) => Transport;

export async function webSocketTransport(listen: readonly Multiaddr[]): Promise<MakeTransport> {
  return listen.some(isWebSocket) ? load() : (components) => new LateWebSockets(components);
}

async function load(): Promise<MakeTransport> {
  const { webSockets } = await import('@libp2p/websockets');
  return webSockets();
}

/** Dials only: who listens has the transport itself. */
class LateWebSockets implements Transport {
  readonly [transportSymbol] = true;
  readonly [Symbol.toStringTag] = '@libp2p/websockets';
  readonly #components: WebSocketsComponents;
  #loaded: Promise<Transport> | undefined;

  constructor(components: WebSocketsComponents) {
    this.#components = components;
  }

  async dial(address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    this.#loaded ??= load().then((make) => make(this.#components));
    const transport = await this.#loaded;
    return transport.dial(address, options);
  }

  createListener(): Listener {
    throw new Error('it was started without an address to listen on for WebSocket');
  }

  listenFilter(): Multiaddr[] {
    return [];
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(isWebSocket);
  }
}
