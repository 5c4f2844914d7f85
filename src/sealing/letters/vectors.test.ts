/** Fixed keys in, fixed bytes out: docs/protocol/letters-sealing.md for a second implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8, toHex, utf8, type Bytes } from '../../base/bytes.ts';
import { idFromBytes, type DeviceKey, type NetworkId } from '../../base/ids.ts';
import { createSigner, createVerifier } from '../../identity/signing.ts';
import { isSigned, openContent, openInside, sealLetter } from './letter.ts';
import { boxKey, derive, linkBox, linkBoxPublic, sha256 } from './primitives.ts';
import { TagBook, TagWriter, DAY_MS } from './tags.ts';
import { unpad, pad, readInside, readKeys, encodeKeys } from './wire.ts';

const bytes = (value: number, count = 32): Bytes => new Uint8Array(count).fill(value);
/** Every byte that is drawn is one more than the one before. */
function counting(): { bytes: (count: number) => Bytes; below: () => number } {
  let next = 0;
  return { bytes: (count) => Uint8Array.from({ length: count }, () => (next += 1) & 0xff), below: () => 0 };
}

const SENDER = createSigner(bytes(1));
const LINK_SEED = bytes(2);
const LINK = createSigner(LINK_SEED).key;
const RECIPIENT = createSigner(bytes(3)).key as DeviceKey;
const BOX = boxKey(bytes(4));
const NETWORK = idFromBytes<NetworkId>(bytes(5));
const EXPORTED = bytes(6);
const KEY = derive(EXPORTED, 'slot', utf8('7'));
const ID = utf8('letter 1');

test('tags', () => {
  const writer = new TagWriter(linkBox(LINK_SEED));
  const pair = { from: SENDER.key as DeviceKey, to: RECIPIENT, box: BOX.publicBytes };
  const tag = writer.tag(pair, 20_000);
  assert.ok(tag);
  assert.equal(toHex(tag), 'cb08e52f045685cc16c7ef112fe764c8');
  assert.deepEqual(linkBoxPublic(LINK as never), linkBox(LINK_SEED).publicBytes);

  const book = new TagBook(RECIPIENT);
  const cover = (day: number): void => {
    book.cover(day * DAY_MS, [{ key: BOX, createdMs: 0 }], [{ device: pair.from, link: LINK as never }]);
  };
  for (const [day, isIn] of [
    [19_998, false],
    [19_999, true],
    [20_036, true],
    [20_037, false],
  ] as const) {
    cover(day);
    assert.equal(book.has(tag), isIn, String(day));
  }
  assert.equal(writer.tag({ ...pair, box: bytes(0) }, 1), undefined, 'a point of small order is no key');
});

test('a whole letter', () => {
  const use = { session: bytes(8, 16), slot: 7, key: KEY, welcome: null };
  const sealing = {
    network: NETWORK,
    id: ID,
    from: SENDER.key as DeviceKey,
    boot: bytes(9, 16),
    uses: [use],
    boxes: [BOX.publicBytes],
  };
  const sealed = sealLetter(sealing, utf8('The road is open.'), SENDER, counting());
  assert.equal(toHex(KEY), '4213d8671642fe7ac11d6ca2afdb4b3c7a0f7b727ea6110bd5dbac705d5e68dd');
  assert.equal(sealed.byteLength, 1024);
  assert.equal(
    toHex(sealed.subarray(0, 83)),
    '015869aff450549732cbaaed5e5df9b30a6da31cb0e5742bad5ad4a1a768f1a67b00012719ade5bb98762ab04a4d11a64230798d2bbc4d1cc43a5d4047251f49bf2db68ee6fa7349444e155432eb6740e6454a',
  );
  assert.equal(toHex(sha256(sealed)), '3e58b1913de4dedb37cf260b54402eab9280ce9f8f0c4eda5ab4c2a7c367a744');

  const inside = openInside(sealed, [boxKey(bytes(10)), BOX]);
  assert.ok(inside);
  const verifier = createVerifier();
  assert.equal(isSigned(NETWORK, ID, inside, verifier), true);
  assert.equal(isSigned(NETWORK, utf8('letter 2'), inside, verifier), false);
  // Passed on under a session with somebody else, it is nothing that the sender signed.
  const wraps = inside.wraps.map((wrap) => ({ ...wrap, session: bytes(1, 16) }));
  assert.equal(isSigned(NETWORK, ID, { ...inside, wraps }, verifier), false);
  assert.equal(isSigned(idFromBytes<NetworkId>(bytes(6)), ID, inside, verifier), false);
  assert.equal(fromUtf8(openContent(inside, ID, KEY, use.session) ?? bytes(0)), 'The road is open.');
  assert.equal(openContent(inside, ID, bytes(1), use.session), undefined);
  assert.equal(openContent({ ...inside, boot: bytes(1, 16) }, ID, KEY, use.session), undefined);
  assert.equal(openContent({ ...inside, commitment: bytes(1) }, ID, KEY, use.session), undefined);
  assert.equal(openInside(sealed, [boxKey(bytes(10))]), undefined);
});

test('decoders take what encoders write, and nothing else', () => {
  const keys = {
    shared: { box: bytes(1), lastResort: bytes(2, 300) },
    oneTime: [{ forDevice: RECIPIENT, keyPackage: bytes(3, 300) }],
  };
  assert.deepEqual(readKeys(encodeKeys(keys)), keys);
  assert.deepEqual(unpad(pad(bytes(7, 100), bytes(1, 83))), bytes(7, 100));
  const rng = counting();
  const samples = [encodeKeys(keys), bytes(0x80, 40), rng.bytes(200)];
  for (const sample of samples)
    for (let at = 0; at < sample.byteLength; at += 1) {
      for (const broken of [
        sample.subarray(0, at),
        sample.map((byte, index) => (index === at ? byte ^ 0xff : byte)),
      ]) {
        for (const read of [readKeys, readInside, unpad]) codedOrSame(() => read(broken));
      }
    }
});

function codedOrSame(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'malformed', String(error));
  }
}
