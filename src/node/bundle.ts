/** Bundle files: what a link would carry, on a USB stick. Layout: docs/protocol/bundle.md. */
import { concatBytes, equalBytes, toBase64Url, utf8, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, malformed } from '../base/cbor.ts';
import { KithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import type { Rng } from '../base/ports.ts';
import { openStream, sealStream } from '../sealing/index.ts';
import { openKey, SEALED_KEY_BYTES, sealKeyFor, type Envelope } from '../sealing/envelope.ts';

const MAGIC = utf8('kith bundle 1\n');
const FILE_KEY_BYTES = 32;
const RECIPIENTS = 20_000;
const LENGTH_BYTES = 4;
/** The file key is random, not a person's: stretching it would gain nothing. */
const NO_STRETCH = { memoryKib: 8, passes: 1, lanes: 1 } as const;

/** Frames to bytes of a file that the recipients can open. */
export async function* writeBundle(
  frames: AsyncIterable<Bytes> | Iterable<Bytes>,
  recipients: readonly LinkKey[],
  rng: Rng,
): AsyncGenerator<Bytes> {
  const fileKey = rng.bytes(FILE_KEY_BYTES);
  const envelope = sealKeyFor(recipients, fileKey, rng);
  const head = encodeCbor([envelope.ephemeral, envelope.sealed]);
  yield concatBytes(MAGIC, lengthOf(head), head);
  yield* sealStream(toBase64Url(fileKey), prefixed(frames), rng, NO_STRETCH);
}

/**
 * Bytes of a file to frames, none of which is given out before it was authenticated.
 * @throws KithError `malformed` | `not-for-you` | `damaged-bundle`
 */
export async function* readBundle(source: AsyncIterable<Bytes>, linkSeed: Bytes): AsyncGenerator<Bytes> {
  const reader = new ChunkReader(source);
  const magic = await reader.take(MAGIC.byteLength);
  if (magic === undefined || !equalBytes(magic, MAGIC)) throw malformed('this file is no bundle');
  const head = await frame(reader, RECIPIENTS * (SEALED_KEY_BYTES + 2) + 64);
  if (head === undefined) throw malformed('this file is no bundle');
  const fileKey = openKey(readEnvelope(head), linkSeed);
  if (fileKey === undefined) {
    throw new KithError('not-for-you', 'This bundle was made for somebody else.', {
      next: 'Ask for one that is for you: kith bundle export FILE --for WHO',
    });
  }
  const body = new ChunkReader(damagedAs('damaged-bundle', openStream(toBase64Url(fileKey), reader.rest())));
  for (
    let next = await frame(body, LIMITS.frameBytes);
    next !== undefined;
    next = await frame(body, LIMITS.frameBytes)
  ) {
    yield next;
  }
}

async function* damagedAs(code: string, source: AsyncIterable<Bytes>): AsyncGenerator<Bytes> {
  try {
    yield* source;
  } catch (cause) {
    throw new KithError(code, 'This bundle is damaged or was cut off.', {
      next: 'What came before the damage was taken in. Copy the file again.',
      cause,
    });
  }
}

async function* prefixed(frames: AsyncIterable<Bytes> | Iterable<Bytes>): AsyncGenerator<Bytes> {
  for await (const one of frames) yield concatBytes(lengthOf(one), one);
}

function lengthOf(bytes: Bytes): Bytes {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, bytes.byteLength);
  return length;
}

async function frame(reader: ChunkReader, limitBytes: number): Promise<Bytes | undefined> {
  const length = await reader.take(LENGTH_BYTES);
  if (length === undefined) return undefined;
  const sizeBytes = new DataView(length.buffer, length.byteOffset).getUint32(0);
  if (sizeBytes > limitBytes) throw malformed('a frame of a bundle is too large');
  const bytes = await reader.take(sizeBytes);
  if (bytes === undefined) throw malformed('a bundle ends in the middle of a frame');
  return bytes;
}

function readEnvelope(head: Bytes): Envelope {
  const value = decodeCbor(head);
  if (!Array.isArray(value) || value.length !== 2) throw malformed('a bundle says whom it is for');
  const [ephemeral, sealed] = value as unknown[];
  const isKey = (bytes: unknown, size: number): bytes is Bytes =>
    bytes instanceof Uint8Array && bytes.byteLength === size;
  if (!isKey(ephemeral, 32) || !Array.isArray(sealed) || sealed.length > RECIPIENTS)
    throw malformed('a bundle says whom it is for');
  if (!sealed.every((bytes) => isKey(bytes, SEALED_KEY_BYTES)))
    throw malformed('a sealed key has another size');
  return { ephemeral, sealed };
}

/** Takes exact lengths from a stream of chunks. */
class ChunkReader {
  readonly #source: AsyncIterator<Bytes>;
  #held: Bytes = new Uint8Array(0);

  constructor(source: AsyncIterable<Bytes>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Undefined at the end, also when less than `count` is left. */
  async take(count: number): Promise<Bytes | undefined> {
    const parts = [this.#held];
    let size = this.#held.byteLength;
    while (size < count) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      parts.push(next.value);
      size += next.value.byteLength;
    }
    const all = parts.length === 1 ? this.#held : concatBytes(...parts);
    this.#held = all.subarray(count);
    return all.slice(0, count);
  }

  async *rest(): AsyncGenerator<Bytes> {
    if (this.#held.byteLength > 0) yield this.#held;
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next())
      yield next.value;
  }
}
