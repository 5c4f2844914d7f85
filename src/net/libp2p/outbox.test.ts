import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameDecoder } from './framing.ts';
import { Outbox } from './outbox.ts';

const PREFIX_BYTES = 4;
const frameOf = (sizeBytes: number, fill: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(sizeBytes).fill(fill);

void test('what is taken a little at a time is the same stream, and never much more than was asked for', () => {
  // Small ones in a row, one larger than what may go, and the bounds at which chunks are made.
  const sizes = [1, 500, 40_000, 3, 32 * 1024 - 1, 32 * 1024, 100_000, 7];
  for (const upToBytes of [1, 3, 4, 5, 1000, 4096, 65_536, Infinity]) {
    const outbox = new Outbox();
    for (const [at, size] of sizes.entries()) outbox.add(frameOf(size, at));
    const decoder = new FrameDecoder();
    const got: Uint8Array[] = [];
    while (outbox.sizeBytes > 0) {
      const beforeBytes = outbox.sizeBytes;
      const chunks = outbox.take(upToBytes);
      const takenBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
      assert.ok(takenBytes > 0 && takenBytes <= upToBytes + PREFIX_BYTES);
      assert.equal(outbox.sizeBytes, beforeBytes - takenBytes);
      for (const chunk of chunks) decoder.push(chunk);
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) got.push(frame);
    }
    assert.deepEqual(got, sizes.map(frameOf), `${String(upToBytes)} at a time`);
    assert.ok(decoder.atBoundary);
  }
});

void test('what is dropped goes with the frame that was cut', () => {
  const outbox = new Outbox();
  outbox.add(frameOf(1000, 1));
  outbox.take(100);
  outbox.clear();
  assert.equal(outbox.sizeBytes, 0);
  assert.deepEqual(outbox.take(Infinity), []);
});
