import type { Bytes } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';

/** A small message on its way over neighbours. */
export interface RelayFrame {
  readonly from: LinkKey;
  readonly to: LinkKey;
  /** Of the sender: its start, and a number that grows within it. Together they name the frame. */
  readonly epoch: number;
  readonly seq: number;
  /** What it is for, as a channel's name says it for a channel. */
  readonly topic: string;
  readonly body: Bytes;
  /** By the sender's device key, over everything but `hops`. */
  readonly signature: Bytes;
  /** Links that it may still cross. */
  readonly hops: number;
}
