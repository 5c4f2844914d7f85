/**
 * A file sealed under a passphrase, written and read as a stream: `kith backup FILE`, `kith restore FILE`.
 *
 *     header (83 bytes): "kith backup\n" | version 1 (1 byte) | argon2id memory KiB (4 bytes, big-endian),
 *                        passes (1), lanes (1) | salt (32) | check (32)
 *     then chunks:       ChaCha20-Poly1305 of 65,536 bytes each, the last one shorter or full, 16 bytes of tag behind
 *
 * Chunks follow STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online Authenticated-Encryption and its
 * Nonce-Reuse Misuse-Resistance"): the nonce holds the chunk's number and whether it is the last, so chunks that are
 * missing, swapped, doubled or added do not open. Only an empty file has an empty last chunk: one content, one
 * division into chunks. The key is made of passphrase, salt and header, so it is new in each file and numbers from
 * zero are safe as nonces. `check` is a second output beside the key: it tells a wrong passphrase from a damaged file
 * and ties the file to one key.
 *
 * ChaCha20-Poly1305 and not AES-256-GCM: the Raspberry Pi 4 has no AES instructions.
 */
import { createCipheriv, createDecipheriv, hkdfSync, timingSafeEqual } from 'node:crypto';
import { concatBytes, equalBytes, utf8, type Bytes } from '../base/bytes.ts';
import { malformed } from '../base/cbor.ts';
import { KithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';
import {
  KEY_BYTES,
  PASSPHRASE_COST,
  passphraseKey,
  readCost,
  SALT_BYTES,
  wrongPassphrase,
  type PassphraseCost,
} from './root-key.ts';

export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
const CHECK_BYTES = 32;
const VERSION = 1;
const MAGIC = utf8('kith backup\n');
const PREAMBLE_BYTES = MAGIC.byteLength + 1 + 4 + 1 + 1 + SALT_BYTES;
export const HEADER_BYTES = PREAMBLE_BYTES + CHECK_BYTES;
const NO_SALT = new Uint8Array(0);

type Source = AsyncIterable<Bytes> | Iterable<Bytes>;

/**
 * The sealed file, piece by piece; holds one chunk in memory.
 * @throws KithError `bad-passphrase`
 */
export async function* sealStream(
  passphrase: string,
  source: Source,
  rng: Rng,
  cost: PassphraseCost = PASSPHRASE_COST,
): AsyncGenerator<Bytes, void, undefined> {
  const preamble = writePreamble(cost, rng.bytes(SALT_BYTES));
  const { key, check } = await fileKeys(passphrase, preamble);
  yield concatBytes(preamble, check);
  let index = 0;
  for await (const { bytes, last } of blocks(source, CHUNK_BYTES, CHUNK_BYTES)) {
    yield sealChunk(key, index, last, bytes);
    index += 1;
  }
}

/**
 * The content of a sealed file, piece by piece, each authenticated before it is handed on; holds one chunk in memory.
 * That the file is whole is known at its end only: **keep what comes apart until then, and drop it on an error.**
 * @throws KithError `malformed` when it is no sealed file of this version; `wrong-passphrase`; `damaged-backup` when
 *   it was changed or cut.
 */
export async function* openStream(
  passphrase: string,
  source: Source,
): AsyncGenerator<Bytes, void, undefined> {
  let key: Bytes | undefined;
  let index = 0;
  for await (const { bytes, last } of blocks(source, HEADER_BYTES, SEALED_CHUNK_BYTES)) {
    if (key === undefined) {
      key = await openHeader(passphrase, bytes, last);
      continue;
    }
    const plaintext = openChunk(key, index, last, bytes);
    if (plaintext.byteLength > 0) yield plaintext;
    else if (index > 0) throw damagedBackup();
    index += 1;
  }
}

/** The same bytes in blocks of the given sizes, the last one marked: a full block waits until more bytes come. */
async function* blocks(
  source: Source,
  firstBytes: number,
  restBytes: number,
): AsyncGenerator<{ bytes: Bytes; last: boolean }, void, undefined> {
  let block = new Uint8Array(firstBytes);
  let filled = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.byteLength;) {
      if (filled === block.byteLength) {
        yield { bytes: block, last: false };
        block = new Uint8Array(restBytes);
        filled = 0;
      }
      const part = piece.subarray(at, at + block.byteLength - filled);
      block.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
    }
  }
  yield { bytes: block.subarray(0, filled), last: true };
}

// ---- header

function writePreamble(cost: PassphraseCost, salt: Bytes): Bytes {
  const numbers = new DataView(new ArrayBuffer(7));
  numbers.setUint8(0, VERSION);
  numbers.setUint32(1, cost.memoryKib);
  numbers.setUint8(5, cost.passes);
  numbers.setUint8(6, cost.lanes);
  return concatBytes(MAGIC, new Uint8Array(numbers.buffer), salt);
}

async function openHeader(passphrase: string, header: Bytes, last: boolean): Promise<Bytes> {
  if (!equalBytes(header.subarray(0, MAGIC.byteLength), MAGIC)) throw malformed('not a backup made by kith');
  if (last) throw damagedBackup();
  const preamble = header.subarray(0, PREAMBLE_BYTES);
  const { key, check } = await fileKeys(passphrase, preamble);
  if (!timingSafeEqual(check, header.subarray(PREAMBLE_BYTES))) throw wrongPassphrase('this backup');
  return key;
}

/** Both come out otherwise when any bit of the preamble does. */
async function fileKeys(passphrase: string, preamble: Bytes): Promise<{ key: Bytes; check: Bytes }> {
  const numbers = new DataView(preamble.buffer, preamble.byteOffset + MAGIC.byteLength, 7);
  if (numbers.getUint8(0) !== VERSION) throw malformed('a backup of another version');
  const cost = readCost(numbers.getUint32(1), numbers.getUint8(5), numbers.getUint8(6));
  const stretched = await passphraseKey(passphrase, preamble.subarray(PREAMBLE_BYTES - SALT_BYTES), cost);
  const derive = (purpose: string, count: number): Bytes =>
    new Uint8Array(
      hkdfSync('sha256', stretched, NO_SALT, concatBytes(utf8(`kith/1 ${purpose}\n`), preamble), count),
    );
  return { key: derive('backup key', KEY_BYTES), check: derive('backup check', CHECK_BYTES) };
}

// ---- chunks

const CIPHER = 'chacha20-poly1305';

/** Five zero bytes, the chunk's number in six, big-endian, and 1 for the last chunk. */
function chunkNonce(index: number, last: boolean): Bytes {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}

function sealChunk(key: Bytes, index: number, last: boolean, plaintext: Bytes): Bytes {
  const cipher = createCipheriv(CIPHER, key, chunkNonce(index, last), { authTagLength: TAG_BYTES });
  return concatBytes(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function openChunk(key: Bytes, index: number, last: boolean, sealed: Bytes): Bytes {
  if (sealed.byteLength < TAG_BYTES) throw damagedBackup();
  const end = sealed.byteLength - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, chunkNonce(index, last), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return concatBytes(decipher.update(sealed.subarray(0, end)), decipher.final());
  } catch (cause) {
    throw damagedBackup(cause);
  }
}

function damagedBackup(cause?: unknown): KithError {
  return new KithError(
    'damaged-backup',
    'This backup was changed or cut short; nothing of it was restored.',
    {
      next: 'Use another copy of the backup.',
      cause,
    },
  );
}
