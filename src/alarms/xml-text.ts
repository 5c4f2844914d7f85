/** An XML file's bytes as text, by what it says of its encoding (XML 1.0, appendix F); and the refusal of DTDs. */
import type { Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';

/** First bytes that tell how the rest is written: a byte order mark, or `<?` in two-byte characters. */
const BEGINNINGS: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0x3c, 0x00], 'utf-16le'],
  [[0x00, 0x3c], 'utf-16be'],
];

const DECLARED = /^<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']/;

/** @throws KithError `bad-cap` */
export function decodeXml(bytes: Bytes): string {
  const known = BEGINNINGS.find(([start]) => start.every((byte, index) => bytes[index] === byte))?.[1];
  const encoding = known ?? declaredIn(bytes) ?? 'utf-8';
  // What the web calls ISO-8859-1 is Windows' superset of it; a document that says the one means the one.
  if (/^(iso-8859-1|latin1|us-ascii)$/i.test(encoding)) return Buffer.from(bytes).toString('latin1');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new KithError('bad-cap', `Line 1: this file is not written in ${encoding}, as it says.`, {
      next: 'Save it as UTF-8.',
      cause,
    });
  }
}

function declaredIn(bytes: Bytes): string | undefined {
  return DECLARED.exec(Buffer.from(bytes.subarray(0, 256)).toString('latin1'))?.[1];
}

const BEFORE_ROOT = /^(?:\s+|<\?[\s\S]*?\?>|<!--[\s\S]*?-->)/;

/** A document with a DTD is refused unread: it could name files and addresses, or grow without end. @throws KithError `dtd-refused` */
export function refuseDtd(text: string): void {
  let rest = text.replace(/^\ufeff/, '');
  for (let skipped = BEFORE_ROOT.exec(rest); skipped !== null; skipped = BEFORE_ROOT.exec(rest))
    rest = rest.slice(skipped[0].length);
  if (!/^<!doctype/i.test(rest)) return;
  throw new KithError(
    'dtd-refused',
    'This file has a document type definition (DTD), which kith does not read.',
    {
      next: 'Take the <!DOCTYPE …> out of it; a CAP alert needs none.',
    },
  );
}
