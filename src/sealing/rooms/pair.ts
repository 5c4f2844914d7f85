/**
 * Small messages from one device to another over nodes that must not read them: under the key that both link keys agree
 * on. Whoever gets one of the two link keys later can open what was recorded; so nothing goes this way in the clear that
 * is not sealed otherwise already, but who talks in which room.
 */
import { concatBytes, utf8, type Bytes } from '../../base/bytes.ts';
import { idToBytes, type LinkKey } from '../../base/ids.ts';
import type { Rng } from '../../base/ports.ts';
import { hkdfSync } from 'node:crypto';
import {
  AEAD_BYTES,
  agree,
  KEY_BYTES,
  linkBox,
  linkBoxPublic,
  openOnce,
  sealOnce,
  type BoxKey,
} from '../letters/primitives.ts';

const SALT_BYTES = 16;
/** What a sealed message is longer by. */
export const PAIR_SEAL_BYTES = SALT_BYTES + AEAD_BYTES;
const MOST_PAIRS = 1024;

export class PairSealer {
  readonly #self: LinkKey;
  readonly #own: BoxKey;
  readonly #rng: Rng;
  readonly #pairs = new Map<LinkKey, Bytes>();

  constructor(self: LinkKey, linkSeed: Bytes, rng: Rng) {
    this.#self = self;
    this.#own = linkBox(linkSeed);
    this.#rng = rng;
  }

  /** Undefined for a link key that is none. */
  seal(to: LinkKey, bytes: Bytes): Bytes | undefined {
    const salt = this.#rng.bytes(SALT_BYTES);
    const key = this.#key(to, salt, [this.#self, to]);
    return key && concatBytes(salt, sealOnce(key, bytes, salt));
  }

  /** Undefined when it was sealed by somebody else, for somebody else, or was changed. */
  open(from: LinkKey, sealed: Bytes): Bytes | undefined {
    if (sealed.byteLength < PAIR_SEAL_BYTES) return undefined;
    const salt = sealed.slice(0, SALT_BYTES);
    const key = this.#key(from, salt, [from, this.#self]);
    return key && openOnce(key, sealed.slice(SALT_BYTES), salt);
  }

  #key(other: LinkKey, salt: Bytes, [from, to]: readonly [LinkKey, LinkKey]): Bytes | undefined {
    const shared = this.#shared(other);
    if (shared === undefined) return undefined;
    const info = concatBytes(utf8('kith/1 rooms relayed\n'), idToBytes(from), idToBytes(to));
    return new Uint8Array(hkdfSync('sha256', shared, salt, info, KEY_BYTES));
  }

  #shared(other: LinkKey): Bytes | undefined {
    const known = this.#pairs.get(other);
    if (known !== undefined) return known;
    const theirs = linkBoxPublic(other);
    const shared = theirs && agree(this.#own, theirs);
    if (this.#pairs.size >= MOST_PAIRS) this.#pairs.clear();
    if (shared !== undefined) this.#pairs.set(other, shared);
    return shared;
  }
}
