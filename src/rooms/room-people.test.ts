/** Who is let in, and when, where everything happens in the same moment. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceKey } from '../base/ids.ts';
import { everyone } from './consensus/roster.ts';
import type { ConsensusEvent, ReplicaId } from './consensus/types.ts';
import { RoomPeople } from './room-people.ts';
import type { Removal, RoomId } from './types.ts';
import type { RoomFrame } from './wire.ts';
import { A, B, Direct, E, roster } from '../../test/sim/rooms/direct.ts';

const EVE = 'E' as DeviceKey;
const HELLO: Extract<RoomFrame, { type: 'hello' }> = {
  type: 'hello',
  invitation: {
    room: 'ab'.repeat(32) as RoomId,
    name: 'Doctors',
    to: 'cd'.repeat(32) as never,
    by: 'A' as DeviceKey,
    expiresMs: 1e12,
    commit: 0,
    signature: new Uint8Array(64),
  },
};

/** A host of Ada, Ben and Eve; events wait for `drain`, as they do while a turn of the event loop lasts. */
function stage(): {
  readonly host: Direct;
  readonly people: RoomPeople;
  readonly queue: ConsensusEvent[];
  readonly told: { readonly to: ReplicaId; readonly frame: RoomFrame }[];
  readonly drain: () => void;
} {
  const host = new Direct(A, [roster(1, [A, B, E])]).elect(B);
  host.acknowledge(B, 2);
  assert.equal(host.core.hosting?.hasConfirmedStart, true);
  const queue: ConsensusEvent[] = [];
  const told: { to: ReplicaId; frame: RoomFrame }[] = [];
  let removals: readonly Removal[] = [];
  const drain = (): void => {
    for (const event of queue.splice(0)) host.step(event);
  };
  const people = new RoomPeople({
    self: A,
    core: host.core,
    clock: { nowMs: () => host.nowMs, monotonicMs: () => host.nowMs },
    roll: { isRevoked: () => false },
    acquainted: () => [],
    lets: () => true,
    removals: () => removals,
    keepRemovals: (list) => {
      removals = list;
    },
    decide: (event) => queue.push(event),
    drain,
    send: (to, frame) => told.push({ to, frame }),
  });
  return { host, people, queue, told, drain };
}

function appendedBy(host: Direct, from: ReplicaId, match: number): ConsensusEvent {
  const { term } = host.core;
  const message = { type: 'appended', term, match, stamp: host.nowMs, order: 0 } as const;
  return { type: 'message', from, message };
}

describe('whoever is put out', () => {
  it('is not let in again by its old invitation in the moment in which a majority agrees', () => {
    const { host, people, queue, drain } = stage();
    people.remove([EVE]);
    assert.deepEqual(host.core.roster.voters, [A, B]);
    // Ben’s word and Eve’s knock come in one turn.
    queue.push(appendedBy(host, B, 3));
    people.greeted(EVE, E, HELLO);
    drain();
    assert.equal(host.core.commit, 3);
    assert.equal(everyone(host.core.roster).includes(E), false);
  });

  it('is not let in while a majority has not agreed yet, and told nothing', () => {
    const { host, people, told, drain } = stage();
    people.remove([EVE]);
    people.greeted(EVE, E, HELLO);
    drain();
    assert.deepEqual(told, []);
    assert.deepEqual(everyone(host.core.roster), [A, B]);
  });

  it('is out for whoever asked only when a majority has agreed', () => {
    const { host, people, queue, drain } = stage();
    const heard: string[] = [];
    people.remove([EVE]);
    people.whenOut(EVE, () => heard.push('out'));
    people.changed();
    assert.deepEqual([heard, people.leaving], [[], [EVE]]);
    queue.push(appendedBy(host, B, 3));
    drain();
    people.changed();
    assert.deepEqual([heard, people.leaving], [['out'], []]);
  });

  it('may come with an invitation that was written later', () => {
    const { host, people, queue, drain } = stage();
    people.remove([EVE]);
    queue.push(appendedBy(host, B, 3));
    drain();
    people.changed();
    const { invitation } = HELLO;
    assert.ok(invitation !== undefined);
    people.greeted(EVE, E, { ...HELLO, invitation: { ...invitation, commit: 3 } });
    drain();
    assert.deepEqual(host.core.roster.joining, [E]);
  });

  it('is not taken out a second time by a request that is late, when somebody let it in again', () => {
    const { host, people, queue, drain } = stage();
    people.remove([EVE]);
    queue.push(appendedBy(host, B, 3));
    drain();
    const { invitation } = HELLO;
    assert.ok(invitation !== undefined);
    people.greeted(EVE, E, { ...HELLO, invitation: { ...invitation, commit: 3 } });
    queue.push(appendedBy(host, B, 4));
    drain();
    people.asked({ device: EVE, since: 2 });
    drain();
    assert.deepEqual(host.core.roster.joining, [E]);
  });
});
