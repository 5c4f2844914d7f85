import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { toDrop } from './keeping.ts';
import { mergedText } from './merge.ts';

function merged(ours: string, base: string, theirs: string): string | undefined {
  const bytes = mergedText(utf8(ours), utf8(base), utf8(theirs));
  return bytes === undefined ? undefined : fromUtf8(bytes);
}

test('edits in different places come together, also without an end of the last line', () => {
  assert.equal(merged('A\nb\nc\nd', 'a\nb\nc\nd', 'a\nb\nc\nd\ne'), 'A\nb\nc\nd\ne');
  assert.equal(merged('A\nb\nc\n', 'a\nb\nc\n', 'a\nb\nC\n'), 'A\nb\nC\n');
  assert.equal(merged('same\n', 'a\n', 'same\n'), 'same\n');
});

test('one place, bytes that are no text, and what would take too long stay apart', () => {
  assert.equal(merged('one\n', 'a\n', 'two\n'), undefined);
  assert.equal(merged('a\0\n', 'a\n', 'a\nb\n'), undefined);
  assert.equal(mergedText(new Uint8Array([0xff, 0xfe]), utf8('a'), utf8('b')), undefined);
  const blank = '\n'.repeat(100_000);
  assert.equal(merged(`${blank}x`, blank, `y${blank}`), undefined);
});

test('what was replaced goes after a month, or before when there is no room, the oldest first', () => {
  const day = 24 * 60 * 60 * 1000;
  const kept = [40, 20, 10].map((age) => ({
    name: String(age),
    path: 'x',
    sizeBytes: 100,
    keptMs: 100 * day - age * day,
  }));
  const names = (mostBytes: number): string[] =>
    toDrop(kept, 100 * day, { days: 30, bytes: mostBytes }).map(({ name }) => name);
  assert.deepEqual(names(1000), ['40']);
  assert.deepEqual(names(150), ['40', '20']);
  assert.deepEqual(toDrop(kept, 0, { days: 30, bytes: 1000 }), [], 'a clock that went back drops nothing');
});
