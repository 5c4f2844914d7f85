import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKithError } from '../base/errors.ts';
import type { LinkKey } from '../base/ids.ts';
import { createSigner, createVerifier, publicKeyOf } from '../identity/signing.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { oneTimeKey, openWord, recipientKeys, sealWord } from './locks.ts';
import type { CopyId } from './types.ts';

const rng = new SeededRng(3);
const [linkSeed, otherSeed] = [rng.bytes(32), rng.bytes(32)];
const link = publicKeyOf(linkSeed) as string as LinkKey;
const signer = createSigner(rng.bytes(32));
const verifier = createVerifier();
const COPY = 'ab'.repeat(16) as CopyId;

describe('locks on letters', () => {
  it('are opened by what the recipient makes of the letter, and by nobody else', () => {
    const once = oneTimeKey(rng);
    const mine = once.keysFor(link);
    assert.deepEqual(recipientKeys(linkSeed)(once.publicKey), mine);
    assert.notDeepEqual(recipientKeys(otherSeed)(once.publicKey).arrived, mine.arrived);
    assert.notDeepEqual(oneTimeKey(rng).keysFor(link).arrived, mine.arrived);
    assert.notDeepEqual(mine.arrived, mine.read);
  });

  it('refuse a key that agrees on nothing', () => {
    assert.throws(
      () => recipientKeys(linkSeed)(new Uint8Array(32)),
      (error) => isKithError(error, 'malformed'),
    );
  });
});

describe('words in receipts', () => {
  const { word: key } = oneTimeKey(rng).keysFor(link);
  const word = { kind: 'arrived', atMs: 1_700_000_000_000 } as const;

  it('are read by the sender', () => {
    const sealed = sealWord(key, COPY, word, signer, rng);
    assert.deepEqual(openWord(key, COPY, signer.key, sealed, verifier), word);
  });

  it('count for one copy, one device and one key, unchanged', () => {
    const sealed = sealWord(key, COPY, word, signer, rng);
    const changed = sealed.slice();
    changed[20] = (changed[20] ?? 0) ^ 1;
    const other = createSigner(rng.bytes(32)).key;
    assert.equal(openWord(key, COPY, signer.key, changed, verifier), undefined);
    assert.equal(openWord(key, COPY, other, sealed, verifier), undefined);
    assert.equal(openWord(key, 'cd'.repeat(16) as CopyId, signer.key, sealed, verifier), undefined);
    assert.equal(openWord(rng.bytes(32), COPY, signer.key, sealed, verifier), undefined);
    assert.equal(openWord(key, COPY, signer.key, new Uint8Array(5), verifier), undefined);
  });
});
