/**
 * Frames of the channel `/kith/1/mail`. Layouts: docs/protocol/mail.md. Packed by hand and not CBOR, because each hop
 * of each letter goes through here, and passes its bytes on as they came.
 */
import { hash } from 'node:crypto';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { malformed } from '../base/cbor.ts';
import { LIMITS } from '../base/limits.ts';
import type { Copy, CopyId, Lock, Receipt } from './types.ts';

export const MAIL_VERSION = 1;
export const ID_BYTES = 16;
export const KEY_BYTES = 32;
export const NONCE_BYTES = 16;
/** Children of a node of the tree of keys that two neighbours compare. */
export const FANOUT = 16;
export const DIGEST_BYTES = 8;
/** Ids in one frame. */
export const IDS_PER_FRAME = 2048;
const NODES_PER_FRAME = 256;
const HEAD_BYTES = 1 + 4 + NONCE_BYTES + KEY_BYTES + 2;
const RECEIPT_HEAD_BYTES = 1 + ID_BYTES + ID_BYTES + 4;
/** The length of the longest prefix: all nibbles of a key. */
const MAX_DEPTH = 2 * ID_BYTES;

/** An id of a letter or a lock: what both are compared by. */
export type Key = string;

export interface CompareNode {
  /** Hex digits that all keys below it start with. */
  readonly prefix: string;
  /** Digests of its sixteen children. */
  readonly digests: Bytes;
}

export interface ListNode {
  readonly prefix: string;
  readonly keys: readonly Key[];
}

export type MailMessage =
  | { readonly type: 'compare'; readonly nodes: readonly CompareNode[] }
  | { readonly type: 'list'; readonly nodes: readonly ListNode[] }
  | { readonly type: 'offer' | 'want' | 'carry' | 'gone'; readonly keys: readonly Key[] }
  | { readonly type: 'letter'; readonly copy: Copy }
  | { readonly type: 'receipt'; readonly receipt: Receipt };

const TYPES = { compare: 1, list: 2, offer: 3, want: 4, carry: 5, gone: 6, letter: 7, receipt: 8 } as const;

export function digestOf(bytes: Bytes): Bytes {
  return hash('sha256', bytes, { outputEncoding: 'buffer' });
}

function idOf(bytes: Bytes): string {
  return hash('sha256', bytes, 'hex').slice(0, 2 * ID_BYTES);
}

export function lockOf(secret: Bytes): Lock {
  return idOf(secret) as Lock;
}

// ---- letters and receipts

export function encodeCopy(copy: Omit<Copy, 'id' | 'bytes'>): Copy {
  const { locks, tags, sealed } = copy;
  const sizeBytes = HEAD_BYTES + locks.length * ID_BYTES + 2 + tags.length * ID_BYTES + sealed.byteLength;
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  bytes[0] = MAIL_VERSION;
  view.setUint32(1, copy.expiryHours);
  bytes.set(copy.nonce, 5);
  bytes.set(copy.ephemeral, 5 + NONCE_BYTES);
  view.setUint16(HEAD_BYTES - 2, locks.length);
  let at = HEAD_BYTES;
  for (const lock of locks) {
    bytes.set(fromHex(lock), at);
    at += ID_BYTES;
  }
  view.setUint16(at, tags.length);
  at += 2;
  for (const tag of tags) {
    bytes.set(tag, at);
    at += ID_BYTES;
  }
  bytes.set(sealed, at);
  return { ...copy, id: idOf(bytes) as CopyId, bytes };
}

/** @throws KithError `malformed` */
export function decodeCopy(bytes: Bytes): Copy {
  if (bytes.byteLength > LIMITS.letterWireBytes) throw malformed('a letter is too large');
  if (bytes.byteLength < HEAD_BYTES + 2 || bytes[0] !== MAIL_VERSION) throw malformed('not a letter');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lockCount = view.getUint16(HEAD_BYTES - 2);
  const tagsAt = HEAD_BYTES + lockCount * ID_BYTES;
  if (lockCount === 0 || lockCount > LIMITS.letterDevices || tagsAt + 2 > bytes.byteLength)
    throw malformed('the locks of a letter');
  const tagCount = view.getUint16(tagsAt);
  const sealedAt = tagsAt + 2 + tagCount * ID_BYTES;
  if (tagCount > LIMITS.letterDevices || sealedAt >= bytes.byteLength)
    throw malformed('the tags of a letter');
  return {
    id: idOf(bytes) as CopyId,
    bytes,
    expiryHours: view.getUint32(1),
    nonce: bytes.subarray(5, 5 + NONCE_BYTES),
    ephemeral: bytes.subarray(5 + NONCE_BYTES, HEAD_BYTES - 2),
    locks: locksIn(bytes, HEAD_BYTES, lockCount),
    tags: slicesOf(bytes, tagsAt + 2, tagCount),
    sealed: bytes.subarray(sealedAt),
  };
}

