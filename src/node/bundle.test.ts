import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Bytes } from '../base/bytes.ts';
import { concatBytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import { createSigner } from '../identity/signing.ts';
import { readBundle, writeBundle } from './bundle.ts';

const rng = { bytes: (count: number) => new Uint8Array(randomBytes(count)), below: () => 0 };
const seed = new Uint8Array(32).fill(1);
const recipient = createSigner(seed).key as LinkKey;

async function collect(source: AsyncIterable<Bytes>): Promise<Bytes[]> {
  const all: Bytes[] = [];
  for await (const one of source) all.push(one);
  return all;
}

async function* inChunks(bytes: Bytes, size: number): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size);
}

const fileOf = async (frames: readonly Bytes[]): Promise<Bytes> =>
  concatBytes(...(await collect(writeBundle(frames, [recipient], rng))));

describe('a bundle file', () => {
  it('gives back its frames, however the file is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 5000 }),
        async (frames, size) => {
          const read = await collect(readBundle(inChunks(await fileOf(frames), size), seed));
          assert.deepEqual(read, frames);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('opens for its recipients only', async () => {
    const file = await fileOf([Uint8Array.of(1)]);
    const other = new Uint8Array(32).fill(2);
    await assert.rejects(collect(readBundle(inChunks(file, 999), other)), (error: unknown) =>
      isKithError(error, 'not-for-you'),
    );
  });

  it('says so when it was cut off, changed or is something else', async () => {
    const file = await fileOf([rng.bytes(200_000)]);
    const flipped = file.map((byte, index) => (index === file.byteLength - 9 ? byte ^ 1 : byte));
    for (const damaged of [file.slice(0, -100), flipped, concatBytes(file, Uint8Array.of(0))]) {
      await assert.rejects(collect(readBundle(inChunks(damaged, 4096), seed)), (error: unknown) =>
        isKithError(error, 'damaged-bundle'),
      );
    }
    for (const other of [new Uint8Array(0), rng.bytes(500), file.slice(0, 40)]) {
      await assert.rejects(collect(readBundle(inChunks(other, 4096), seed)), (error: unknown) =>
        isKithError(error, 'malformed'),
      );
    }
  });
});
