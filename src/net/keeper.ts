/**
 * Whom to dial, when, and which of two links to the same peer stays: pure. Addresses given by hand, heard on the LAN
 * and remembered are tried all at once and for ever, each with its own backoff.
 */
import type { LinkKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';

export type LinkId = string;

export type KeeperEvent =
  | { readonly type: 'given'; readonly address: string }
  | {
      readonly type: 'discovered' | 'remembered';
      readonly peer: LinkKey;
      readonly addresses: readonly string[];
    }
  /** Forget an address given by hand. */
  | { readonly type: 'dropped'; readonly address: string }
  | {
      readonly type: 'linked';
      readonly link: LinkId;
      readonly peer: LinkKey;
      readonly dialled: boolean;
      /** Through a hub. */
      readonly relayed?: boolean;
    }
  | { readonly type: 'unlinked'; readonly link: LinkId }
  | { readonly type: 'dialled'; readonly target: string; readonly peer: LinkKey | undefined }
  /** Who may be linked to changed. */
  | { readonly type: 'roll' }
  | { readonly type: 'tick' };

export type KeeperEffect =
  | {
      readonly type: 'dial';
      readonly target: string;
      readonly addresses: readonly string[];
      readonly expect: LinkKey | undefined;
    }
  | { readonly type: 'close'; readonly link: LinkId };

export const KEEPER = {
  firstBackoffMs: 1000,
  mostBackoffMs: 60_000,
  /** Links beyond this are not sought; others may still come in. */
  soughtLinks: 12,
  dialsAtOnce: 8,
  /** Peers heard on the LAN and not yet members, kept in mind. */
  targets: 2000,
} as const;

interface Target {
  addresses: readonly string[];
  /** Who must answer; learnt by the first success where an address was given alone. */
  peer: LinkKey | undefined;
  readonly givenByHand: boolean;
  failures: number;
  nextTryMs: number;
  dialling: boolean;
}

interface KnownLink {
  readonly peer: LinkKey;
  readonly dialled: boolean;
  readonly relayed: boolean;
}

export class Keeper {
  readonly #self: LinkKey;
  readonly #rng: Rng;
  readonly #mayLink: (peer: LinkKey) => boolean;
  readonly #targets = new Map<string, Target>();
  readonly #links = new Map<LinkId, KnownLink>();

  /** @param mayLink is this peer a member, as of now? */
  constructor(self: LinkKey, rng: Rng, mayLink: (peer: LinkKey) => boolean) {
    this.#self = self;
    this.#rng = rng;
    this.#mayLink = mayLink;
  }

  step(nowMs: number, event: KeeperEvent): readonly KeeperEffect[] {
    const closing = this.#handle(nowMs, event);
    return [...closing, ...this.#evaluate(nowMs)];
  }

  #handle(nowMs: number, event: KeeperEvent): readonly KeeperEffect[] {
    switch (event.type) {
      case 'given':
        this.#learn(event.address, { addresses: [event.address], peer: undefined, givenByHand: true, nowMs });
        return [];
      case 'discovered':
      case 'remembered':
        if (event.peer !== this.#self) this.#learnPeer(event.peer, event.addresses, nowMs);
        return [];
      case 'dropped':
        this.#targets.delete(event.address);
        return [];
      case 'linked':
        return this.#linked(event);
      case 'unlinked':
        this.#unlinked(event.link, nowMs);
        return [];
      case 'dialled':
        this.#dialled(event.target, event.peer, nowMs);
        return [];
      case 'roll':
      case 'tick':
        return [];
    }
  }

  #learnPeer(peer: LinkKey, addresses: readonly string[], nowMs: number): void {
    const known = this.#targets.get(peer);
    const all = [...new Set([...addresses, ...(known?.addresses ?? [])])].slice(0, 8);
    if (known === undefined) this.#learn(peer, { addresses: all, peer, givenByHand: false, nowMs });
    else if (addresses.some((address) => !known.addresses.includes(address))) {
      // A new address is a new chance: whoever moved is not made to wait for the old one's backoff.
      Object.assign(known, { addresses: all, failures: 0, nextTryMs: nowMs });
    }
  }

  #learn(
    key: string,
    target: Pick<Target, 'addresses' | 'peer' | 'givenByHand'> & { readonly nowMs: number },
  ): void {
    if (this.#targets.has(key)) return;
    if (this.#targets.size >= KEEPER.targets) {
      const oldest = [...this.#targets].find(([, { givenByHand, dialling }]) => !givenByHand && !dialling);
      if (oldest === undefined) return;
      this.#targets.delete(oldest[0]);
    }
    const { addresses, peer, givenByHand, nowMs } = target;
    this.#targets.set(key, { addresses, peer, givenByHand, failures: 0, nextTryMs: nowMs, dialling: false });
  }

  /**
   * Two nodes may dial each other at once. Both keep the link that the one with the smaller key dialled; but a direct
   * link before one through a hub, whoever dialled.
   */
  #linked(event: Extract<KeeperEvent, { type: 'linked' }>): readonly KeeperEffect[] {
    const { link, peer, dialled, relayed = false } = event;
    this.#links.set(link, { peer, dialled, relayed });
    const [...same] = [...this.#links].filter(([, known]) => known.peer === peer);
    if (same.length < 2) return [];
    const smallerDials = this.#self < peer;
    const direct = same.filter(([, known]) => !known.relayed);
    const best = direct.length > 0 ? direct : same;
    const keep = best.find(([, known]) => known.dialled === smallerDials) ?? best[0];
    return same.filter(([id]) => id !== keep?.[0]).map(([id]) => ({ type: 'close', link: id }));
  }

  #unlinked(link: LinkId, nowMs: number): void {
    const known = this.#links.get(link);
    this.#links.delete(link);
    for (const target of this.#targets.values()) {
      if (known !== undefined && target.peer === known.peer) {
        Object.assign(target, { failures: 0, nextTryMs: nowMs + this.#backoff(0) });
      }
    }
  }

  #dialled(key: string, peer: LinkKey | undefined, nowMs: number): void {
    const target = this.#targets.get(key);
    if (target === undefined) return;
    target.dialling = false;
    if (peer === undefined) {
      target.nextTryMs = nowMs + this.#backoff(target.failures);
      target.failures += 1;
    } else {
      // Should the link not show up, or end at once, the next try is not at once too.
      Object.assign(target, { peer, failures: 0, nextTryMs: nowMs + this.#backoff(0) });
    }
  }

  /** Doubles from one second to a minute, spread over a third either way so that nodes do not knock in step. */
  #backoff(failures: number): number {
    const baseMs = Math.min(KEEPER.firstBackoffMs * 2 ** Math.min(failures, 10), KEEPER.mostBackoffMs);
    return Math.floor(baseMs * (2 / 3)) + this.#rng.below(Math.ceil(baseMs * (2 / 3)));
  }

  #evaluate(nowMs: number): KeeperEffect[] {
    const linked = new Set([...this.#links.values()].map(({ peer }) => peer));
    const dialling = [...this.#targets.values()].filter((target) => target.dialling).length;
    let room = Math.min(KEEPER.soughtLinks - linked.size, KEEPER.dialsAtOnce) - dialling;
    const effects: KeeperEffect[] = [];
    for (const [key, target] of this.#targets) {
      if (room <= 0 && !target.givenByHand) continue;
      if (target.dialling || target.nextTryMs > nowMs || !this.#isSought(target, linked)) continue;
      target.dialling = true;
      room -= 1;
      // Behind an address given by hand another device may answer one day: a member's old laptop, replaced.
      const expect = target.givenByHand ? undefined : target.peer;
      effects.push({ type: 'dial', target: key, addresses: target.addresses, expect });
    }
    return effects;
  }

  #isSought({ peer }: Target, linked: ReadonlySet<LinkKey>): boolean {
    return peer === undefined || (peer !== this.#self && !linked.has(peer) && this.#mayLink(peer));
  }
}
