/** Taking somebody out of a room: it is done, or gone on with until it is, and whoever goes hears of it and of nothing else. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { deviceOf } from '../../src/rooms/index.ts';
import type { RoomId } from '../../src/rooms/index.ts';
import { commandsIn } from './room-spy.ts';
import type { RoomStage, StageDevice } from './room-stage.ts';
import { sameEverywhere, say, stolen, story } from './room-tales.ts';

const FOUR = ['Ada', 'Ben', 'Cho', 'Eve'];

function cast(stage: RoomStage): Record<'ada' | 'ben' | 'cho' | 'eve', StageDevice> {
  const [ada, ben, cho, eve] = FOUR.map((name) => stage.device(name)) as [
    StageDevice,
    StageDevice,
    StageDevice,
    StageDevice,
  ];
  return { ada, ben, cho, eve };
}

/** Somebody of the three who does not put in order now. */
function notHost(stage: RoomStage, room: RoomId): StageDevice {
  const { ada, ben } = cast(stage);
  return stage.host(room) === ada ? ben : ada;
}

function names(device: StageDevice, room: RoomId, other: StageDevice): boolean {
  const view = device.view(room);
  assert.ok(view !== undefined);
  return [...view.voters, ...view.joining, ...view.learners].some((one) => deviceOf(one) === other.key);
}

describe('whoever is taken out of a room', () => {
  story(
    'is out in the end, though no host was heard and the node that asked was off meanwhile',
    { seed: 21, names: FOUR },
    async (stage) => {
      const room = await stage.room();
      const { eve, cho } = cast(stage);
      const asks = notHost(stage, room);
      for (const other of stage.devices) if (other !== asks) asks.cutFrom(other);
      await stage.pass(15_000);
      const disk = eve.seize();
      asks.rooms.remove(room, eve.member);
      assert.deepEqual(asks.view(room)?.leaving, [eve.key]);
      asks.crash();
      await asks.start();
      assert.deepEqual(asks.view(room)?.leaving, [eve.key], 'it remembers');
      for (const other of stage.devices) if (other !== asks) asks.healWith(other);
      await stage.until('Eve is out', () => eve.view(room) === undefined && !names(cho, room, eve));
      await stage.until('it is done', () => asks.view(room)?.leaving.length === 0);
      const inside = stage.devices.filter((device) => device !== eve);
      await stage.settled(room, inside);
      await say(stage, room, cho, 'for three');
      assert.equal((await stolen(stage, room, eve, stage.frames, disk)).has('for three'), false);
    },
  );

  story('is out with all its lives', { seed: 22, names: FOUR }, async (stage) => {
    const room = await stage.room();
    const { ada, ben, cho, eve } = cast(stage);
    while (stage.host(room) === eve) {
      eve.rooms.room(room)?.people.handOver();
      await stage.settled(room);
    }
    const backup = eve.backUp();
    await say(stage, room, eve, 'before');
    eve.crash();
    eve.restore(backup);
    await eve.start();
    const host = stage.host(room);
    const lives = (): number => {
      const roster = host.rooms.room(room)?.core.roster;
      const all = [...(roster?.voters ?? []), ...(roster?.joining ?? [])];
      return all.filter((one) => deviceOf(one) === eve.key).length;
    };
    await stage.linkAll();
    // Removal is asked for in the very moment in which an old life counts and a new one waits to.
    await stage.until('two lives are named', () => lives() === 2);
    const disk = eve.seize();
    host.rooms.remove(room, eve.member);
    await stage.until('Eve is out', () => !names(host, room, eve));
    await stage.settled(room, [ada, ben, cho]);
    await stage.pass(5000);
    for (const device of [ada, ben, cho]) assert.equal(names(device, room, eve), false);
    await say(stage, room, ben, 'for three');
    await stage.settled(room, [ada, ben, cho]);
    assert.equal((await stolen(stage, room, eve, stage.frames, disk)).has('for three'), false);
    sameEverywhere([ada, ben, cho], room, ['before', 'for three']);
  });

  story('hears of it, and of nothing that came later', { seed: 23, names: FOUR }, async (stage) => {
    const room = await stage.room();
    const { ada, ben, cho, eve } = cast(stage);
    eve.crash();
    await say(stage, room, ben, 'while Eve is away, and in');
    ada.rooms.remove(room, eve.member);
    await stage.until('Eve is out', () => [ada, ben, cho].every((device) => !names(device, room, eve)));
    await stage.settled(room, [ada, ben, cho]);
    for (const device of [ada, ben, cho]) await say(stage, room, device, `later, ${device.name}`);
    const before = stage.frames.length;
    await eve.start();
    await stage.until('Eve knows', () => eve.view(room) === undefined);
    const told = stage.frames.slice(before).filter(({ to }) => to === eve.link);
    const fresh = ada.said(room).filter(({ text }) => text.startsWith('later'));
    const places = new Set(commandsIn(told).map(({ author, number }) => `${author} ${String(number)}`));
    assert.equal(fresh.length, 3);
    const [own] = commandsIn(stage.frames).filter(({ author }) => author === ben.key);
    assert.ok(places.has(`${ben.key} ${String(own?.number)}`), 'what was said while it was in, it is given');
    for (const device of [ada, cho]) assert.equal(places.has(`${device.key} 1`), false, device.name);
  });

  story(
    'reads nothing that is said by whoever asked for it, from that moment on',
    { seed: 24, names: FOUR },
    async (stage) => {
      const room = await stage.room();
      const { ada, ben, cho, eve } = cast(stage);
      const asks = notHost(stage, room);
      const others = [ada, ben, cho].filter((device) => device !== asks);
      for (const other of others) {
        asks.cutFrom(other);
        eve.cutFrom(other);
      }
      await stage.pass(15_000);
      const disk = eve.seize();
      asks.rooms.remove(room, eve.member);
      asks.rooms.post(room, 'not for Eve, who is the only one linked');
      await stage.pass(5000);
      assert.equal(eve.said(room).length, 0);
      for (const other of others) asks.healWith(other);
      await stage.until('it is in order', () => cho.confirmed(room).length === 1);
      for (const other of others) eve.healWith(other);
      await stage.until('Eve knows', () => eve.view(room) === undefined);
      // Whoever had not the keys of that moment asks the others.
      const texts = ['not for Eve, who is the only one linked'];
      await stage.until('all can read it', () =>
        [ada, ben, cho].every((device) => texts.join() === device.confirmed(room).join()),
      );
      assert.equal((await stolen(stage, room, eve, stage.frames, disk)).size, 0);
    },
  );

  story('has left at once who was alone', { seed: 25, names: ['Ada'] }, async (stage) => {
    const ada = stage.device('Ada');
    const room = ada.rooms.create('Alone', []);
    await stage.until('it is founded', () => ada.view(room)?.keys?.state === 'in');
    ada.rooms.leave(room);
    assert.equal(ada.view(room), undefined);
  });
});
