/** The channels of rooms: one a link, opened by whoever dialled, shared by all rooms; and the way over others. */
import type { Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { DeviceKey, LinkKey } from '../base/ids.ts';
import type { Clock, Logger, Timers } from '../base/ports.ts';
import type { Channel, ChannelName, Link, Transport } from '../net/ports.ts';
import type { RoomRelay } from './ports.ts';
import { RelayedFrames } from './relayed.ts';
import { decodeFrame, encodeFrame, type Addressed } from './wire.ts';

export const ROOMS_CHANNEL: ChannelName = '/kith/1/rooms';
const AGAIN_MS = 1000;
const CHANNEL_BYTES = 4 * 1024 * 1024;

export interface RoomLinksDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Undefined where nobody passes anything on. */
  readonly relay: RoomRelay | undefined;
  /** Whose link it is; undefined for who is no member. */
  readonly deviceOf: (link: LinkKey) => DeviceKey | undefined;
  readonly misbehaved: (peer: LinkKey, code: string) => void;
  /** Watches how much a neighbour sends; call what comes back for each frame. */
  readonly guard: (channel: Channel) => (sizeBytes: number) => void;
}

export interface LinkEvents {
  readonly heard: (device: DeviceKey, addressed: Addressed) => void;
  readonly linked: (device: DeviceKey) => void;
  readonly unlinked: (device: DeviceKey) => void;
}

export class RoomLinks {
  readonly #deps: RoomLinksDeps;
  readonly #events: LinkEvents;
  readonly #channels = new Map<DeviceKey, Channel>();
  readonly #opened = new Set<Link>();
  readonly #relayed: RelayedFrames | undefined;

  constructor(deps: RoomLinksDeps, events: LinkEvents) {
    this.#deps = deps;
    this.#events = events;
    const { relay, clock, transport } = deps;
    this.#relayed =
      relay &&
      new RelayedFrames(relay, clock, (device, bytes) => {
        this.#takeRelayed(device, bytes);
      });
    transport.handle(ROOMS_CHANNEL, (channel) => {
      this.#attach(channel);
    });
    transport.on({
      link: () => {
        this.openMissing();
      },
      unlink: (link) => {
        this.#opened.delete(link);
      },
    });
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close();
  }

  has(device: DeviceKey): boolean {
    return this.#channels.has(device);
  }

  /** Devices with a channel, and those that were heard over others. */
  get reachable(): readonly DeviceKey[] {
    const around = this.#relayed?.heardOf() ?? [];
    return [...this.#channels.keys(), ...around.filter((device) => !this.#channels.has(device))];
  }

  send(to: DeviceKey, addressed: Addressed): boolean {
    const channel = this.#channels.get(to);
    const frame = encodeFrame(addressed);
    if (channel === undefined) return this.#relayed?.send(to, frame) ?? false;
    if (channel.bufferedBytes > CHANNEL_BYTES) return false;
    channel.send(frame);
    return true;
  }

  openMissing(): void {
    for (const link of this.#deps.transport.links()) {
      if (link.direction !== 'outbound' || this.#opened.has(link)) continue;
      if (this.#deps.deviceOf(link.peer) !== undefined) void this.#openOn(link);
    }
  }

  async #openOn(link: Link): Promise<void> {
    this.#opened.add(link);
    try {
      this.#attach(await link.open(ROOMS_CHANNEL), link);
    } catch (error) {
      this.#deps.logger.debug({ peer: link.peer, error }, 'a peer has no rooms yet');
      this.#againLater(link);
    }
  }

  #againLater(link: Link): void {
    this.#deps.timers.after(AGAIN_MS, () => void this.#opened.delete(link));
  }

  #attach(channel: Channel, link?: Link): void {
    const device = this.#deps.deviceOf(channel.peer);
    if (device === undefined) {
      if (link !== undefined) this.#againLater(link);
      channel.abort(new Error('not a member'));
      return;
    }
    this.#channels.set(device, channel);
    const count = this.#deps.guard(channel);
    channel.onFrame((frame) => {
      count(frame.byteLength);
      this.#take(channel, device, frame);
    });
    channel.onClose(() => {
      if (link !== undefined) this.#againLater(link);
      if (this.#channels.get(device) !== channel) return;
      this.#channels.delete(device);
      this.#events.unlinked(device);
    });
    this.#events.linked(device);
  }

  #take(channel: Channel, device: DeviceKey, bytes: Bytes): void {
    try {
      this.#events.heard(device, decodeFrame(bytes));
    } catch (error) {
      if (isKithError(error, 'malformed')) this.#deps.misbehaved(channel.peer, 'malformed');
      // A mistake of ours, met by what a neighbour sent, costs this channel and never the node.
      else this.#deps.logger.error({ peer: channel.peer, error }, 'the rooms channel failed on a frame');
      channel.abort(new Error('malformed'));
    }
  }

  /** Who passed it on is not to blame for what is in it, and who wrote it has no channel here that could be ended. */
  #takeRelayed(device: DeviceKey, bytes: Bytes): void {
    try {
      this.#events.heard(device, decodeFrame(bytes));
    } catch (error) {
      if (isKithError(error, 'malformed'))
        this.#deps.logger.info({ device }, 'a relayed frame of rooms is malformed');
      else this.#deps.logger.error({ device, error }, 'rooms failed on a relayed frame');
    }
  }
}
