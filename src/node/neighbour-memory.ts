/** Where others were reached, on disk from the moment it is known: a killed node finds them again. */
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { idFromBytes, idToBytes, type LinkKey } from '../base/ids.ts';
import type { Meta } from './keys.ts';

const REMEMBERED = 'neighbours';
const MOST_REMEMBERED = 32;
const MOST_ADDRESSES = 8;

export class NeighbourMemory {
  readonly #meta: Meta;
  /** The latest neighbour first. */
  #all: Map<LinkKey, readonly string[]>;

  constructor(meta: Meta) {
    this.#meta = meta;
    this.#all = read(meta);
  }

  all(): Iterable<readonly [LinkKey, readonly string[]]> {
    return this.#all;
  }

  of(peer: LinkKey): readonly string[] {
    return this.#all.get(peer) ?? [];
  }

  /**
   * Writes only what is news. Those who were never neighbours take no place from those who were.
   * @param addresses the best one first; they go before those that are known.
   */
  note(peer: LinkKey, addresses: readonly string[], isNeighbour: boolean): void {
    const known = this.of(peer);
    // In a large network most were only heard of, and each change of the map tells of all of them.
    if (!isNeighbour && known.length === 0 && this.#all.size >= MOST_REMEMBERED) return;
    const merged = [...new Set([...addresses, ...known])].slice(0, MOST_ADDRESSES);
    if (merged.join() === known.join()) return;
    const others = [...this.#all].filter(([other]) => other !== peer);
    const noted = [peer, merged] as const;
    const all = isNeighbour ? [noted, ...others] : [...others, noted];
    this.#all = new Map(all.slice(0, MOST_REMEMBERED));
    const value = [...this.#all].map(([key, list]) => [idToBytes(key), ...list.map(utf8)]);
    this.#meta.set(REMEMBERED, encodeCbor(value));
  }
}

function read(meta: Meta): Map<LinkKey, readonly string[]> {
  const stored = meta.get(REMEMBERED);
  if (stored === undefined) return new Map();
  const value = decodeCbor(stored) as [Uint8Array, ...Uint8Array[]][];
  return new Map(value.map(([peer, ...list]) => [idFromBytes<LinkKey>(peer), list.map(fromUtf8)] as const));
}
