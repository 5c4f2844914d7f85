import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceRef } from '../types.ts';
import { TransferCore, type TransferEffect } from './core.ts';

const SIZE = 100_000;

function pieces(name: string, count: number): PieceRef[] {
  return Array.from({ length: count }, (_, at) => ({
    id: Buffer.from(`${name} ${String(at)}`)
      .toString('hex')
      .padStart(64, '0') as never,
    sizeBytes: SIZE,
  }));
}

const places = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const asks = (effects: readonly TransferEffect[]): Extract<TransferEffect, { type: 'ask' }>[] =>
  effects.filter((effect) => effect.type === 'ask');

function begin(core: TransferCore, work: string, count: number, nowMs = 0): readonly TransferEffect[] {
  const start = {
    type: 'start',
    work,
    pieces: pieces(work, count),
    missing: places(count),
    listed: true,
  } as const;
  return core.step(start, nowMs);
}

test('two transfers from one holder get alike', () => {
  const core = new TransferCore({ inFlightBytes: 16 * SIZE, bytesPerSecond: 0 }, 1);
  core.step({ type: 'opened', peer: 'a' }, 0);
  for (const work of ['large', 'small']) begin(core, work, 200);
  const asked = { large: 0, small: 0 };
  let waiting = ['large', 'small'].flatMap((work) =>
    asks(core.step({ type: 'claims', peer: 'a', work, claim: 'all' }, 1)),
  );
  for (let nowMs = 10; nowMs < 1000; nowMs += 10) {
    const [first, ...rest] = waiting;
    if (first === undefined) break;
    asked[first.work as 'large' | 'small'] += 1;
    const came = { type: 'came', peer: 'a', work: first.work, piece: first.piece.id, good: true } as const;
    waiting = [...rest, ...asks(core.step(came, nowMs))];
  }
  assert.ok(Math.abs(asked.large - asked.small) <= 17, JSON.stringify(asked));
});

test('a cap holds over any stretch of time', () => {
  const core = new TransferCore({ inFlightBytes: 2 ** 30, bytesPerSecond: 10 * SIZE }, 1);
  core.step({ type: 'opened', peer: 'a' }, 0);
  begin(core, 'w', 500);
  let asked = asks(core.step({ type: 'claims', peer: 'a', work: 'w', claim: 'all' }, 0));
  let count = 0;
  for (let nowMs = 0; nowMs <= 20_000; nowMs += 100) {
    const came = asked;
    asked = asks(core.step({ type: 'tick' }, nowMs));
    count += came.length;
    for (const { work, piece } of came)
      asked.push(...asks(core.step({ type: 'came', peer: 'a', work, piece: piece.id, good: true }, nowMs)));
  }
  assert.ok(count >= 180 && count <= 215, String(count));
});

test('the rarest is asked for first, the faster holder more often', () => {
  const core = new TransferCore({ inFlightBytes: 2 ** 30, bytesPerSecond: 0 }, 9);
  for (const peer of ['a', 'b', 'c']) core.step({ type: 'opened', peer }, 0);
  begin(core, 'w', 8);
  // Everybody has all but the last one, which c alone has.
  const most = Uint8Array.of(0b1111_1110);
  core.step({ type: 'limits', limits: { inFlightBytes: 0, bytesPerSecond: 0 } }, 0);
  core.step({ type: 'claims', peer: 'a', work: 'w', claim: most }, 0);
  core.step({ type: 'claims', peer: 'b', work: 'w', claim: most }, 0);
  core.step({ type: 'claims', peer: 'c', work: 'w', claim: 'all' }, 0);
  const all = asks(core.step({ type: 'limits', limits: { inFlightBytes: 2 ** 30, bytesPerSecond: 0 } }, 0));
  assert.equal(all.length, 8);
  assert.equal(all.find(({ piece }) => piece.id === pieces('w', 8)[7]?.id)?.peer, 'c');
});

test('whoever lies is named and asked no more; what it was asked for goes to others', () => {
  const core = new TransferCore({ inFlightBytes: 2 ** 30, bytesPerSecond: 0 }, 2);
  for (const peer of ['liar', 'other']) core.step({ type: 'opened', peer }, 0);
  begin(core, 'w', 4);
  const asked = asks(core.step({ type: 'claims', peer: 'liar', work: 'w', claim: 'all' }, 0));
  assert.equal(asked.length, 4);
  core.step({ type: 'claims', peer: 'other', work: 'w', claim: 'all' }, 0);
  const piece = asked[0]?.piece.id as never;
  const effects = core.step({ type: 'came', peer: 'liar', work: 'w', piece, good: false }, 5);
  assert.deepEqual(effects[0], { type: 'blame', peer: 'liar', fault: 'bad-piece' });
  assert.deepEqual(
    asks(effects).map(({ peer }) => peer),
    ['other', 'other', 'other', 'other'],
  );
});
