/** Whoever is away for long counts no more, however often the others are started anew meanwhile, and whatever their calendars say. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { RoomId } from '../../src/rooms/index.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { sameEverywhere, say, story } from './room-tales.ts';

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const RUN_MS = 10_000;
/** As often are all started anew in the time after which somebody counts no more. */
const RUNS = 6;

function counts(stage: RoomStage, room: RoomId, device: StageDevice): boolean {
  const voters = stage.host(room).rooms.room(room)?.core.agreedRoster.voters ?? [];
  return voters.some((voter) => voter.startsWith(device.key));
}

/** All who are here are killed and started, as often as that. */
async function passRuns(
  stage: RoomStage,
  room: RoomId,
  here: readonly StageDevice[],
  runs: number,
): Promise<void> {
  for (let run = 0; run < runs; run += 1) {
    await stage.pass(RUN_MS);
    for (const device of here) device.crash();
    stage.skip(run % 2 === 0 ? YEAR_MS : -YEAR_MS);
    for (const device of here) await device.start();
    await stage.linkAll();
    await stage.until('there is a host', () =>
      here.some((device) => device.rooms.room(room)?.core.hosting?.hasConfirmedStart === true),
    );
  }
}

describe('a room from which somebody is away', () => {
  story(
    'goes on without counting it, and counts it again when it is back',
    { seed: 61, names: ['Ada', 'Ben', 'Cho'] },
    async (stage) => {
      const [ada, ben, cho] = stage.devices as [StageDevice, StageDevice, StageDevice];
      for (const device of stage.devices) device.crash();
      stage.awayMs = RUNS * RUN_MS;
      for (const device of stage.devices) await device.start();
      await stage.linkAll();
      const room = await stage.room();
      await say(stage, room, cho, 'see you');
      await stage.settled(room);
      cho.crash();

      await passRuns(stage, room, [ada, ben], RUNS - 2);
      assert.ok(counts(stage, room, cho), 'not too soon');
      await passRuns(stage, room, [ada, ben], 4);
      assert.ok(!counts(stage, room, cho));
      assert.deepEqual(
        [ada, ben].map((device) => device.view(room)?.quorum),
        [2, 2],
      );
      await say(stage, room, ada, 'while Cho is away');

      await cho.start();
      await stage.linkAll();
      await stage.until('Cho counts again', () => counts(stage, room, cho));
      await stage.settled(room);
      sameEverywhere(stage.devices, room, ['see you', 'while Cho is away']);
    },
  );
});
