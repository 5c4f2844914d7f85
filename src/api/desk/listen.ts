/** Where phones reach the public desk: a listener of its own, with nothing of the API behind it. */
import { createAdaptorServer } from '@hono/node-server';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { KithError } from '../../base/errors.ts';
import { listening } from '../listening.ts';
import { createDesk, type DeskDeps } from './desk.ts';

/** One access point has so many phones; who holds more keeps others out. */
const MOST_CONNECTIONS = 256;
const REQUEST_MS = 10_000;
const IDLE_MS = 15_000;
const HEADER_BYTES = 8 * 1024;

export interface DeskOptions extends DeskDeps {
  /** `host:port`, `:port` for all interfaces; port 0: any free one. */
  readonly at: string;
}

export interface DeskListener {
  /** What to type into a phone's browser, the likeliest first. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** @throws KithError `bad-address` | `port-in-use` */
export async function listenDesk(options: DeskOptions): Promise<DeskListener> {
  const { host, port } = parseAt(options.at);
  const desk = createDesk(options);
  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: (request, env) =>
      desk.fetch(request, { address: (env.incoming as IncomingMessage).socket.remoteAddress ?? '' }),
    serverOptions: { maxHeaderSize: HEADER_BYTES, requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS },
  }) as Server;
  server.maxConnections = MOST_CONNECTIONS;
  server.keepAliveTimeout = IDLE_MS;
  server.listen({ port, ...(host === undefined ? {} : { host }), exclusive: true });
  await listening(server, {
    what: `The public desk cannot listen on ${options.at}`,
    next: 'Choose another port above 1023, as in --desk :8080.',
    other: { code: 'bad-address', next: 'Use an address of this machine, or only a port: --desk :8080' },
  });
  const { port: taken } = server.address() as AddressInfo;
  const hosts = host === undefined ? ownAddresses() : [host.includes(':') ? `[${host}]` : host];
  return {
    urls: hosts.map((name) => `http://${name}:${String(taken)}/`),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function parseAt(at: string): { readonly host: string | undefined; readonly port: number } {
  const [, v6, name, digits = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(at) ?? [];
  const port = Number(digits);
  if (digits === '' || port > 65_535) {
    throw new KithError('bad-address', `The public desk cannot listen on ${at}.`, {
      next: 'Give it a port, as in --desk :8080, or an address of this machine and a port.',
    });
  }
  const host = v6 ?? (name === '' ? undefined : name);
  return { host, port };
}

function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal, family }) => !internal && family === 'IPv4');
  return outside.length > 0 ? outside.map(({ address }) => address) : ['127.0.0.1'];
}
