/** A link over one libp2p connection, from its first byte to its last. */
import type { Connection, Stream } from '@libp2p/interface';
import { KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger, Timers } from '../../base/ports.ts';
import type { ClockOffset } from '../doctor/types.ts';
import { PING_CHANNEL } from '../ping.ts';
import type { Channel, ChannelName, Link } from '../ports.ts';
import { hubOf, withoutPeer } from './addresses.ts';
import { StreamChannel, type FrameTap } from './channel.ts';
import { NODE_LIMITS } from './node.ts';
import { Pacer } from './pacer.ts';

/** How long a closing link gives its channels to pass on what is queued. */
const FAREWELL_MS = 2_000;

export interface LinkInit {
  readonly connection: Connection;
  readonly peer: LinkKey;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tap: FrameTap;
  /** Channels whose frames wait for each other, so that all others go ahead. */
  readonly bulk: ReadonlySet<ChannelName>;
}

export class ConnectionLink implements Link {
  readonly peer: LinkKey;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly relayed: boolean;
  /** Who passes it on, if somebody does. */
  readonly hub: LinkKey | undefined;
  /** How the clocks differ, once the other side has said hello. */
  clock: ClockOffset | undefined;
  readonly #init: LinkInit;
  readonly #streams = new Set<Stream>();
  readonly #channels = new Set<StreamChannel>();
  readonly #pacer: Pacer;
  #closing = false;
  #closed: Promise<void> | undefined;

  constructor(init: LinkInit) {
    this.peer = init.peer;
    this.address = withoutPeer(init.connection.remoteAddr).toString();
    this.direction = init.connection.direction;
    this.hub = hubOf(init.connection.remoteAddr);
    this.relayed = this.hub !== undefined;
    this.#init = init;
    const { clock, logger } = init;
    this.#pacer = new Pacer({ clock, logger, openEcho: () => this.openChannel(PING_CHANNEL) });
  }

  async open(name: ChannelName): Promise<Channel> {
    return this.openChannel(name);
  }

  async openChannel(name: ChannelName, signal?: AbortSignal): Promise<StreamChannel> {
    if (this.#closing) throw refused(name);
    try {
      const options = { maxOutboundStreams: NODE_LIMITS.channelsPerName, runOnLimitedConnection: true };
      const stream = await this.#init.connection.newStream(
        name,
        signal === undefined ? options : { ...options, signal },
      );
      return this.wrap(name, stream);
    } catch (cause) {
      throw refused(name, cause);
    }
  }

  wrap(name: ChannelName, stream: Stream): StreamChannel {
    const { timers, logger, tap, peer, bulk } = this.#init;
    const pacer = bulk.has(name) ? this.#pacer : undefined;
    const channel = new StreamChannel({ name, peer, stream, timers, logger, tap, pacer });
    this.#streams.add(stream);
    this.#channels.add(channel);
    stream.addEventListener('close', () => {
      this.#streams.delete(stream);
      this.#channels.delete(channel);
    });
    return channel;
  }

  close(): void {
    this.closeGently().catch((error: unknown) => this.#init.logger.debug({ error }, 'closing a link'));
  }

  /** Resolves when the connection is gone; what its channels had queued is passed on first, if it goes within `FAREWELL_MS`. */
  closeGently(): Promise<void> {
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    this.#closing = true;
    await this.#farewell();
    try {
      await this.#init.connection.close();
    } catch (cause) {
      this.cut(new KithError('link-lost', 'The link was closed.', { cause }));
    }
  }

  /** Ends the connection and every channel on it now. */
  cut(reason: Error): void {
    this.#closing = true;
    this.#init.connection.abort(reason);
  }

  /** Both ends of every channel, so that what was queued has surely arrived; or the time is up. */
  async #farewell(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    const ended = Promise.all([...this.#streams].map((stream) => streamClosed(stream)));
    const timeUp = Promise.withResolvers<unknown>();
    const timer = this.#init.timers.after(FAREWELL_MS, () => timeUp.resolve(undefined));
    await Promise.race([ended, timeUp.promise]);
    timer.cancel();
  }
}

function streamClosed(stream: Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.status !== 'open') resolve();
    else stream.addEventListener('close', () => resolve(), { once: true });
  });
}

function refused(name: ChannelName, cause?: unknown): KithError {
  return new KithError('channel-refused', `The peer did not open the channel ${name}.`, { cause });
}
