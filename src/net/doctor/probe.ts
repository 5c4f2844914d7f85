/** Is anything there at all? One TCP connection, opened and closed. */
import { createConnection } from 'node:net';

const TIMEOUT_MS = 5_000;

export interface Reached {
  readonly ok: boolean;
  /** Of the operating system, such as ECONNREFUSED; ETIMEDOUT also when we gave up. */
  readonly osCode: string;
}

/** @param host an IP address or a name. Never throws. */
export function probeTcp(host: string, port: number): Promise<Reached> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: TIMEOUT_MS });
    const end = (reached: Reached): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => {
      end({ ok: true, osCode: '' });
    });
    socket.once('timeout', () => {
      end({ ok: false, osCode: 'ETIMEDOUT' });
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end({ ok: false, osCode: error.code ?? '' });
    });
  });
}
