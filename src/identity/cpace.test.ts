import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import fc from 'fast-check';
import { fromHex, toHex, utf8, type Bytes } from '../base/bytes.ts';
import { isKithError } from '../base/errors.ts';
import type { Rng } from '../base/ports.ts';
import {
  confirmationTag,
  generator,
  generatorString,
  intermediateKey,
  lengthValue,
  multiplyVerified,
  respond,
  startInitiator,
  transcript,
  type CpaceInput,
} from './cpace.ts';

/** draft-irtf-cfrg-cpace-21, appendix B.3: ristretto255 and SHA-512. */
const DRAFT = {
  password: utf8('Password'),
  channel: fromHex('0b415f696e69746961746f720b425f726573706f6e646572'),
  session: fromHex('7e4b4791d6a8ef019b936c79fb7f2c57'),
  ya: fromHex('da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08'),
  yb: fromHex('d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d'),
  a: {
    share: fromHex('d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157'),
    data: utf8('ADa'),
  },
  b: {
    share: fromHex('3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258'),
    data: utf8('ADb'),
  },
  k: '80b69a8a76457ab6a4d7f887a4bf6b55a2f80ac19c333f917a05fc9887c8b40f',
  isk: 'b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447',
};

const input = (change: Partial<CpaceInput> = {}): CpaceInput => ({
  password: utf8('302998215'),
  channel: utf8('channel'),
  session: utf8('session'),
  data: utf8('data'),
  ...change,
});

/** Gives one value over and over. */
const always = (bytes: Bytes): Rng => ({ bytes: () => bytes, below: () => 0 });
const rngA = always(DRAFT.ya);
const rngB = always(DRAFT.yb);

test('appendix A.1 and A.3: lengths and transcripts', () => {
  assert.equal(toHex(lengthValue(new Uint8Array(0))), '00');
  assert.equal(
    toHex(lengthValue(utf8('1234'), utf8('5'), utf8(''), utf8('678'))),
    '043132333401350003363738',
  );
  assert.equal(toHex(lengthValue(counting(127))), '7f' + toHex(counting(127)));
  assert.equal(toHex(lengthValue(counting(128))), '8001' + toHex(counting(128)));
  assert.equal(
    toHex(
      transcript({ share: utf8('123'), data: utf8('PartyA') }, { share: utf8('234'), data: utf8('PartyB') }),
    ),
    '03313233065061727479410332333406506172747942',
  );
  assert.equal(
    toHex(
      transcript(
        { share: utf8('3456'), data: utf8('PartyA') },
        { share: utf8('2345'), data: utf8('PartyB') },
      ),
    ),
    '043334353606506172747941043233343506506172747942',
  );
});

test('appendix B.3.1: the generator', () => {
  const string = generatorString(DRAFT);
  assert.equal(
    toHex(string),
    '11435061636552697374726574746f3235350850617373776f726464' +
      '00'.repeat(100) +
      '180b415f696e69746961746f720b425f726573706f6e646572107e4b4791d6a8ef019b936c79fb7f2c57',
  );
  assert.equal(
    hash('sha512', string, 'hex'),
    'da6d3ddc8802fca9058755ffd3ebde08a9c2c74945901a258482a288b6663af06bf645c93cd1c51512307199c80e84908916d983b34af77205f90851a657ee27',
  );
  assert.equal(
    toHex(generator(DRAFT).toBytes()),
    '222b6b195fe84b1652badb6f6a3ae3d24341e7306967f0b8115b40d5698c7e56',
  );
});

test('appendix B.3.2 to B.3.5: both messages, the secret point and ISK', () => {
  const initiator = startInitiator({ ...DRAFT, data: DRAFT.a.data }, rngA);
  const responder = respond({ ...DRAFT, data: DRAFT.b.data }, initiator.message, rngB);
  assert.deepEqual(initiator.message, DRAFT.a);
  assert.deepEqual(responder.message.share, DRAFT.b.share);
  assert.equal(toHex(multiplyVerified(bytesToNumberLE(DRAFT.ya), DRAFT.b.share)), DRAFT.k);
  assert.equal(toHex(multiplyVerified(bytesToNumberLE(DRAFT.yb), DRAFT.a.share)), DRAFT.k);
  assert.equal(toHex(intermediateKey(DRAFT.session, fromHex(DRAFT.k), DRAFT.a, DRAFT.b)), DRAFT.isk);
});

test('§10.4 over B.3: the tags that another implementation computes (Go, the-sarge/cpace, testdata)', () => {
  const tagA = toHex(confirmationTag(fromHex(DRAFT.isk), DRAFT.session, DRAFT.a));
  const tagB = toHex(confirmationTag(fromHex(DRAFT.isk), DRAFT.session, DRAFT.b));
  assert.equal(
    tagA,
    '30478d28d83ae3b214295e91f4a3eb62999a8ed94575075db4a7d3bc3e4d26f16c51adba12dc7771372637a46b5134e0937cddd7d820bfdd83be335e339eb57a',
  );
  assert.equal(
    tagB,
    'e927a7da291676f8878caae9cb70407d2f14117e6f9ff9adcfda797c4bcf2bd2fefd2ca3f2ddcce81b7386996c895b2f359010cc92069d5ff4ad49a977de79a6',
  );
  const initiator = startInitiator({ ...DRAFT, data: DRAFT.a.data }, rngA);
  const responder = respond({ ...DRAFT, data: DRAFT.b.data }, initiator.message, rngB);
  assert.equal(toHex(responder.message.tag), tagB);
  assert.equal(toHex(initiator.finish(responder.message).tag), tagA);
});

