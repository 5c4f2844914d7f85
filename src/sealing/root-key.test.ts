import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex, type Bytes } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';
import {
  changePassphrase,
  needsPassphrase,
  newRootKey,
  PASSPHRASE_COST,
  passphraseKey,
  subkey,
  unwrapRootKey,
  wrapRootKey,
} from './root-key.ts';

const CHEAP = { memoryKib: 8, passes: 1, lanes: 1 };

/** Counts on, so that no two draws are alike and runs are. */
function countingRng(): Rng {
  let next = 0;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => next++ & 0xff), below: () => 0 };
}

const rng = countingRng();
const rootKey = newRootKey(rng);
const stored = await wrapRootKey(rootKey, 'correct horse', rng, CHEAP);

test('opens with the passphrase, at the cost that this program uses', async () => {
  const costly = await wrapRootKey(rootKey, 'correct horse', rng);
  assert.deepEqual(await unwrapRootKey(costly, 'correct horse'), rootKey);
  const [, , memoryKib, passes, lanes] = decodeCbor(costly) as CborValue[];
  assert.deepEqual({ memoryKib, passes, lanes }, PASSPHRASE_COST);
});

test('does not open with another, or with none', async () => {
  await assert.rejects(unwrapRootKey(stored, 'Correct horse'), isCode('wrong-passphrase'));
  await assert.rejects(unwrapRootKey(stored, undefined), isCode('passphrase-needed'));
});

test('what is stored does not hold the key, and is never the same twice', async () => {
  const again = await wrapRootKey(rootKey, 'correct horse', rng, CHEAP);
  assert.ok(!toHex(stored).includes(toHex(rootKey)));
  assert.notDeepEqual(again, stored);
});

test('is stored plain without a passphrase, and says so', async () => {
  const plain = await wrapRootKey(rootKey, undefined, rng);
  assert.deepEqual(decodeCbor(plain), [1, 'plain', rootKey]);
  assert.deepEqual(await unwrapRootKey(plain, undefined), rootKey);
  assert.equal(needsPassphrase(plain), false);
  assert.equal(needsPassphrase(stored), true);
});

test('a passphrase is set, changed and taken away without touching the key', async () => {
  const plain = await wrapRootKey(rootKey, undefined, rng);
  const set = await changePassphrase(plain, undefined, 'one', rng, CHEAP);
  const changed = await changePassphrase(set, 'one', 'two', rng, CHEAP);
  await assert.rejects(unwrapRootKey(changed, 'one'), isCode('wrong-passphrase'));
  await assert.rejects(changePassphrase(changed, 'one', 'three', rng, CHEAP), isCode('wrong-passphrase'));
  const gone = await changePassphrase(changed, 'two', undefined, rng);
  assert.deepEqual(await unwrapRootKey(gone, undefined), rootKey);
});

test('a passphrase is the same however a keyboard composes it', async () => {
  const composed = await wrapRootKey(rootKey, 'caf\u00e9 \ufb01n', rng, CHEAP);
  assert.deepEqual(await unwrapRootKey(composed, 'cafe\u0301 fin'), rootKey);
});

test('an empty passphrase, or half a character, is none', async () => {
  await assert.rejects(wrapRootKey(rootKey, '', rng, CHEAP), isCode('bad-passphrase'));
  await assert.rejects(wrapRootKey(rootKey, '\ud800', rng, CHEAP), isCode('bad-passphrase'));
});

test('argon2id as RFC 9106 has it, over the UTF-8 of the passphrase (value from @noble/hashes)', async () => {
  const key = await passphraseKey('pässword', new Uint8Array(32).fill(2), {
    memoryKib: 32,
    passes: 3,
    lanes: 4,
  });
  assert.equal(toHex(key), '4f2b8990610db5140770e0a3e777bb0f4992f125aab4c63ecee9113fca5e33ac');
});

test('any changed byte of what is stored is noticed', async () => {
  for (let at = 0; at < stored.byteLength; at += 1) {
    for (const mask of [0x01, 0x80]) {
      const damaged = new Uint8Array(stored);
      damaged[at] = (damaged[at] ?? 0) ^ mask;
      await assert.rejects(
        unwrapRootKey(damaged, 'correct horse'),
        isCode('wrong-passphrase', 'malformed'),
        `byte ${at}`,
      );
    }
  }
});

test('a file cannot ask for more than a laptop has', async () => {
  const [version, form, , , , ...rest] = decodeCbor(stored) as CborValue[];
  const asking = (memoryKib: CborValue, passes: CborValue, lanes: CborValue): Bytes =>
    encodeCbor([version ?? null, form ?? null, memoryKib, passes, lanes, ...rest]);
  const outside: CborValue[][] = [
    [100 * 1024 * 1024, 1, 1],
    [512 * 1024 + 1, 1, 1],
    [8, 17, 1],
    [8 * 9, 1, 9],
    [7, 1, 1],
    [15, 1, 2],
    [8, 0, 1],
    [8, 1, 0],
    [-8, 1, 1],
    ['8', 1, 1],
    [null, 1, 1],
  ];
  for (const [memoryKib = null, passes = null, lanes = null] of outside) {
    await assert.rejects(
      unwrapRootKey(asking(memoryKib, passes, lanes), 'correct horse'),
      isCode('malformed'),
      String([memoryKib, passes, lanes]),
    );
  }
});

test('bytes that are no stored key are malformed, whatever they are', async () => {
  const values: CborValue[] = [
    null,
    [],
    [2, 'plain', rootKey],
    [1, 'plain', rootKey.subarray(1)],
    [1, 'plain', rootKey, 0],
    [1, 'scrypt', 8, 1, 1, rootKey, rootKey, rootKey],
  ];
  for (const value of values)
    await assert.rejects(unwrapRootKey(encodeCbor(value), 'x'), isCode('malformed'));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), (bytes) =>
      assert.rejects(unwrapRootKey(bytes, 'x'), isCode('malformed')),
    ),
    { seed: 4 },
  );
});

test('subkeys: HKDF-SHA-256 (RFC 5869), one a purpose, pinned', () => {
  const key = fromHex('0b'.repeat(32));
  assert.equal(
    toHex(subkey(key, 'at rest')),
    'f691caa30c2e1607b10bce9d170436b7caa48d6a04f39f4fc5e10e902ded13d2',
  );
  assert.notDeepEqual(subkey(key, 'at rest'), subkey(key, 'backup'));
  assert.notDeepEqual(subkey(key, 'at rest'), subkey(rootKey, 'at rest'));
});

function isCode(...codes: string[]): (error: unknown) => boolean {
  return (error) => codes.some((code) => isKithError(error, code));
}
