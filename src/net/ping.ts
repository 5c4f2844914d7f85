/** Round trips on an open channel: whoever dialled asks, the other side sends the frame back as it is. */
import type { Clock, Logger, Rng, Timer, Timers } from '../base/ports.ts';
import { equalBytes, type Bytes } from '../base/bytes.ts';
import type { LinkKey } from '../base/ids.ts';
import type { Channel, ChannelName, Link, Transport } from './ports.ts';

export const PING_CHANNEL: ChannelName = '/kith/1/ping';
export const PING_BYTES = 16;
const EVERY_MS = 5000;
/** How much of the newest measurement counts, as TCP smooths its round trips (RFC 6298 §2). */
const WEIGHT = 1 / 8;

/** @param misbehaved a neighbour sent what no honest one sends. */
export function answerPings(
  transport: Transport,
  isMember: (peer: LinkKey) => boolean,
  misbehaved: (peer: LinkKey, reason: string) => void,
): void {
  transport.handle(PING_CHANNEL, (channel) => {
    if (!isMember(channel.peer)) {
      channel.abort(new Error('not a member'));
      return;
    }
    channel.onFrame((frame) => {
      if (frame.byteLength === PING_BYTES) {
        channel.send(frame);
        return;
      }
      misbehaved(channel.peer, 'ping: a ping has sixteen bytes');
      channel.abort(new Error('malformed'));
    });
  });
}

interface Probe {
  channel: Channel | undefined;
  timer: Timer | undefined;
  sent: { readonly nonce: Bytes; readonly atMs: number } | undefined;
  rttMs: number | undefined;
}

export interface PingDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rng: Rng;
  readonly logger: Logger;
}

export class Pinger {
  readonly #deps: PingDeps;
  readonly #probes = new Map<Link, Probe>();

  constructor(deps: PingDeps) {
    this.#deps = deps;
  }

  /** Milliseconds there and back, smoothed; undefined until it was measured. */
  rttMs(link: Link): number | undefined {
    return this.#probes.get(link)?.rttMs;
  }

  /** Does its other end answer within so many milliseconds? */
  async answers(link: Link, withinMs: number): Promise<boolean> {
    const answered = Promise.withResolvers<boolean>();
    const timer = this.#deps.timers.after(withinMs, () => answered.resolve(false));
    this.#askOnce(link, answered).catch((error: unknown) => {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a link does not answer');
      answered.resolve(false);
    });
    const isAlive = await answered.promise;
    timer.cancel();
    return isAlive;
  }

  async #askOnce(link: Link, answered: PromiseWithResolvers<boolean>): Promise<void> {
    const channel = await link.open(PING_CHANNEL);
    const nonce = this.#deps.rng.bytes(PING_BYTES);
    channel.onFrame((frame) => answered.resolve(equalBytes(frame, nonce)));
    channel.onClose(() => answered.resolve(false));
    channel.send(nonce);
    // Whatever came of it: one that never answers must not keep a channel.
    await answered.promise;
    channel.close();
  }

  linked(link: Link): void {
    const probe: Probe = { channel: undefined, timer: undefined, sent: undefined, rttMs: undefined };
    this.#probes.set(link, probe);
    void this.#open(link, probe);
  }

  unlinked(link: Link): void {
    const probe = this.#probes.get(link);
    probe?.timer?.cancel();
    this.#probes.delete(link);
  }

  stop(): void {
    for (const link of [...this.#probes.keys()]) this.unlinked(link);
  }

  async #open(link: Link, probe: Probe): Promise<void> {
    try {
      const channel = await link.open(PING_CHANNEL);
      probe.channel = channel;
      channel.onFrame((frame) => {
        this.#answered(probe, frame);
      });
      channel.onClose(() => {
        probe.channel = undefined;
      });
      this.#ask(link, probe);
    } catch (error) {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer answers no pings');
      this.#later(link, probe);
    }
  }

  /** A newcomer answers once it is in, and a channel that ended may open again. */
  #later(link: Link, probe: Probe): void {
    probe.timer = this.#deps.timers.after(EVERY_MS, () => {
      if (!this.#probes.has(link)) return;
      if (probe.channel === undefined) void this.#open(link, probe);
      else this.#ask(link, probe);
    });
  }

  #ask(link: Link, probe: Probe): void {
    if (probe.channel === undefined) return;
    const nonce = this.#deps.rng.bytes(PING_BYTES);
    probe.sent = { nonce, atMs: this.#deps.clock.monotonicMs() };
    probe.channel.send(nonce);
    this.#later(link, probe);
  }

  #answered(probe: Probe, frame: Bytes): void {
    if (probe.sent === undefined || !equalBytes(frame, probe.sent.nonce)) return;
    const rttMs = this.#deps.clock.monotonicMs() - probe.sent.atMs;
    probe.sent = undefined;
    probe.rttMs = probe.rttMs === undefined ? rttMs : probe.rttMs + WEIGHT * (rttMs - probe.rttMs);
  }
}
