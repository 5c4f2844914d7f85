/** A host that is far from the others hands over to one that is near to them: once, after a while, and nobody loses a word. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { RoomId } from '../../src/rooms/index.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { sameEverywhere, say, story } from './room-tales.ts';

const FAR_MS = 60;
/** How long nothing moves after somebody has become host, and a little more than that. */
const TENURE_MS = 5 * 60_000;
const SOON_MS = 60_000;

function hostsSeen(stage: RoomStage, room: RoomId): ReadonlySet<string> {
  return new Set(
    stage.devices.map((device) => {
      const { host } = device.rooms.room(room)?.core ?? {};
      return stage.devices.find(({ key }) => host?.startsWith(key) === true)?.name ?? 'nobody';
    }),
  );
}

describe('a room whose host is far away', () => {
  story(
    'moves to somebody near, who is the first of the order that all agree on, and stays there',
    { seed: 51, names: ['Ada', 'Ben', 'Cho', 'Dia'] },
    async (stage) => {
      const room = await stage.room();
      const host = stage.host(room);
      stage.delaysMs.set(host.link, FAR_MS);
      await say(stage, room, host, 'from far away');
      await stage.pass(TENURE_MS / 2);
      assert.equal(stage.host(room), host, 'not at once');
      const said = ['from far away'];
      await stage.until(
        'it moves',
        () =>
          stage.running.every((one) => one.rooms.room(room)?.core.role !== 'host') ||
          stage.host(room) !== host,
      );
      for (const device of stage.devices) {
        const text = `while it moves, ${device.name}`;
        device.rooms.post(room, text);
        said.push(text);
      }
      await stage.until('all is confirmed', () =>
        stage.devices.every((device) => device.confirmed(room).length === said.length),
      );
      sameEverywhere(stage.devices, room, said);
      const next = stage.host(room);
      assert.notEqual(next, host);
      await stage.until('all agree', () =>
        stage.devices.every((device) => orderOf(device, room) === orderOf(next, room)),
      );
      assert.ok(orderOf(next, room).startsWith(next.key), 'the best one');
      assert.ok(orderOf(next, room).includes(host.key), 'whoever is far is a candidate, too');

      // Now it is the new one that is far: it has just come, and waits.
      stage.delaysMs.clear();
      stage.delaysMs.set(next.link, FAR_MS);
      await stage.pass(SOON_MS);
      assert.deepEqual([...hostsSeen(stage, room)], [next.name], 'rarely');
    },
  );
});

function orderOf(device: StageDevice, room: RoomId): string {
  return device.view(room)?.order.join(' ') ?? '';
}
