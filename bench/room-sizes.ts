/**
 * What a room of many costs: real services, keys and stores, over links in memory of 1 to 8 ms, in simulated time. Not a bar
 * with a rival: `node bench/room-sizes.ts 20 50`.
 */
import { setImmediate as turn, setTimeout } from 'node:timers/promises';
import { MOST_VOTERS } from '../src/rooms/consensus/core-steward.ts';
import type { RoomId } from '../src/rooms/index.ts';
import { RoomStage, type StageDevice } from '../test/scenarios/room-stage.ts';
import { median, say } from './processes.ts';

const MESSAGES = 20;
/** Until nothing is said more seldom any more. */
const QUIET_MS = 30_000;
const IDLE_MS = 30_000;
const PATIENCE_MS = 60_000;
const STEP_MS = 50;
const REAL_MS = 10;
const TEXT = 'x'.repeat(100);

function bytesOf(stage: RoomStage): number {
  return stage.frames.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}

/** In simulated milliseconds. */
async function commit(stage: RoomStage, room: RoomId, author: StageDevice): Promise<number> {
  const beganMs = stage.timers.nowMs;
  const { id } = author.rooms.post(room, TEXT);
  const state = { isOver: false };
  author.rooms.room(room)?.whenConfirmed(id, () => {
    state.isOver = true;
  });
  while (!state.isOver) {
    if (stage.timers.nowMs - beganMs > PATIENCE_MS) throw new Error('never confirmed');
    stage.timers.advance(1);
    await turn();
  }
  return stage.timers.nowMs - beganMs;
}

/** Group keys take real time, so simulated time must not run ahead of it. */
async function form(stage: RoomStage): Promise<RoomId> {
  const [founder, ...others] = stage.devices;
  if (founder === undefined) throw new Error('a room has somebody in it');
  const room = founder.rooms.create(
    'Sized',
    others.map(({ member }) => member),
  );
  const voters = Math.min(MOST_VOTERS, stage.devices.length);
  const isReady = (): boolean => {
    const views = stage.devices.map((device) => device.view(room));
    const epochs = new Set(views.map((view) => view?.keys?.epoch));
    return (
      epochs.size === 1 && views.every((view) => view?.keys?.state === 'in' && view.voters.length === voters)
    );
  };
  while (!isReady()) {
    for (const device of others) if (device.view(room)?.state === 'invited') device.rooms.accept(room);
    stage.frames.length = 0;
    stage.timers.advance(STEP_MS);
    await setTimeout(REAL_MS);
  }
  return room;
}

async function measure(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, at) => `Member ${String(at + 1)}`);
  const stage = new RoomStage(1, names);
  try {
    await stage.startAll();
    const [formingMs, formingCpu] = [stage.timers.nowMs, process.cpuUsage()];
    const room = await form(stage);
    const [formedMs, formedCpu] = [stage.timers.nowMs - formingMs, process.cpuUsage(formingCpu)];
    await stage.pass(QUIET_MS);
    stage.frames.length = 0;
    await stage.pass(IDLE_MS);
    const idlePerMs = bytesOf(stage) / IDLE_MS;
    stage.frames.length = 0;
    const beganMs = stage.timers.nowMs;
    const cpu = process.cpuUsage();
    const took: number[] = [];
    for (let at = 0; at < MESSAGES; at += 1) {
      const author = stage.devices[(at * 7 + 1) % count];
      if (author !== undefined) took.push(await commit(stage, room, author));
    }
    await stage.pass(500);
    const { user, system } = process.cpuUsage(cpu);
    const bytes = bytesOf(stage) - idlePerMs * (stage.timers.nowMs - beganMs);
    const figures = {
      members: count,
      formedS: formedMs / 1000,
      formedCpuS: Math.round((formedCpu.user + formedCpu.system) / 1e6),
      commitMs: median(took),
      bytesPerMessage: Math.round(bytes / MESSAGES),
      bytesPerMessageAndMember: Math.round(bytes / MESSAGES / (count - 1)),
      idleBytesPerMemberAndSecond: Math.round((idlePerMs * 1000) / count),
      cpuMsPerMessageAndMember: Number(((user + system) / 1000 / MESSAGES / count).toFixed(2)),
    };
    console.log(JSON.stringify(figures));
  } finally {
    await stage.stop();
  }
}

for (const size of process.argv.slice(2).map(Number)) {
  say(`a room of ${String(size)} …`);
  await measure(size);
}
