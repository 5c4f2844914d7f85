/** Whom this node could dial, under which addresses, and when it may try again. Pure. */
import type { Rng } from '../../base/ports.ts';
import type { NodeId } from '../presence/types.ts';

export const BACKOFF = { firstMs: 1000, mostMs: 60_000 } as const;
const MOST_TARGETS = 4000;
const MOST_ADDRESSES = 8;

export interface Target {
  /** The node's id, or the address where that is all that is known. */
  readonly key: string;
  addresses: readonly string[];
  /** Who must answer; learnt by the first success where an address was given alone. */
  peer: NodeId | undefined;
  readonly isGiven: boolean;
  failures: number;
  nextTryMs: number;
  dialling: boolean;
}

export class Targets {
  readonly #rng: Rng;
  readonly #all = new Map<string, Target>();
  #dialling = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  get dialling(): number {
    return this.#dialling;
  }

  all(): Iterable<Target> {
    return this.#all.values();
  }

  get(key: string): Target | undefined {
    return this.#all.get(key);
  }

  give(address: string, nowMs: number): void {
    this.#learn(address, [address], undefined, nowMs);
  }

  drop(key: string): void {
    const target = this.#all.get(key);
    if (target?.dialling === true) this.#dialling -= 1;
    this.#all.delete(key);
  }

  learn(peer: NodeId, addresses: readonly string[], nowMs: number): Target | undefined {
    const known = this.#all.get(peer);
    if (known === undefined) return this.#learn(peer, addresses.slice(0, MOST_ADDRESSES), peer, nowMs);
    if (addresses.some((address) => !known.addresses.includes(address))) {
      // A new address is a new chance: whoever moved is not made to wait for the old one's backoff.
      known.addresses = [...new Set([...addresses, ...known.addresses])].slice(0, MOST_ADDRESSES);
      Object.assign(known, { failures: 0, nextTryMs: nowMs });
    }
    return known;
  }

  isDue(target: Target, nowMs: number): boolean {
    return !target.dialling && target.nextTryMs <= nowMs;
  }

  began(target: Target): void {
    target.dialling = true;
    this.#dialling += 1;
  }

  /** @param peer who answered; undefined when nobody did. */
  ended(key: string, peer: NodeId | undefined, nowMs: number, mostMs: number): void {
    const target = this.#all.get(key);
    if (target === undefined) return;
    if (target.dialling) this.#dialling -= 1;
    target.dialling = false;
    if (peer === undefined) {
      target.nextTryMs = nowMs + this.#backoff(target.failures, mostMs);
      target.failures += 1;
    } else {
      // Should the link not show up, or end at once, the next try is not at once too.
      Object.assign(target, { peer, failures: 0, nextTryMs: nowMs + this.#backoff(0, mostMs) });
    }
  }

  /** A link to it ended. */
  lost(peer: NodeId, nowMs: number): void {
    for (const target of this.#all.values()) {
      if (target.peer === peer)
        Object.assign(target, { failures: 0, nextTryMs: nowMs + this.#backoff(0, BACKOFF.mostMs) / 2 });
    }
  }

  #learn(
    key: string,
    addresses: readonly string[],
    peer: NodeId | undefined,
    nowMs: number,
  ): Target | undefined {
    const known = this.#all.get(key);
    if (known !== undefined) return known;
    if (this.#all.size >= MOST_TARGETS) {
      const oldest = [...this.#all.values()].find(({ isGiven, dialling }) => !isGiven && !dialling);
      if (oldest === undefined) return undefined;
      this.#all.delete(oldest.key);
    }
    const target: Target = {
      key,
      addresses,
      peer,
      isGiven: peer === undefined,
      failures: 0,
      nextTryMs: nowMs,
      dialling: false,
    };
    this.#all.set(key, target);
    return target;
  }

  /** Doubles, spread over a third either way so that nodes do not knock in step. */
  #backoff(failures: number, mostMs: number): number {
    const baseMs = Math.min(BACKOFF.firstMs * 2 ** Math.min(failures, 10), mostMs);
    return Math.floor(baseMs * (2 / 3)) + this.#rng.below(Math.ceil(baseMs * (2 / 3)));
  }
}
