/** Going on as a new room when a majority is gone for good: what was said comes along, provably, and nothing is lost if they come back. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { isKithError } from '../../src/base/errors.ts';
import { carriedIn, encodeCarried, saidIn } from '../../src/rooms/carrying.ts';
import { bodyIn } from '../../src/rooms/bodies.ts';
import type { RoomId } from '../../src/rooms/index.ts';
import { readsInClear } from './room-spy.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { say, story } from './room-tales.ts';

const FIVE = ['Ada', 'Ben', 'Cho', 'Dia', 'Eli'];

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    assert.ok(isKithError(error));
    return error.code;
  }
}

/** Three of five go, and never come back, as far as the other two know. */
async function abandoned(stage: RoomStage): Promise<{ room: RoomId; ada: StageDevice; ben: StageDevice }> {
  const room = await stage.room();
  const [ada, ben, ...gone] = stage.devices as [StageDevice, StageDevice, ...StageDevice[]];
  for (const device of stage.devices) await say(stage, room, device, `from ${device.name}`);
  await stage.settled(room);
  assert.equal(
    codeOf(() => ada.rooms.continue(room)),
    'room-goes-on',
  );
  for (const device of gone) device.crash();
  await stage.until('nobody puts in order', () =>
    [ada, ben].every((device) => device.view(room)?.host === undefined),
  );
  return { room, ada, ben };
}

async function texts(stage: RoomStage, room: RoomId, device: StageDevice, count: number): Promise<string[]> {
  await stage.until(`${device.name} has all`, () => device.confirmed(room).length === count);
  return [...device.confirmed(room)].sort();
}

describe('a room that is continued', () => {
  story('has what was said before, and who said it', { seed: 31, names: FIVE }, async (stage) => {
    const { room, ada, ben } = await abandoned(stage);
    ben.rooms.post(room, 'is anybody there?');
    await stage.until('Ada has it', () => ada.said(room).length === 6);
    const next = ada.rooms.continue(room);
    await stage.until('Ben is invited', () => ben.view(next)?.state === 'invited');
    assert.equal(ben.view(next)?.continues, room);
    ben.rooms.accept(next);
    const all = [...FIVE.map((name) => `from ${name}`), 'is anybody there?'].sort();
    for (const device of [ada, ben]) assert.deepEqual(await texts(stage, next, device, 6), all, device.name);
    const shown = ben.said(next);
    const old = ben.said(room);
    for (const message of shown) {
      assert.deepEqual(message.carried, { room, by: ada.key });
      const before = old.find(({ id }) => id === message.id);
      assert.deepEqual([message.device, message.sentMs], [before?.device, before?.sentMs]);
    }
    assert.deepEqual([ada.view(room)?.continuedAs, ben.view(room)?.continuedAs], [next, next]);
    await stage.settled(next, [ada, ben]);
    await say(stage, next, ben, 'two are enough here');
    for (const text of all) assert.equal(readsInClear(stage.frames, text), false);
    assert.equal(
      codeOf(() => ada.rooms.continue(room)),
      'continued-already',
    );
  });

  story('goes on beside the old one when the others come back', { seed: 32, names: FIVE }, async (stage) => {
    const { room, ada, ben } = await abandoned(stage);
    const next = ada.rooms.continue(room);
    await stage.until('Ben is invited', () => ben.view(next)?.state === 'invited');
    ben.rooms.accept(next);
    await stage.settled(next, [ada, ben]);
    for (const device of stage.devices) if (!device.isUp) await device.start();
    await stage.settled(room);
    await say(stage, room, stage.device('Eli'), 'we are back');
    await say(stage, next, ben, 'and we are here');
    await stage.settled(room);
    assert.equal(ada.confirmed(room).includes('and we are here'), false);
    assert.equal(ada.confirmed(next).includes('we are back'), false);
    assert.equal(stage.device('Eli').view(next), undefined);
  });

  story(
    'carries over each message once, however often it is interrupted',
    { seed: 33, names: FIVE },
    async (stage) => {
      const { room, ada } = await abandoned(stage);
      for (let count = 0; count < 240; count += 1) ada.rooms.post(room, `alone ${String(count)}`);
      const next = ada.rooms.continue(room);
      for (let round = 0; round < 6; round += 1) {
        ada.crash();
        await ada.start();
        await stage.pass(stage.rng.below(8) * 50);
      }
      const all = await texts(stage, next, ada, 245);
      assert.equal(new Set(all).size, 245);
    },
  );

  story('shows nothing that nobody signed', { seed: 34, names: ['Ada', 'Ben'] }, async (stage) => {
    const room = await stage.room();
    const [ada, ben] = stage.devices as [StageDevice, StageDevice];
    await say(stage, room, ben, 'yes');
    const carried = ada.rooms.room(room)?.past.between(0, 100)[0];
    assert.ok(carried !== undefined);
    const again = carriedIn(encodeCarried(carried));
    assert.ok(again !== undefined);
    assert.equal(encodeCarried(again), encodeCarried(carried));
    assert.equal(saidIn(carried, stage.verifier)?.text, 'yes');
    const other = 'ab'.repeat(32) as RoomId;
    assert.equal(saidIn({ ...carried, room: other }, stage.verifier), undefined, 'not in that room');
    const command = { ...carried.command, author: ada.key };
    assert.equal(saidIn({ ...carried, command }, stage.verifier), undefined, 'not by her');
    assert.equal(saidIn({ ...carried, key: new Uint8Array(32) }, stage.verifier), undefined, 'another key');
    assert.equal(bodyIn(carried.command.body)?.kind, 'message');
    assert.equal(carriedIn('yes'), undefined);
  });
});
