/** The transport port over libp2p: the only place where its parts meet. */
import type { Connection, Stream } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Bytes } from '../../base/bytes.ts';
import { assert, KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger, Timer, Timers } from '../../base/ports.ts';
import { Ledger } from '../doctor/ledger.ts';
import type { ClockOffset, DialStage, Evident, TransportEvidence } from '../doctor/types.ts';
import type { Relays } from '../hubs/ports.ts';
import type { Channel, ChannelName, Gate, Link, Transport, TransportEvents } from '../ports.ts';
import {
  hubOf,
  isLoopback,
  listenEverywhere,
  parseListenAddress,
  parsePeerAddress,
  printPeerAddress,
  printThrough,
  withPeer,
  type PeerAddress,
} from './addresses.ts';
import type { FrameTap } from './channel.ts';
import { Discovery } from './discovery.ts';
import {
  codeOf,
  dialFailure,
  GateDenied,
  listenFailure,
  noPeerBehindHub,
  notAdmitted,
  wrongPeer,
  type DialContext,
} from './failures.ts';
import {
  hearHello,
  HELLO,
  HELLO_VERSION,
  mustSpeakAlike,
  sayHello,
  VersionMismatch,
  type Hello,
} from './hello.ts';
import { linkKeyOf, linkKeyOfPeer, linkKeyPair, peerIdOf } from './keys.ts';
import { ConnectionLink } from './link.ts';
import { createNode, NODE_LIMITS, type LinkNode } from './node.ts';
import type { RelayGate } from './relay.ts';

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
  /** Told to the other side, so that clocks that are off are noticed; never used for anything else. */
  readonly clock: Clock;
  /** Channels for what is much and not urgent: together they fill no link, so that everything else goes ahead of them. */
  readonly bulk?: readonly ChannelName[];
  /** Pass connections of others on: for hubs. */
  readonly relay?: RelayGate;
  /** How long a stranger may take to prove who it is; for tests. */
  readonly handshakeMs?: number;
}

export type KithTransport = Transport & Relays & Evident;

/** @throws KithError `bad-address` when an address to listen on makes no sense. */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<KithTransport> {
  const key = await linkKeyPair(options.linkSeed);
  const listen =
    options.listen.length === 0 ? listenEverywhere(0) : options.listen.flatMap(parseListenAddress);
  const ledger = new Ledger();
  const denyInbound = (peer: LinkKey | undefined): boolean => {
    if (mayLink(options, peer)) return false;
    if (peer !== undefined)
      ledger.knocked({ peer, why: 'not-a-member', theirVersion: undefined, atMs: options.clock.nowMs() });
    return true;
  };
  const node = await createNode({
    key,
    listen,
    logger: options.logger,
    dialTimeoutMs: DIAL_TIMEOUT_MS,
    handshakeMs: options.handshakeMs ?? NODE_LIMITS.handshakeMs,
    denyInbound: (peer) => denyInbound(linkKeyOfPeer(peer)),
    denyOutbound: (peer) => {
      const answered = linkKeyOfPeer(peer);
      if (!mayLink(options, answered)) throw new GateDenied(answered);
      return false;
    },
    relay: options.relay,
  });
  return new Libp2pTransport(linkKeyOf(key), node, listen, options, ledger);
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
  state: 'new' | 'greeting' | 'stands' | 'gone';
}

