/** Somebody who writes entries, without a log around them. */
import type { FeedId } from '../../src/base/ids.ts';
import { idFromBytes, type DeviceKey } from '../../src/base/ids.ts';
import { HybridClock } from '../../src/base/hlc.ts';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type { Audience, Lane } from '../../src/identity/roles.ts';
import type { Signer } from '../../src/identity/signing.ts';
import type { EntryLink } from '../../src/identity/types.ts';
import type { Erasure } from '../../src/log/ports.ts';
import type { Draft, Entry, FeedInfo } from '../../src/log/types.ts';
import { feedIdOf } from '../../src/log/wire.ts';
import { FEED_START, sealDrafts } from '../../src/log/writing.ts';
import { SeededRng } from '../sim/rng.ts';
import { simSigner } from '../sim/sim-crypto.ts';

export const START_MS = Date.UTC(2026, 10, 1);

/** A clock that stands still: the hybrid clock on top counts on. */
export function standingClock(nowMs = START_MS): HybridClock {
  return new HybridClock({ nowMs: () => nowMs, monotonicMs: () => 0 });
}

export class Author {
  readonly rng: SeededRng;
  readonly signer: Signer;
  readonly #clock = standingClock();
  readonly #ends = new Map<FeedId, { seq: number; hash: Entry['hash'] }>();

  constructor(seed: number, signer?: Signer) {
    this.rng = new SeededRng(seed);
    this.signer = signer ?? simSigner(this.rng);
  }

  feed(lane: Lane = 'data', incarnation = toHex(this.rng.bytes(16))): FeedInfo {
    const device = this.signer.key as DeviceKey;
    return { id: feedIdOf(device, incarnation, lane), device, incarnation, lane };
  }

  /** The next entries of a feed, under one seal. */
  write(feed: FeedInfo, drafts: readonly Draft[], after: readonly EntryLink[] = []): Entry[] {
    const end = this.#ends.get(feed.id) ?? FEED_START;
    const deps = { clock: this.#clock, rng: this.rng, signer: this.signer };
    const entries = sealDrafts(deps, feed, end, drafts, after);
    const last = entries.at(-1);
    if (last !== undefined) this.#ends.set(feed.id, { seq: last.header.seq, hash: last.hash });
    return entries;
  }

  /** Goes on from an earlier place: whoever writes now writes a second history. */
  goBackTo(feed: FeedInfo, entry: Entry | undefined): void {
    if (entry === undefined) this.#ends.delete(feed.id);
    else this.#ends.set(feed.id, { seq: entry.header.seq, hash: entry.hash });
  }
}

export function note(text: string, ...audiences: readonly Audience[]): Draft {
  const wanted = audiences.length === 0 ? ['public'] : audiences;
  return {
    kind: 'x-note',
    lane: 'data',
    parts: wanted.map((audience) => ({ audience, payload: utf8(`${text} for ${audience}`) })),
  };
}

export function notes(count: number, ...audiences: readonly Audience[]): Draft[] {
  return Array.from({ length: count }, (_, index) => note(`note ${String(index)}`, ...audiences));
}

export function linkTo({ header, hash }: Entry): EntryLink {
  return { feed: header.feed, seq: header.seq, hash };
}

export function erasureOf(entry: Entry, part: number, by: Uint8Array = new Uint8Array(32).fill(7)): Erasure {
  return { target: linkTo(entry), part, by: idFromBytes(by) };
}

/** As a node has it that may not hold these parts. */
export function without(entry: Entry, ...withheld: readonly number[]): Entry {
  return { ...entry, parts: entry.parts.map((part, index) => (withheld.includes(index) ? null : part)) };
}
