/**
 * The parts of one entry as one blob: for each part its state (1 byte) and length (4 bytes, big-endian), then their
 * bytes one after the other. A part keeps its place and length when it is erased, so a blob never changes its size.
 */
import type { Bytes } from '../base/bytes.ts';
import { damagedData } from './failures.ts';

export const PART = { absent: 0, plain: 1, sealed: 2, wiped: 3 } as const;
export type PartState = (typeof PART)[keyof typeof PART];

export interface StoredPart {
  readonly state: PartState;
  readonly bytes: Bytes;
}

const HEAD_BYTES = 5;
const STATES: readonly number[] = Object.values(PART);

export function packBody(parts: readonly StoredPart[]): Bytes {
  let at = parts.length * HEAD_BYTES;
  const body = Buffer.allocUnsafe(parts.reduce((sum, { bytes }) => sum + bytes.byteLength, at));
  parts.forEach(({ state, bytes }, index) => {
    body[index * HEAD_BYTES] = state;
    body.writeUInt32BE(bytes.byteLength, index * HEAD_BYTES + 1);
    body.set(bytes, at);
    at += bytes.byteLength;
  });
  return body;
}

/** @returns views of the blob. @throws KithError `damaged-data` */
export function unpackBody(body: Bytes, count: number): StoredPart[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = count * HEAD_BYTES;
  if (at > body.byteLength) throw damagedBody();
  const parts: StoredPart[] = [];
  for (let index = 0; index < count; index += 1) {
    const state = view.getUint8(index * HEAD_BYTES);
    const end = at + view.getUint32(index * HEAD_BYTES + 1);
    if (!isState(state) || end > body.byteLength) throw damagedBody();
    parts.push({ state, bytes: body.subarray(at, end) });
    at = end;
  }
  if (at !== body.byteLength) throw damagedBody();
  return parts;
}

/** The same blob with zeros in the place of one part. */
export function wipePart(body: Bytes, count: number, part: number): Bytes {
  return packBody(
    unpackBody(body, count).map((stored, index) =>
      index === part && holds(stored)
        ? { state: PART.wiped, bytes: new Uint8Array(stored.bytes.byteLength) }
        : stored,
    ),
  );
}

export function holds({ state }: StoredPart): boolean {
  return state === PART.plain || state === PART.sealed;
}

function isState(value: number): value is PartState {
  return STATES.includes(value);
}

function damagedBody(): Error {
  return damagedData('The parts of an entry are damaged on this disk.');
}
