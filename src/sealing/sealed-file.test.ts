import assert from 'node:assert/strict';
import { createCipheriv, hash, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';
import { passphraseKey } from './root-key.ts';
import { CHUNK_BYTES, HEADER_BYTES, openStream, sealStream } from './sealed-file.ts';

const CHEAP = { memoryKib: 8, passes: 1, lanes: 1 };
const SEALED_CHUNK = CHUNK_BYTES + 16;
const PASSPHRASE = 'three quiet rivers';
const rng: Rng = { bytes: (count) => new Uint8Array(count).fill(7), below: () => 0 };

const sealed = (content: Bytes): Promise<Bytes> => gather(sealStream(PASSPHRASE, [content], rng, CHEAP));
const opened = (file: Bytes): Promise<Bytes> => gather(openStream(PASSPHRASE, [file]));

/** Sizes around the borders of chunks, and any other. */
const sizes = fc.oneof(
  fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES),
  fc.nat({ max: 4 * CHUNK_BYTES }),
);
const cuts = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 });

test('round trip over sizes, however either stream comes in pieces', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, cuts, cuts, async (size, inPieces, outPieces) => {
      const content = noise(size);
      const file = await gather(sealStream(PASSPHRASE, pieces(content, inPieces), rng, CHEAP));
      const chunks = Math.max(1, Math.ceil(size / CHUNK_BYTES));
      assert.equal(file.byteLength, HEADER_BYTES + size + 16 * chunks);
      assert.deepEqual(
        await gather(openStream(PASSPHRASE, asynchronously(pieces(file, outPieces)))),
        content,
      );
    }),
    { seed: 6, numRuns: 60 },
  );
});

test('pieces of one byte, and empty ones between', async () => {
  const file = await sealed(noise(100));
  const slow = [...file].flatMap((byte) => [new Uint8Array(0), Uint8Array.of(byte)]);
  assert.deepEqual(await gather(openStream(PASSPHRASE, slow)), noise(100));
});

test('the way of writing, pinned: a later version reads what this one wrote', async () => {
  const file = await sealed(noise(10));
  assert.equal(
    toHex(file),
    '6b697468206261636b75700a010000000801010707070707070707070707070707070707070707070707070707070707070707268a47c53e7ad72fb44be57e47582ae537133fcca871c60082edfd86941aac91465057ada3ebc970f3658eca74b6300fbbb19ad4853ecb7ee7a7',
  );
});

test('another passphrase is refused before anything comes out', async () => {
  const file = await sealed(noise(200_000));
  const stream = openStream('three quiet river', [file]);
  await assert.rejects(stream.next(), isCode('wrong-passphrase'));
});

test('any changed bit is refused, and what came out before was true', async () => {
  const content = noise(2 * CHUNK_BYTES + 10);
  const file = await sealed(content);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: file.byteLength * 8 - 1 }), (bit) => refused(flip(file, bit), content)),
    { seed: 7, numRuns: 150 },
  );
});

test('every bit of a small file is refused with the code that fits', async () => {
  const file = await sealed(noise(5));
  for (let bit = 0; bit < file.byteLength * 8; bit += 1) {
    const at = bit >> 3;
    if (at >= 13 && at < 17) continue; // the memory: see the next test
    const codes =
      at < 13 ? ['malformed'] : at < HEADER_BYTES ? ['malformed', 'wrong-passphrase'] : ['damaged-backup'];
    await assert.rejects(opened(flip(file, bit)), isCode(...codes), `byte ${at}`);
  }
});

test('a changed cost is refused, and one beyond bounds before it costs anything', async () => {
  const file = await sealed(noise(5));
  assert.equal(toHex(file.subarray(13, 19)), '000000080101');
  await assert.rejects(opened(with32(file, 13, 16)), isCode('wrong-passphrase'));
  for (const memoryKib of [0, 7, 512 * 1024 + 1, 100 * 1024 * 1024, 0xffffffff]) {
    await assert.rejects(opened(with32(file, 13, memoryKib)), isCode('malformed'), String(memoryKib));
  }
});

test('a file cut anywhere is refused', async () => {
  const content = noise(2 * CHUNK_BYTES + 10);
  const file = await sealed(content);
  const borders = [0, 1, HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK, HEADER_BYTES + 2 * SEALED_CHUNK];
  const places = fc.oneof(
    fc.constantFrom(...borders, ...borders.map((place) => place + 16)),
    fc.nat({ max: file.byteLength - 1 }),
  );
  await fc.assert(
    fc.asyncProperty(places, (length) => refused(file.subarray(0, length), content)),
    { seed: 8, numRuns: 80 },
  );
  await assert.rejects(opened(file.subarray(0, HEADER_BYTES)), isCode('damaged-backup'));
  await assert.rejects(opened(file.subarray(0, 30)), isCode('damaged-backup'));
  await assert.rejects(opened(file.subarray(0, 5)), isCode('malformed'));
});

