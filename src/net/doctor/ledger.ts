/** Remembers why links did not come to stand, within bounds. */
import type { LinkKey } from '../../base/ids.ts';
import type { DialFailure, Knock } from './types.ts';

const FAILURES = 64;
const KNOCKS = 32;

export class Ledger {
  readonly #failures = new Map<string, DialFailure>();
  readonly #knocks = new Map<LinkKey, Knock>();

  get failures(): readonly DialFailure[] {
    return [...this.#failures.values()];
  }

  get knocks(): readonly Knock[] {
    return [...this.#knocks.values()];
  }

  /** The newest of an address counts. */
  failed(failure: DialFailure): void {
    this.#failures.delete(failure.address);
    this.#failures.set(failure.address, failure);
    dropOldest(this.#failures, FAILURES);
  }

  /** What led there at last was no failure, and who is linked does not knock. */
  linked(address: string | undefined, peer: LinkKey): void {
    if (address !== undefined) this.#failures.delete(address);
    for (const [key, failure] of this.#failures) if (failure.peer === peer) this.#failures.delete(key);
    this.#knocks.delete(peer);
  }

  knocked(knock: Omit<Knock, 'count'>): void {
    const count = (this.#knocks.get(knock.peer)?.count ?? 0) + 1;
    this.#knocks.delete(knock.peer);
    this.#knocks.set(knock.peer, { ...knock, count });
    dropOldest(this.#knocks, KNOCKS);
  }
}

function dropOldest<Key>(map: Map<Key, unknown>, most: number): void {
  const [oldest] = map.keys();
  if (map.size > most && oldest !== undefined) map.delete(oldest);
}
