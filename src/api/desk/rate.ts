/** How often somebody may ask: a bucket for each address, and one for all together. Pure; who calls brings the time. */

export interface RateLimits {
  /** Questions that an address has in hand after a rest. */
  readonly burst: number;
  /** Milliseconds until it has one more. */
  readonly refillMs: number;
}

/** Addresses that are remembered at once; the one that was quiet longest goes first. */
const MOST_ADDRESSES = 4096;

interface Bucket {
  left: number;
  atMs: number;
}

export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** @returns milliseconds to wait; 0: now, and it is counted. */
  ask(address: string, nowMs: number): number {
    const { burst, refillMs } = this.#limits;
    const key = networkOf(address);
    const known = this.#buckets.get(key) ?? { left: burst, atMs: nowMs };
    const left = Math.min(burst, known.left + Math.max(0, nowMs - known.atMs) / refillMs);
    const wait = left >= 1 ? 0 : Math.ceil((1 - left) * refillMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: wait === 0 ? left - 1 : left, atMs: nowMs });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_ADDRESSES && oldest !== undefined) this.#buckets.delete(oldest);
    return wait;
  }
}

/** One machine has as many IPv6 addresses as it likes, all with the same first half. */
function networkOf(address: string): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (v4 !== undefined) return v4;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) {
    const rest = tail.split(':').filter((group) => group !== '');
    while (groups.length + rest.length < 8) groups.push('0');
    groups.push(...rest);
  }
  return groups.slice(0, 4).join(':');
}
