import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HLC_ZERO } from '../base/hlc.ts';
import type { DeviceKey, EntryHash } from '../base/ids.ts';
import { forkedAfterOf, heightOf, heightsOf } from './heights.ts';
import type { FeedState } from './ports.ts';
import { feedIdOf, NO_ENTRY } from './wire.ts';

const device = 'aa'.repeat(32) as DeviceKey;
const incarnation = '01'.repeat(16);
const info = { id: feedIdOf(device, incarnation, 'data'), device, incarnation, lane: 'data' } as const;
const hash = 'bb'.repeat(32) as EntryHash;

function stateAt(seq: number, forkedAfter?: number): FeedState {
  return {
    info,
    seq,
    hash: seq === 0 ? NO_ENTRY : hash,
    hlc: HLC_ZERO,
    folded: seq,
    seen: new Map(),
    forkedAfter,
  };
}

test('a feed is as high as its last entry', () => {
  assert.deepEqual(heightOf(stateAt(50)), { feed: info, seq: 50, hash, forked: false });
  assert.equal(forkedAfterOf(heightOf(stateAt(50))), Infinity);
});

test('a forked feed is as high as what both histories share, and says where that ends (docs/protocol/sync.md)', () => {
  const mark = `${'f'.repeat(56)}00000029`;
  assert.deepEqual(heightOf(stateAt(50, 41)), { feed: info, seq: 41, hash: mark, forked: true });
  assert.deepEqual(heightOf(stateAt(3, 41)), { feed: info, seq: 3, hash: mark, forked: true });
  assert.equal(forkedAfterOf(heightOf(stateAt(3, 41))), 41);
});

test('a feed without entries has a height only where it is known to be forked', () => {
  assert.deepEqual(heightsOf([stateAt(0)], ['data']), []);
  const [height] = heightsOf([stateAt(0, 0)], ['data']);
  assert.deepEqual(height, { feed: info, seq: 0, hash: `${'f'.repeat(56)}00000000`, forked: true });
});
