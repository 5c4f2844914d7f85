import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { checkFrameSize, FrameDecoder, PREFIX_BYTES, writePrefix } from './framing.ts';

function encode(frames: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(frames.reduce((sum, frame) => sum + PREFIX_BYTES + frame.byteLength, 0));
  let offset = 0;
  for (const frame of frames) {
    writePrefix(out, offset, frame.byteLength);
    out.set(frame, offset + PREFIX_BYTES);
    offset += PREFIX_BYTES + frame.byteLength;
  }
  return out;
}

function drain(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  return frames;
}

/** Cuts at the given places, whatever they are. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.byteLength + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.byteLength));
}

// fast-check prints the seed and the smallest counterexample of a failure; FC_SEED repeats it.
const RUNS = {
  numRuns: 500,
  ...(process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) }),
};

test('whatever way the bytes are cut, the same frames come out', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 30 }), fc.boolean(), (sent, cuts, eager) => {
      const decoder = new FrameDecoder();
      const got: Uint8Array[] = [];
      for (const piece of split(encode(sent), cuts)) {
        decoder.push(piece);
        if (eager) got.push(...drain(decoder));
      }
      got.push(...drain(decoder));
      assert.deepEqual(got, sent);
      assert.equal(decoder.atBoundary, true);
    }),
    RUNS,
  );
});

test('hostile bytes give frames within the limit or a KithError, and nothing else', () => {
  const limitBytes = 64;
  // Mostly zeros, so that plausible lengths occur and decoding gets past the first prefix.
  const byte = fc.constantFrom(0, 0, 0, 0, 1, 2, 5, limitBytes - 1, limitBytes, limitBytes + 1, 255);
  fc.assert(
    fc.property(fc.array(fc.array(byte, { maxLength: 40 }), { maxLength: 20 }), (arrays) => {
      const pieces = arrays.map((array) => Uint8Array.from(array));
      const decoder = new FrameDecoder(limitBytes);
      try {
        for (const piece of pieces) {
          decoder.push(piece);
          for (const frame of drain(decoder)) {
            assert.ok(frame.byteLength >= 1 && frame.byteLength <= limitBytes);
          }
        }
      } catch (error) {
        assert.ok(isKithError(error, 'too-large') || isKithError(error, 'malformed'), String(error));
      }
    }),
    RUNS,
  );
});

test('a frame is a copy: what the transport does with its chunk afterwards does not show', () => {
  const decoder = new FrameDecoder();
  const chunk = encode([Uint8Array.of(1, 2, 3)]);
  decoder.push(chunk);
  const [frame] = drain(decoder);
  chunk.fill(9);
  assert.deepEqual(frame, Uint8Array.of(1, 2, 3));
});

test('the largest frame passes in single bytes of prefix', () => {
  const decoder = new FrameDecoder();
  const large = new Uint8Array(LIMITS.frameBytes).fill(7);
  const bytes = encode([large]);
  for (let at = 0; at < PREFIX_BYTES; at += 1) {
    decoder.push(bytes.subarray(at, at + 1));
    assert.equal(decoder.next(), undefined);
  }
  assert.equal(decoder.atBoundary, false);
  decoder.push(bytes.subarray(PREFIX_BYTES));
  assert.deepEqual(decoder.next(), large);
});

test('a length over the limit is refused before any of the frame is there', () => {
  const decoder = new FrameDecoder();
  const prefix = new Uint8Array(PREFIX_BYTES);
  writePrefix(prefix, 0, LIMITS.frameBytes + 1);
  decoder.push(prefix);
  assert.throws(() => decoder.next(), { code: 'too-large' });
});

test('a frame of no bytes is refused at both ends', () => {
  const decoder = new FrameDecoder();
  decoder.push(new Uint8Array(PREFIX_BYTES));
  assert.throws(() => decoder.next(), { code: 'malformed' });
  assert.throws(() => checkFrameSize(0), { code: 'empty-frame' });
});

test('the limit itself is allowed, one more is not', () => {
  assert.doesNotThrow(() => checkFrameSize(LIMITS.frameBytes));
  assert.throws(() => checkFrameSize(LIMITS.frameBytes + 1), { code: 'too-large' });
});
