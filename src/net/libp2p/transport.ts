/** The transport port over libp2p: the only place where its parts meet. */
import type { Connection, Stream } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes } from '../../base/bytes.ts';
import { assert, KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Logger, Timer, Timers } from '../../base/ports.ts';
import type { Channel, ChannelName, Gate, Link, Transport, TransportEvents } from '../ports.ts';
import {
  isLoopback,
  listenEverywhere,
  parseListenAddress,
  parsePeerAddress,
  printPeerAddress,
} from './addresses.ts';
import type { FrameTap } from './channel.ts';
import { Discovery } from './discovery.ts';
import {
  dialFailure,
  GateDenied,
  listenFailure,
  notAdmitted,
  wrongPeer,
  type DialContext,
} from './failures.ts';
import { hearHello, HELLO, sayHello } from './hello.ts';
import { linkKeyOf, linkKeyOfPeer, linkKeyPair } from './keys.ts';
import { ConnectionLink } from './link.ts';
import { createNode, NODE_LIMITS, type LinkNode } from './node.ts';

const DIAL_TIMEOUT_MS = 10_000;
/** From the end of the handshake to the hello. */
const HELLO_TIMEOUT_MS = 10_000;

export interface Libp2pTransportOptions {
  /** 32 bytes: the Ed25519 seed of the link key. */
  readonly linkSeed: Bytes;
  /** `host:port`, `:port` or multiaddrs; none means any free port on every interface. */
  readonly listen: readonly string[];
  /** Look for others on the LAN and be found there. */
  readonly mdns: boolean;
  readonly gate: Gate;
  readonly logger: Logger;
  readonly timers: Timers;
  /** How long a stranger may take to prove who it is; for tests. */
  readonly handshakeMs?: number;
}

/** @throws KithError `bad-address` when an address to listen on makes no sense. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const key = await linkKeyPair(options.linkSeed);
  const listen =
    options.listen.length === 0 ? listenEverywhere(0) : options.listen.flatMap(parseListenAddress);
  const node = await createNode({
    key,
    listen,
    logger: options.logger,
    dialTimeoutMs: DIAL_TIMEOUT_MS,
    handshakeMs: options.handshakeMs ?? NODE_LIMITS.handshakeMs,
    denyInbound: (peer) => !mayLink(options, linkKeyOfPeer(peer)),
    denyOutbound: (peer) => {
      const answered = linkKeyOfPeer(peer);
      if (!mayLink(options, answered)) throw new GateDenied(answered);
      return false;
    },
  });
  return new Libp2pTransport(linkKeyOf(key), node, listen, options);
}

/** A gate that throws lets nobody in. */
function mayLink({ gate, logger }: Libp2pTransportOptions, peer: LinkKey | undefined): boolean {
  try {
    return peer !== undefined && gate.mayLink(peer);
  } catch (error) {
    logger.error({ peer, error }, 'the gate threw');
    return false;
  }
}

/** A connection; it becomes a link with the hello, and channels that come before wait for it. */
interface Attached {
  readonly link: ConnectionLink;
  readonly standing: PromiseWithResolvers<ConnectionLink>;
  readonly timeout: Timer;
  state: 'new' | 'greeting' | 'stands';
}

class Libp2pTransport implements Transport {
  readonly self: LinkKey;
  readonly #node: LinkNode;
  readonly #listen: readonly Multiaddr[];
  readonly #options: Libp2pTransportOptions;
  readonly #discovery: Discovery | undefined;
  readonly #attached = new Map<string, Attached>();
  readonly #names = new Set<ChannelName>();
  readonly #listeners: Partial<TransportEvents>[] = [];
  readonly #tap: FrameTap = { record: undefined };
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(self: LinkKey, node: LinkNode, listen: readonly Multiaddr[], options: Libp2pTransportOptions) {
    this.self = self;
    this.#node = node;
    this.#listen = listen;
    this.#options = options;
    const { timers, logger } = options;
    this.#discovery = options.mdns
      ? new Discovery({
          self,
          addresses: () => this.#reachable(),
          found: (peer, addresses) => this.#emit((listener) => listener.discovered?.(peer, addresses)),
          timers,
          logger,
        })
      : undefined;
  }

