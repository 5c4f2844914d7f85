/** Bytes of a text file as text, in pieces, by what the file says of its encoding (XML 1.0, appendix F). */
import type { Bytes } from '../../base/bytes.ts';
import { KithError } from '../../base/errors.ts';

/** First bytes that tell how the rest is written: a byte order mark, or `<?` in two-byte characters. */
const BEGINNINGS: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0x3c, 0x00], 'utf-16le'],
  [[0x00, 0x3c], 'utf-16be'],
];

/** What comes of a piece is in memory at once: a hundred times the records of it would be as right, and a hundred times as large. */
const PIECE_BYTES = 64 * 1024;

const DECLARED = /^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']/;

/** @throws KithError `bad-encoding` when the file is not written as it says. */
export async function* decodeText(chunks: AsyncIterable<Bytes>): AsyncGenerator<string> {
  let encoding: string | undefined;
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  const decode = (bytes: Bytes | undefined): string => {
    if (decoder === undefined) return '';
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw badEncoding(encoding ?? 'utf-8', cause);
    }
  };
  for await (const chunk of chunks) {
    if (decoder === undefined) {
      encoding = encodingOf(chunk);
      decoder = decoderFor(encoding);
    }
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
      const text = decode(chunk.subarray(at, at + PIECE_BYTES));
      if (text !== '') yield text;
    }
  }
  const rest = decode(undefined);
  if (rest !== '') yield rest;
}

function encodingOf(start: Bytes): string {
  const known = BEGINNINGS.find(([bytes]) => bytes.every((byte, index) => start[index] === byte))?.[1];
  return known ?? DECLARED.exec(Buffer.from(start.subarray(0, 256)).toString('latin1'))?.[1] ?? 'utf-8';
}

function decoderFor(encoding: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw badEncoding(encoding, cause);
  }
}

function badEncoding(encoding: string, cause: unknown): KithError {
  return new KithError('bad-encoding', `This file is not written in ${encoding}, as it says or should be.`, {
    next: 'Save it as UTF-8, and import it again.',
    cause,
  });
}
