import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fakeSigner, fakeVerifier, keysFor } from '../../test/support/acts.ts';
import { fromHex, type Bytes } from '../base/bytes.ts';
import { encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import { idToBytes, type DeviceKey } from '../base/ids.ts';
import { certify, keysOf, readCertificate } from './certificate.ts';
import { createSigner, createVerifier, type Signer } from './signing.ts';

const PURPOSE = 'device certificate';

function isMalformed(error: unknown): boolean {
  return isKithError(error, 'malformed');
}

function refused(bytes: Bytes, verifier = fakeVerifier): void {
  assert.throws(() => readCertificate(bytes, verifier), isMalformed);
}

function rawKey(signer: Signer): Bytes {
  return idToBytes(signer.key as DeviceKey);
}

/** As `certify` writes it, with whatever a hostile device would rather have there. */
function forge(places: readonly CborValue[], signers: readonly Signer[]): Bytes {
  const signed = encodeCbor(places);
  return encodeCbor([signed, ...signers.map((signer) => signer.sign(PURPOSE, signed))]);
}

const { device, link, mls, certificate } = keysFor('Alice');
const three = [device, link, mls];
const keys = three.map(rawKey);

test('a certificate is read as it was written', () => {
  assert.deepEqual(readCertificate(certificate.bytes, fakeVerifier), certificate);
  assert.deepEqual(forge([1, ...keys], three), certificate.bytes);
  assert.deepEqual(keysOf(certificate), [device.key, link.key, mls.key]);
});

test('with real signatures too', () => {
  const [a, b, c] = [1, 2, 3].map((n) => createSigner(new Uint8Array(32).fill(n)));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const real = certify({ device: a, link: b, mls: c });
  assert.deepEqual(readCertificate(real.bytes, createVerifier()), real);
  refused(real.bytes, fakeVerifier);
});

test('each of the three keys signs: none is borrowed', () => {
  const thief = fakeSigner('thief');
  for (const place of [0, 1, 2]) {
    refused(forge([1, ...keys], three.with(place, thief)));
    const signed = encodeCbor([1, ...keys]);
    const signatures: CborValue[] = three.map((signer) => signer.sign(PURPOSE, signed));
    refused(encodeCbor([signed, ...signatures.with(place, new Uint8Array(64))]));
    refused(encodeCbor([signed, ...signatures.with(place, new Uint8Array(0))]));
    refused(encodeCbor([signed, ...signatures.with(place, null)]));
  }
});

test('a signature for another purpose, or over other keys, is none', () => {
  const signed = encodeCbor([1, ...keys]);
  refused(encodeCbor([signed, ...three.map((signer) => signer.sign('feed seal', signed))]));
  const other = encodeCbor([1, ...keys.toReversed()]);
  refused(encodeCbor([signed, ...three.map((signer) => signer.sign(PURPOSE, other))]));
});

test('the three keys differ: what signs entries does not authenticate links', () => {
  refused(forge([1, rawKey(device), rawKey(device), rawKey(mls)], [device, device, mls]));
  refused(forge([1, rawKey(device), rawKey(link), rawKey(link)], [device, link, link]));
  refused(forge([1, rawKey(device), rawKey(link), rawKey(device)], [device, link, device]));
});

test('a key that anybody could sign for is none', () => {
  const neutral = '01' + '00'.repeat(31);
  const anybody: Signer = { ...device, key: neutral };
  refused(forge([1, fromHex(neutral), rawKey(link), rawKey(mls)], [anybody, link, mls]));
});

test('other forms are refused', () => {
  const [bytes] = [certificate.bytes];
  const signed = encodeCbor([1, ...keys]);
  const signatures = three.map((signer) => signer.sign(PURPOSE, signed));
  const forms: CborValue[] = [
    null,
    [],
    signed,
    [signed],
    [signed, ...signatures.slice(1)],
    [signed, ...signatures, signatures[0] ?? null],
    ['text', ...signatures],
    [bytes],
  ];
  for (const form of forms) refused(encodeCbor(form));
  refused(forge([2, ...keys], three));
  refused(forge([1, ...keys, 1], three));
  refused(forge(keys, three));
  refused(forge([1, ...keys.map((key) => key.subarray(1))], three));
  refused(forge([1, ...three.map(({ key }) => key)], three));
  refused(new Uint8Array(0));
  refused(new Uint8Array([...bytes, 0]));
});

test('one certificate has one encoding', () => {
  // 0xf9 3c00 is 1.0. The keys sign these very bytes.
  const signed = new Uint8Array([0x84, 0xf9, 0x3c, 0x00, ...encodeCbor([1, ...keys]).subarray(2)]);
  refused(encodeCbor([signed, ...three.map((signer) => signer.sign(PURPOSE, signed))]));
});

test('a bit that changed anywhere is noticed', () => {
  const { bytes } = certificate;
  fc.assert(
    fc.property(fc.nat({ max: bytes.byteLength - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      refused(changed);
    }),
    { seed: 7, numRuns: 500 },
  );
});
