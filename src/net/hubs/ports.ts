/** What hubs and their users need beyond links. */
import type { LinkKey } from '../../base/ids.ts';

/** How a transport makes use of hubs. */
export interface Relays {
  /**
   * Has a hub that is linked pass connections on to this node, until the link ends. The addresses at which the hub is
   * reached then stand among `Transport.listening`, with this node behind them.
   * @throws when the hub refuses, is full or passes nothing on.
   */
  reserve(hub: LinkKey, addresses: readonly string[]): Promise<void>;
  /** Addresses of a peer that is linked with the hub, as `dial` takes them. */
  through(hub: LinkKey, addresses: readonly string[], peer: LinkKey): readonly string[];
  /** Hubs that pass connections on to this node now. */
  reservedAt(): readonly LinkKey[];
}
