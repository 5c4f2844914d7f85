import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { LinkKey } from '../base/ids.ts';
import { createSigner } from '../identity/signing.ts';
import { openKey, sealKeyFor } from './envelope.ts';

const rng = { bytes: (count: number) => new Uint8Array(randomBytes(count)), below: () => 0 };
const seeds = [1, 2, 3].map((value) => new Uint8Array(32).fill(value));
const keyOf = (seed: Uint8Array): LinkKey => createSigner(seed).key as LinkKey;

describe('an envelope', () => {
  it('opens for each recipient and for nobody else', () => {
    const fileKey = rng.bytes(32);
    const [a, b, c] = seeds as [Uint8Array, Uint8Array, Uint8Array];
    const envelope = sealKeyFor([keyOf(a), keyOf(b)], fileKey, rng);
    assert.deepEqual(openKey(envelope, a), fileKey);
    assert.deepEqual(openKey(envelope, b), fileKey);
    assert.equal(openKey(envelope, c), undefined);
  });

  it('does not open once a bit of it was changed', () => {
    const [a] = seeds as [Uint8Array];
    const envelope = sealKeyFor([keyOf(a)], rng.bytes(32), rng);
    const flip = (bytes: Uint8Array): Uint8Array =>
      bytes.map((byte, index) => (index === 3 ? byte ^ 1 : byte));
    assert.equal(openKey({ ...envelope, ephemeral: flip(envelope.ephemeral) }, a), undefined);
    assert.equal(openKey({ ...envelope, sealed: envelope.sealed.map(flip) }, a), undefined);
  });

  it('says nothing of whom it is for: every file has other bytes', () => {
    const [a] = seeds as [Uint8Array];
    const fileKey = rng.bytes(32);
    const [one, two] = [sealKeyFor([keyOf(a)], fileKey, rng), sealKeyFor([keyOf(a)], fileKey, rng)];
    assert.notDeepEqual(one.ephemeral, two.ephemeral);
    assert.notDeepEqual(one.sealed, two.sealed);
  });
});
