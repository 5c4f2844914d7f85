/** What nodes tell about themselves, and what travels between two of them for it. */
import type { Bytes } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';

/** A node's link key; a node is a device that runs. */
export type NodeId = LinkKey;
/** The first eight bytes of a link key as hex: what a beacon names a neighbour by. */
export type ShortId = string;

export function shortOf(node: NodeId): ShortId {
  return node.slice(0, 16);
}

export interface Capacity {
  /** Neighbours that it wants at least, and keeps at most. */
  readonly min: number;
  readonly max: number;
}

/** What a node says of itself. Name, organisation, place and role are in the roll, which proves them. */
export interface BeaconBody {
  readonly node: NodeId;
  /** Grows with every start of the node; of two beacons the later one is the one with the larger pair. */
  readonly epoch: number;
  readonly counter: number;
  /** Good-bye: it goes by its own will. */
  readonly leaving: boolean;
  /** Its wall clock when it signed, in milliseconds since 1970. */
  readonly clockMs: number;
  readonly capacity: Capacity;
  readonly neighbours: readonly ShortId[];
  readonly addresses: readonly string[];
  /** How many entries its log holds, and a digest of the roll's heads: enough to see who is behind. */
  readonly entries: number;
  readonly rollHead: string;
}

export type BeaconDraft = Omit<BeaconBody, 'clockMs'>;

export interface Beacon extends BeaconBody {
  /** The signed bytes, passed on as they came. */
  readonly signed: Bytes;
  readonly signature: Bytes;
  /** Stands for this very beacon in digests and summaries: 32 bits of its signature. */
  readonly mark: number;
}

/** One node, and the beacon that is known of it. */
export type SummaryItem = readonly [node: ShortId, mark: number];

export type PresenceMessage =
  /** A sign of life; now and then with a digest of all beacons known. */
  | { readonly type: 'beat'; readonly digest: number | undefined }
  | { readonly type: 'beacons'; readonly beacons: readonly Beacon[] }
  /** Everything known, to find what one side lacks. */
  | { readonly type: 'summary'; readonly wantsReply: boolean; readonly items: readonly SummaryItem[] };

/** How a node stands, seen from here. */
export type NodeStatus =
  /** There is a way to it over links that both their ends attest. */
  | 'here'
  /** A neighbour whose signs of life are overdue. */
  | 'quiet'
  /** Its neighbours, which we hear, have all lost it. */
  | 'dead'
  /** It said good-bye. */
  | 'left'
  /** Out of reach together with others, or not heard since this node started. */
  | 'away';
