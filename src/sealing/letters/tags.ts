/**
 * Tags tell a device its letters from the flood. A tag is made of a secret that only the two share (the sender's link
 * key and the recipient's box), and of the day; so a first letter has one as well, and to everybody else the tags of
 * two days are two random numbers.
 */
import { concatBytes, toHex, type Bytes } from '../../base/bytes.ts';
import { idToBytes, type DeviceKey, type LinkKey } from '../../base/ids.ts';
import { agree, derive, linkBoxPublic, mac, type BoxKey } from './primitives.ts';

export const TAG_BYTES = 16;
export const DAY_MS = 24 * 60 * 60 * 1000;
/** A letter may be on its way for that long, and clocks may be wrong by a day. */
export const LETTER_LIFE_DAYS = 35;
const SKEW_DAYS = 1;

export function dayOf(nowMs: number): number {
  return Math.max(0, Math.floor(nowMs / DAY_MS));
}

interface Pair {
  readonly from: DeviceKey;
  readonly to: DeviceKey;
  readonly box: Bytes;
}

/** The sender's side. */
export class TagWriter {
  readonly #link: BoxKey;
  readonly #keys = new Map<string, Bytes | undefined>();

  constructor(link: BoxKey) {
    this.#link = link;
  }

  /** Undefined when the box is no key that anything could be sealed to. */
  tag(pair: Pair, day: number): Bytes | undefined {
    const name = `${pair.to} ${toHex(pair.box)}`;
    if (!this.#keys.has(name)) {
      const shared = agree(this.#link, pair.box);
      this.#keys.set(name, shared === undefined ? undefined : tagKey(shared, pair));
    }
    const key = this.#keys.get(name);
    return key === undefined ? undefined : tagOf(key, day);
  }
}

function tagKey(shared: Bytes, { from, to, box }: Pair): Bytes {
  return derive(shared, 'tag', concatBytes(idToBytes(from), idToBytes(to), box));
}

function tagOf(key: Bytes, day: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, day);
  return mac(key, bytes).slice(0, TAG_BYTES);
}

export interface Correspondent {
  readonly device: DeviceKey;
  readonly link: LinkKey;
}

export interface OwnBox {
  readonly key: BoxKey;
  readonly createdMs: number;
}

/** The recipient's side: every tag that may be on a letter to this device. Grows as devices and boxes come; made anew each day. */
export class TagBook {
  readonly #own: DeviceKey;
  readonly #keys = new Map<string, Bytes | undefined>();
  readonly #tags = new Set<string>();
  readonly #covered = new Set<string>();
  #today = -1;

  constructor(own: DeviceKey) {
    this.#own = own;
  }

  has(tag: Bytes): boolean {
    return this.#tags.has(toHex(tag));
  }

  cover(nowMs: number, boxes: readonly OwnBox[], others: readonly Correspondent[]): void {
    const today = dayOf(nowMs);
    if (today !== this.#today) {
      this.#tags.clear();
      this.#covered.clear();
      this.#today = today;
    }
    for (const box of boxes) for (const other of others) this.#coverPair(box, other);
  }

  #coverPair(box: OwnBox, other: Correspondent): void {
    const name = `${toHex(box.key.publicBytes)} ${other.device}`;
    if (this.#covered.has(name)) return;
    this.#covered.add(name);
    const key = this.#keyOf(name, box, other);
    if (key === undefined) return;
    // A box from the future was made by a clock that was ahead, and is in use all the same.
    const since = Math.min(dayOf(box.createdMs), this.#today);
    const first = Math.max(this.#today - LETTER_LIFE_DAYS, since) - SKEW_DAYS;
    for (let day = Math.max(0, first); day <= this.#today + SKEW_DAYS; day += 1)
      this.#tags.add(toHex(tagOf(key, day)));
  }

  #keyOf(name: string, box: OwnBox, { device, link }: Correspondent): Bytes | undefined {
    if (!this.#keys.has(name)) {
      const theirs = linkBoxPublic(link);
      const shared = theirs === undefined ? undefined : agree(box.key, theirs);
      const pair = { from: device, to: this.#own, box: box.key.publicBytes };
      this.#keys.set(name, shared === undefined ? undefined : tagKey(shared, pair));
    }
    return this.#keys.get(name);
  }
}
