/** Reading files from one end to the other: to cut them into pieces, or to know what they are. */
import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { KithError } from '../../base/errors.ts';
import type { ContentId, PieceRef } from '../types.ts';
import { cutLength, PIECE_SIZES } from './cut.ts';
import { pieceIdOf } from './manifest.ts';

const READ_BYTES = 4 * 1024 * 1024;
const LEAST_READ_BYTES = 64 * 1024;

export interface AddOptions {
  readonly signal?: AbortSignal;
  readonly report?: (doneBytes: number) => void;
}

/** @throws KithError `cannot-read` */
export async function openToRead(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw cannotRead(path, 'it is no file');
    return await open(path, 'r');
  } catch (error) {
    throw error instanceof KithError ? error : cannotRead(path, (error as Error).message, error);
  }
}

export interface CutFile {
  readonly id: ContentId;
  readonly sizeBytes: number;
  readonly pieces: readonly PieceRef[];
}

export async function cutFile(file: FileHandle, sizeBytes: number, options: AddOptions): Promise<CutFile> {
  const pieces: PieceRef[] = [];
  const whole = sizeBytes > PIECE_SIZES.leastBytes ? createHash('sha256') : undefined;
  let done = 0;
  // Behind what is left of the chunk before, so that no piece is ever in two halves.
  let restBytes = 0;
  let rest = new Uint8Array(0);
  for await (const { room, chunk } of chunksOf(file, PIECE_SIZES.mostBytes, options.signal)) {
    whole?.update(chunk);
    room.set(rest, PIECE_SIZES.mostBytes - restBytes);
    const bytes = room.subarray(PIECE_SIZES.mostBytes - restBytes, PIECE_SIZES.mostBytes + chunk.byteLength);
    let at = 0;
    while (bytes.byteLength - at >= PIECE_SIZES.mostBytes) at += take(bytes, at);
    rest = bytes.subarray(at);
    restBytes = rest.byteLength;
    done += chunk.byteLength;
    options.report?.(done);
  }
  for (let at = 0; at < restBytes;) at += take(rest, at);
  const [only] = pieces;
  // What is one piece has that piece's digest; of what grew meanwhile, the caller notices.
  const id = whole === undefined ? (only?.id ?? pieceIdOf(rest)) : whole.digest('hex');
  return { id: id as ContentId, sizeBytes: done, pieces };

  function take(bytes: Uint8Array, at: number): number {
    const length = cutLength(bytes, at, bytes.byteLength);
    pieces.push({ id: pieceIdOf(bytes.subarray(at, at + length)), sizeBytes: length });
    return length;
  }
}

interface Chunk {
  /** So much room, and then the chunk. */
  readonly room: Uint8Array<ArrayBuffer>;
  readonly chunk: Uint8Array<ArrayBuffer>;
}

/** Read ahead by one, so that disk and processor work at once. A chunk is good until the one after the next is asked for. */
async function* chunksOf(file: FileHandle, roomBytes: number, signal?: AbortSignal): AsyncGenerator<Chunk> {
  const { size } = await file.stat();
  // A little more than there is, so that a small file is seen to end without much memory for it; one that grows meanwhile is not read by the byte.
  const readBytes = Math.min(READ_BYTES, Math.max(size + 1, LEAST_READ_BYTES));
  const memory: Uint8Array<ArrayBuffer>[] = [];
  let turn = 0;
  const readAt = async (at: number): Promise<Chunk> => {
    turn = (turn + 1) % 3;
    const room = (memory[turn] ??= new Uint8Array(roomBytes + readBytes));
    const { bytesRead } = await file.read(room, roomBytes, readBytes, at);
    return { room, chunk: room.subarray(roomBytes, roomBytes + bytesRead) };
  };
  let at = 0;
  let next = readAt(0);
  for (;;) {
    const read = await next;
    if (read.chunk.byteLength === 0) return;
    at += read.chunk.byteLength;
    next = readAt(at);
    // Whoever stops reading here must not leave a failure behind that nobody sees.
    next.catch(() => undefined);
    signal?.throwIfAborted();
    yield read;
  }
}

export async function digestOf(file: FileHandle): Promise<string> {
  const digest = createHash('sha256');
  for await (const { chunk } of chunksOf(file, 0)) digest.update(chunk);
  return digest.digest('hex');
}

function cannotRead(path: string, why: string, cause?: unknown): KithError {
  return new KithError('cannot-read', `${path} cannot be read: ${why}.`, {
    next: 'See whether it is there, and readable by you.',
    cause,
  });
}