function locksIn(bytes: Bytes, from: number, count: number): Lock[] {
  const locks = slicesOf(bytes, from, count).map((lock) => toHex(lock) as Lock);
  if (count > 1 && new Set(locks).size !== count) throw malformed('a lock stands twice');
  return locks;
}

function slicesOf(bytes: Bytes, from: number, count: number): Bytes[] {
  const slices: Bytes[] = [];
  for (let at = from; slices.length < count; at += ID_BYTES) slices.push(bytes.subarray(at, at + ID_BYTES));
  return slices;
}

export function encodeReceipt(receipt: Omit<Receipt, 'bytes' | 'lock'>): Receipt {
  const bytes = new Uint8Array(RECEIPT_HEAD_BYTES + receipt.word.byteLength);
  bytes[0] = MAIL_VERSION;
  bytes.set(fromHex(receipt.copy), 1);
  bytes.set(receipt.secret, 1 + ID_BYTES);
  new DataView(bytes.buffer).setUint32(RECEIPT_HEAD_BYTES - 4, receipt.expiryHours);
  bytes.set(receipt.word, RECEIPT_HEAD_BYTES);
  return { ...receipt, bytes, lock: lockOf(receipt.secret) };
}

/** @throws KithError `malformed` */
export function decodeReceipt(bytes: Bytes): Receipt {
  const wordBytes = bytes.byteLength - RECEIPT_HEAD_BYTES;
  if (wordBytes <= 0 || wordBytes > LIMITS.receiptWordBytes || bytes[0] !== MAIL_VERSION)
    throw malformed('not a receipt');
  const secret = bytes.subarray(1 + ID_BYTES, 1 + 2 * ID_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    copy: toHex(bytes.subarray(1, 1 + ID_BYTES)) as CopyId,
    lock: lockOf(secret),
    secret,
    expiryHours: view.getUint32(RECEIPT_HEAD_BYTES - 4),
    word: bytes.subarray(RECEIPT_HEAD_BYTES),
    bytes,
  };
}

// ---- frames

/** A frame for what is stored: the same memory may go to many neighbours. */
export function letterFrame(bytes: Bytes): Bytes {
  return framed(TYPES.letter, bytes);
}

export function receiptFrame(bytes: Bytes): Bytes {
  return framed(TYPES.receipt, bytes);
}

function framed(type: number, body: Bytes): Bytes {
  const frame = new Uint8Array(1 + body.byteLength);
  frame[0] = type;
  frame.set(body, 1);
  return frame;
}

/** Is this a frame of mail, and not one of sync? Messages of sync are CBOR arrays. */
export function isMailFrame(frame: Bytes): boolean {
  const type = frame[0] ?? 0;
  return type >= TYPES.compare && type <= TYPES.receipt;
}

export function isLetterFrame(frame: Bytes): boolean {
  return frame[0] === TYPES.letter;
}

export function encodeMail(message: MailMessage): Bytes {
  switch (message.type) {
    case 'letter':
      return letterFrame(message.copy.bytes);
    case 'receipt':
      return receiptFrame(message.receipt.bytes);
    case 'compare':
      return encodeCompare(message.nodes);
    case 'list':
      return encodeList(message.nodes);
    default:
      return framed(TYPES[message.type], fromHex(message.keys.join('')));
  }
}

