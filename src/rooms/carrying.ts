/** Messages of an older room, carried over into another as they were signed: whoever reads them there can check who said what, and where. */
import { fromHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Verifier } from '../identity/signing.ts';
import { openText } from '../sealing/rooms/index.ts';
import { bodyIn, contentPlace, isSigned } from './bodies.ts';
import type { Command } from './consensus/types.ts';
import { bytesIn, commandFields, exactly, listOf, readCommand } from './consensus/wire.ts';
import type { RoomId } from './types.ts';
import { roomIn } from './wire.ts';

export interface Carried {
  /** Where it was said. */
  readonly room: RoomId;
  readonly command: Command;
  /** The one that its author committed to. */
  readonly key: Bytes;
}

export interface Original {
  readonly text: string;
  readonly sentMs: number;
}

/** Goes where the text of a message goes. */
export function encodeCarried({ room, command, key }: Carried): string {
  return Buffer.from(encodeCbor([fromHex(room), commandFields(command), key])).toString('base64url');
}

/** Undefined for what nobody of us wrote. */
export function carriedIn(text: string): Carried | undefined {
  try {
    const [room, command, key] = exactly(listOf(decodeCbor(Buffer.from(text, 'base64url'))), 3);
    return {
      room: roomIn(room),
      command: readCommand(listOf(command)),
      key: bytesIn(key),
    };
  } catch (error) {
    if (!isKithError(error, 'malformed')) throw error;
    return undefined;
  }
}

/** What its author said; undefined unless that author signed it, in that room, and meant this text. */
export function saidIn({ room, command, key }: Carried, verifier: Verifier): Original | undefined {
  const body = bodyIn(command.body);
  if (body?.kind !== 'message' || body.carries || !isSigned(verifier, room, command, body)) return undefined;
  const text = openText(key, contentPlace(room, command), body);
  if (text === undefined || text.length > LIMITS.roomTextChars) return undefined;
  return { text, sentMs: body.sentMs };
}