class Libp2pTransport implements KithTransport {
  readonly self: LinkKey;
  readonly #node: LinkNode['libp2p'];
  readonly #relays: LinkNode['relays'];
  /** Hubs that pass connections on to this node, with the addresses at which they are reached. */
  readonly #hubs = new Map<LinkKey, readonly string[]>();
  /** Hubs through which a dial is under way: libp2p links with them by itself. */
  readonly #through: LinkKey[] = [];
  readonly #listen: readonly Multiaddr[];
  readonly #options: Libp2pTransportOptions;
  readonly #ledger: Ledger;
  readonly #discovery: Discovery | undefined;
  readonly #attached = new Map<string, Attached>();
  readonly #names = new Set<ChannelName>();
  readonly #listeners: Partial<TransportEvents>[] = [];
  readonly #tap: FrameTap = { record: undefined };
  readonly #bulk: ReadonlySet<ChannelName>;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(
    self: LinkKey,
    node: LinkNode,
    listen: readonly Multiaddr[],
    options: Libp2pTransportOptions,
    ledger: Ledger,
  ) {
    this.self = self;
    this.#node = node.libp2p;
    this.#relays = node.relays;
    this.#listen = listen;
    this.#options = options;
    this.#bulk = new Set(options.bulk);
    this.#ledger = ledger;
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
    const own = this.#reachable().map((address) => printPeerAddress(address, this.self));
    return [
      ...own,
      ...[...this.#hubs].flatMap(([hub, addresses]) => this.through(hub, addresses, this.self)),
    ];
  }

  async reserve(hub: LinkKey, addresses: readonly string[]): Promise<void> {
    const id = peerIdOf(hub);
    await this.#relays.reserve(id);
    if (this.#relays.has(id)) this.#hubs.set(hub, addresses);
  }

  through(hub: LinkKey, addresses: readonly string[], peer: LinkKey): readonly string[] {
    return addresses.map((address) => printThrough(address, hub, peer));
  }

  reservedAt(): readonly LinkKey[] {
    return [...this.#hubs.keys()];
  }

  async dial(address: string, options: { signal?: AbortSignal; expect?: LinkKey }): Promise<Link> {
    assert(this.#state === 'running', 'a transport dials while it runs');
    const target = parsePeerAddress(address);
    const wanted = options.expect ?? target.peer;
    if (target.peer !== undefined && target.peer !== wanted) throw wrongPeer({ address });
    const attempt = new Attempt(address, wanted, this.#options.timers, options.signal);
    try {
      if (wanted !== undefined && wanted !== this.self && !mayLink(this.#options, wanted))
        throw new GateDenied(wanted);
      const connection = await this.#connect(target, attempt);
      attempt.stage = 'handshake';
      const link = await this.#greet(connection, attempt);
      this.#ledger.linked(address, link.peer);
      return link;
    } catch (cause) {
      const failure = dialFailure(cause, attempt);
      this.#note(failure, cause, attempt);
      throw failure;
    } finally {
      attempt.end();
    }
  }

  evidence(): TransportEvidence {
    const standing = [...this.#attached.values()].filter(({ state }) => state === 'stands');
    return {
      links: standing.map(({ link: { peer, address, relayed, clock } }) => ({
        peer,
        address,
        relayed,
        clock,
      })),
      failures: this.#ledger.failures,
      knocks: this.#ledger.knocks,
      lans: this.#discovery?.evidence(),
      version: HELLO_VERSION,
    };
  }

  #note(failure: KithError, cause: unknown, { address, wanted, stage }: Attempt): void {
    if (failure.code === 'cancelled' || failure.code === 'bad-address') return;
    this.#ledger.failed({
      address,
      peer: wanted,
      code: failure.code,
      osCode: codeOf(cause),
      stage,
      ownGate: cause instanceof GateDenied,
      theirVersion: cause instanceof VersionMismatch ? cause.theirs : undefined,
      atMs: this.#options.clock.nowMs(),
    });
  }

  async #connect({ multiaddr, hub }: PeerAddress, attempt: Attempt): Promise<Connection> {
    const options = {
      force: true,
      signal: attempt.signal,
      onProgress: (event: { readonly type: string }) => attempt.progress(event.type),
    };
    if (hub === undefined) return this.#node.dial(multiaddr, options);
    const { wanted } = attempt;
    if (wanted === undefined) throw noPeerBehindHub(attempt.address);
    this.#through.push(hub);
    try {
      return await this.#node.dial(withPeer(multiaddr, wanted), options);
    } finally {
      this.#through.splice(this.#through.indexOf(hub), 1);
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
    const { timers, clock, logger } = this.#options;
    const [tap, bulk] = [this.#tap, this.#bulk];
    const link = new ConnectionLink({ connection, peer, timers, clock, logger, tap, bulk });
    const timeout = timers.after(HELLO_TIMEOUT_MS, () =>
      link.cut(new KithError('link-refused', 'No hello came in time.')),
    );
    const standing = Promise.withResolvers<ConnectionLink>();
    standing.promise.catch(() => undefined);
    const attached: Attached = { link, standing, timeout, state: 'new' };
    this.#attached.set(connection.id, attached);
    // Whom we dial ourselves is greeted once it is known to be who was wanted.
    if (connection.direction === 'outbound' && !link.relayed && this.#through.includes(peer))
      this.#sayHello(attached, new AbortController().signal);
  }

  #detach(connection: Connection): void {
    const attached = this.#attached.get(connection.id);
    if (attached === undefined) return;
    this.#attached.delete(connection.id);
    if (!attached.link.relayed) this.#lostHub(attached.link.peer);
    attached.timeout.cancel();
    attached.standing.reject(new KithError('link-refused', 'The other node ended the link before it stood.'));
    if (attached.state === 'stands') this.#emit((listener) => listener.unlink?.(attached.link));
    // A hello that is read after the end makes no link: nobody would ever hear that it ended.
    attached.state = 'gone';
  }

  /** What a hub passed on ends with the link to it; libp2p notices that only when it asks whether a link still lives. */
  #lostHub(peer: LinkKey): void {
    if (this.#hubs.has(peer) && !this.#relays.has(peerIdOf(peer))) this.#hubs.delete(peer);
    const links = [...this.#attached.values()].map(({ link }) => link);
    if (links.some((link) => !link.relayed && link.peer === peer)) return;
    for (const link of links)
      if (link.hub === peer)
        link.cut(new KithError('link-lost', 'The hub that passed this link on is gone.'));
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
        const saidMs = this.#options.clock.nowMs();
        sayHello(channel, saidMs);
        const hello = await hearHello(channel);
        this.#stand(attached, hello, this.#options.clock.nowMs() - saidMs);
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
      const hello = await hearHello(channel);
      if (hello.version === HELLO_VERSION) this.#mustBeWanted(attached);
      // Of another version the other side hears all the same: it has to be able to say which of both is too old. And
      // before the link stands here: whoever has one to this peer ends it at once, and the other side must know whom
      // it reached all the same.
      sayHello(channel, this.#options.clock.nowMs());
      if (hello.version === HELLO_VERSION) this.#stand(attached, hello, undefined);
      else await this.#turnAway(attached, hello);
    } catch (error) {
      this.#giveUp(attached, error);
    }
  }

  #giveUp(attached: Attached, error: unknown): void {
    attached.standing.reject(error);
    attached.link.cut(error instanceof Error ? error : new Error(String(error)));
  }

  async #turnAway({ link, timeout }: Attached, { version }: Hello): Promise<void> {
    timeout.cancel();
    const atMs = this.#options.clock.nowMs();
    this.#ledger.knocked({ peer: link.peer, why: 'version-mismatch', theirVersion: version, atMs });
    await link.closeGently();
  }

  /** Asks the gate once more: membership may have changed since the handshake. */
  #mustBeWanted({ link }: Attached): void {
    if (!mayLink(this.#options, link.peer)) throw notAdmitted(link);
  }

  #stand(attached: Attached, hello: Hello, roundTripMs: number | undefined): void {
    const { link } = attached;
    if (attached.state === 'gone')
      throw new KithError('link-refused', 'The other node ended the link at once.');
    mustSpeakAlike(hello);
    this.#mustBeWanted(attached);
    attached.state = 'stands';
    attached.timeout.cancel();
    link.clock = offsetOf(hello, this.#options.clock.nowMs(), roundTripMs);
    this.#ledger.linked(undefined, link.peer);
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
    const all = this.#node.services.listeners.getAddrs().filter((address) => hubOf(address) === undefined);
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

/** Who hears a hello first knows only that it was said since the handshake. */
function offsetOf(
  { clockMs }: Hello,
  nowMs: number,
  roundTripMs: number = 2 * HELLO_TIMEOUT_MS,
): ClockOffset | undefined {
  if (clockMs === undefined) return undefined;
  const uncertainMs = Math.abs(roundTripMs) / 2;
  return { offsetMs: clockMs - (nowMs - uncertainMs), uncertainMs };
}

/** One dial: how far it came, and what may stop it. */
class Attempt implements DialContext {
  readonly address: string;
  readonly wanted: LinkKey | undefined;
  stage: DialStage = 'nowhere';
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

  get connected(): boolean {
    return this.stage !== 'nowhere';
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  progress(event: string): void {
    if (event === 'upgrader:encrypt-outbound-connection' && this.stage === 'nowhere')
      this.stage = 'connected';
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
