/**
 * What kith needs of a transport: authenticated, encrypted links to peers that are known by their link key, and
 * ordered channels of frames over them. `net/libp2p/` is the real one; `test/sim/` has the twin.
 */
import type { Bytes } from '../base/bytes.ts';
import type { LinkKey } from '../base/ids.ts';

/** Names a protocol on a link, as libp2p writes them: `/kith/1/sync`. */
export type ChannelName = `/kith/${number}/${string}`;

/** An open, ordered, reliable stream of frames. Frames arrive whole or not at all. */
export interface Channel {
  readonly name: ChannelName;
  readonly peer: LinkKey;
  /**
   * Queues one frame; leave its memory alone afterwards. False: wait for `onDrain` before the next, which is called
   * once; on a channel that has ended the frame is dropped, and `onClose` tells. Going on regardless ends the channel.
   * @throws KithError `too-large` (over LIMITS.frameBytes) | `empty-frame`; the channel stays.
   */
  send(frame: Bytes): boolean;
  /** Bytes queued here and not yet handed to the transport. */
  readonly bufferedBytes: number;
  /** The frame's memory belongs to the receiver. Frames wait until a handler is set. */
  onFrame(handler: (frame: Bytes) => void): void;
  onDrain(handler: () => void): void;
  /**
   * Called once, whoever closed and why, after the last frame was given out; `error` when it was not an orderly end:
   * KithError `channel-reset` | `link-lost` | `hung-up` | `too-large` | `malformed` | `overrun`, or what `abort` got.
   */
  onClose(handler: (error: Error | undefined) => void): void;
  /** Stop and go on reading frames: how a slow receiver holds back a fast sender. */
  pause(): void;
  resume(): void;
  /** Ends the channel, both ways, after what was queued here has gone; frames that still come are dropped. */
  close(): void;
  /** Ends it now. */
  abort(reason: Error): void;
}

export interface Link {
  readonly peer: LinkKey;
  /** The multiaddr at the other end, without the peer id. */
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** Over a common neighbour or hub instead of a direct connection. */
  readonly relayed: boolean;
  /** @throws KithError `channel-refused` when the peer does not speak it or ends the link. */
  open(name: ChannelName): Promise<Channel>;
  /** Closes its channels, so that what they queued arrives if it can within two seconds, and then ends. */
  close(): void;
}

/** Asked before any channel can open, by both ends. */
export interface Gate {
  /** May this peer have a link at all? False hangs up right after the handshake. */
  mayLink(peer: LinkKey): boolean;
}

export interface TransportEvents {
  link(link: Link): void;
  unlink(link: Link): void;
  /** mDNS heard somebody on the LAN. */
  discovered(peer: LinkKey, addresses: readonly string[]): void;
  /** Every frame in and out, for `kith log --net`. */
  frame(record: { direction: 'in' | 'out'; peer: LinkKey; channel: ChannelName; sizeBytes: number }): void;
}

export interface Transport {
  readonly self: LinkKey;
  /** Once. @throws KithError `port-taken` | `bad-address` (this machine cannot listen there). */
  start(): Promise<void>;
  /** Closes every link as `Link.close` does; final. */
  stop(): Promise<void>;
  /** Multiaddrs with `/p2p/…`, as `--peer` takes them; loopback only where there is nothing else. */
  listening(): readonly string[];
  /**
   * A link of its own with every call: who has one to this peer asks `links` first. When it resolves, both gates have
   * agreed and the link stands at both ends. Gives up after ten seconds.
   * @param address a multiaddr with or without `/p2p/…`, or `host:port`.
   * @throws KithError `bad-address` | `unreachable` | `wrong-peer` (another key answered) | `link-refused` | `cancelled`.
   */
  dial(address: string, options: { signal?: AbortSignal; expect?: LinkKey }): Promise<Link>;
  /** Serves a channel; the handler gets inbound streams of peers that the gate let in. */
  handle(name: ChannelName, handler: (channel: Channel, link: Link) => void): void;
  links(): readonly Link[];
  /** Ends every link of this peer, for revocation. */
  hangUp(peer: LinkKey): void;
  on(events: Partial<TransportEvents>): void;
}
