/** Rooms with their real keys: who reads what, through crashes, other hosts, removals and backups. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { decodeFrame } from '../../src/rooms/wire.ts';
import type { StageDevice } from './room-stage.ts';
import { commandsIn, readsInClear } from './room-spy.ts';
import { sameEverywhere, say, stolen, story } from './room-tales.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** In three seconds, of one message: heights are compared once a second, and each may bring it once. */
const MOST_SAID = 6;
const THREE = ['Ada', 'Ben', 'Cho'];

describe('a sealed room', () => {
  story(
    'is read by all who are in, and by nobody who has the frames',
    { seed: 1, names: THREE },
    async (stage) => {
      const room = await stage.room();
      const texts = stage.devices.map(({ name }) => `a secret of ${name}`);
      for (const [at, device] of stage.devices.entries()) device.rooms.post(room, texts[at] ?? '');
      await stage.settled(room);
      sameEverywhere(stage.devices, room, texts);
      for (const text of texts) assert.equal(readsInClear(stage.frames, text), false);
      assert.ok(commandsIn(stage.frames).length > texts.length);
    },
  );

  story('is not told without end what is in order already', { seed: 8, names: THREE }, async (stage) => {
    const room = await stage.room();
    const host = stage.host(room);
    const [near, far] = stage.devices.filter((device) => device !== host) as [StageDevice, StageDevice];
    far.cutFrom(host);
    far.rooms.post(room, 'by way of the one between');
    await stage.until('it is in order there', () => near.confirmed(room).length === 1);
    far.cutFrom(near);
    far.healWith(near);
    await stage.linkAll();
    const before = stage.frames.length;
    await stage.pass(3000);
    const said = stage.frames.slice(before).filter(({ bytes }) => decodeFrame(bytes).frame.type === 'said');
    assert.ok(said.length <= MOST_SAID, String(said.length));
    far.healWith(host);
    await stage.settled(room);
    sameEverywhere(stage.devices, room, ['by way of the one between']);
  });

  story('shows newcomers what was said before', { seed: 2, names: [...THREE, 'Dia'] }, async (stage) => {
    const dia = stage.device('Dia');
    dia.crash();
    const room = await stage.room();
    const ada = stage.device('Ada');
    for (const text of ['one', 'two', 'three']) await say(stage, room, ada, text);
    await dia.start();
    await stage.add(room, ada, dia);
    await stage.settled(room);
    await stage.until('Dia reads all', () => !dia.confirmed(room).some((text) => text.startsWith('sealed')));
    await say(stage, room, dia, 'four');
    await stage.settled(room);
    sameEverywhere(stage.devices, room, ['one', 'two', 'three', 'four']);
  });

  story(
    'is closed to whoever was removed before the next word',
    { seed: 3, names: [...THREE, 'Eve'] },
    async (stage) => {
      const room = await stage.room();
      const [ada, ben, cho, eve] = ['Ada', 'Ben', 'Cho', 'Eve'].map((name) => stage.device(name)) as [
        StageDevice,
        StageDevice,
        StageDevice,
        StageDevice,
      ];
      await say(stage, room, ada, 'Eve may read this');
      await stage.settled(room);
      const inside = [ada, ben, cho];
      // Whoever hears that it is out forgets its keys: the thief came before.
      const disk = eve.seize();
      stage.host(room).rooms.remove(room, eve.member);
      for (const device of inside) device.rooms.post(room, `not for Eve, says ${device.name}`);
      await stage.until('Eve is out', () => ada.view(room)?.voters.length === 3);
      // What was said in the same moment, by who had not heard yet, reached Eve at most under the old keys.
      await stage.settled(room, inside);
      await say(stage, room, ben, 'this is for three');
      await stage.settled(room, inside);
      const read = await stolen(stage, room, eve, stage.frames, disk);
      assert.ok(read.has('Eve may read this'), 'the thief knows how to read');
      assert.equal(read.has('this is for three'), false);
      const ours = await stolen(stage, room, ada);
      assert.ok(ours.has('this is for three'));
      for (const device of inside) assert.equal(device.confirmed(room).length, 5);
      sameEverywhere(inside, room, [
        'Eve may read this',
        ...inside.map(({ name }) => `not for Eve, says ${name}`),
        'this is for three',
      ]);
    },
  );

  story(
    'seals anew what waited with somebody who had not heard of a removal',
    { seed: 4, names: [...THREE, 'Dia', 'Eve'] },
    async (stage) => {
      const room = await stage.room();
      const [eve, cho] = [stage.device('Eve'), stage.device('Cho')];
      await say(stage, room, cho, 'before');
      for (const other of stage.devices) if (other !== cho) cho.cutFrom(other);
      await stage.pass(5000);
      cho.rooms.post(room, 'written while away');
      const disk = eve.seize();
      stage.host(room).rooms.remove(room, eve.member);
      const ada = stage.device('Ada');
      await stage.until('Eve is out', () => ada.view(room)?.voters.length === 4);
      await say(stage, room, ada, 'meanwhile');
      const inside = stage.devices.filter((device) => device !== eve);
      // Linked with Eve it would honour her until it hears: that is in docs/THREATS.md. Eve has the frames all the same.
      for (const other of inside) if (other !== cho) cho.healWith(other);
      await stage.settled(room, inside);
      sameEverywhere(inside, room, ['before', 'meanwhile', 'written while away']);
      // What Cho said at once, to three who are in, was under the keys that it had; the order has it under others.
      const ordered = stage.frames.filter(({ bytes }) => decodeFrame(bytes).frame.type === 'core');
      const read = await stolen(stage, room, eve, ordered, disk);
      assert.deepEqual([...read].sort(), ['before']);
    },
  );

  story(
    'goes on when hosts die in the middle of a change of keys',
    { seed: 5, names: [...THREE, 'Dia', 'Eve'] },
    async (stage) => {
      const room = await stage.room();
      const eve = stage.device('Eve');
      await say(stage, room, stage.device('Ada'), 'before');
      const host = stage.host(room) === eve ? stage.device('Ada') : stage.host(room);
      host.rooms.remove(room, eve.member);
      await stage.pass(stage.rng.below(4) * 50);
      host.crash();
      const rest = stage.devices.filter((device) => device !== eve && device !== host);
      for (const device of rest) device.rooms.post(room, `without a host, ${device.name}`);
      await stage.until('others go on', () => rest.every((device) => device.confirmed(room).length === 4));
      await host.start();
      await stage.linkAll();
      // Whoever was away knows no more than when it went.
      const isOut = rest[0]?.view(room)?.voters.some((one) => one.startsWith(eve.key)) === false;
      const inside = isOut ? [...rest, host] : stage.devices;
      await stage.settled(room, inside);
      sameEverywhere(inside, room, ['before', ...rest.map(({ name }) => `without a host, ${name}`)]);
    },
  );

  story(
    'takes back who was restored from a backup, as a new leaf',
    { seed: 6, names: THREE },
    async (stage) => {
      const room = await stage.room();
      const [ada, ben] = [stage.device('Ada'), stage.device('Ben')];
      await say(stage, room, ben, 'before the backup');
      const backup = ben.backUp();
      await say(stage, room, ben, 'after the backup');
      ben.crash();
      await say(stage, room, ada, 'without Ben');
      ben.restore(backup);
      await ben.start();
      await stage.linkAll();
      await stage.settled(room);
      await stage.until(
        'Ben reads all',
        () => !ben.confirmed(room).some((text) => text.startsWith('sealed')),
      );
      await say(stage, room, ben, 'back');
      await stage.settled(room);
      sameEverywhere(stage.devices, room, ['before the backup', 'after the backup', 'without Ben', 'back']);
    },
  );

  story('renews its keys daily, and forgets the old ones', { seed: 7, names: THREE }, async (stage) => {
    const room = await stage.room();
    const ada = stage.device('Ada');
    await say(stage, room, ada, 'on the first day');
    const first = ada.view(room)?.keys?.epoch ?? 0;
    for (let day = 1; day <= 6; day += 1) {
      stage.skip(DAY_MS);
      await stage.until('keys are new', () =>
        stage.running.every((one) => one.view(room)?.keys?.epoch === first + day),
      );
    }
    await stage.settled(room);
    for (const device of stage.devices) assert.deepEqual(device.confirmed(room), ['on the first day']);
    assert.ok(ada.epochsHeld(room).every((epoch) => epoch > first));
    const cho = stage.device('Cho');
    cho.crash();
    await cho.start();
    assert.deepEqual(cho.confirmed(room), ['on the first day']);
  });

  story('keeps what is written before there are keys', { seed: 8, names: ['Ada'] }, async (stage) => {
    const ada = stage.device('Ada');
    const room = ada.rooms.create('Alone', []);
    const posted = ada.rooms.post(room, 'to nobody');
    assert.deepEqual([posted.text, posted.index], ['to nobody', null]);
    await stage.until('it is confirmed', () => ada.confirmed(room).includes('to nobody'));
  });

  story('puts out whose device was revoked', { seed: 9, names: [...THREE, 'Eve'] }, async (stage) => {
    const room = await stage.room();
    const eve = stage.device('Eve');
    const inside = stage.devices.filter((device) => device !== eve);
    eve.isRevoked = true;
    await stage.until('Eve is out', () =>
      inside.every(
        (device) => device.view(room)?.voters.length === 3 && device.view(room)?.keys?.differing.length === 0,
      ),
    );
    await stage.until('keys are clean', () => inside.every((device) => device.epochsHeld(room).length === 1));
    await say(stage, room, stage.device('Ben'), 'after Eve');
    const read = await stolen(stage, room, eve);
    assert.equal(read.has('after Eve'), false);
  });
});