  async start(): Promise<void> {
    assert(this.#state === 'new', 'a transport starts once');
    this.#state = 'running';
    this.#node.addEventListener('connection:open', (event) => this.#attach(event.detail));
    this.#node.addEventListener('connection:close', (event) => this.#detach(event.detail));
    this.#serve(HELLO, (stream, connection) => this.#answerHello(stream, connection));
    try {
      await this.#node.start();
    } catch (cause) {
      this.#state = 'stopped';
      throw listenFailure(cause, this.#listen.map(String));
    }
    this.#discovery?.start();
  }

  async stop(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'stopped';
    this.#discovery?.stop();
    await Promise.all([...this.#attached.values()].map((attached) => this.#part(attached)));
    await this.#node.stop();
  }

  listening(): readonly string[] {
    return this.#reachable().map((address) => printPeerAddress(address, this.self));
  }

  async dial(address: string, options: { signal?: AbortSignal; expect?: LinkKey }): Promise<Link> {
    assert(this.#state === 'running', 'a transport dials while it runs');
    const target = parsePeerAddress(address);
    const wanted = options.expect ?? target.peer;
    if (target.peer !== undefined && target.peer !== wanted) throw wrongPeer({ address });
    if (wanted !== undefined && wanted !== this.self && !mayLink(this.#options, wanted))
      throw notAdmitted({ address });
    const attempt = new Attempt(address, wanted, this.#options.timers, options.signal);
    try {
      const connection = await this.#node.dial(target.multiaddr, {
        force: true,
        signal: attempt.signal,
        onProgress: (event) => attempt.progress(event.type),
      });
      return await this.#greet(connection, attempt);
    } catch (cause) {
      throw dialFailure(cause, attempt);
    } finally {
      attempt.end();
    }
  }

  handle(name: ChannelName, handler: (channel: Channel, link: Link) => void): void {
    this.#serve(name, async (stream, connection) => {
      const attached = this.#attached.get(connection.id);
      if (attached === undefined) throw new Error('a stream of a connection that is gone');
      const channel = attached.link.wrap(name, stream);
      const link = await attached.standing.promise;
      try {
        handler(channel, link);
      } catch (error) {
        this.#options.logger.error({ channel: name, peer: link.peer, error }, 'a channel handler threw');
        throw error;
      }
    });
  }

  links(): readonly Link[] {
    return [...this.#attached.values()].filter(({ state }) => state === 'stands').map(({ link }) => link);
  }

  hangUp(peer: LinkKey): void {
    for (const { link } of [...this.#attached.values()]) {
      if (link.peer === peer) link.cut(new KithError('hung-up', 'This node ended the link.'));
    }
  }

  on(events: Partial<TransportEvents>): void {
    this.#listeners.push(events);
    if (events.frame !== undefined)
      this.#tap.record = (record) => this.#emit((listener) => listener.frame?.(record));
  }

  // Connections

  #attach(connection: Connection): void {
    const peer = linkKeyOfPeer(connection.remotePeer);
    if (peer === undefined || this.#state !== 'running') {
      connection.abort(new Error('not wanted'));
      return;
    }
    const { timers, logger } = this.#options;
    const link = new ConnectionLink({ connection, peer, timers, logger, tap: this.#tap });
    const timeout = timers.after(HELLO_TIMEOUT_MS, () =>
      link.cut(new KithError('link-refused', 'No hello came in time.')),
    );
    const standing = Promise.withResolvers<ConnectionLink>();
    standing.promise.catch(() => undefined);
    this.#attached.set(connection.id, { link, standing, timeout, state: 'new' });
  }

  #detach(connection: Connection): void {
    const attached = this.#attached.get(connection.id);
    if (attached === undefined) return;
    this.#attached.delete(connection.id);
    attached.timeout.cancel();
    attached.standing.reject(new KithError('link-refused', 'The other node ended the link before it stood.'));
    if (attached.state === 'stands') this.#emit((listener) => listener.unlink?.(attached.link));
  }

  async #part(attached: Attached): Promise<void> {
    if (attached.state === 'stands') await attached.link.closeGently();
    else attached.link.cut(new KithError('hung-up', 'This node stops.'));
  }

  /** The dialler's half of the hello. Two dials that libp2p joined into one connection share it. */
  async #greet(connection: Connection, attempt: Attempt): Promise<Link> {
    const attached = this.#attached.get(connection.id);
    if (attached === undefined)
      throw new KithError('link-refused', 'The other node ended the link before it stood.');
    const { link } = attached;
    if (attempt.wanted !== undefined && attempt.wanted !== link.peer) {
      if (attached.state === 'new') link.cut(new KithError('hung-up', 'Another device was expected.'));
      throw wrongPeer(attempt);
    }
    if (attached.state === 'new') this.#sayHello(attached, attempt.signal);
    return attempt.race(attached.standing.promise);
  }

  #sayHello(attached: Attached, signal: AbortSignal): void {
    const { link } = attached;
    attached.state = 'greeting';
    signal.addEventListener('abort', () => this.#giveUp(attached, new Error('stopped')), { once: true });
    link
      .openChannel(HELLO, signal)
      .then(async (channel) => {
        sayHello(channel);
        await hearHello(channel);
        this.#stand(attached);
        channel.close();
      })
      .catch((error: unknown) => this.#giveUp(attached, error));
  }

  async #answerHello(stream: Stream, connection: Connection): Promise<void> {
    const attached = this.#attached.get(connection.id);
    if (attached?.state !== 'new' || connection.direction !== 'inbound') throw new Error('no hello is due');
    attached.state = 'greeting';
    try {
      const channel = attached.link.wrap(HELLO, stream);
      await hearHello(channel);
      this.#stand(attached);
      sayHello(channel);
    } catch (error) {
      this.#giveUp(attached, error);
    }
  }

  #giveUp(attached: Attached, error: unknown): void {
    attached.standing.reject(error);
    attached.link.cut(error instanceof Error ? error : new Error(String(error)));
  }

  /** Asks the gate once more: membership may have changed since the handshake. */
  #stand(attached: Attached): void {
    const { link } = attached;
    if (!mayLink(this.#options, link.peer)) throw notAdmitted(link);
    attached.state = 'stands';
    attached.timeout.cancel();
    this.#emit((listener) => listener.link?.(link));
    attached.standing.resolve(link);
  }

  // The rest

  #serve(name: ChannelName, handler: (stream: Stream, connection: Connection) => Promise<void>): void {
    assert(!this.#names.has(name), `a second handler for ${name}`);
    this.#names.add(name);
    this.#node
      .handle(name, handler, { maxInboundStreams: NODE_LIMITS.channelsPerName, runOnLimitedConnection: true })
      .catch((error: unknown) =>
        this.#options.logger.error({ channel: name, error }, 'a channel cannot be served'),
      );
  }

  /** Without 0.0.0.0 and ::, and without loopback unless there is nothing else. */
  #reachable(): readonly Multiaddr[] {
    const all = this.#node.services.listeners.getAddrs();
    const outside = all.filter((address) => !isLoopback(address));
    return outside.length > 0 ? outside : all;
  }

  #emit(tell: (listener: Partial<TransportEvents>) => void): void {
    for (const listener of this.#listeners) {
      try {
        tell(listener);
      } catch (error) {
        this.#options.logger.error({ error }, 'a transport listener threw');
      }
    }
  }
}

/** One dial: how far it came, and what may stop it. */
class Attempt implements DialContext {
  readonly address: string;
  readonly wanted: LinkKey | undefined;
  connected = false;
  stopped: DialContext['stopped'];
  readonly #controller = new AbortController();
  readonly #timer: Timer;
  readonly #outer: AbortSignal | undefined;
  readonly #cancel = (): void => this.#stop('cancelled');

  constructor(address: string, wanted: LinkKey | undefined, timers: Timers, outer: AbortSignal | undefined) {
    this.address = address;
    this.wanted = wanted;
    this.#outer = outer;
    this.#timer = timers.after(DIAL_TIMEOUT_MS, () => this.#stop('timed-out'));
    if (outer?.aborted === true) this.#cancel();
    outer?.addEventListener('abort', this.#cancel, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  progress(event: string): void {
    if (event === 'upgrader:encrypt-outbound-connection') this.connected = true;
  }

  race<Value>(promise: Promise<Value>): Promise<Value> {
    if (this.signal.aborted) return Promise.reject(new Error('stopped'));
    return new Promise((resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      promise.then(resolve, reject);
    });
  }

  end(): void {
    this.#timer.cancel();
    this.#outer?.removeEventListener('abort', this.#cancel);
  }

  #stop(why: 'timed-out' | 'cancelled'): void {
    this.stopped ??= why;
    this.#controller.abort();
  }
}
