/** One message of a room: opened by its own key in its own place, and by nothing else. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../../base/bytes.ts';
import type { DeviceKey } from '../../base/ids.ts';
import { messageKey, opens, openText, sealText, senderKey } from './message.ts';

const SECRET = new Uint8Array(32).fill(1);
const BOOT = new Uint8Array(16).fill(2);
const ADA = 'ab'.repeat(32) as DeviceKey;
const PLACE = utf8('here');

function keyOf(seq: number, device = ADA, boot = BOOT): Uint8Array {
  return messageKey(senderKey(SECRET, device, boot), seq);
}

describe('a message of a room', () => {
  test('opens with its key, in its place', () => {
    for (const text of ['', 'Water is back', 'မင်္ဂလာပါ', 'x'.repeat(2048)]) {
      const sealed = sealText(keyOf(1), PLACE, text);
      assert.equal(openText(keyOf(1), PLACE, sealed), text);
      assert.equal(openText(keyOf(1), utf8('there'), sealed), undefined);
    }
  });

  test('has a key that no other number, sender or run has', () => {
    const sealed = sealText(keyOf(1), PLACE, 'Water is back');
    const others = [keyOf(2), keyOf(1, 'cd'.repeat(32) as DeviceKey), keyOf(1, ADA, new Uint8Array(16))];
    for (const key of others) assert.equal(openText(key, PLACE, sealed), undefined);
  });

  test('opens to one text: whoever names another key is noticed', () => {
    const sealed = sealText(keyOf(1), PLACE, 'yes');
    const other = sealText(keyOf(2), PLACE, 'no');
    assert.equal(opens(keyOf(2), sealed), false);
    assert.equal(openText(keyOf(2), PLACE, { ...other, commitment: sealed.commitment }), undefined);
  });

  test('does not show how long it is, but roughly', () => {
    const sizes = ['a', 'yes, at once', 'x'.repeat(60)].map(
      (text) => sealText(keyOf(1), PLACE, text).ciphertext.byteLength,
    );
    assert.equal(new Set(sizes).size, 1);
  });

  test('that was changed anywhere opens to nothing', () => {
    const sealed = sealText(keyOf(1), PLACE, 'Water is back');
    for (let at = 0; at < sealed.ciphertext.byteLength; at += 1) {
      const ciphertext = sealed.ciphertext.slice();
      ciphertext[at] = (ciphertext[at] ?? 0) ^ 1;
      assert.equal(openText(keyOf(1), PLACE, { ...sealed, ciphertext }), undefined);
    }
  });
});
