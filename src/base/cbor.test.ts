/** Held against a library (cborg) that reads and writes more than kith does: where both speak, they say the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import fc from 'fast-check';
import { fromHex } from './bytes.ts';
import { CborReader } from './cbor-reader.ts';
import { decodeCbor, encodeCbor, type CborValue } from './cbor.ts';
import { isKithError } from './errors.ts';

const RUNS = Number(process.env['KITH_RUNS'] ?? 3000);

const leaf = fc.oneof(
  fc.constantFrom<CborValue>(null, true, false),
  fc.maxSafeInteger(),
  fc
    .constantFrom(...[8, 16, 32, 48, 53].flatMap((bits) => [-1, 0, 1].map((by) => 2 ** bits + by)))
    .filter(Number.isSafeInteger),
  fc.integer({ min: -300, max: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 150 }),
  fc.uint8Array({ maxLength: 400 }),
);
const { value } = fc.letrec<{ value: CborValue; list: CborValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, leaf, tie('list')),
  list: fc.array(tie('value'), { maxLength: 30 }),
}));

/** What the library takes and encodes the same again, without the types that kith has none of. */
function oracle(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    const read: unknown = decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: false,
      rejectDuplicateMapKeys: true,
    });
    if (!isOurs(read) || Buffer.compare(encode(read, rfc8949EncodeOptions), bytes) !== 0) return undefined;
    return { value: read };
  } catch {
    return undefined;
  }
}

function isOurs(read: unknown): boolean {
  if (Array.isArray(read)) return read.every(isOurs);
  if (read === null || read instanceof Uint8Array) return true;
  return typeof read === 'number' ? Number.isSafeInteger(read) : ['boolean', 'string'].includes(typeof read);
}

function ours(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: decodeCbor(bytes) };
  } catch (error) {
    assert.ok(isKithError(error, 'malformed'), String(error));
    return undefined;
  }
}

test('writes what the library writes', () => {
  fc.assert(
    fc.property(value, (written) => {
      assert.deepEqual(encodeCbor(written), new Uint8Array(encode(written, rfc8949EncodeOptions)));
    }),
    { numRuns: RUNS },
  );
});

test('reads back what it wrote, into memory of its own', () => {
  fc.assert(
    fc.property(value, (written) => {
      const bytes = encodeCbor(written);
      const read = decodeCbor(bytes);
      bytes.fill(0);
      assert.deepEqual(read, written);
    }),
    { numRuns: RUNS },
  );
});

test('takes what the library takes and writes the same again, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => assert.deepEqual(ours(bytes), oracle(bytes))),
    { numRuns: RUNS * 10 },
  );
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(value, damage, fc.nat(3), (written, changes, cut) => {
      const whole = encodeCbor(written);
      const bytes = whole.slice(0, Math.max(1, whole.byteLength - cut));
      for (const [at, byte] of changes) bytes[at % bytes.byteLength] = byte;
      assert.deepEqual(ours(bytes), oracle(bytes));
    }),
    { numRuns: RUNS * 3 },
  );
});

test('refuses every head of two bytes that the library refuses', () => {
  for (let first = 0; first < 256; first += 1) {
    for (let second = 0; second < 256; second += 1) {
      for (const rest of ['', '00', '0000000000000000', '0020000000000000']) {
        const bytes = new Uint8Array([first, second, ...fromHex(rest)]);
        assert.deepEqual(ours(bytes), oracle(bytes), Buffer.from(bytes).toString('hex'));
      }
    }
  }
});

test('neither nests nor counts without end', () => {
  assert.equal(ours(new Uint8Array(500_000).fill(0x81)), undefined);
  assert.throws(() => {
    new CborReader(new Uint8Array(500_000).fill(0x81)).skip();
  });
  assert.equal(ours(fromHex('9affffffff00')), undefined);
  assert.equal(ours(fromHex('5affffffff00')), undefined);
});

test('steps over exactly what it would have read', () => {
  fc.assert(
    fc.property(value, fc.nat(1000), (written, mark) => {
      const reader = new CborReader(encodeCbor([written, mark]));
      assert.equal(reader.array(), 2);
      reader.skip();
      assert.equal(reader.whole(), mark);
      reader.end();
    }),
    { numRuns: RUNS },
  );
});
