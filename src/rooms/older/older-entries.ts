/** Fetches from others what came as a summary, a page after the other, and hands pages to whoever lacks them. */
import { fromHex } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';
import type { Clock, Logger } from '../../base/ports.ts';
import { genesis } from '../consensus/chain.ts';
import type { Consensus } from '../consensus/core.ts';
import { sizeOf } from '../consensus/log.ts';
import { hasDevice } from '../consensus/roster.ts';
import type { RoomDisk } from '../room-disk.ts';
import type { RoomId } from '../types.ts';
import type { RoomFrame } from '../wire.ts';
import { lackingIn, takePage, type Gap, type OlderPage, type PlacedEntry } from './core.ts';

/** Between two questions that nobody answers. */
const ASK_MS = 1000;
/** Between two when those who answered said what cannot be. */
const MOST_ASK_MS = 60_000;
/** One page: it may have to go in pieces, over others. */
const PAGE_ENTRIES = 400;
const PAGE_BYTES = 48 * 1024;

export interface OlderEntriesDeps {
  readonly id: RoomId;
  readonly disk: Pick<RoomDisk, 'gaps' | 'fill' | 'placed' | 'wholeAbove'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly core: Pick<Consensus, 'roster' | 'commit'>;
  /** Devices of the room that are linked now. */
  readonly others: () => readonly DeviceKey[];
  readonly send: (to: DeviceKey, frame: RoomFrame) => void;
  /** More is here. */
  readonly filled: (above: number, upTo: number) => void;
}

export class OlderEntries {
  readonly #deps: OlderEntriesDeps;
  #askedMs = -Infinity;
  #waitMs = ASK_MS;
  #asked = 0;
  /** Who was asked last: nobody else is listened to. */
  #askedOf: DeviceKey | undefined;

  constructor(deps: OlderEntriesDeps) {
    this.#deps = deps;
  }

  /** How many entries are not here. */
  get lacking(): number {
    return lackingIn(this.#deps.disk.gaps);
  }

  /** Up to there nothing is missing. */
  get wholeUpTo(): number {
    return this.#deps.disk.gaps[0]?.from.index ?? Infinity;
  }

  /** The newest gap first: that is what people look at. */
  look(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const gap = this.#gap;
    if (gap === undefined || nowMs - this.#askedMs < this.#waitMs) return;
    // Nobody answered, or not well: one may be behind itself, or not have heard that this device is in.
    if (this.#askedMs > -Infinity) this.#asked += 1;
    const others = this.#deps.others();
    const to = others[this.#asked % Math.max(1, others.length)];
    if (to === undefined) return;
    this.#askedMs = nowMs;
    this.#askedOf = to;
    this.#deps.send(to, { type: 'older-wanted', above: gap.from.index, upTo: gap.reached.index });
  }

  get #gap(): Gap | undefined {
    return this.#deps.disk.gaps.at(-1);
  }

  // ---- for others

  wanted(by: DeviceKey, { above, upTo }: Extract<RoomFrame, { type: 'older-wanted' }>): void {
    const { core, send } = this.#deps;
    if (!hasDevice(core.roster, by) || upTo > core.commit || above >= upTo) return;
    const page = this.#page(above, upTo);
    if (page !== undefined) send(by, { type: 'older', ...page });
  }

  /** As much as fits of what is here without a gap, down from `upTo`. */
  #page(above: number, upTo: number): OlderPage | undefined {
    const { disk } = this.#deps;
    const from = Math.max(above, upTo - PAGE_ENTRIES, disk.wholeAbove(upTo));
    const placed = fitting(disk.placed(Math.max(1, from), upTo), upTo);
    if (placed[0]?.entry.index === 1)
      return { upTo, before: genesis(fromHex(this.#deps.id)).hash, entries: placed };
    // Its hash is what the others lead on from.
    const [first, ...entries] = placed;
    return first && entries.length > 0 ? { upTo, before: first.entry.hash, entries } : undefined;
  }

  // ---- from others

  told(by: DeviceKey, page: OlderPage): void {
    const gap = this.#gap;
    if (gap === undefined || by !== this.#askedOf) return;
    const taken = takePage(gap, page);
    switch (taken.type) {
      case 'refused':
        return;
      case 'taken':
        this.#deps.disk.fill(gap, taken.gap, taken.placed);
        this.#askedMs = -Infinity;
        if (taken.gap === undefined) this.#waitMs = ASK_MS;
        this.#deps.filled(gap.reached.index - page.entries.length, gap.reached.index);
        this.look();
        return;
      case 'misled':
        this.#deps.logger.warn({ by }, 'older messages of a room do not add up: they are fetched anew');
        this.#deps.disk.fill(gap, taken.gap, []);
        this.#waitLonger();
        return;
      case 'diverged':
        this.#deps.logger.error({ by }, 'what a room confirmed before is not what was confirmed here');
        this.#waitLonger();
    }
  }

  /** All of it comes anew then, and may be of no use again. */
  #waitLonger(): void {
    this.#waitMs = Math.min(2 * this.#waitMs, MOST_ASK_MS);
  }
}

/** Without a hole, up to the last one. */
function fitting(placed: readonly PlacedEntry[], upTo: number): readonly PlacedEntry[] {
  let [next, bytes] = [upTo, 0];
  const rest = [...placed].reverse();
  const count = rest.findIndex(({ entry }) => {
    bytes += sizeOf(entry);
    const isOver = entry.index !== next || (bytes > PAGE_BYTES && next < upTo - 1);
    next -= 1;
    return isOver;
  });
  return count < 0 ? placed : placed.slice(placed.length - count);
}
