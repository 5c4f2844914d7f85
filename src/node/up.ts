/** Starts a node with its API, for `kith up`: the one place that knows both. */
import { listenDesk, type DeskListener } from '../api/desk/listen.ts';
import { listenApi, type ApiListener } from '../api/listen.ts';
import { Node } from './node.ts';
import { giveBackWhenQuiet, processMemory } from './quiet-memory.ts';
import { systemClock, systemRng, systemTimers } from './system.ts';

export interface UpOptions {
  readonly version: string;
  readonly data: string;
  readonly listen: readonly string[];
  readonly peers: readonly string[];
  readonly hub: boolean;
  readonly mdns: boolean;
  readonly apiPort: number | undefined;
  readonly desk: string | undefined;
  /** A node that lives for one command: `offline` for what needs nobody else, `joining` to be let in. */
  readonly temporary: 'offline' | 'joining' | undefined;
}

export interface Up {
  readonly socket: string | undefined;
  readonly url: string | undefined;
  readonly tokenFile: string;
  readonly deskUrls: readonly string[];
  readonly ended: Promise<void>;
  stop(): void;
}

/** @throws KithError, such as `data-in-use`, `bad-address`, `port-taken`, `damaged-data`. */
export async function startNode(options: UpOptions): Promise<Up> {
  const node = await Node.start({
    data: options.data,
    listen: options.temporary === 'offline' ? ['127.0.0.1:0'] : options.listen,
    peers: options.peers,
    mdns: options.mdns && options.temporary !== 'offline',
    hub: options.hub,
    remembersPort: options.temporary === undefined,
    passphrase: undefined,
    version: options.version,
  });
  let listener: ApiListener;
  let desk: DeskListener | undefined;
  const ended = Promise.withResolvers<undefined>();
  const stopLooking = giveBackWhenQuiet(systemTimers, processMemory);
  const stop = async (): Promise<void> => {
    stopLooking();
    await desk?.close();
    await node.stop();
    await listener.close();
  };
  let stopping: Promise<void> | undefined;
  const stopOnce = (): Promise<void> => {
    stopping ??= stop().then(() => {
      ended.resolve(undefined);
    }, ended.reject);
    return stopping;
  };
  try {
    desk = options.desk === undefined ? undefined : await openDesk(node, options.desk);
    listener = await listenApi({
      node: { ...node.facade, stop: () => stopSoon(node, stopOnce) },
      dataFolder: node.data,
      apiPort: options.temporary === undefined ? options.apiPort : 'none',
      logger: node.nodeLog.logger('api'),
      timers: systemTimers,
      rng: systemRng,
      platform: process.platform,
      env: process.env,
      version: options.version,
    });
  } catch (error) {
    stopLooking();
    await desk?.close();
    await node.stop();
    throw error;
  }
  const { socket, url, tokenFile } = listener;
  const deskUrls = desk?.urls ?? [];
  return { socket, url, tokenFile, deskUrls, ended: ended.promise, stop: () => void stopOnce() };
}

/** It is handed what readers may ask, and nothing else of the node. */
function openDesk({ facade: { records }, nodeLog }: Node, at: string): Promise<DeskListener> {
  return listenDesk({
    at,
    records: {
      search: (question) => records.search({ ...question, public: true }),
      show: (id) => records.showPublic(id),
      asOf: () => records.asOf(),
    },
    clock: systemClock,
    logger: nodeLog.logger('desk'),
  });
}

/** Who asks over the API gets an answer first: the node is down by then, the API goes after it. */
async function stopSoon(node: Node, stop: () => Promise<void>): Promise<void> {
  await node.stop();
  setImmediate(() => void stop());
}
