/**
 * One message of a room, sealed and opened. MLS agrees on a secret an epoch; from it comes a key for each sender's run,
 * and from that one for each message, so that one message can be shown to somebody without its neighbours.
 * docs/protocol/rooms.md has each derivation.
 */
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { concatBytes, equalBytes, utf8, type Bytes } from '../../base/bytes.ts';
import { idToBytes, type DeviceKey } from '../../base/ids.ts';
import { openOnce, sealOnce } from '../letters/primitives.ts';

export const ROOM_SECRET_BYTES = 32;
export const ROOM_BOOT_BYTES = 16;
const PAD_BYTES = 64;
const LENGTH_BYTES = 4;

/** @param secret of one epoch. @param boot random, drawn when the sender's program started. */
export function senderKey(secret: Bytes, device: DeviceKey, boot: Bytes): Bytes {
  const info = concatBytes(utf8('kith/1 rooms sender\n'), idToBytes(device));
  return new Uint8Array(hkdfSync('sha256', secret, boot, info, ROOM_SECRET_BYTES));
}

/** @param seq never twice in one run. */
export function messageKey(sender: Bytes, seq: number): Bytes {
  return mac(sender, `kith/1 rooms message\n${String(seq)}`);
}

export interface SealedText {
  readonly commitment: Bytes;
  readonly ciphertext: Bytes;
}

/** @param key for this once. @param place what it belongs to. */
export function sealText(key: Bytes, place: Bytes, text: string): SealedText {
  return { commitment: commitmentOf(key), ciphertext: sealBytes(key, place, padded(utf8(text))) };
}

/** Undefined when the key is another, or the sender committed to another text. */
export function openText(key: Bytes, place: Bytes, sealed: SealedText): string | undefined {
  if (!opens(key, sealed)) return undefined;
  const plain = openBytes(key, place, sealed.ciphertext);
  return plain === undefined ? undefined : textIn(plain);
}

/** Whether this is the one key that the sender committed to. */
export function opens(key: Bytes, { commitment }: Pick<SealedText, 'commitment'>): boolean {
  return equalBytes(commitmentOf(key), commitment);
}

export function sealBytes(key: Bytes, place: Bytes, plain: Bytes): Bytes {
  return sealOnce(contentKey(key), plain, place);
}

export function openBytes(key: Bytes, place: Bytes, ciphertext: Bytes): Bytes | undefined {
  return openOnce(contentKey(key), ciphertext, place);
}

export function digestOf(bytes: Bytes): Bytes {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function contentKey(key: Bytes): Bytes {
  return mac(key, 'kith/1 rooms content');
}

function commitmentOf(key: Bytes): Bytes {
  return mac(key, 'kith/1 rooms commitment');
}

function mac(key: Bytes, purpose: string): Bytes {
  return new Uint8Array(createHmac('sha256', key).update(purpose).digest());
}

/** Length, text, zeros: texts of about one length look alike. */
function padded(text: Bytes): Bytes {
  const size = LENGTH_BYTES + text.byteLength;
  const out = new Uint8Array(Math.ceil(size / PAD_BYTES) * PAD_BYTES);
  new DataView(out.buffer).setUint32(0, text.byteLength);
  out.set(text, LENGTH_BYTES);
  return out;
}

function textIn(plain: Bytes): string | undefined {
  if (plain.byteLength < LENGTH_BYTES) return undefined;
  const size = new DataView(plain.buffer, plain.byteOffset).getUint32(0);
  if (size > plain.byteLength - LENGTH_BYTES) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      plain.subarray(LENGTH_BYTES, LENGTH_BYTES + size),
    );
  } catch {
    return undefined;
  }
}
