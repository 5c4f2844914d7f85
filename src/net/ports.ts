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
  /** Queues one frame (at most LIMITS.frameBytes). False: the buffer is full, wait for `onDrain` before the next. */
  send(frame: Bytes): boolean;
  /** Bytes queued here and not yet handed to the transport. */
  readonly bufferedBytes: number;
  /** The frame's memory belongs to the receiver. Frames wait until a handler is set. */
  onFrame(handler: (frame: Bytes) => void): void;
  onDrain(handler: () => void): void;
  /** Called once, whoever closed and why; `error` when it was not an orderly end. */
  onClose(handler: (error: Error | undefined) => void): void;
  /** Stop and go on reading frames: how a slow receiver holds back a fast sender. */
  pause(): void;
  resume(): void;
  /** Ends the channel after what was queued has gone. */
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
  close(): void;
}

/** Asked before any channel can open. */
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
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Multiaddrs with `/p2p/…`, as `--peer` takes them. */
  listening(): readonly string[];
  /**
   * @param address a multiaddr with or without `/p2p/…`, or `host:port`.
   * @throws KithError `bad-address` | `unreachable` | `wrong-peer` (another key answered) | `link-refused`.
   */
  dial(address: string, options: { signal?: AbortSignal; expect?: LinkKey }): Promise<Link>;
  /** Serves a channel; the handler gets inbound streams of peers that the gate let in. */
  handle(name: ChannelName, handler: (channel: Channel, link: Link) => void): void;
  links(): readonly Link[];
  /** Ends every link of this peer, for revocation. */
  hangUp(peer: LinkKey): void;
  on(events: Partial<TransportEvents>): void;
}
