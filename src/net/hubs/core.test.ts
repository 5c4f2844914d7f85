import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../../base/errors.ts';
import type { LinkKey } from '../../base/ids.ts';
import { HubBook, type HubEffect } from './core.ts';
import { HUB_LIMITS, type Guest } from './types.ts';
import { decodeHub, encodeHub } from './wire.ts';

const key = (n: number): LinkKey => n.toString(16).padStart(64, '0') as LinkKey;
const at = (n: number, port = 1): string[] => [`/ip4/10.0.0.${String(n)}/tcp/${String(port)}`];

/** A hub whose guests note whom they were told of. */
class Desk {
  readonly book = new HubBook();
  readonly told = new Map<string, Guest[]>();

  here(n: number, { room = 5, addresses = at(n), id = String(n) } = {}): readonly HubEffect[] {
    const effects = this.book.step({ type: 'here', id, peer: key(n), addresses, room });
    for (const { to, guests } of effects) this.told.set(to, [...(this.told.get(to) ?? []), ...guests]);
    return effects;
  }

  heardBy(n: number): LinkKey[] {
    return (this.told.get(String(n)) ?? []).map(({ peer }) => peer);
  }
}

describe('whom a hub tells of whom', () => {
  it('introduces who comes to those who are there, and them to it', () => {
    const desk = new Desk();
    assert.deepEqual(desk.here(1), []);
    desk.here(2);
    assert.deepEqual(desk.told.get('1'), [{ peer: key(2), addresses: at(2), room: 5 }]);
    assert.deepEqual(desk.told.get('2'), [{ peer: key(1), addresses: at(1), room: 5 }]);
  });

  it('says nothing twice, but says new addresses', () => {
    const desk = new Desk();
    desk.here(1);
    desk.here(2);
    assert.deepEqual(desk.here(2), []);
    assert.deepEqual(desk.here(2, { room: 1 }), [], 'room alone is no news');
    assert.deepEqual(
      desk.here(2, { addresses: at(2, 7) }).map(({ to }) => to),
      ['1'],
    );
  });

  it('introduces again who was gone', () => {
    const desk = new Desk();
    desk.here(1);
    desk.here(2);
    desk.book.step({ type: 'gone', id: '2' });
    desk.here(2);
    assert.deepEqual(desk.heardBy(1), [key(2), key(2)]);
    assert.equal(desk.book.size, 2);
  });

  it('tells nobody of itself, though it has two channels, and forgets it when both are gone', () => {
    const desk = new Desk();
    desk.here(1);
    assert.deepEqual(desk.here(1, { id: 'again' }), []);
    desk.here(2);
    desk.book.step({ type: 'gone', id: '1' });
    desk.here(3);
    assert.ok((desk.told.get('3') ?? []).some(({ peer }) => peer === key(1)));
  });

  it('names those with most room first, and no more than a guest needs', () => {
    const desk = new Desk();
    const crowd = HUB_LIMITS.introductions + 20;
    for (let n = 1; n <= crowd; n += 1) desk.here(n, { room: n % 7 });
    const effects = desk.here(999);
    const own = effects.filter(({ to }) => to === '999');
    assert.ok(own.every(({ guests }) => guests.length <= HUB_LIMITS.guestsPerFrame));
    const rooms = own.flatMap(({ guests }) => guests.map(({ room }) => room));
    assert.equal(rooms.length, HUB_LIMITS.introductions);
    assert.deepEqual(
      rooms,
      [...rooms].sort((a, b) => b - a),
    );
    for (let n = 1; n <= crowd; n += 1) assert.ok(desk.heardBy(n).length <= HUB_LIMITS.introductions);
  });

  it('leaves nobody alone: when each dials whom it was told of, all are one mesh', () => {
    const desk = new Desk();
    const crowd = 300;
    for (let n = 1; n <= crowd; n += 1) desk.here(n, { room: n % 3 });
    const everybody = Array.from({ length: crowd }, (_, index) => index + 1);
    const toldOf = new Map(everybody.map((n) => [n, new Set(desk.heardBy(n))]));
    const reached = new Set([1]);
    for (const next of reached) {
      const linked = (n: number): boolean =>
        toldOf.get(next)?.has(key(n)) === true || toldOf.get(n)?.has(key(next)) === true;
      for (const n of everybody.filter(linked)) reached.add(n);
    }
    assert.equal(reached.size, crowd);
  });
});

describe('messages of hubs', () => {
  const guest = { peer: key(7), addresses: at(7), room: 3 };

  it('are read back', () => {
    for (const message of [
      { type: 'here', addresses: at(1), room: 255 },
      { type: 'here', addresses: [], room: 0 },
      { type: 'introduce', guests: [guest] },
    ] as const)
      assert.deepEqual(decodeHub(encodeHub(message)), message);
  });

  it('are refused when they say too much', () => {
    const many = Array.from({ length: 40 }, () => guest);
    for (const message of [
      { type: 'introduce', guests: many },
      { type: 'introduce', guests: [{ ...guest, addresses: [`/${'x'.repeat(300)}`] }] },
      { type: 'here', addresses: Array.from({ length: 9 }, () => '/a'), room: 0 },
      { type: 'here', addresses: ['no multiaddr'], room: 0 },
      { type: 'here', addresses: [], room: 256 },
      { type: 'here', addresses: [], room: -1 },
    ] as const)
      assert.throws(() => decodeHub(encodeHub(message)), { code: 'malformed' });
  });

  it('of any other bytes are malformed, and nothing else happens', () => {
    const frame = encodeHub({ type: 'introduce', guests: [guest] });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), spoilt(frame)), (bytes) => {
        try {
          decodeHub(bytes);
        } catch (error) {
          assert.ok(isKithError(error, 'malformed'), String(error));
        }
      }),
    );
  });
});

function spoilt(frame: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.nat(frame.byteLength - 1), fc.nat(255)).map(([place, value]) => {
    const copy = frame.slice();
    copy[place] = value;
    return copy;
  });
}