test('chunks swapped, left out, doubled or added are refused', async () => {
  const content = noise(3 * CHUNK_BYTES + 10);
  const file = await sealed(content);
  const header = file.subarray(0, HEADER_BYTES);
  const chunk = (n: number): Bytes =>
    file.subarray(HEADER_BYTES + n * SEALED_CHUNK, HEADER_BYTES + (n + 1) * SEALED_CHUNK);
  const orders = [
    [1, 0, 2, 3],
    [0, 2, 1, 3],
    [0, 1, 3],
    [1, 2, 3],
    [0, 0, 1, 2, 3],
    [0, 1, 2],
    [0, 1, 2, 3, 3],
    [3],
    [0, 3],
  ];
  assert.deepEqual(await opened(concatBytes(header, ...[0, 1, 2, 3].map(chunk))), content);
  for (const order of orders) await refused(concatBytes(header, ...order.map(chunk)), content);
  for (const more of [1, 15, 16, 17, SEALED_CHUNK])
    await refused(concatBytes(file, new Uint8Array(more)), content);
});

test('an empty last chunk behind a full one is refused even under the right key: one content, one file', async () => {
  const content = noise(CHUNK_BYTES + 1);
  const file = await sealed(content);
  const preamble = file.subarray(0, HEADER_BYTES - 32);
  const stretched = await passphraseKey(PASSPHRASE, preamble.subarray(-32), CHEAP);
  const key = hkdfSync(
    'sha256',
    stretched,
    new Uint8Array(0),
    concatBytes(utf8('kith/1 backup key\n'), preamble),
    32,
  );
  const nonce = fromHex('0000000000' + '000000000001' + '01');
  const empty = createCipheriv('chacha20-poly1305', new Uint8Array(key), nonce, { authTagLength: 16 });
  empty.final();
  const twisted = concatBytes(file.subarray(0, HEADER_BYTES + SEALED_CHUNK), empty.getAuthTag());
  await refused(twisted, content);
});

test('a chunk of another file with the same passphrase is refused', async () => {
  const other: Rng = { bytes: (count) => new Uint8Array(count).fill(8), below: () => 0 };
  const mine = await sealed(noise(10));
  const theirs = await gather(sealStream(PASSPHRASE, [noise(10)], other, CHEAP));
  await assert.rejects(
    opened(concatBytes(mine.subarray(0, HEADER_BYTES), theirs.subarray(HEADER_BYTES))),
    isCode('damaged-backup'),
  );
});

test('any other file is malformed', async () => {
  for (const file of [noise(0), noise(11), noise(500)])
    await assert.rejects(opened(file), isCode('malformed'));
});

test('reads and writes as it is asked to, one chunk ahead at most', async () => {
  let given = 0;
  function* source(): Generator<Bytes> {
    for (;;) {
      given += 1;
      yield noise(CHUNK_BYTES);
    }
  }
  const stream = sealStream(PASSPHRASE, source(), rng, CHEAP);
  await stream.next();
  assert.equal(given, 0, 'the header needs no content');
  for (let chunks = 1; chunks <= 5; chunks += 1) {
    await stream.next();
    assert.ok(given <= chunks + 1, `${given} pieces taken for ${chunks} chunks`);
  }
  await stream.return();
});

test('a source that is left early is told so', async () => {
  let closed = false;
  function* source(): Generator<Bytes> {
    try {
      for (;;) yield noise(CHUNK_BYTES);
    } finally {
      closed = true;
    }
  }
  for await (const piece of sealStream(PASSPHRASE, source(), rng, CHEAP)) {
    if (piece.byteLength === SEALED_CHUNK) break;
  }
  assert.ok(closed);
});

test('a failing source fails the stream with its own error', async () => {
  async function* source(): AsyncGenerator<Bytes> {
    yield (await sealed(noise(200_000))).subarray(0, 100_000);
    throw new Error('the stick was pulled out');
  }
  await assert.rejects(gather(openStream(PASSPHRASE, source())), /pulled out/);
});

/** Nothing but a true beginning may come out before the refusal. */
async function refused(file: Bytes, content: Bytes): Promise<void> {
  const out: Bytes[] = [];
  await assert.rejects(
    async () => {
      for await (const piece of openStream(PASSPHRASE, [file])) out.push(piece);
    },
    isCode('malformed', 'wrong-passphrase', 'damaged-backup'),
  );
  const before = concatBytes(...out);
  assert.deepEqual(before, content.subarray(0, before.byteLength));
}

function isCode(...codes: string[]): (error: unknown) => boolean {
  return (error) => codes.some((code) => isKithError(error, code));
}

async function gather(stream: AsyncIterable<Bytes>): Promise<Bytes> {
  const out: Bytes[] = [];
  for await (const piece of stream) out.push(piece);
  return concatBytes(...out);
}

/** Bytes that differ everywhere and are the same in every run. */
function noise(size: number): Bytes {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, i) => hash('sha256', String(i), 'buffer'));
  return concatBytes(...blocks).subarray(0, size);
}

function* pieces(bytes: Bytes, lengths: readonly number[]): Generator<Bytes> {
  let turn = 0;
  for (let at = 0; at < bytes.byteLength; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

async function* asynchronously(source: Iterable<Bytes>): AsyncGenerator<Bytes> {
  for (const piece of source) yield await Promise.resolve(piece);
}

function flip(bytes: Bytes, bit: number): Bytes {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function with32(bytes: Bytes, at: number, value: number): Bytes {
  const copy = new Uint8Array(bytes);
  new DataView(copy.buffer).setUint32(at, value);
  return copy;
}
