/** Where the API can be reached: a Unix socket, and loopback with a token. See docs/protocol/api.md. */
import { createAdaptorServer } from '@hono/node-server';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Rng, Timers } from '../base/ports.ts';
import { API_FILE, TOKEN_FILE, type ApiFile } from './contract.ts';
import { createApi, type ApiDeps } from './server.ts';
import type { Asked } from './guard.ts';
import { listening, type ListeningWords } from './listening.ts';
import { freeSocket, shortEnough, shortSocketPath, socketPathIn } from './socket-path.ts';
import { keepToken, writePrivate } from './private-file.ts';

/** Taken when nobody names a port and it is free; else any free one. */
export const DEFAULT_API_PORT = 5485;
/** How long requests that are being answered may hold up the end. */
const CLOSING_MS = 1000;

export interface ListenOptions extends Omit<ApiDeps, 'token' | 'tokenFile' | 'ending'> {
  /** Exists, and is its owner's alone. */
  readonly dataFolder: string;
  /** 0: any free one; undefined: `DEFAULT_API_PORT` or any free one; 'none': loopback only where there is no socket. */
  readonly apiPort: number | undefined | 'none';
  readonly rng: Rng;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ApiListener {
  readonly socket: string | undefined;
  /** `http://127.0.0.1:PORT` */
  readonly url: string | undefined;
  readonly tokenFile: string;
  /** Ends streams, lets answers that are being written go out, and takes the socket away. */
  close(): Promise<void>;
}

/** @throws KithError `already-running` (a node answers on this folder's socket) | `port-in-use` | `cannot-write`. */
export async function listenApi(options: ListenOptions): Promise<ApiListener> {
  const { dataFolder, platform, timers } = options;
  const tokenFile = join(dataFolder, TOKEN_FILE);
  const ending = new AbortController();
  const api = createApi({
    ...options,
    token: await keepToken(tokenFile, options.rng),
    tokenFile,
    ending: ending.signal,
  });
  const serverFor = (via: Asked['via']): Server =>
    createAdaptorServer({
      // Other parts of the program keep the platform's own Request and Response.
      overrideGlobalObjects: false,
      fetch: (request, env) => api.fetch(request, { via, port: portOf(env.incoming as IncomingMessage) }),
    }) as Server;

  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    ending.abort();
    await Promise.all(servers.map((server) => closeServer(server, timers)));
  };
  try {
    const socket = platform === 'win32' ? undefined : await openSocket(serverFor('socket'), options, servers);
    const wantsLoopback = options.apiPort !== 'none' || socket === undefined;
    const url = wantsLoopback ? await openLoopback(serverFor('loopback'), options, servers) : undefined;
    const apiFile = join(dataFolder, API_FILE);
    const where: ApiFile = { socket: socket ?? null, url: url ?? null, pid: process.pid };
    await writePrivate(apiFile, `${JSON.stringify(where)}\n`);
    return {
      socket,
      url,
      tokenFile,
      async close() {
        await rm(apiFile, { force: true });
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openSocket(server: Server, options: ListenOptions, servers: Server[]): Promise<string> {
  const preferred = socketPathIn(options.dataFolder);
  const path = shortEnough(preferred) ? preferred : await shortSocketPath(options.dataFolder, options.env);
  await freeSocket(path);
  // Made with mode 0600 from the first moment: there is no instant in which others could connect.
  const umask = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  await listening(server, words(path));
  servers.push(server);
  return path;
}

async function openLoopback(server: Server, { apiPort }: ListenOptions, servers: Server[]): Promise<string> {
  const ports = typeof apiPort === 'number' ? [apiPort] : apiPort === 'none' ? [0] : [DEFAULT_API_PORT, 0];
  for (const [index, port] of ports.entries()) {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    try {
      await listening(server, words(String(port)));
      break;
    } catch (error) {
      if (index === ports.length - 1) throw error;
    }
  }
  servers.push(server);
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

function words(where: string): ListeningWords {
  return {
    what: `The API cannot listen on ${where}`,
    next: 'Choose another with --api-port, or 0 for any free one.',
    other: { code: 'cannot-write' },
  };
}

async function closeServer(server: Server, timers: Timers): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = timers.after(CLOSING_MS, () => {
    server.closeAllConnections();
  });
  await closed;
  timer.cancel();
}

function portOf(incoming: IncomingMessage): number | undefined {
  return incoming.socket.localPort;
}
