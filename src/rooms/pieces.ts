/** Frames in pieces that fit a relayed message, put together where they arrive: one frame of each sender at a time. */
import { concatBytes, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { bytesIn, exactly, listOf, numberIn } from './consensus/wire.ts';

const MOST_PIECES = 24;
/** `[number of the frame, piece, pieces, bytes]` takes so many bytes around its bytes at most. */
const AROUND_BYTES = 24;

/** Undefined for a frame that is too large to go this way. @param sizeBytes of a piece with what is around it. */
export function inPieces(frame: Bytes, number: number, sizeBytes: number): readonly Bytes[] | undefined {
  const size = sizeBytes - AROUND_BYTES;
  const count = Math.max(1, Math.ceil(frame.byteLength / size));
  if (count > MOST_PIECES) return undefined;
  return Array.from({ length: count }, (_, at) =>
    encodeCbor([number, at, count, frame.subarray(at * size, (at + 1) * size)]),
  );
}

interface Begun {
  readonly number: number;
  readonly pieces: (Bytes | undefined)[];
}

export class Pieces<Sender> {
  readonly #begun = new Map<Sender, Begun>();

  /** A whole frame, once its last piece is here. @throws KithError `malformed` */
  take(from: Sender, bytes: Bytes): Bytes | undefined {
    const [number, at, count, piece] = exactly(listOf(decodeCbor(bytes)), 4);
    const many = numberIn(count, MOST_PIECES + 1);
    const place = numberIn(at, many);
    const begun = this.#of(from, numberIn(number), many);
    if (begun.pieces.length !== many) throw malformed('pieces of one frame');
    begun.pieces[place] = bytesIn(piece);
    const all = begun.pieces.flatMap((one) => one ?? []);
    if (all.length < many) return undefined;
    this.#begun.delete(from);
    return concatBytes(...all);
  }

  /** Whoever begins another frame gives the one before up: something of it was lost. */
  #of(from: Sender, number: number, count: number): Begun {
    const known = this.#begun.get(from);
    if (known?.number === number) return known;
    const begun = { number, pieces: Array.from<Bytes | undefined>({ length: count }) };
    this.#begun.set(from, begun);
    return begun;
  }
}
