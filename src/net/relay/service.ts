/** Relayed frames over links: one channel a link, opened by whoever dialled. */
import type { Bytes } from '../../base/bytes.ts';
import { isKithError, KithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/ports.ts';
import type { ConductService } from '../conduct/service.ts';
import type { Channel, ChannelName, Link, Transport } from '../ports.ts';
import { RELAY_QUOTA, RelayCore, type RelayPorts } from './core.ts';
import type { RelayFrame } from './types.ts';
import { decodeRelay, encodeRelay, isTopic, signedPart } from './wire.ts';

export const RELAY_CHANNEL: ChannelName = '/kith/1/relay';

export interface RelayDeps extends RelayPorts {
  readonly transport: Transport;
  readonly conduct: Pick<ConductService, 'guard' | 'report'>;
  readonly logger: Logger;
  readonly epoch: number;
  sign(message: Bytes): Bytes;
  mayLink(peer: LinkKey): boolean;
}

export class RelayService {
  readonly #deps: RelayDeps;
  readonly #core: RelayCore;
  readonly #channels = new Map<LinkKey, Channel>();
  readonly #opening = new Set<LinkKey>();
  readonly #handlers = new Map<string, (from: LinkKey, body: Bytes) => void>();
  readonly #counts = { sent: 0, relayed: 0, delivered: 0, dropped: 0 };
  #seq = 0;

  constructor(deps: RelayDeps) {
    this.#deps = deps;
    this.#core = new RelayCore(deps);
    deps.transport.handle(RELAY_CHANNEL, (channel) => {
      this.#attach(channel);
    });
    deps.transport.on({
      link: (link) => {
        if (link.direction === 'outbound') void this.#open(link);
      },
    });
    for (const link of deps.transport.links()) if (link.direction === 'outbound') void this.#open(link);
  }

  get counts(): Readonly<Record<'sent' | 'relayed' | 'delivered' | 'dropped', number>> {
    return this.#counts;
  }

  /** One handler a topic; it must not throw. */
  on(topic: string, handler: (from: LinkKey, body: Bytes) => void): void {
    this.#handlers.set(topic, handler);
  }

  /**
   * Sends once, by the way that is known now, and promises nothing: what has to arrive is sent again by whoever needs
   * it. Nodes on the way can read it; a topic with secrets seals them.
   * @returns false when no way of three links is known. @throws KithError `too-large` | `bad-topic`
   */
  send(to: LinkKey, topic: string, body: Bytes): boolean {
    if (body.byteLength > LIMITS.relayedBytes)
      throw new KithError(
        'too-large',
        `A relayed message holds ${String(LIMITS.relayedBytes)} bytes at most.`,
      );
    if (!isTopic(topic)) throw new KithError('bad-topic', `“${topic}” cannot be a topic.`);
    this.#seq += 1;
    const unsigned = { from: this.#deps.self, to, epoch: this.#deps.epoch, seq: this.#seq, topic, body };
    const signature = this.#deps.sign(signedPart(unsigned));
    const fate = this.#core.send({ ...unsigned, signature, hops: LIMITS.relayHops });
    if (fate.type !== 'pass') return false;
    this.#counts.sent += 1;
    return this.#pass(fate.to, fate.frame);
  }

  stop(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  async #open(link: Link): Promise<void> {
    try {
      this.#attach(await link.open(RELAY_CHANNEL));
    } catch (error) {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer relays nothing');
    }
  }

  /** The first one came before the two knew each other as members, whoever opened it. This frame is lost, the next is not. */
  #openAnew(peer: LinkKey): void {
    const link = this.#deps.transport.links().find((one) => one.peer === peer);
    if (link === undefined || this.#opening.has(peer) || !this.#deps.mayLink(peer)) return;
    this.#opening.add(peer);
    void this.#open(link).finally(() => this.#opening.delete(peer));
  }

  #attach(channel: Channel): void {
    const { conduct } = this.#deps;
    if (!this.#deps.mayLink(channel.peer)) {
      channel.abort(new Error('not a member'));
      return;
    }
    this.#channels.set(channel.peer, channel);
    const count = conduct.guard(channel, RELAY_QUOTA);
    channel.onFrame((bytes) => {
      count(bytes.byteLength);
      this.#take(channel, bytes);
    });
    channel.onClose(() => {
      if (this.#channels.get(channel.peer) === channel) this.#channels.delete(channel.peer);
    });
  }

  #take(channel: Channel, bytes: Bytes): void {
    let frame: RelayFrame;
    try {
      frame = decodeRelay(bytes);
    } catch (error) {
      if (!isKithError(error, 'malformed')) throw error;
      this.#deps.conduct.report(channel.peer, 'bad-frame', `relay: ${error.message}`);
      channel.abort(error);
      return;
    }
    const fate = this.#core.arrived(frame, channel.peer);
    if (fate.type === 'deliver') {
      this.#counts.delivered += 1;
      this.#handlers.get(frame.topic)?.(frame.from, frame.body);
    } else if (fate.type === 'pass') {
      if (this.#pass(fate.to, fate.frame)) this.#counts.relayed += 1;
    } else {
      this.#counts.dropped += 1;
      if (fate.why === 'forged')
        this.#deps.conduct.report(
          channel.peer,
          'forged',
          'it passed on a frame that its sender did not sign',
        );
    }
  }

  #pass(to: readonly LinkKey[], frame: RelayFrame): boolean {
    const bytes = encodeRelay(frame);
    let passed = false;
    for (const peer of to) {
      const channel = this.#channels.get(peer);
      if (channel === undefined) this.#openAnew(peer);
      // Behind a slow neighbour's full queue a frame would come too late to be of use.
      if (channel === undefined || channel.bufferedBytes > RELAY_QUOTA.bytesPerS) continue;
      channel.send(bytes.slice());
      passed = true;
    }
    return passed;
  }
}
