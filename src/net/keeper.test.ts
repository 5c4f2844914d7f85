import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkKey } from '../base/ids.ts';
import type { Rng } from '../base/ports.ts';
import { Keeper, KEEPER, type KeeperEffect } from './keeper.ts';

const key = (letter: string): LinkKey => letter.repeat(64) as LinkKey;
const [SELF, SMALLER, LARGER] = [key('5'), key('1'), key('9')];
const middle: Rng = { bytes: (count) => new Uint8Array(count), below: (limit) => Math.floor(limit / 2) };

function keeper(mayLink: (peer: LinkKey) => boolean = () => true): Keeper {
  return new Keeper(SELF, middle, mayLink);
}

const dials = (effects: readonly KeeperEffect[]): string[] =>
  effects.flatMap((effect) => (effect.type === 'dial' ? [effect.target] : []));
const linked = (link: string, dialled: boolean, relayed: boolean) =>
  ({ type: 'linked', link, peer: LARGER, dialled, relayed }) as const;
const closes = (effects: readonly KeeperEffect[]): string[] =>
  effects.flatMap((effect) => (effect.type === 'close' ? [effect.link] : []));

describe('whom to dial', () => {
  it('dials an address given by hand at once, then ever more seldom, and never gives up', () => {
    const k = keeper();
    assert.deepEqual(dials(k.step(0, { type: 'given', address: 'a' })), ['a']);
    let nowMs = 0;
    const waits: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      k.step(nowMs, { type: 'dialled', target: 'a', peer: undefined });
      const failedMs = nowMs;
      while (dials(k.step(nowMs, { type: 'tick' })).length === 0) nowMs += 100;
      waits.push(nowMs - failedMs);
    }
    assert.ok((waits[0] ?? 0) <= 2 * KEEPER.firstBackoffMs);
    assert.ok(waits.every((wait) => wait <= KEEPER.mostBackoffMs * 1.5));
    assert.ok((waits.at(-1) ?? 0) > 20 * (waits[0] ?? 1));
  });

  it('dials members that were heard on the LAN or remembered, nobody else and not itself', () => {
    const k = keeper((peer) => peer === LARGER);
    assert.deepEqual(dials(k.step(0, { type: 'discovered', peer: SMALLER, addresses: ['s'] })), []);
    assert.deepEqual(dials(k.step(0, { type: 'discovered', peer: SELF, addresses: ['me'] })), []);
    assert.deepEqual(dials(k.step(0, { type: 'remembered', peer: LARGER, addresses: ['l'] })), [LARGER]);
  });

  it('dials whom it heard earlier as soon as the roll says that it is a member', () => {
    const members = new Set<LinkKey>();
    const k = keeper((peer) => members.has(peer));
    assert.deepEqual(dials(k.step(0, { type: 'discovered', peer: LARGER, addresses: ['l'] })), []);
    members.add(LARGER);
    assert.deepEqual(dials(k.step(1, { type: 'roll' })), [LARGER]);
  });

  it('tries at once again when somebody appears under a new address', () => {
    const k = keeper();
    k.step(0, { type: 'discovered', peer: LARGER, addresses: ['old'] });
    k.step(1, { type: 'dialled', target: LARGER, peer: undefined });
    assert.deepEqual(dials(k.step(2, { type: 'discovered', peer: LARGER, addresses: ['old'] })), []);
    assert.deepEqual(dials(k.step(3, { type: 'discovered', peer: LARGER, addresses: ['new'] })), [LARGER]);
  });

  it('seeks no more links than it needs, but always those given by hand', () => {
    const k = keeper();
    for (let peer = 0; peer < KEEPER.soughtLinks; peer += 1) {
      k.step(0, {
        type: 'linked',
        link: String(peer),
        peer: String(peer).padStart(64, '0') as LinkKey,
        dialled: false,
      });
    }
    assert.deepEqual(dials(k.step(0, { type: 'discovered', peer: LARGER, addresses: ['l'] })), []);
    assert.deepEqual(dials(k.step(0, { type: 'given', address: 'a' })), ['a']);
  });

  it('dials again after a link is gone', () => {
    const k = keeper();
    k.step(0, { type: 'discovered', peer: LARGER, addresses: ['l'] });
    k.step(1, { type: 'dialled', target: LARGER, peer: LARGER });
    k.step(1, { type: 'linked', link: '1', peer: LARGER, dialled: true });
    assert.deepEqual(dials(k.step(60_000, { type: 'tick' })), []);
    k.step(60_000, { type: 'unlinked', link: '1' });
    assert.deepEqual(dials(k.step(63_000, { type: 'tick' })), [LARGER]);
  });
});

describe('two links to one peer', () => {
  it('leave the one that the smaller key dialled, on both sides alike', () => {
    // Seen from the larger key: the link that came in stays.
    const k = keeper();
    k.step(0, { type: 'linked', link: 'out', peer: SMALLER, dialled: true });
    assert.deepEqual(closes(k.step(0, { type: 'linked', link: 'in', peer: SMALLER, dialled: false })), [
      'out',
    ]);
    // Seen from the smaller one: the link that went out stays.
    const other = keeper();
    other.step(0, { type: 'linked', link: 'in', peer: LARGER, dialled: false });
    assert.deepEqual(closes(other.step(0, { type: 'linked', link: 'out', peer: LARGER, dialled: true })), [
      'in',
    ]);
  });

  it('leave the direct one rather than the one through a hub, whoever dialled', () => {
    for (const [relayedDialled, directDialled] of [
      [true, false],
      [true, true],
      [false, true],
    ] as const) {
      const k = keeper();
      k.step(0, linked('relayed', relayedDialled, true));
      assert.deepEqual(closes(k.step(0, linked('direct', directDialled, false))), ['relayed']);
      const late = keeper();
      late.step(0, linked('direct', directDialled, false));
      assert.deepEqual(closes(late.step(0, linked('relayed', relayedDialled, true))), ['relayed']);
    }
  });

  it('leave the older of two that the same side dialled', () => {
    const k = keeper();
    k.step(0, { type: 'linked', link: '1', peer: SMALLER, dialled: false });
    assert.deepEqual(closes(k.step(0, { type: 'linked', link: '2', peer: SMALLER, dialled: false })), ['2']);
  });
});
