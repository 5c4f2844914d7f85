/** Rooms whose stores were written before it was noted what counted, and what came as a summary. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { decodeCbor, encodeCbor } from '../../src/base/cbor.ts';
import type { RoomId } from '../../src/rooms/index.ts';
import { readPromise } from '../../src/rooms/promise.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { sameEverywhere, say, story } from './room-tales.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** So few stay in memory that whoever is behind gets a summary. */
const KEPT = 10;

/** Makes of a device that does not run what an older kith would have left of it. */
function asBefore(device: StageDevice, room: RoomId): void {
  const { rows } = device;
  const promise = rows.promise(room);
  assert.ok(promise !== undefined && promise !== null);
  const fields = decodeCbor(promise);
  assert.ok(Array.isArray(fields) && fields.length === 6);
  const { base, gaps } = readPromise(promise);
  const seen = new Set(rows.shown(room, Number.MAX_SAFE_INTEGER, 10_000).map(({ index }) => index));
  const stayed = rows
    .entries(room, gaps?.length === 0 ? 1 : base.index + 1)
    .map((one) => ({ ...one, key: rows.messageKey(room, one.index) }));
  rows.transact(() => {
    rows.putPromise(room, encodeCbor(fields.slice(0, 5)));
    rows.dropEntriesFrom(room, 0);
    for (const { index, bytes, key } of stayed) {
      rows.putEntry(room, index, bytes);
      if (seen.has(index)) rows.count(room, index, true);
      if (key !== undefined) rows.putMessageKey(room, index, key);
    }
  });
}

/** The replicas with their lives, how far they are, and what people see. */
function standing(device: StageDevice, room: RoomId): object {
  const core = device.rooms.room(room)?.core;
  const seen = device.said(room).map(({ index, id, text }) => ({ index, id, text }));
  return { voters: core?.agreedRoster.voters, commit: core?.commit, seen, keys: device.view(room)?.keys };
}

async function talk(
  stage: RoomStage,
  room: RoomId,
  by: readonly StageDevice[],
  what: string,
): Promise<string[]> {
  const said: string[] = [];
  for (const [turn, device] of [...by, ...by].entries()) {
    const texts = Array.from({ length: 15 }, (_, at) => `${what} ${String(turn)}.${String(at)}`);
    device.rooms.room(room)?.own.postAll(texts);
    said.push(...texts);
    await stage.until('it is confirmed', () => device.view(room)?.waiting === 0);
    if (turn % 2 === 1) stage.skip(DAY_MS + 1);
    await stage.settled(room, by);
  }
  return said;
}

describe('a room in stores of before', () => {
  story(
    'goes on as it was, and hands its history to whoever comes',
    { seed: 91, names: ['Ada', 'Ben', 'Cho', 'Dia'] },
    async (stage) => {
      stage.keepEntries = KEPT;
      const [ada, ben, cho, dia] = stage.devices as [StageDevice, StageDevice, StageDevice, StageDevice];
      const old = [ada, ben, cho];
      for (const device of stage.devices) device.crash();
      for (const device of old) await device.start();
      await stage.linkAll();
      const room = await stage.room();
      const said = await talk(stage, room, old, 'before');
      const before = old.map((device) => standing(device, room));
      for (const device of old) device.crash();
      for (const device of old) asBefore(device, room);

      for (const device of old) await device.start();
      const after = old.map((device) => standing(device, room));
      assert.deepEqual(after, before);
      assert.deepEqual(
        old.map((device) => device.view(room)?.lacking),
        [0, 0, 0],
      );
      await stage.linkAll();
      await say(stage, room, cho, 'and on');
      await stage.settled(room, old);
      sameEverywhere(old, room, [...said, 'and on']);

      await dia.start();
      await stage.linkAll();
      await stage.add(room, ada, dia);
      await stage.until('a summary came', () => (dia.view(room)?.lacking ?? 0) > 0);
      await stage.until('all is there', () => dia.view(room)?.lacking === 0);
      await stage.settled(room);
      await stage.until('and can be read', () => dia.confirmed(room).every((text) => !/^sealed/.test(text)));
      sameEverywhere(stage.devices, room, [...said, 'and on']);
      assert.deepEqual(
        stage.devices.flatMap(({ logged }) => logged.filter((line) => /anew/.test(line))),
        [],
      );
    },
  );

  story('gets what came to it as a summary', { seed: 92, names: ['Ada', 'Ben', 'Cho'] }, async (stage) => {
    stage.keepEntries = KEPT;
    for (const device of stage.devices) device.crash();
    for (const device of stage.devices) await device.start();
    await stage.linkAll();
    const [ada, ben, cho] = stage.devices as [StageDevice, StageDevice, StageDevice];
    const room = await stage.room();
    await say(stage, room, cho, 'before I go');
    await stage.settled(room);
    cho.crash();
    const said = await talk(stage, room, [ada, ben], 'while Cho was away');
    await cho.start();
    await stage.linkAll();
    await stage.until('a summary came', () => (cho.view(room)?.lacking ?? 0) > 0);
    cho.crash();
    asBefore(cho, room);

    await cho.start();
    await stage.linkAll();
    await stage.until('all is here', () => cho.view(room)?.lacking === 0);
    await stage.settled(room);
    await stage.until('and can be read', () => cho.confirmed(room).every((text) => !/^sealed/.test(text)));
    sameEverywhere(stage.devices, room, ['before I go', ...said]);
  });
});
