/** Invitations are repeated ever more seldom until they are answered or over; until then nobody counts. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { isKithError } from '../../src/base/errors.ts';
import type { RoomId } from '../../src/rooms/index.ts';
import { decodeFrame } from '../../src/rooms/wire.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { say, story } from './room-tales.ts';

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

function invitesIn(stage: RoomStage): number {
  return stage.frames.filter(({ bytes }) => decodeFrame(bytes).frame.type === 'invite').length;
}

/** Between one invitation and the next, in whole seconds. */
async function pauses(stage: RoomStage, forMs: number): Promise<number[]> {
  const times: number[] = [];
  const endMs = stage.timers.nowMs + forMs;
  while (stage.timers.nowMs < endMs) {
    stage.frames.length = 0;
    await stage.pass(100);
    if (invitesIn(stage) > 0) times.push(stage.timers.nowMs);
  }
  return times.slice(1).map((timeMs, at) => Math.round((timeMs - (times[at] ?? 0)) / 1000));
}

function stateOf(device: StageDevice, room: RoomId): string | undefined {
  return device.view(room)?.invites[0]?.state;
}

describe('an invitation', () => {
  story(
    'is repeated ever more seldom, and at once to whoever comes back, until it is accepted',
    { seed: 61, names: ['Ada', 'Ben'] },
    async (stage) => {
      const [ada, ben] = stage.devices as [StageDevice, StageDevice];
      const room = ada.rooms.create('Doctors', [ben.member]);
      const { quorum, voters, host } = ada.view(room) ?? {};
      assert.deepEqual([quorum, voters?.length, host], [1, 1, voters?.[0]], 'and counts at once');
      assert.equal(invitesIn(stage), 1, 'at once');
      assert.deepEqual(await pauses(stage, 70_000), [4, 8, 16, 32]);
      await say(stage, room, ada, 'alone, until somebody comes');
      assert.equal(ada.view(room)?.voters.length, 1, 'whoever does not answer does not count');
      assert.deepEqual([ben.view(room)?.state, ben.confirmed(room)], ['invited', []], 'and reads nothing');

      ben.crash();
      await stage.pass(5000);
      await ben.start();
      stage.frames.length = 0;
      await stage.linkAll();
      assert.ok(invitesIn(stage) > 0, 'as soon as he is back');

      ben.rooms.accept(room);
      await stage.settled(room);
      assert.equal(stateOf(ada, room), 'accepted');
      stage.frames.length = 0;
      await stage.pass(100_000);
      assert.equal(invitesIn(stage), 0, 'never again');
      await stage.until('he reads what was said', () =>
        ben.confirmed(room).includes('alone, until somebody comes'),
      );
    },
  );

  story(
    'is over after a week, says so to both, and can be made anew',
    { seed: 62, names: ['Ada', 'Ben'] },
    async (stage) => {
      const [ada, ben] = stage.devices as [StageDevice, StageDevice];
      const room = ada.rooms.create('Doctors', [ben.member]);
      await stage.until('he is invited', () => ben.view(room)?.state === 'invited');
      stage.skip(WEEK_MS);
      await stage.until('it is over', () => stateOf(ada, room) === 'expired');
      assert.throws(
        () => {
          ben.rooms.accept(room);
        },
        (error) => isKithError(error, 'invitation-expired'),
      );
      ada.rooms.invite(room, [ben.member]);
      await stage.until('he is invited anew', () => stateOf(ada, room) === 'waiting');
      await stage.pass(1000);
      ben.rooms.accept(room);
      await stage.settled(room);
    },
  );
});
