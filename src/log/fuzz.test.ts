/** Bytes from outside: only `malformed` may come out of a reader. A failing run prints its seed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeCbor, encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import { createVerifier } from '../identity/signing.ts';
import { Author, linkTo, notes } from '../../test/support/author.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { judgeRun, provesFork } from './core.ts';
import { decodeErase, encodeErase } from './folding.ts';
import {
  decodeHeader,
  encodeEvidence,
  encodeHeader,
  encodeRun,
  readEvidence,
  readRun,
  readWhole,
} from './wire.ts';

const RUNS = Number(process.env['KITH_RUNS'] ?? 3000);

const author = new Author(1);
const feed = author.feed();
const entries = author.write(feed, notes(3, 'public', 'members'));
author.goBackTo(feed, undefined);
const other = author.write(feed, notes(2, 'admins'));
const [first] = entries;
assert.ok(first !== undefined);
const verifier = createVerifier();

interface Reader {
  readonly read: (bytes: Uint8Array) => unknown;
  /** Bytes that it reads, to be damaged. */
  readonly good: Uint8Array;
}

const READERS: Record<string, Reader> = {
  header: { read: (bytes) => encodeHeader(decodeHeader(bytes)), good: first.headerBytes },
  run: {
    read: (bytes) =>
      judgeRun(readWhole(bytes, readRun), { head: undefined, hashAt: () => undefined }, verifier),
    good: encodeCbor(encodeRun({ feed, entries })),
  },
  evidence: {
    read: (bytes) => provesFork(readWhole(bytes, readEvidence), verifier),
    good: encodeCbor(encodeEvidence({ feed, seq: 1, one: entries, other })),
  },
  erasure: {
    read: (bytes) => encodeErase(decodeErase(bytes)),
    good: encodeErase(entries.map((entry) => ({ feed, entry: linkTo(entry), part: 1 }))),
  },
};

/** A few bytes changed, cut out, doubled or put in. */
function damage(good: Uint8Array, seed: number): Uint8Array {
  const rng = new SeededRng(seed);
  let bytes = [...good];
  for (let times = rng.between(1, 4); times > 0; times -= 1) {
    const at = rng.below(bytes.length);
    const count = rng.between(1, 8);
    switch (rng.below(5)) {
      case 0:
        bytes[at] = rng.below(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << rng.below(8));
        break;
      case 2:
        bytes.splice(at, count);
        break;
      case 3:
        bytes.splice(at, 0, ...rng.bytes(count));
        break;
      default:
        bytes = [...bytes.slice(0, at + count), ...bytes.slice(at)];
    }
  }
  return new Uint8Array(bytes);
}

/** Values of the right kind in the wrong places. */
const values: fc.Arbitrary<CborValue> = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<CborValue>(null, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.string({ maxLength: 12 }),
    fc.constantFrom('public', 'x-a', 'room:'),
    fc.uint8Array({ maxLength: 12 }),
    fc.constantFrom(32, 16, 64).map((size) => new Uint8Array(size)),
    fc.array(tie('value'), { maxLength: 8 }),
  ),
})).value;

function onlyMalformed(read: Reader['read'], bytes: Uint8Array): void {
  try {
    read(bytes);
  } catch (error) {
    assert.ok(isKithError(error, 'malformed'), `${String(error)} from ${Buffer.from(bytes).toString('hex')}`);
  }
}

for (const [name, { read, good }] of Object.entries(READERS)) {
  test(`${name}: random bytes`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => onlyMalformed(read, bytes)),
      { numRuns: RUNS },
    );
  });

  test(`${name}: damaged bytes`, () => {
    assert.doesNotThrow(() => read(good));
    fc.assert(
      fc.property(fc.nat(2 ** 31), (seed) => onlyMalformed(read, damage(good, seed))),
      { numRuns: RUNS },
    );
  });

  test(`${name}: well-formed values that mean nothing`, () => {
    fc.assert(
      fc.property(values, fc.nat(7), (value, place) => {
        onlyMalformed(read, encodeCbor(value));
        const fields = decodeCbor(good);
        if (Array.isArray(fields) && place < fields.length)
          onlyMalformed(read, encodeCbor((fields as CborValue[]).with(place, value)));
      }),
      { numRuns: RUNS },
    );
  });
}

test('bytes that nest without end, and lengths that lie, are malformed and cost nothing', () => {
  const nested = new Uint8Array(1_000_000).fill(0x81);
  const lying = [
    [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0x9a, 0xff, 0xff, 0xff, 0xff],
    [0x5b, 0, 0, 0, 1, 0, 0, 0, 0],
    [0x7a, 0x7f, 0xff, 0xff, 0xff],
    [0x82, 0x9a, 0x10, 0, 0, 0],
  ].map((bytes) => new Uint8Array(bytes));
  for (const { read } of Object.values(READERS)) {
    for (const bytes of [nested, ...lying])
      assert.throws(
        () => read(bytes),
        (error) => isKithError(error, 'malformed'),
      );
  }
});
