import type { LinkKey } from '../../base/ids.ts';

/** A node that is linked with a hub now, as the hub tells the others of it. */
export interface Guest {
  readonly peer: LinkKey;
  /** Where it listens itself, as `--peer` takes it; perhaps out of reach for who hears it. */
  readonly addresses: readonly string[];
  /** How many more links it looks for. */
  readonly room: number;
}

export type HubMessage =
  /** I am here; introduce me, and others to me. Said again when something changes. */
  | { readonly type: 'here'; readonly addresses: readonly string[]; readonly room: number }
  | { readonly type: 'introduce'; readonly guests: readonly Guest[] };

export const HUB_LIMITS = {
  addressesPerGuest: 8,
  addressChars: 256,
  guestsPerFrame: 32,
  /** Whom one guest is told of; the rest it hears of from these. */
  introductions: 64,
  /** More links than this nobody looks for. */
  room: 255,
} as const;
