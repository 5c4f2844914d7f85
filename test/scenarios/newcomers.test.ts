/** Many join in the same minute, through one: nobody waits for the time that is given to strangers who do nothing. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import type { LinkKey } from '../../src/base/ids.ts';
import { toHex } from '../../src/base/bytes.ts';
import { ServiceNode, Surroundings } from '../hostile/service-node.ts';

/** Strangers that may have a link at the same time. */
const AT_ONCE = 8;
const STEP_MS = 50;
const PATIENCE_MS = 30_000;

async function within<Value>(around: Surroundings, work: Promise<Value>): Promise<Value> {
  const state = { isOver: false };
  const over = work.finally(() => (state.isOver = true));
  for (let passedMs = 0; !state.isOver; passedMs += STEP_MS) {
    assert.ok(passedMs < PATIENCE_MS, 'it waits too long');
    around.timers.advance(STEP_MS);
    await turn();
  }
  return over;
}

test('twelve join one after the other within half a minute each', async () => {
  const around = new Surroundings(1);
  const ada = await ServiceNode.make(around);
  ada.found();
  const nodes = [ada];
  const beganMs = around.timers.nowMs;
  for (let number = 2; number <= 12; number += 1) {
    const node = await ServiceNode.make(around);
    await within(around, node.join(ada, `N${String(number)}`));
    nodes.push(node);
  }
  assert.ok(around.timers.nowMs - beganMs < 60_000, 'less than a stranger may stay');
  assert.equal(ada.session.log.membership.members.size, 12);
  await within(around, Promise.all(nodes.map(async (node) => node.stop())));
});

test('eight strangers are at the door at once, and who goes makes room', async () => {
  const around = new Surroundings(2);
  const ada = await ServiceNode.make(around);
  ada.found();
  ada.session.host.openLink('member', '', around.clock.nowMs() + 3_600_000, 1);
  const strangers = [];
  for (let number = 0; number < AT_ONCE; number += 1) {
    const self = toHex(around.rng.bytes(32)) as LinkKey;
    const stranger = around.network.transport({ self, gate: { mayLink: () => true } });
    await stranger.start();
    await within(around, stranger.dial(ada.address, {}));
    strangers.push(stranger);
  }
  const another = toHex(around.rng.bytes(32)) as LinkKey;
  assert.equal(ada.session.host.mayKnock(another), false);
  strangers[0]?.hangUp(ada.self);
  await within(around, turn());
  assert.equal(ada.session.host.mayKnock(another), true);
  await within(around, Promise.all([...strangers.map(async (one) => one.stop()), ada.stop()]));
});
