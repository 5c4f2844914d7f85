/** A room of two that have no link: a third, who is in the network and not in the room, passes on what it cannot read. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Bytes } from '../../src/base/bytes.ts';
import type { RoomId } from '../../src/rooms/index.ts';
import { ServiceNode, Surroundings } from '../hostile/service-node.ts';

async function pass(around: Surroundings, forMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < forMs; passedMs += 20) {
    around.timers.advance(20);
    await turn();
  }
}

async function until(around: Surroundings, what: string, condition: () => boolean): Promise<void> {
  for (let passedMs = 0; !condition(); passedMs += 20) {
    assert.ok(passedMs < 300_000, `never: ${what}`);
    await pass(around, 20);
  }
}

async function during(around: Surroundings, work: Promise<void>): Promise<void> {
  const state = { isOver: false };
  const over = work.finally(() => (state.isOver = true));
  await until(around, 'it ends', () => state.isOver);
  await over;
}

function saidBy(node: ServiceNode, room: RoomId): readonly string[] {
  return node.rooms.read(room, undefined, 100).flatMap(({ index, text }) => (index === null ? [] : [text]));
}

void it('votes, order and words reach a member without a link, and nobody on the way reads them', async () => {
  const around = new Surroundings(11);
  const onTheWay: Bytes[] = [];
  const [ada, ben, hub] = [
    await ServiceNode.make(around),
    await ServiceNode.make(around),
    await ServiceNode.make(around),
  ];
  around.tap = (from, _channel, frame) => {
    if (from === hub.self) onTheWay.push(frame.slice());
  };
  ada.found();
  await during(around, hub.join(ada, 'Hub'));
  await during(around, ben.join(ada, 'Ben'));
  await pass(around, 5000);

  const room = ada.rooms.create('Far', [ben.session.ownMemberId]);
  await until(around, 'Ben is invited', () => ben.rooms.views().some(({ state }) => state === 'invited'));
  ben.rooms.accept(room);
  const isReady = (node: ServiceNode): boolean =>
    node.rooms.views().some(({ voters, keys }) => voters.length === 2 && keys?.state === 'in');
  await until(around, 'both count', () => isReady(ada) && isReady(ben));

  around.network.cut(ada.self, ben.self);
  onTheWay.length = 0;
  ben.rooms.post(room, 'a word from far away');
  ada.rooms.post(room, 'and one back');
  await until(around, 'both have both', () => [ada, ben].every((node) => saidBy(node, room).length === 2));
  assert.deepEqual(saidBy(ada, room), saidBy(ben, room));
  const { host } = ada.rooms.views()[0] ?? {};
  assert.ok(host !== undefined);

  // The host is asked to go, over the way around: the other one is elected by votes that are passed on.
  const before = host.startsWith(ada.session.device) ? ada : ben;
  const other = before === ada ? ben : ada;
  await during(around, before.rooms.handOver());
  await until(around, 'the other is host', () => other.rooms.room(room)?.core.role === 'host');
  other.rooms.post(room, 'from the new host');
  await until(around, 'it is there', () => saidBy(before, room).length === 3);

  // Three messages with their order and its answers, a host that goes, and a vote.
  assert.ok(onTheWay.length > 12, `it passed on ${String(onTheWay.length)} frames`);
  const all = Buffer.concat(onTheWay);
  for (const text of [
    ...saidBy(ada, room),
    room,
    Buffer.from(room, 'hex'),
    ada.session.device.slice(0, 32) + '/',
  ])
    assert.equal(all.includes(text), false);
  assert.equal(hub.rooms.views().length, 0);
  assert.deepEqual(around.thrown, []);
  for (const node of [ada, ben, hub]) assert.deepEqual(node.log.errors, []);
});
