import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkKey } from '../../base/ids.ts';
import { CONDUCT, Ledger, Meter } from './core.ts';

const PEER = 'a'.repeat(64) as LinkKey;
const OTHER = 'b'.repeat(64) as LinkKey;

describe('a neighbour that misbehaves', () => {
  it('is slowed down, then cut off for a while, and the reason is kept', () => {
    const ledger = new Ledger();
    assert.equal(ledger.report(0, PEER, 'bad-frame', 'one'), 'good');
    assert.equal(ledger.report(0, PEER, 'bad-frame', 'two'), 'throttled');
    for (const what of ['three', 'four']) ledger.report(0, PEER, 'bad-frame', what);
    assert.equal(ledger.report(0, PEER, 'bad-frame', 'sync: not deterministic CBOR'), 'cut');
    const [row] = ledger.list(0);
    assert.equal(row?.reason, 'sync: not deterministic CBOR');
    assert.equal(row.untilMs, CONDUCT.firstCutMs);
    assert.equal(row.faults['bad-frame'], 5);
    assert.equal(ledger.standingOf(0, OTHER), 'good');
    assert.equal(ledger.standingOf(CONDUCT.firstCutMs, PEER), 'good', 'and may come back');
  });

  it('is cut off for longer each time, and never for more than a day', () => {
    const ledger = new Ledger();
    let nowMs = 0;
    const cuts: number[] = [];
    for (let time = 0; time < 12; time += 1) {
      while (ledger.report(nowMs, PEER, 'forged', 'false') !== 'cut');
      const untilMs = ledger.list(nowMs)[0]?.untilMs ?? 0;
      cuts.push(untilMs - nowMs);
      nowMs = untilMs;
    }
    assert.deepEqual(
      cuts.slice(0, 3),
      [1, 2, 4].map((factor) => factor * CONDUCT.firstCutMs),
    );
    assert.equal(cuts.at(-1), CONDUCT.longestCutMs);
  });

  it('is forgiven with time: a slip a day is no misbehaviour', () => {
    const ledger = new Ledger();
    for (let day = 0; day < 100; day += 1) {
      assert.equal(ledger.report(day * 86_400_000, PEER, 'bad-frame', 'a slip'), 'good');
    }
    assert.deepEqual(ledger.list(101 * 86_400_000), []);
  });

  it('does not make this node forget those whom it has cut, however many come', () => {
    const ledger = new Ledger();
    while (ledger.report(0, PEER, 'forged', 'false') !== 'cut');
    for (let at = 0; at < 2 * CONDUCT.peers; at += 1) {
      ledger.report(1, at.toString(16).padStart(64, '0') as LinkKey, 'flood', 'much');
    }
    assert.equal(ledger.standingOf(2, PEER), 'cut');
    assert.ok(ledger.list(2).length <= CONDUCT.peers);
  });
});

describe('a quota', () => {
  const quota = { framesPerS: 10, bytesPerS: 1000, burstS: 2 };

  it('lets a burst through and then so much a second', () => {
    const meter = new Meter(quota, 0);
    for (let frame = 0; frame < 20; frame += 1) assert.equal(meter.take(0, 1), 0);
    assert.equal(meter.take(0, 1), 100);
    assert.equal(meter.take(1000, 1), 0);
  });

  it('counts bytes as well', () => {
    const meter = new Meter(quota, 0);
    assert.equal(meter.take(0, 2000), 0);
    assert.equal(meter.take(0, 500), 500);
  });
});
