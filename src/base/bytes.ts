/** Helpers over plain Uint8Array; `Buffer` never leaves this file's functions as a type. */

export type Bytes = Uint8Array;

export function toHex(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** @throws RangeError when the text is not an even number of lower- or upper-case hex digits. */
export function fromHex(text: string): Bytes {
  // Buffer stops at the first character that is no digit, and gives fewer bytes then.
  const bytes = plain(Buffer.from(text, 'hex'));
  if (bytes.byteLength * 2 !== text.length) throw new RangeError('not hex');
  return bytes;
}

export function toBase64Url(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** @throws RangeError when the text is not canonical unpadded base64url. */
export function fromBase64Url(text: string): Bytes {
  const bytes = plain(Buffer.from(text, 'base64url'));
  if (toBase64Url(bytes) !== text) throw new RangeError('not base64url');
  return bytes;
}

export function utf8(text: string): Bytes {
  return plain(Buffer.from(text, 'utf8'));
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws TypeError on malformed UTF-8. */
export function fromUtf8(bytes: Bytes): string {
  return strictDecoder.decode(bytes);
}

export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.byteLength === b.byteLength && compareBytes(a, b) === 0;
}

/** Lexicographic order, as Buffer.compare. */
export function compareBytes(a: Bytes, b: Bytes): number {
  return Buffer.compare(a, b);
}

export function concatBytes(...parts: readonly Bytes[]): Bytes {
  return plain(Buffer.concat(parts));
}

/** A view of the same memory without Buffer's methods, so that equality and encoding see one type only. */
function plain(buffer: Buffer): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
