/**
 * The transport's twin in memory: any number of nodes on one network, one thread, no sockets. The same errors and the
 * same flow control as over libp2p. What passes between two nodes keeps its order and takes `delayMs`.
 */
import type { Bytes } from '../../src/base/bytes.ts';
import { assert, KithError } from '../../src/base/errors.ts';
import type { LinkKey } from '../../src/base/ids.ts';
import type { Timer, Timers } from '../../src/base/ports.ts';
import type { Channel, ChannelName, Gate, Link, Transport, TransportEvents } from '../../src/net/ports.ts';
import { MemoryChannel, lost } from './memory-channel.ts';

const DIAL_TIMEOUT_MS = 10_000;
const FAREWELL_MS = 2_000;

/** What lies between two nodes. `stalled` keeps everything for later, as TCP does while a cable is out. */
type Way = 'open' | 'stalled' | 'cut';

export interface MemoryNetworkOptions {
  readonly timers: Timers;
  /** One way, from one node to another; nothing, the default, is the next microtask. */
  readonly delayMs?: (from: LinkKey, to: LinkKey) => number;
  /** Sees every frame as it is sent. */
  readonly tap?: (from: LinkKey, to: LinkKey, channel: ChannelName, frame: Bytes) => void;
  /** A handler threw, which costs its channel, as over libp2p. */
  readonly threw?: (channel: ChannelName, error: unknown) => void;
}

