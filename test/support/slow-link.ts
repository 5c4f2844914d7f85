/** A stretch of network of one rate between two programs: what it has not carried stays in their kernels. */
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

const TICK_MS = 5;
/** After a pause no more than this goes at once. */
const BURST_TICKS = 4;

export interface Place {
  readonly host: string;
  readonly port: number;
}

export interface SlowLink {
  readonly port: number;
  /** Bytes so far, both ways. */
  carriedBytes(): number;
  /** Resolves once so many have been carried. */
  carried(bytes: number): Promise<void>;
  close(): void;
}

/**
 * @param to where it leads.
 * @param bytesPerSecond each way.
 * @param oneWayMs how long a byte takes besides.
 */
export async function slowLink(to: Place, bytesPerSecond: number, oneWayMs = 0): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  let carriedBytes = 0;
  let waiting: { readonly bytes: number; readonly tell: () => void }[] = [];
  const count = (bytes: number): void => {
    carriedBytes += bytes;
    for (const { tell } of waiting.filter((one) => one.bytes <= carriedBytes)) tell();
    waiting = waiting.filter((one) => one.bytes > carriedBytes);
  };
  const carry = (from: Socket, into: Socket): void => {
    let allowedBytes = 0;
    let lastMs = performance.now();
    const pass = (chunk: Buffer): void => {
      if (oneWayMs === 0) into.write(chunk);
      else setTimeout(() => into.write(chunk), oneWayMs);
    };
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const mostBytes = (BURST_TICKS * TICK_MS * bytesPerSecond) / 1000;
      allowedBytes = Math.min(mostBytes, allowedBytes + ((nowMs - lastMs) * bytesPerSecond) / 1000);
      lastMs = nowMs;
      // Only what goes on at once is read: the rest stays where it was sent.
      for (let chunk = read(from, allowedBytes); chunk !== undefined; chunk = read(from, allowedBytes)) {
        allowedBytes -= chunk.byteLength;
        count(chunk.byteLength);
        pass(chunk);
      }
    }, TICK_MS);
    from.on('readable', () => undefined);
    from.on('error', () => undefined);
    from.on('close', () => {
      clearInterval(timer);
      into.destroy();
    });
    sockets.add(from);
    from.setNoDelay(true);
  };
  const server = createServer((inbound) => {
    const outbound = createConnection({ ...to });
    carry(inbound, outbound);
    carry(outbound, inbound);
  });
  server.listen(0);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    carriedBytes: () => carriedBytes,
    carried: (bytes) =>
      new Promise((tell) => {
        if (bytes <= carriedBytes) tell();
        else waiting.push({ bytes, tell });
      }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function read(from: Socket, upToBytes: number): Buffer | undefined {
  const bytes = Math.min(Math.floor(upToBytes), from.readableLength);
  const chunk: unknown = bytes > 0 ? from.read(bytes) : null;
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}
