/** Frames that travel in pieces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKithError } from '../base/errors.ts';
import { inPieces, Pieces } from './pieces.ts';

const FRAME = new Uint8Array(1000).map((_, at) => at % 251);

function cut(number: number): readonly Uint8Array[] {
  const pieces = inPieces(FRAME, number, 300);
  assert.ok(pieces !== undefined);
  return pieces;
}

void test('are whole again when the last piece is here, in whatever order', () => {
  const pieces = new Pieces<string>();
  const sent = cut(1);
  assert.ok(sent.length > 2 && sent.every(({ byteLength }) => byteLength <= 300));
  const got = [...sent].reverse().map((piece) => pieces.take('ada', piece));
  assert.deepEqual(got.at(-1), FRAME);
  assert.ok(got.slice(0, -1).every((one) => one === undefined));
});

void test('are given up when another one begins, and mixed with nobody else’s', () => {
  const pieces = new Pieces<string>();
  const [first, second] = [cut(1), cut(2)];
  assert.equal(pieces.take('ada', first[0] ?? FRAME), undefined);
  for (const piece of second.slice(0, -1)) assert.equal(pieces.take('ada', piece), undefined);
  for (const piece of first.slice(0, -1)) assert.equal(pieces.take('ben', piece), undefined);
  assert.deepEqual(pieces.take('ada', second.at(-1) ?? FRAME), FRAME);
});

void test('are refused when they do not fit, and not sent when there would be too many', () => {
  const pieces = new Pieces<string>();
  pieces.take('ada', cut(1)[0] ?? FRAME);
  const other = inPieces(FRAME.subarray(0, 10), 1, 300)?.[0];
  assert.throws(
    () => pieces.take('ada', other ?? FRAME),
    (error) => isKithError(error, 'malformed'),
  );
  assert.equal(inPieces(new Uint8Array(100_000), 1, 300), undefined);
});
