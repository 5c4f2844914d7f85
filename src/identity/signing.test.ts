import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, utf8, type Bytes } from '../base/bytes.ts';
import {
  createKeyCache,
  createSigner,
  createVerifier,
  generateSigningKey,
  isAcceptableKey,
  publicKeyOf,
  signBare,
  verifyBare,
} from './signing.ts';

/** RFC 8032 §7.1: tests 1, 2, 3 and SHA(abc). */
const RFC8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    key: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message: hash('sha512', 'abc', 'hex'),
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
];

const signer = createSigner(fromHex('11'.repeat(32)));
const verifier = createVerifier();
const message = utf8('hello');

for (const [index, vector] of RFC8032.entries()) {
  test(`RFC 8032 §7.1, vector ${index + 1}`, () => {
    assert.equal(publicKeyOf(fromHex(vector.seed)), vector.key);
    assert.equal(toHex(signBare(fromHex(vector.seed), fromHex(vector.message))), vector.signature);
    assert.ok(verifyBare(vector.key, fromHex(vector.message), fromHex(vector.signature)));
  });
}

test('what is signed is the purpose in clear, a line break, and the message', () => {
  const prefixed = utf8('kith/1 entry\nhello');
  assert.deepEqual(signer.sign('entry', message), signBare(fromHex('11'.repeat(32)), prefixed));
});

test('a signature counts for its key, purpose and message alone', () => {
  const signature = signer.sign('entry', message);
  const other = createSigner(fromHex('22'.repeat(32)));
  assert.ok(verifier.verify(signer.key, 'entry', message, signature));
  assert.ok(!verifier.verify(other.key, 'entry', message, signature));
  assert.ok(!verifier.verify(signer.key, 'beacon', message, signature));
  assert.ok(!verifier.verify(signer.key, 'entry', utf8('hallo'), signature));
});

test('a purpose with a line break is a bug, on both sides', () => {
  assert.throws(() => signer.sign('a\nb', message), /bug/);
  assert.throws(() => signer.sign('', message), /bug/);
});

test('any changed bit of a signature is refused', () => {
  const signature = signer.sign('entry', message);
  for (let bit = 0; bit < signature.byteLength * 8; bit += 1) {
    assert.ok(!verifier.verify(signer.key, 'entry', message, flip(signature, bit)), `bit ${bit}`);
  }
});

test('s and s + group order are not both signatures (RFC 8032 §5.1.7)', () => {
  const signature = signer.sign('entry', message);
  const order = ed25519.Point.Fn.ORDER;
  const s = bytesToNumberLE(signature.subarray(32)) + order;
  const malleated = concatBytes(signature.subarray(0, 32), fromHex(littleEndian(s)));
  assert.ok(!verifier.verify(signer.key, 'entry', message, malleated));
});

test('garbage is false and never throws', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)),
      fc.uint8Array({ maxLength: 80 }),
      (key, signature) => !verifier.verify(key, 'entry', message, signature),
    ),
    { seed: 1 },
  );
  assert.equal(
    verifier.verify(signer.key.toUpperCase(), 'entry', message, signer.sign('entry', message)),
    false,
  );
});

test('a forgery under a small-order key fulfils the equation for any message, and is refused', () => {
  const neutral = '01'.padEnd(64, '0');
  const forged = fromHex(neutral + '00'.repeat(32));
  for (const text of ['one thing', 'another']) {
    assert.ok(ed25519.verify(forged, utf8(text), fromHex(neutral), { zip215: true }));
    assert.ok(!verifyBare(neutral, utf8(text), forged));
  }
});

test('a true key with a small-order R fulfils the equation, and is refused by every version of Node alike', () => {
  const seed = fromHex('33'.repeat(32));
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const neutral = fromHex('01'.padEnd(64, '0'));
  const { ORDER } = ed25519.Point.Fn;
  const challenge = bytesToNumberLE(sha512(concatBytes(neutral, pointBytes, message))) % ORDER;
  const signature = concatBytes(neutral, fromHex(littleEndian((challenge * scalar) % ORDER)));
  assert.ok(ed25519.verify(signature, message, pointBytes, { zip215: true }));
  assert.ok(!verifyBare(toHex(pointBytes), message, signature));
});

test('all encodings of small-order points are refused as keys, canonical or not', () => {
  assert.equal(ED25519_TORSION_SUBGROUP.length, 8);
  for (const point of ED25519_TORSION_SUBGROUP) assert.ok(!isAcceptableKey(point), point);
  const p = 2n ** 255n - 19n;
  const nonCanonical = Array.from({ length: 19 }, (_, i) => littleEndian(p + BigInt(i)));
  const signedZero = [littleEndian(1n + 2n ** 255n), littleEndian(p - 1n + 2n ** 255n)];
  for (const key of [...nonCanonical, ...nonCanonical.map(withSign), ...signedZero]) {
    assert.ok(!isAcceptableKey(key), key);
  }
});

test('keys that people have are accepted, and the largest canonical y', () => {
  for (const { key } of RFC8032) assert.ok(isAcceptableKey(key));
  assert.ok(isAcceptableKey(littleEndian(2n ** 255n - 19n - 2n)));
  assert.ok(!isAcceptableKey(''));
  assert.ok(!isAcceptableKey(RFC8032[0]?.key.toUpperCase() ?? ''));
});

test('prepared keys are kept up to a number, the one unused for longest goes first', () => {
  const cache = createKeyCache(2);
  const [a, b, c] = RFC8032.map(({ key }) => key) as [string, string, string];
  const [firstA, firstB] = [cache(a), cache(b)];
  assert.equal(cache(a), firstA);
  cache(c); // b goes
  assert.equal(cache(a), firstA);
  assert.notEqual(cache(b), firstB);
  assert.ok(cache(b) !== null && cache('no key') === null);
});

test('a new key is the 32 bytes that the generator gave', () => {
  const rng = { bytes: (count: number) => new Uint8Array(count).fill(9), below: () => 0 };
  assert.deepEqual(generateSigningKey(rng), { seed: new Uint8Array(32).fill(9) });
});

function flip(bytes: Bytes, bit: number): Bytes {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function littleEndian(value: bigint): string {
  return toHex(Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn)));
}

function withSign(key: string): string {
  return toHex(flip(fromHex(key), 255));
}
