/** From a link through a hub to a direct one, where there is a way: both ends try the addresses that the hub told them. */
import type { LinkKey } from '../../base/ids.ts';
import type { Clock, Logger } from '../../base/ports.ts';
import type { Transport } from '../ports.ts';

/** After the link through the hub stood, and after each try that failed; the last one again and again. */
const TRY_MS: readonly number[] = [0, 15_000, 60_000, 300_000];
/** An address that leads nowhere swallows what is sent to it, as a firewall does. */
const DIAL_MS = 5_000;
const PEERS = 512;
const ADDRESSES = 4;

export interface DirectDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Known {
  readonly addresses: readonly string[];
  tries: number;
  nextMs: number;
  busy: boolean;
}

export class DirectTries {
  readonly #deps: DirectDeps;
  readonly #known = new Map<LinkKey, Known>();
  readonly #stopping = new AbortController();

  constructor(deps: DirectDeps) {
    this.#deps = deps;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** New addresses are a new chance. */
  learn(peer: LinkKey, addresses: readonly string[]): void {
    if (this.#known.get(peer)?.addresses.join(' ') === addresses.join(' ')) return;
    this.#known.delete(peer);
    if (this.#known.size >= PEERS) this.#known.delete([...this.#known.keys()][0] ?? peer);
    this.#known.set(peer, { addresses: addresses.slice(0, ADDRESSES), tries: 0, nextMs: 0, busy: false });
  }

  look(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const [peer, known] of this.#known) {
      if (known.busy || known.nextMs > nowMs || !this.#isOnlyRelayed(peer)) continue;
      known.busy = true;
      void this.#try(peer, known);
    }
  }

  #isOnlyRelayed(peer: LinkKey): boolean {
    const links = this.#deps.transport.links().filter((link) => link.peer === peer);
    return links.length > 0 && links.every(({ relayed }) => relayed);
  }

  async #try(peer: LinkKey, known: Known): Promise<void> {
    const { transport, logger, clock } = this.#deps;
    for (const address of known.addresses) {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DIAL_MS)]);
      try {
        await transport.dial(address, { expect: peer, signal });
        logger.info({ peer, address }, 'found a direct way beside the hub');
        break;
      } catch (error) {
        logger.debug({ peer, address, error }, 'no direct way here');
      }
      if (this.#stopping.signal.aborted) return;
    }
    known.tries += 1;
    known.nextMs = clock.monotonicMs() + (TRY_MS[Math.min(known.tries, TRY_MS.length - 1)] ?? 0);
    known.busy = false;
  }
}
