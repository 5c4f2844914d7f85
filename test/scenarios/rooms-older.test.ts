/** Whoever comes to a room that has gone on for long gets what is new at once, and what is old after it, page by page. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { RoomId } from '../../src/rooms/index.ts';
import { decodeFrame } from '../../src/rooms/wire.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { sameEverywhere, say, story } from './room-tales.ts';

/** So few stay in memory that most of what is said comes as a summary. */
const KEPT = 10;
const AT_ONCE = 50;
const DAY_MS = 24 * 60 * 60 * 1000;

/** So many messages, some from each, in two epochs of keys. */
async function talk(
  stage: RoomStage,
  room: RoomId,
  devices: readonly StageDevice[],
  what: string,
  count: number,
): Promise<string[]> {
  const said: string[] = [];
  for (let turn = 0; said.length < count; turn += 1) {
    const by = devices[turn % devices.length];
    const texts = Array.from({ length: AT_ONCE }, (_, at) => `${what} ${String(turn)}.${String(at)}`);
    assert.ok(by !== undefined);
    by.rooms.room(room)?.own.postAll(texts);
    said.push(...texts);
    await stage.until('it is confirmed', () => by.view(room)?.waiting === 0);
    if (turn === 1) stage.skip(DAY_MS + 1);
    await stage.settled(room, devices);
  }
  return said;
}

/** As somebody reads upwards, with the cursor of the page before. */
function readUpwards(device: StageDevice, room: RoomId, limit: number): string[] {
  const pages: string[][] = [];
  let before: number | undefined;
  for (;;) {
    const page = device.rooms.read(room, before, limit).filter(({ index }) => index !== null);
    pages.unshift(page.map(({ text }) => text));
    if (page.length < limit) return pages.flat();
    before = page[0]?.index ?? undefined;
  }
}

function pagesIn(stage: RoomStage): number {
  return stage.frames.filter(({ bytes }) => decodeFrame(bytes).frame.type === 'older').length;
}

function isWhole(device: StageDevice, room: RoomId): boolean {
  return device.view(room)?.lacking === 0;
}

function readsAll(device: StageDevice, room: RoomId): boolean {
  const found = device.rooms.room(room);
  return found !== undefined && found.readable >= found.core.commit;
}

describe('a room that has gone on for long', () => {
  story(
    'comes to whoever was away: the newest first, over a change of host and a restart, and nothing twice',
    { seed: 81, names: ['Ada', 'Ben', 'Cho'] },
    async (stage) => {
      stage.keepEntries = KEPT;
      for (const device of stage.devices) {
        device.crash();
        await device.start();
      }
      await stage.linkAll();
      const [ada, ben, cho] = stage.devices as [StageDevice, StageDevice, StageDevice];
      const room = await stage.room();
      await say(stage, room, cho, 'before I go');
      await stage.settled(room);
      const seen = cho.confirmed(room);
      const below = (cho.said(room).at(-1)?.index ?? 0) + 1;
      cho.crash();
      const said = await talk(stage, room, [ada, ben], 'while Cho was away', 300);

      stage.frames.length = 0;
      await cho.start();
      await stage.linkAll();
      await stage.until('a summary came', () => (cho.view(room)?.lacking ?? 0) > 0);
      assert.equal(cho.rooms.lacksBelow(room), true, 'and says that there is more');
      const early = cho.rooms.read(room, below, 100).map(({ text }) => text);
      assert.deepEqual(early, seen, 'what was seen before is seen');

      await stage.until('the first page is here', () => pagesIn(stage) > 1);
      stage.host(room).crash();
      cho.crash();
      await cho.start();
      for (const device of [ada, ben]) if (!device.isUp) await device.start();
      await stage.linkAll();
      cho.rooms.post(room, 'I am back');
      await stage.until('it is confirmed', () => cho.view(room)?.waiting === 0);
      await stage.until('all is here', () => isWhole(cho, room));
      const all = ['before I go', ...said, 'I am back'];
      await stage.until('and can be read', () => readsAll(cho, room));
      await stage.settled(room);
      sameEverywhere(stage.devices, room, all);
      assert.equal(cho.rooms.lacksBelow(room), false);
      assert.deepEqual(readUpwards(cho, room, 37), readUpwards(ada, room, 37), 'by pages, too');
      await stage.until(
        'the others know that it can be read there',
        () => ada.rooms.read(room, below, 1)[0]?.deliveredTo === 3,
      );
    },
  );

  story(
    'comes to a newcomer from its beginning, who says that it has it when it does',
    { seed: 82, names: ['Ada', 'Ben', 'Cho'] },
    async (stage) => {
      stage.keepEntries = KEPT;
      const [ada, ben, cho] = stage.devices as [StageDevice, StageDevice, StageDevice];
      cho.crash();
      for (const device of [ada, ben]) {
        device.crash();
        await device.start();
      }
      await stage.linkAll();
      const room = await stage.room();
      const said = await talk(stage, room, [ada, ben], 'before Cho came', 300);
      await cho.start();
      await stage.linkAll();
      await stage.add(room, ada, cho);
      await stage.until('a summary came', () => (cho.view(room)?.lacking ?? 0) > 0);
      let wasEarly = false;
      await stage.until('all is here', () => {
        const [first] = ada.rooms.read(room, undefined, 1);
        wasEarly ||= !isWhole(cho, room) && (first?.deliveredTo ?? 0) > 2;
        return isWhole(cho, room);
      });
      assert.equal(wasEarly, false, 'nothing was said to be there before it was');
      await stage.until('and can be read', () => readsAll(cho, room));
      await stage.settled(room);
      sameEverywhere(stage.devices, room, said);
    },
  );
});
