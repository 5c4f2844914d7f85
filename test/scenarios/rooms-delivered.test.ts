/** Whom a message has reached: never more than they said themselves. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { RoomId } from '../../src/rooms/index.ts';
import type { StageDevice } from './room-stage.ts';
import { say, story } from './room-tales.ts';

function reach(device: StageDevice, room: RoomId, text: string): number {
  return device.said(room).find((message) => message.text === text)?.deliveredTo ?? 0;
}

describe('a confirmed message', () => {
  story(
    'is delivered to as many as have said that they can read it',
    { seed: 41, names: ['Ada', 'Ben', 'Cho'] },
    async (stage) => {
      const room = await stage.room();
      const [ada, ben, cho] = stage.devices as [StageDevice, StageDevice, StageDevice];
      await say(stage, room, ada, 'to all');
      await stage.until('all have it, say all', () =>
        stage.devices.every((device) => reach(device, room, 'to all') === 3),
      );
      cho.crash();
      await say(stage, room, ada, 'while Cho is away');
      await stage.until('Ben has it', () => reach(ada, room, 'while Cho is away') === 2);
      await stage.pass(10_000);
      for (const device of [ada, ben]) {
        assert.equal(reach(device, room, 'while Cho is away'), 2, device.name);
        assert.equal(reach(device, room, 'to all'), 3, device.name);
      }
      await cho.start();
      await stage.until('Cho has it', () => reach(ada, room, 'while Cho is away') === 3);
    },
  );

  story(
    'is not delivered to whoever has it and not the key to it',
    { seed: 42, names: ['Ada', 'Ben', 'Cho', 'Dia'] },
    async (stage) => {
      const dia = stage.device('Dia');
      dia.crash();
      const room = await stage.room();
      const ada = stage.device('Ada');
      await say(stage, room, ada, 'before Dia');
      await dia.start();
      await stage.add(room, ada, dia);
      let told = 0;
      await stage.until('Dia reads it', () => {
        told = reach(ada, room, 'before Dia');
        const isRead = dia.confirmed(room).includes('before Dia');
        assert.ok(isRead || told < 4, 'not before it can');
        return isRead;
      });
      await stage.until('and says so', () => reach(ada, room, 'before Dia') === 4);
      assert.ok(told < 4);
    },
  );
});
