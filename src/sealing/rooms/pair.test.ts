/** What one device says to another over nodes that must not read it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import { publicKeyOf } from '../../identity/signing.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import { PAIR_SEAL_BYTES, PairSealer } from './pair.ts';

const rng = new SeededRng(3);

function person(): { readonly link: LinkKey; readonly sealer: PairSealer } {
  const seed = rng.bytes(32);
  const link = publicKeyOf(seed) as string as LinkKey;
  return { link, sealer: new PairSealer(link, seed, rng) };
}

void test('opens at whom it is for, as of who sent it, and nowhere else', () => {
  const [ada, ben, eve] = [person(), person(), person()];
  const sealed = ada.sealer.seal(ben.link, utf8('a vote'));
  assert.ok(sealed !== undefined);
  assert.equal(sealed.byteLength, 6 + PAIR_SEAL_BYTES);
  assert.deepEqual(ben.sealer.open(ada.link, sealed), utf8('a vote'));
  assert.equal(ben.sealer.open(eve.link, sealed), undefined);
  assert.equal(eve.sealer.open(ada.link, sealed), undefined);
  assert.equal(ada.sealer.open(ben.link, sealed), undefined, 'not back to who sent it');
  for (let at = 0; at < sealed.byteLength; at += 1) {
    const changed = sealed.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(ben.sealer.open(ada.link, changed), undefined);
  }
});

void test('is another each time, and none for what is no key', () => {
  const [ada, ben] = [person(), person()];
  assert.notDeepEqual(ada.sealer.seal(ben.link, utf8('x')), ada.sealer.seal(ben.link, utf8('x')));
  assert.equal(ada.sealer.seal('ff'.repeat(32) as LinkKey, utf8('x')), undefined);
});
