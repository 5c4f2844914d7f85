/** Frames of a hostile neighbour, made of those that honest ones sent, from one seed. */
import type { Bytes } from '../../src/base/bytes.ts';
import { concatBytes } from '../../src/base/bytes.ts';
import { encodeCbor, type CborValue } from '../../src/base/cbor.ts';
import { LIMITS } from '../../src/base/limits.ts';
import type { SeededRng } from '../sim/rng.ts';

export const KINDS = [
  'bits',
  'truncated',
  'spliced',
  'lying lengths',
  'replayed',
  'stuffed',
  'well-formed',
  'noise',
  'large',
] as const;
export type Kind = (typeof KINDS)[number];

/** One in so many is of the largest size; they cost a thousand times what others do. */
const LARGE_EVERY = 400;

export class HostileFrames {
  readonly #rng: SeededRng;
  readonly #honest: readonly Bytes[];
  readonly made = new Map<Kind, number>();

  constructor(rng: SeededRng, honest: readonly Bytes[]) {
    this.#rng = rng;
    this.#honest = honest;
  }

  next(): Bytes {
    const kind = this.#rng.below(LARGE_EVERY) === 0 ? 'large' : KINDS[this.#rng.below(KINDS.length - 1)];
    this.made.set(kind ?? 'noise', (this.made.get(kind ?? 'noise') ?? 0) + 1);
    const frame = this.#make(kind ?? 'noise');
    return frame.byteLength === 0 ? Uint8Array.of(0) : frame.subarray(0, LIMITS.frameBytes);
  }

  #make(kind: Kind): Bytes {
    const rng = this.#rng;
    const good = (rng.pick(this.#honest) ?? rng.bytes(40)).slice();
    const at = rng.below(good.byteLength);
    switch (kind) {
      case 'bits':
        for (let times = rng.between(1, 4); times > 0; times -= 1) {
          const place = rng.below(good.byteLength);
          good[place] = (good[place] ?? 0) ^ (1 << rng.below(8));
        }
        return good;
      case 'truncated':
        return good.subarray(0, at);
      case 'spliced': {
        const other = rng.pick(this.#honest) ?? good;
        return concatBytes(good.subarray(0, at), other.subarray(rng.below(other.byteLength)));
      }
      case 'lying lengths':
        return lie(rng, good, at);
      case 'replayed':
        return good;
      case 'stuffed':
        return concatBytes(good.subarray(0, at), rng.bytes(rng.between(1, 200)), good.subarray(at));
      case 'well-formed':
        return encodeCbor([rng.below(10), ...Array.from({ length: rng.below(6) }, () => anything(rng))]);
      case 'noise':
        return rng.bytes(rng.between(1, 300));
      case 'large':
        return large(rng, good);
    }
  }
}

/** CBOR's long forms of a length, of things that are not there. */
function lie(rng: SeededRng, good: Bytes, at: number): Bytes {
  const major = rng.pick([0x40, 0x60, 0x80, 0xa0]) ?? 0x40;
  const sizeBytes = rng.pick([1, 2, 4, 8]) ?? 1;
  const head = major + 24 + Math.log2(sizeBytes);
  const claimed = rng.chance(50) ? new Uint8Array(sizeBytes).fill(0xff) : rng.bytes(sizeBytes);
  return concatBytes(good.subarray(0, at), Uint8Array.of(head), claimed, good.subarray(at));
}

function large(rng: SeededRng, good: Bytes): Bytes {
  const whole = new Uint8Array(LIMITS.frameBytes);
  // Arrays in arrays, bytes without sense, or the same message over and over.
  if (rng.chance(30)) return whole.fill(0x81);
  if (rng.chance(50)) {
    for (let at = 0; at < whole.byteLength; at += good.byteLength)
      whole.set(good.subarray(0, whole.byteLength - at), at);
    return whole;
  }
  return concatBytes(good, whole.fill(rng.below(256))).subarray(0, LIMITS.frameBytes);
}

function anything(rng: SeededRng, depth = 0): CborValue {
  switch (rng.below(depth > 3 ? 6 : 8)) {
    case 0:
      return null;
    case 1:
      return rng.pick([0, 1, 255, 2 ** 31, Number.MAX_SAFE_INTEGER, -1]) ?? 0;
    case 2:
      return rng.below(1000);
    case 3:
      return 'x'.repeat(rng.below(50));
    case 4:
      return rng.bytes(rng.pick([0, 8, 16, 32, 64, 256 * 8]) ?? 0);
    case 5:
      return rng.chance(50);
    default:
      return Array.from({ length: rng.below(12) }, () => anything(rng, depth + 1));
  }
}