/** @throws KithError `malformed` */
export function decodeMail(frame: Bytes): MailMessage {
  const body = frame.subarray(1);
  switch (frame[0]) {
    case TYPES.letter:
      return { type: 'letter', copy: decodeCopy(body) };
    case TYPES.receipt:
      return { type: 'receipt', receipt: decodeReceipt(body) };
    case TYPES.compare:
      return { type: 'compare', nodes: decodeNodes(body, compareNode) };
    case TYPES.list:
      return { type: 'list', nodes: decodeNodes(body, listNode) };
    case TYPES.offer:
      return { type: 'offer', keys: keysIn(body) };
    case TYPES.want:
      return { type: 'want', keys: keysIn(body) };
    case TYPES.carry:
      return { type: 'carry', keys: keysIn(body) };
    case TYPES.gone:
      return { type: 'gone', keys: keysIn(body) };
    default:
      throw malformed('unknown mail message');
  }
}

function keysIn(body: Bytes): Key[] {
  const count = body.byteLength / ID_BYTES;
  if (count < 1 || count > IDS_PER_FRAME || !Number.isInteger(count)) throw malformed('a list of ids');
  return splitKeys(body);
}

function splitKeys(bytes: Bytes): Key[] {
  const text = toHex(bytes);
  const keys: Key[] = [];
  for (let at = 0; at < text.length; at += 2 * ID_BYTES) keys.push(text.slice(at, at + 2 * ID_BYTES));
  return keys;
}

/** A node: length of its prefix in hex digits, the prefix padded to whole bytes, then what it says. */
function encodeCompare(nodes: readonly CompareNode[]): Bytes {
  return framed(
    TYPES.compare,
    Buffer.concat(nodes.flatMap(({ prefix, digests }) => [encodePrefix(prefix), digests])),
  );
}

function encodeList(nodes: readonly ListNode[]): Bytes {
  const parts = nodes.flatMap(({ prefix, keys }) => {
    const count = new Uint8Array(2);
    new DataView(count.buffer).setUint16(0, keys.length);
    return [encodePrefix(prefix), count, fromHex(keys.join(''))];
  });
  return framed(TYPES.list, Buffer.concat(parts));
}

function encodePrefix(prefix: string): Bytes {
  return Buffer.concat([
    Uint8Array.of(prefix.length),
    fromHex(prefix + (prefix.length % 2 === 0 ? '' : '0')),
  ]);
}

type NodeReader<Node> = (prefix: string, rest: Bytes) => { readonly node: Node; readonly sizeBytes: number };

function decodeNodes<Node>(body: Bytes, read: NodeReader<Node>): Node[] {
  const nodes: Node[] = [];
  for (let at = 0; at < body.byteLength;) {
    const digits = body[at] ?? 0;
    const prefixBytes = Math.ceil(digits / 2);
    const padded = toHex(body.subarray(at + 1, at + 1 + prefixBytes));
    if (
      digits > MAX_DEPTH ||
      padded.length !== 2 * prefixBytes ||
      (digits % 2 === 1 && !padded.endsWith('0'))
    )
      throw malformed('a prefix of keys');
    const { node, sizeBytes } = read(padded.slice(0, digits), body.subarray(at + 1 + prefixBytes));
    nodes.push(node);
    at += 1 + prefixBytes + sizeBytes;
  }
  if (nodes.length === 0 || nodes.length > NODES_PER_FRAME) throw malformed('a list of nodes');
  return nodes;
}

function compareNode(prefix: string, rest: Bytes): { node: CompareNode; sizeBytes: number } {
  const sizeBytes = FANOUT * DIGEST_BYTES;
  if (rest.byteLength < sizeBytes || prefix.length >= MAX_DEPTH) throw malformed('sixteen digests');
  return { node: { prefix, digests: rest.subarray(0, sizeBytes) }, sizeBytes };
}

function listNode(prefix: string, rest: Bytes): { node: ListNode; sizeBytes: number } {
  const count = ((rest[0] ?? 0) << 8) | (rest[1] ?? 0);
  const sizeBytes = 2 + count * ID_BYTES;
  if (rest.byteLength < sizeBytes || count > IDS_PER_FRAME) throw malformed('a list of keys');
  const keys = splitKeys(rest.subarray(2, sizeBytes));
  if (!keys.every((key) => key.startsWith(prefix))) throw malformed('a key outside its node');
  return { node: { prefix, keys }, sizeBytes };
}
