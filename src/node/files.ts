/** Files that appear whole or not at all. */
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Bytes } from '../base/bytes.ts';
import { KithError } from '../base/errors.ts';

/**
 * Writes beside the target, flushes, then renames. @returns bytes written.
 * @throws KithError `file-exists` | `cannot-write`
 */
export async function writeWhole(
  path: string,
  replace: boolean,
  source: AsyncIterable<Bytes>,
): Promise<number> {
  if (!replace && existsSync(path)) {
    throw new KithError('file-exists', `There is a file ${path} already.`, {
      next: 'Choose another name, or say --yes.',
    });
  }
  const draft = `${path}.part-${String(process.pid)}`;
  let sizeBytes = 0;
  async function* counted(): AsyncGenerator<Bytes> {
    for await (const chunk of source) {
      sizeBytes += chunk.byteLength;
      yield chunk;
    }
  }
  try {
    await pipeline(counted, createWriteStream(draft, { mode: 0o600, flush: true }));
    await rename(draft, path);
    await flushFolder(dirname(path));
  } catch (cause) {
    await rm(draft, { force: true });
    if (cause instanceof KithError) throw cause;
    throw new KithError('cannot-write', `The file ${path} could not be written.`, {
      next: 'See that the folder is there and has room.',
      cause,
    });
  }
  return sizeBytes;
}

/** A rename lasts when its folder is flushed. Some systems cannot flush a folder; they do it themselves. */
async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync();
    await handle.close();
  } catch {
    return;
  }
}

/** @throws KithError `cannot-read` */
export async function* readWhole(path: string, signal: AbortSignal): AsyncGenerator<Bytes> {
  try {
    for await (const chunk of createReadStream(path, { signal, highWaterMark: 1024 * 1024 })) {
      const buffer = chunk as Buffer;
      yield new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
  } catch (cause) {
    throw new KithError('cannot-read', `The file ${path} could not be read.`, {
      next: 'See that it is there.',
      cause,
    });
  }
}
