/** Rooms with their real keys through lives at random: whoever is in reads all of it, in one order, and nobody else does. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RoomId } from '../../src/rooms/index.ts';
import { readsInClear } from './room-spy.ts';
import { RoomStage, type StageDevice } from './room-stage.ts';

/** A few seeds in `npm test`; more by hand: KITH_ROOM_LIVES=200. */
const LIVES = Number(process.env['KITH_ROOM_LIVES'] ?? 3);
const FIRST = Number(process.env['KITH_ROOM_SEED'] ?? 1);
const STEPS = 25;
/** Entries in memory with every other seed: whoever was away gets a summary, and the older pages after it. */
const FEW = 3;
const NAMES = ['Ada', 'Ben', 'Cho', 'Dia', 'Eli'];

class Life {
  readonly stage: RoomStage;
  readonly room: RoomId;
  readonly said: string[] = [];
  readonly trace: string[] = [];
  readonly backups = new Map<StageDevice, string>();

  constructor(stage: RoomStage, room: RoomId) {
    this.stage = stage;
    this.room = room;
  }

  async step(): Promise<void> {
    const { rng } = this.stage;
    const device = this.#any();
    const draw = rng.below(100);
    this.trace.push(`${String(draw)} ${device.name}`);
    if (draw < 50) this.#post(device);
    else if (draw < 65) await this.#toggle(device);
    else if (draw < 80) this.#cut(device);
    else if (draw < 87) this.#heal();
    else if (draw < 92) this.stage.skip(26 * 60 * 60 * 1000);
    else if (draw < 96) this.#backUp(device);
    else await this.#restore(device);
    await this.stage.pass(rng.below(30) * 50);
    await this.stage.linkAll();
  }

  #any(): StageDevice {
    const { devices, rng } = this.stage;
    const device = devices[rng.below(devices.length)];
    assert.ok(device !== undefined);
    return device;
  }

  #post(device: StageDevice): void {
    if (!device.isUp || device.view(this.room)?.state !== 'active') return;
    const text = `secret ${String(this.said.length)} of ${device.name}`;
    device.rooms.post(this.room, text);
    this.said.push(text);
  }

  /** A majority runs at all times: what is lost for good is lost for good. */
  async #toggle(device: StageDevice): Promise<void> {
    if (!device.isUp) await device.start();
    else if (this.stage.running.length > 3) device.crash();
  }

  #cut(device: StageDevice): void {
    for (const other of this.stage.devices)
      if (other !== device && this.stage.rng.chance(60)) device.cutFrom(other);
  }

  #heal(): void {
    const { devices } = this.stage;
    for (const one of devices) for (const other of devices) if (one !== other) one.healWith(other);
  }

  #backUp(device: StageDevice): void {
    if (this.backups.size === 0 && device.isUp) this.backups.set(device, device.backUp());
  }

  /** One device in a life: what it had told nobody yet is gone with its disk. */
  async #restore(device: StageDevice): Promise<void> {
    const backup = this.backups.get(device);
    if (backup === undefined || !device.isUp || device.said(this.room).some(({ index }) => index === null))
      return;
    this.backups.delete(device);
    device.crash();
    device.restore(backup);
    await device.start();
  }

  async rest(): Promise<void> {
    this.#heal();
    for (const device of this.stage.devices) if (!device.isUp) await device.start();
    await this.stage.linkAll();
    await this.stage.settled(this.room);
    await this.stage.until('all is readable', () =>
      this.stage.devices.every(
        (device) =>
          device.view(this.room)?.lacking === 0 &&
          !device.confirmed(this.room).some((text) => text.startsWith('sealed')),
      ),
    );
  }
}

async function live(seed: number): Promise<void> {
  const stage = new RoomStage(seed, NAMES);
  let life: Life | undefined;
  try {
    if (seed % 2 === 0) stage.keepEntries = FEW;
    await stage.startAll();
    life = new Life(stage, await stage.room());
    for (let step = 0; step < STEPS; step += 1) await life.step();
    await life.rest();
    const [first, ...others] = stage.devices.map((device) => device.confirmed(life?.room ?? ('' as RoomId)));
    assert.deepEqual([...(first ?? [])].sort(), [...life.said].sort(), 'each message once, and none is lost');
    for (const other of others) assert.deepEqual(other, first, 'one order');
    for (const text of life.said)
      assert.equal(readsInClear(stage.frames, text), false, 'nothing in the clear');
  } catch (cause) {
    throw new Error(`with seed ${String(seed)}: ${life?.trace.join(', ') ?? ''}`, { cause });
  } finally {
    await stage.stop();
  }
}

describe('sealed rooms', () => {
  it('keep what they promise, whatever happens to their devices', async (t) => {
    for (let seed = FIRST; seed < FIRST + LIVES; seed += 1) {
      await live(seed);
      t.diagnostic(`seed ${String(seed)} lived`);
    }
  });
});
