/** What stories about rooms have in common. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RoomId } from '../../src/rooms/index.ts';
import type { RoomRows } from '../../src/rooms/ports.ts';
import { createMls } from '../../src/sealing/mls/index.ts';
import { readsWithDisk } from './room-spy.ts';
import { RoomStage, type Recorded, type StageDevice } from './room-stage.ts';

export function story(
  name: string,
  { seed, names }: { readonly seed: number; readonly names: readonly string[] },
  tell: (stage: RoomStage) => Promise<void>,
): void {
  it(name, async () => {
    const stage = new RoomStage(seed, names);
    try {
      await stage.startAll();
      await tell(stage);
    } catch (cause) {
      throw new Error(`with seed ${String(seed)}`, { cause });
    } finally {
      await stage.stop();
    }
  });
}

export async function say(stage: RoomStage, room: RoomId, device: StageDevice, text: string): Promise<void> {
  device.rooms.post(room, text);
  await stage.until(`${text} is confirmed`, () => device.confirmed(room).includes(text));
}

export function sameEverywhere(
  devices: readonly StageDevice[],
  room: RoomId,
  texts: readonly string[],
): void {
  const [first, ...others] = devices.map((device) => device.confirmed(room));
  assert.deepEqual([...(first ?? [])].sort(), [...texts].sort());
  for (const other of others) assert.deepEqual(other, first);
}

/** Opens all that a seized disk, as it is now or was, and recorded frames give. */
export async function stolen(
  stage: RoomStage,
  room: RoomId,
  from: StageDevice,
  frames: readonly Recorded[] = stage.frames,
  disk: RoomRows = from.seize(),
): Promise<ReadonlySet<string>> {
  // A thief believes everything.
  const authority = { certifies: () => true, refuses: () => undefined };
  const mls = await createMls({ device: from.key, seed: from.mlsSeed, authority });
  return readsWithDisk(frames, disk, room, mls);
}
