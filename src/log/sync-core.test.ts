import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceKey, EntryHash, NetworkId } from '../base/ids.ts';
import { LANES } from '../identity/roles.ts';
import { SyncCore, type SyncEffect } from './sync-core.ts';
import type { SyncMessage } from './sync-wire.ts';
import { feedIdOf } from './wire.ts';

const NETWORK = '11'.repeat(32) as NetworkId;
const DEVICE = '22'.repeat(32) as DeviceKey;
const INCARNATION = '33'.repeat(16);
const FEED = {
  id: feedIdOf(DEVICE, INCARNATION, 'data'),
  device: DEVICE,
  incarnation: INCARNATION,
  lane: 'data',
} as const;

function greeted(): {
  readonly core: SyncCore;
  readonly hear: (message: SyncMessage) => readonly SyncEffect[];
} {
  const core = new SyncCore(NETWORK, { feeds: () => [], feed: () => undefined });
  const hear = (message: SyncMessage): readonly SyncEffect[] =>
    core.step({ type: 'message', peer: 'ben', message });
  const [hello] = core.step({ type: 'opened', peer: 'ben', lanes: LANES });
  assert.ok(hello?.type === 'send' && hello.message.type === 'hello');
  assert.equal(core.hasAnswered('ben'), false, 'it has said nothing yet');
  hear(hello.message);
  assert.ok(core.isInStepWith('ben'));
  return { core, hear };
}

test('a neighbour that is asked again has answered once its heights are here', () => {
  const { core, hear } = greeted();
  const effects = core.step({ type: 'compare', peer: 'ben' });
  assert.deepEqual(
    effects.map((effect) => (effect.type === 'send' ? effect.message.type : effect.type)),
    ['buckets'],
  );
  assert.equal(core.hasAnswered('ben'), false);
  assert.equal(core.isInStepWith('ben'), false);
  hear({ type: 'heights', heights: [] });
  assert.ok(core.hasAnswered('ben') && core.isInStepWith('ben'));
});

test('who answers that it has more is not in step until that is here', () => {
  const { core, hear } = greeted();
  core.step({ type: 'compare', peer: 'ben' });
  const hash = '44'.repeat(32) as EntryHash;
  const effects = hear({ type: 'heights', heights: [{ feed: FEED, seq: 7, hash, forked: false }] });
  assert.ok(effects.some((effect) => effect.type === 'send' && effect.message.type === 'want'));
  assert.equal(core.hasAnswered('ben'), true);
  assert.equal(core.isInStepWith('ben'), false);
});

test('who is not there is not asked', () => {
  const { core } = greeted();
  assert.deepEqual(core.step({ type: 'compare', peer: 'cho' }), []);
  core.step({ type: 'opened', peer: 'cho', lanes: LANES });
  assert.deepEqual(core.step({ type: 'compare', peer: 'cho' }), [], 'its greeting will be the answer');
  assert.equal(core.hasAnswered('cho'), false);
  core.step({ type: 'closed', peer: 'ben' });
  assert.equal(core.isInStepWith('ben'), false);
});
