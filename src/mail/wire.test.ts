import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isKithError } from '../base/errors.ts';
import { toHex } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import type { CopyId, Lock } from './types.ts';
import {
  decodeCopy,
  decodeMail,
  decodeReceipt,
  encodeCopy,
  encodeMail,
  encodeReceipt,
  isMailFrame,
  lockOf,
  type MailMessage,
} from './wire.ts';

/** R5 asks for 1,000,000; `npm test` does a few. */
const FUZZED = Number(process.env['KITH_FUZZ'] ?? 20_000);
const SEED = Number(process.env['KITH_SEED'] ?? 7);
const rng = new SeededRng(SEED);

function hex<Id extends string>(): Id {
  return toHex(rng.bytes(16)) as Id;
}

function aCopy() {
  return encodeCopy({
    nonce: rng.bytes(16),
    ephemeral: rng.bytes(32),
    expiryHours: 498_000,
    locks: [hex<Lock>(), hex<Lock>()].sort(),
    tags: [rng.bytes(16), rng.bytes(16), rng.bytes(16)],
    sealed: rng.bytes(300),
  });
}

function aReceipt() {
  return encodeReceipt({
    copy: hex<CopyId>(),
    secret: rng.bytes(16),
    expiryHours: 498_000,
    word: rng.bytes(120),
  });
}

function messages(): MailMessage[] {
  const keys = [hex(), hex(), hex()];
  return [
    { type: 'letter', copy: aCopy() },
    { type: 'receipt', receipt: aReceipt() },
    { type: 'offer', keys },
    { type: 'want', keys },
    { type: 'carry', keys },
    { type: 'gone', keys },
    {
      type: 'compare',
      nodes: [
        { prefix: '', digests: rng.bytes(128) },
        { prefix: 'abc', digests: rng.bytes(128) },
      ],
    },
    {
      type: 'list',
      nodes: [
        { prefix: 'a', keys: [`a${hex().slice(1)}`] },
        { prefix: '0f', keys: [] },
      ],
    },
  ];
}

describe('frames of mail', () => {
  it('come back as what they were', () => {
    for (const message of messages()) {
      const frame = encodeMail(message);
      assert.ok(isMailFrame(frame));
      const decoded = decodeMail(new Uint8Array(frame));
      assert.deepEqual(encodeMail(decoded), frame, message.type);
      assert.equal(decoded.type, message.type);
    }
  });

  it('name a letter by all of its bytes', () => {
    const copy = aCopy();
    assert.equal(decodeCopy(copy.bytes).id, copy.id);
    for (const at of [1, 20, 60, copy.bytes.byteLength - 1]) {
      const changed = copy.bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.notEqual(decodeCopy(changed).id, copy.id);
    }
  });

  it('tie a receipt to the lock that its secret opens', () => {
    const receipt = aReceipt();
    assert.equal(decodeReceipt(receipt.bytes).lock, lockOf(receipt.secret));
  });

  it('refuse what is too large, too many or too short', () => {
    const copy = aCopy();
    const refused = (bytes: Uint8Array): void => {
      assert.throws(
        () => decodeMail(bytes),
        (error) => isKithError(error, 'malformed'),
      );
    };
    refused(new Uint8Array(0));
    refused(Uint8Array.of(99));
    refused(Uint8Array.of(7));
    refused(new Uint8Array([7, ...copy.bytes.subarray(0, 80)]));
    refused(new Uint8Array([7, ...new Uint8Array(LIMITS.letterWireBytes + 1).fill(1)]));
    refused(new Uint8Array([3, 1, 2, 3]));
    refused(new Uint8Array([4, ...new Uint8Array(2049 * 16)]));
    const twice = hex<Lock>();
    refused(encodeMail({ type: 'letter', copy: encodeCopy({ ...copy, locks: [twice, twice] }) }));
    refused(encodeMail({ type: 'list', nodes: [{ prefix: 'a', keys: [`b${hex().slice(1)}`] }] }));
  });

  it(`survive ${String(FUZZED)} damaged ones (KITH_SEED=${String(SEED)})`, () => {
    const good = messages().map(encodeMail);
    let taken = 0;
    for (let round = 0; round < FUZZED; round += 1) {
      const frame = damaged(good[round % good.length] ?? new Uint8Array(0));
      try {
        const decoded = decodeMail(frame);
        // What is taken has one encoding: nobody can send the same letter under two names.
        assert.deepEqual(Buffer.compare(encodeMail(decoded), frame), 0);
        taken += 1;
      } catch (error) {
        assert.ok(isKithError(error, 'malformed'), String(error));
      }
    }
    assert.ok(taken < FUZZED);
  });
});

function damaged(frame: Uint8Array): Uint8Array {
  const bytes = frame.slice(0, rng.chance(40) ? rng.below(frame.byteLength + 1) : frame.byteLength);
  for (let flips = rng.below(4); flips > 0 && bytes.byteLength > 0; flips -= 1)
    bytes[rng.below(bytes.byteLength)] = rng.below(256);
  return rng.chance(10) ? new Uint8Array([...bytes, ...rng.bytes(rng.below(40))]) : bytes;
}