test('appendix B.3.10: a valid point', () => {
  assert.equal(
    toHex(
      multiplyVerified(
        bytesToNumberLE(fromHex('7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05')),
        fromHex('2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c'),
      ),
    ),
    '7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e',
  );
});

const BAD_SHARES = {
  'appendix B.3.11, no point': fromHex('2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c'),
  'appendix B.3.11, the neutral element': new Uint8Array(32),
  'one byte short': DRAFT.a.share.subarray(1),
  nothing: new Uint8Array(0),
  'not canonical': new Uint8Array(32).fill(0xff),
};

for (const [name, share] of Object.entries(BAD_SHARES)) {
  test(`refused on either side: ${name}`, () => {
    const bad = { share, data: utf8('data') };
    assert.throws(() => respond(input(), bad, rngB), isBadShare);
    const initiator = startInitiator(input(), rngA);
    assert.throws(() => initiator.finish({ ...bad, tag: new Uint8Array(64) }), isBadShare);
  });
}

test('both sides get the same 32 bytes, and they are not ISK', () => {
  const initiator = startInitiator(input(), rngA);
  const responder = respond(input({ data: utf8('other data') }), initiator.message, rngB);
  const { key, tag } = initiator.finish(responder.message);
  assert.deepEqual(responder.finish(tag), key);
  assert.equal(key.byteLength, 32);
});

for (const field of ['password', 'channel', 'session'] as const) {
  test(`with another ${field} both sides refuse`, () => {
    const initiator = startInitiator(input(), rngA);
    const responder = respond(input({ [field]: utf8('different') }), initiator.message, rngB);
    assert.throws(() => initiator.finish(responder.message), isWrongCode);
    // The initiator's own view of the run gives a tag that the responder does not take.
    const alone = respond(input(), initiator.message, rngB);
    assert.throws(
      () => responder.finish(startInitiator(input(), rngA).finish(alone.message).tag),
      isWrongCode,
    );
  });
}

test('data that was changed on the way makes both sides refuse', () => {
  const initiator = startInitiator(input(), rngA);
  const heard = { ...initiator.message, data: utf8('I am somebody else') };
  const responder = respond(input(), heard, rngB);
  assert.throws(() => initiator.finish(responder.message), isWrongCode);
  const second = startInitiator(input(), rngA);
  const reply = respond(input(), second.message, rngB).message;
  assert.throws(() => second.finish({ ...reply, data: utf8('somebody else') }), isWrongCode);
});

test('every changed bit of a tag is refused, on both sides', () => {
  fc.assert(
    fc.property(fc.nat({ max: 511 }), (bit) => {
      const initiator = startInitiator(input(), rngA);
      const responder = respond(input(), initiator.message, rngB);
      const reply = responder.message;
      assert.throws(() => initiator.finish({ ...reply, tag: flip(reply.tag, bit) }), isWrongCode);
      const { tag } = startInitiator(input(), rngA).finish(reply);
      assert.throws(() => responder.finish(flip(tag, bit)), isWrongCode);
    }),
    { seed: 2, numRuns: 20 },
  );
});

test('a tag of another length is refused and not compared', () => {
  const initiator = startInitiator(input(), rngA);
  const responder = respond(input(), initiator.message, rngB);
  assert.throws(() => responder.finish(new Uint8Array(0)), isWrongCode);
});

test('a mirror is refused: own share and tag sent back', () => {
  const initiator = startInitiator(input(), rngA);
  assert.throws(() => initiator.finish({ ...initiator.message, tag: new Uint8Array(64) }), isBadShare);
  assert.throws(() => respond(input(), initiator.message, rngA), isBadShare);
});

test('a run finishes once: a second answer would be a second guess', () => {
  const initiator = startInitiator(input(), rngA);
  const responder = respond(input(), initiator.message, rngB);
  assert.throws(() => initiator.finish({ ...responder.message, tag: new Uint8Array(64) }), isWrongCode);
  assert.throws(() => initiator.finish(responder.message), /bug/);
  assert.throws(() => responder.finish(new Uint8Array(64)), isWrongCode);
  assert.throws(() => responder.finish(new Uint8Array(64)), /bug/);
});

test('the largest random bytes still give a scalar below the order of the group (§8.3)', () => {
  const initiator = startInitiator(input(), always(new Uint8Array(32).fill(0xff)));
  const responder = respond(input(), initiator.message, rngB);
  assert.equal(responder.finish(initiator.finish(responder.message).tag).byteLength, 32);
});

test('a password longer than a block of the hash works as well', () => {
  const long = input({ password: utf8('x'.repeat(300)) });
  const initiator = startInitiator(long, rngA);
  const responder = respond(long, initiator.message, rngB);
  assert.equal(responder.finish(initiator.finish(responder.message).tag).byteLength, 32);
});

function isWrongCode(error: unknown): boolean {
  return isKithError(error, 'wrong-code');
}

function isBadShare(error: unknown): boolean {
  return isKithError(error, 'bad-key-share');
}

function counting(count: number): Bytes {
  return Uint8Array.from({ length: count }, (_, i) => i);
}

function flip(bytes: Bytes, bit: number): Bytes {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