export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #nodes: MemoryTransport[] = [];
  readonly #ways = new Map<string, Way>();
  readonly #pipes = new Map<string, Pipe>();

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  transport(options: { self: LinkKey; gate: Gate; mdns?: boolean }): MemoryTransport {
    const node = new MemoryTransport(this, this.#nodes.length + 1, options);
    this.#nodes.push(node);
    return node;
  }

  get options(): MemoryNetworkOptions {
    return this.#options;
  }

  /** Ends the links between the two and lets none arise. */
  cut(a: LinkKey, b: LinkKey): void {
    this.#setWay(a, b, 'cut');
    for (const node of this.#nodes) node.lose([a, b]);
  }

  /** Silence: links stay up, nothing passes until `heal`, and dials time out. */
  stall(a: LinkKey, b: LinkKey): void {
    this.#setWay(a, b, 'stalled');
  }

  heal(a: LinkKey, b: LinkKey): void {
    this.#setWay(a, b, 'open');
    for (const pipe of [this.#pipe(a, b), this.#pipe(b, a)]) pipe.release();
  }

  /** The machine is gone: nobody hears a good-bye. */
  crash(key: LinkKey): void {
    for (const node of this.#nodes) if (node.self !== key) this.stall(node.self, key);
  }

  way(a: LinkKey, b: LinkKey): Way {
    return this.#ways.get(pairName(a, b)) ?? 'open';
  }

  find(place: string): MemoryTransport | undefined {
    return this.#nodes.find((node) => node.place === place && node.running);
  }

  /** Runs at the other node, after everything that was posted there before. */
  post(from: LinkKey, to: LinkKey, run: () => void): void {
    this.#pipe(from, to).post(run);
  }

  announce(newcomer: MemoryTransport): void {
    for (const node of this.#nodes) {
      if (node === newcomer || !node.running || !node.mdns || this.way(node.self, newcomer.self) !== 'open')
        continue;
      this.post(newcomer.self, node.self, () =>
        node.emit((listener) => listener.discovered?.(newcomer.self, newcomer.listening())),
      );
      this.post(node.self, newcomer.self, () =>
        newcomer.emit((listener) => listener.discovered?.(node.self, node.listening())),
      );
    }
  }

  #setWay(a: LinkKey, b: LinkKey, way: Way): void {
    this.#ways.set(pairName(a, b), way);
  }

  #pipe(from: LinkKey, to: LinkKey): Pipe {
    const name = `${from} ${to}`;
    const known = this.#pipes.get(name);
    if (known !== undefined) return known;
    const pipe = new Pipe(
      (run) => this.#later(from, to, run),
      () => this.way(from, to) !== 'stalled',
    );
    this.#pipes.set(name, pipe);
    return pipe;
  }

  #later(from: LinkKey, to: LinkKey, run: () => void): void {
    const delayMs = this.#options.delayMs?.(from, to) ?? 0;
    if (delayMs > 0) this.#options.timers.after(delayMs, run);
    else queueMicrotask(run);
  }
}

function pairName(a: LinkKey, b: LinkKey): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** First in, first out, whatever the delays: each delivery takes the oldest. */
class Pipe {
  readonly #queue: (() => void)[] = [];
  readonly #later: (run: () => void) => void;
  readonly #passes: () => boolean;
  #held = 0;

  constructor(later: (run: () => void) => void, passes: () => boolean) {
    this.#later = later;
    this.#passes = passes;
  }

  post(run: () => void): void {
    this.#queue.push(run);
    this.#later(() => this.#deliver());
  }

  release(): void {
    for (; this.#held > 0; this.#held -= 1) this.#later(() => this.#deliver());
  }

  #deliver(): void {
    if (this.#passes()) this.#queue.shift()?.();
    else this.#held += 1;
  }
}

export class MemoryTransport implements Transport {
  readonly self: LinkKey;
  readonly place: string;
  readonly mdns: boolean;
  readonly #network: MemoryNetwork;
  readonly #gate: Gate;
  readonly #handlers = new Map<ChannelName, (channel: Channel, link: Link) => void>();
  readonly #listeners: Partial<TransportEvents>[] = [];
  readonly #links = new Set<MemoryLink>();
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(
    network: MemoryNetwork,
    number: number,
    options: { self: LinkKey; gate: Gate; mdns?: boolean },
  ) {
    this.#network = network;
    this.#gate = options.gate;
    this.self = options.self;
    this.mdns = options.mdns ?? false;
    this.place = `/memory/${number}`;
  }

  get options(): MemoryNetworkOptions {
    return this.#network.options;
  }

  get running(): boolean {
    return this.#state === 'running';
  }

  async start(): Promise<void> {
    assert(this.#state === 'new', 'a transport starts once');
    this.#state = 'running';
    if (this.mdns) this.#network.announce(this);
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    this.#state = 'stopped';
    await Promise.all([...this.#links].map((link) => link.closeGently()));
  }

  listening(): readonly string[] {
    return [`${this.place}/p2p/${this.self}`];
  }

  async dial(address: string, options: { signal?: AbortSignal; expect?: LinkKey }): Promise<Link> {
    assert(this.running, 'a transport dials while it runs');
    const target = /^(\/memory\/\d+)(?:\/p2p\/([0-9a-f]{64}))?$/.exec(address);
    if (target?.[1] === undefined)
      throw new KithError('bad-address', `"${address}" is not an address.`, { next: 'Write /memory/1.' });
    const promised = target[2] as LinkKey | undefined;
    const wanted = options.expect ?? promised;
    if (promised !== undefined && promised !== wanted) throw failure('wrong-peer', address);
    if (wanted !== undefined && wanted !== this.self && !this.#gate.mayLink(wanted))
      throw failure('link-refused', address);
    return this.#connect(target[1], address, wanted, options.signal);
  }

  handle(name: ChannelName, handler: (channel: Channel, link: Link) => void): void {
    assert(!this.#handlers.has(name), `a second handler for ${name}`);
    this.#handlers.set(name, handler);
  }

  links(): readonly Link[] {
    return [...this.#links];
  }

  hangUp(peer: LinkKey): void {
    for (const link of [...this.#links])
      if (link.peer === peer) link.cut(new KithError('hung-up', 'This node ended the link.'));
  }

  on(events: Partial<TransportEvents>): void {
    this.#listeners.push(events);
  }

  emit(tell: (listener: Partial<TransportEvents>) => void): void {
    for (const listener of this.#listeners) tell(listener);
  }

  post(to: LinkKey, run: () => void): void {
    this.#network.post(this.self, to, run);
  }

  lose(pair: readonly LinkKey[]): void {
    for (const link of [...this.#links])
      if (pair.includes(this.self) && pair.includes(link.peer)) link.end(lost());
  }

  add(link: MemoryLink): void {
    this.#links.add(link);
    this.emit((listener) => listener.link?.(link));
  }

  remove(link: MemoryLink): void {
    if (this.#links.delete(link)) this.emit((listener) => listener.unlink?.(link));
  }

  /** @returns whether somebody here took it. */
  accept(channel: MemoryChannel, link: MemoryLink): boolean {
    const handler = this.#handlers.get(channel.name);
    if (handler === undefined) return false;
    try {
      handler(channel, link);
    } catch (error) {
      channel.abort(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  /** There, where the gates decide and the link stands first, and back. */
  #connect(
    place: string,
    address: string,
    wanted: LinkKey | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Link> {
    return new Promise((resolve, reject) => {
      const fail = (code: string): void => reject(failure(code, address));
      const node = this.#network.find(place);
      if (signal?.aborted === true) return fail('cancelled');
      if (node === undefined || this.#network.way(this.self, node.self) === 'cut')
        return queueMicrotask(() => fail('unreachable'));
      let late = false;
      const giveUp = (code: string): void => {
        late = true;
        fail(code);
      };
      const timer = this.#network.options.timers.after(DIAL_TIMEOUT_MS, () => giveUp('unreachable'));
      signal?.addEventListener('abort', () => giveUp('cancelled'), { once: true });
      this.post(node.self, () => {
        const refusal = late ? 'cancelled' : this.#refusal(node, wanted);
        const there = refusal === undefined ? linkPair(this, node, place) : undefined;
        node.post(this.self, () => {
          timer.cancel();
          if (there === undefined || late) {
            there?.end(lost());
            fail(refusal ?? 'cancelled');
          } else if (!there.other.stand()) fail('link-refused');
          else resolve(there.other);
        });
        // The answer is on its way first: whoever hangs up at once is known to the dialler all the same.
        if (there !== undefined) node.add(there);
      });
    });
  }

  #refusal(node: MemoryTransport, wanted: LinkKey | undefined): string | undefined {
    if (!node.running || this.#network.way(this.self, node.self) === 'cut') return 'unreachable';
    if (wanted !== undefined && wanted !== node.self) return 'wrong-peer';
    if (node === this) return 'bad-address';
    if (!this.#gate.mayLink(node.self) || !node.#gate.mayLink(this.self)) return 'link-refused';
    return undefined;
  }
}

/** The listener's end of a new link; the dialler's is its `other`. */
function linkPair(dialler: MemoryTransport, listener: MemoryTransport, place: string): MemoryLink {
  const near = new MemoryLink(dialler, listener.self, place, 'outbound');
  const far = new MemoryLink(listener, dialler.self, dialler.place, 'inbound');
  near.join(far);
  far.join(near);
  return far;
}

class MemoryLink implements Link {
  readonly peer: LinkKey;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly relayed = false;
  readonly #home: MemoryTransport;
  readonly #channels = new Set<MemoryChannel>();
  readonly #timers: Timers;
  #other: MemoryLink | undefined;
  #closing: PromiseWithResolvers<undefined> | undefined;
  #timer: Timer | undefined;
  #ended = false;

  constructor(home: MemoryTransport, peer: LinkKey, address: string, direction: 'inbound' | 'outbound') {
    this.#home = home;
    this.#timers = home.options.timers;
    this.peer = peer;
    this.address = address;
    this.direction = direction;
  }

  join(other: MemoryLink): void {
    this.#other = other;
  }

  get other(): MemoryLink {
    if (this.#other === undefined) throw new Error('bug: a link has two ends');
    return this.#other;
  }

  stand(): boolean {
    if (this.#ended) return false;
    this.#home.add(this);
    return true;
  }

  open(name: ChannelName): Promise<Channel> {
    const refuse = (): KithError =>
      new KithError('channel-refused', `The peer did not open the channel ${name}.`);
    if (this.#ended || this.#closing !== undefined) return Promise.reject(refuse());
    const near = new MemoryChannel(name, this);
    const far = new MemoryChannel(name, this.other);
    near.join(far);
    far.join(near);
    return new Promise((resolve, reject) => {
      near.onClose(() => reject(refuse()));
      this.post(() => {
        const accepted = this.other.#accept(far);
        this.other.post(() => (accepted ? resolve(near) : near.finish(refuse())));
      });
    });
  }

  close(): void {
    void this.closeGently();
  }

  /** Channels pass on what they have queued, if it goes within `FAREWELL_MS`; then the link goes. */
  closeGently(): Promise<undefined> {
    if (this.#closing !== undefined) return this.#closing.promise;
    this.#closing = Promise.withResolvers<undefined>();
    this.#timer = this.#timers.after(FAREWELL_MS, () => this.#goodBye());
    for (const channel of [...this.#channels]) channel.close();
    if (this.#channels.size === 0) this.#goodBye();
    return this.#closing.promise;
  }

  #goodBye(): void {
    this.cut(lost());
  }

  cut(reason: Error): void {
    if (this.#ended) return;
    for (const channel of [...this.#channels]) channel.finish(reason);
    this.end(reason);
    this.post(() => this.other.end(lost()));
  }

  end(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    for (const channel of [...this.#channels]) channel.lose(reason);
    this.#home.remove(this);
    this.#closing?.resolve(undefined);
  }

  post(run: () => void): void {
    this.#home.post(this.peer, run);
  }

  show(direction: 'in' | 'out', channel: ChannelName, frame: Bytes): void {
    const { peer } = this;
    if (direction === 'out') this.#home.options.tap?.(this.#home.self, peer, channel, frame);
    this.#home.emit((listener) =>
      listener.frame?.({ direction, peer, channel, sizeBytes: frame.byteLength }),
    );
  }

  threw(channel: ChannelName, error: unknown): void {
    this.#home.options.threw?.(channel, error);
  }

  track(channel: MemoryChannel): void {
    this.#channels.add(channel);
  }

  forget(channel: MemoryChannel): void {
    this.#channels.delete(channel);
    if (this.#closing !== undefined && this.#channels.size === 0 && !this.#ended) this.#goodBye();
  }

  #accept(channel: MemoryChannel): boolean {
    return !this.#ended && this.#home.running && this.#home.accept(channel, this);
  }
}

function failure(code: string, address: string): KithError {
  return new KithError(code, `The dial of ${address} failed: ${code}.`, { next: 'Try another address.' });
}
