/** One UDP socket in the mDNS group on one interface. */
import { createSocket } from 'node:dgram';

const GROUP = '224.0.0.251';
const PORT = 5353;

export interface LanSocket {
  send(packet: Uint8Array): void;
  /** Joins the group again if the kernel forgot: a cable or a USB adapter came back under the same address. */
  refresh(): void;
  close(): void;
}

export interface LanSocketHandlers {
  ready(): void;
  packet(bytes: Buffer, fromAddress: string): void;
  /** The packet was not sent, or the group not joined; the socket stays. */
  trouble(error: Error): void;
  /** The socket is of no use and was closed. */
  failed(error: Error): void;
}

/**
 * Bound to every address, for Linux gives a multicast packet to no socket that is bound to one of its own; the sender
 * picks the interface by name, since without a default route the kernel would find none (a switch without a router).
 *
 * @param address this machine's IPv4 address on the interface.
 */
export function openLanSocket(address: string, handlers: LanSocketHandlers): LanSocket {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  let open = true;
  const attempt = (act: () => void): void => {
    try {
      if (open) act();
    } catch (error) {
      handlers.trouble(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const close = (): void => {
    if (open) socket.close();
    open = false;
  };
  const join = (): void => {
    attempt(() => addMembership(socket, address));
    attempt(() => socket.setMulticastInterface(address));
  };
  socket.on('message', (bytes, from) => handlers.packet(bytes, from.address));
  socket.on('error', (error) => {
    close();
    handlers.failed(error);
  });
  socket.bind({ port: PORT, address: '0.0.0.0' }, () => {
    attempt(() => socket.setMulticastTTL(255));
    attempt(() => socket.setMulticastLoopback(true));
    join();
    if (open) handlers.ready();
  });
  return {
    send: (packet) =>
      attempt(() =>
        socket.send(packet, PORT, GROUP, (error) => error !== null && open && handlers.trouble(error)),
      ),
    refresh: join,
    close,
  };
}

function addMembership(socket: ReturnType<typeof createSocket>, address: string): void {
  try {
    socket.addMembership(GROUP, address);
  } catch (error) {
    const already = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!already) throw error;
  }
}
