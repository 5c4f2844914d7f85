/** Somebody who recorded every frame of a room, and holds a seized disk with everything that opens it. */
import { equalBytes, utf8, type Bytes } from '../../src/base/bytes.ts';
import { decodeCbor } from '../../src/base/cbor.ts';
import { isKithError } from '../../src/base/errors.ts';
import type { DeviceKey } from '../../src/base/ids.ts';
import { bodyIn, contentPlace, type SealedBody } from '../../src/rooms/bodies.ts';
import type { Command } from '../../src/rooms/consensus/types.ts';
import { exactly, listOf, readEntry } from '../../src/rooms/consensus/wire.ts';
import { readKeys } from '../../src/rooms/keys/wire.ts';
import type { RoomId } from '../../src/rooms/index.ts';
import type { RoomRows } from '../../src/rooms/ports.ts';
import { decodeFrame } from '../../src/rooms/wire.ts';
import type { Mls } from '../../src/sealing/mls/index.ts';
import { messageKey, openText, senderKey } from '../../src/sealing/rooms/index.ts';
import type { Recorded } from './room-stage.ts';

/** What is in the clear in any of them. */
export function readsInClear(frames: readonly Recorded[], text: string): boolean {
  const wanted = Buffer.from(utf8(text));
  return frames.some(({ bytes }) => Buffer.from(bytes).includes(wanted));
}

/** Every message and change of keys that crossed a link. */
export function commandsIn(frames: readonly Recorded[]): Command[] {
  return frames.flatMap(({ bytes }) => {
    const { frame } = decodeFrame(bytes);
    if (frame.type === 'said') return frame.said.map(({ command }) => command);
    if (frame.type !== 'core' || frame.message.type !== 'append') return [];
    return frame.message.entries.flatMap((entry) => (entry.kind === 'command' ? [entry.command] : []));
  });
}

/** Texts that these disks' secrets open, whatever epoch they are of; group keys that can still be had are had. */
export async function readsWithDisk(
  frames: readonly Recorded[],
  disk: RoomRows,
  room: RoomId,
  mls: Mls,
): Promise<ReadonlySet<string>> {
  const stored = disk.keys(room);
  const secrets =
    stored === undefined || stored === null ? [] : [...readKeys(stored).epochs.map((one) => one.secret)];
  const commands = commandsIn(frames);
  const group = stored === undefined || stored === null ? undefined : readKeys(stored).group;
  if (group !== undefined) secrets.push(...(await laterSecrets(group, commands, room, mls)));
  const kept = keptKeys(disk, room);
  const read = new Set<string>();
  for (const command of commands) {
    const body = bodyIn(command.body);
    if (body?.kind !== 'message') continue;
    const place = contentPlace(room, command);
    for (const key of [...kept, ...secrets.map((secret) => keyUnder(secret, command, body))]) {
      const text = openText(key, place, body);
      if (text !== undefined) read.add(text);
    }
  }
  return read;
}

function keyUnder(secret: Bytes, { author }: Command, { boot, seq }: SealedBody): Bytes {
  return messageKey(senderKey(secret, author as DeviceKey, boot), seq);
}

function keptKeys(disk: RoomRows, room: RoomId): Bytes[] {
  const ofEntries = disk.shown(room, Number.MAX_SAFE_INTEGER, 100_000).flatMap(({ index, key, bytes }) => {
    const [, , fields] = exactly(listOf(decodeCbor(bytes)), 3);
    const entry = readEntry(fields);
    return entry.kind === 'command' ? [key ?? disk.messageKey(room, index)] : [];
  });
  const ofWaiting = disk.waiting(room).map((bytes) => {
    const [, key] = exactly(listOf(decodeCbor(bytes)), 2);
    return key instanceof Uint8Array ? key : undefined;
  });
  return [...ofEntries, ...ofWaiting].filter((key) => key !== undefined);
}

/** Follows every recorded change of keys as far as it goes. */
async function laterSecrets(
  serialised: Bytes,
  commands: readonly Command[],
  room: RoomId,
  mls: Mls,
): Promise<Bytes[]> {
  const secrets: Bytes[] = [];
  let group = mls.restore(serialised);
  const seen: Bytes[] = [];
  for (const { body: bytes } of commands) {
    const body = bodyIn(bytes);
    if (body?.kind !== 'commit' || seen.some((one) => equalBytes(one, bytes))) continue;
    seen.push(bytes);
    try {
      group = await group.process(body.commit);
      secrets.push(await group.exportSecret('kith/1 rooms', Buffer.from(room, 'hex'), 32));
    } catch (error) {
      if (!isKithError(error)) throw error;
    }
  }
  return secrets;
}
