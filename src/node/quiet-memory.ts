/** Gives memory back to the system when there is nothing to do: a node is idle most of the time, on small machines. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Timer, Timers } from '../base/ports.ts';

const LOOK_MS = 5000;
/** Of one processor, between two looks; pulses and beacons take a fiftieth on a slow machine. */
const QUIET_SHARE = 0.1;
/** Of what was left the last time: below that a collection brings little, and takes a tenth of a second. */
const GROWN = 1.5;

export interface MemoryUse {
  /** Processor time of this process so far. */
  cpuMs(): number;
  /** What the heap holds of the system's memory, used or not. */
  heapBytes(): number;
  /** Collects what nobody refers to and hands its pages back. */
  giveBack(): void;
}

/** @returns a call that ends it. */
export function giveBackWhenQuiet(timers: Timers, use: MemoryUse): () => void {
  let timer: Timer;
  let leftBytes = 0;
  let cpuMs = use.cpuMs();
  const look = (): void => {
    const isQuiet = use.cpuMs() - cpuMs < LOOK_MS * QUIET_SHARE;
    if (isQuiet && use.heapBytes() > leftBytes * GROWN) {
      use.giveBack();
      leftBytes = use.heapBytes();
    }
    cpuMs = use.cpuMs();
    timer = timers.after(LOOK_MS, look);
  };
  timer = timers.after(LOOK_MS, look);
  return () => timer.cancel();
}

/**
 * V8 lets its heap grow with the work and keeps what it got; how much it may take can be set for a whole process only,
 * at its start, and costs a tenth of the speed in a bulk sync. Only its collection of last resort shrinks the heap.
 */
export const processMemory: MemoryUse = {
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  heapBytes: () => process.memoryUsage().heapTotal,
  giveBack: () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (how: object) => void;
    setFlagsFromString('--no-expose-gc');
    collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
  },
};

/** Of what is alive: so much more may be garbage before the whole heap is looked through. */
const BULK_GROWTH_PERCENT = 400;

/**
 * What passes through in bulk is memory beside the heap that V8 counts all the same: with a heap as small as ours it looked through all of it each 8 MiB
 * of a file, which took two fifths of the processor's time. While files move, that is done many times more rarely (150 % cost a third of the speed since the program is a bundle, whose heap is smaller still); afterwards as V8 sees fit.
 */
export function makeRoomForBulk(isBulk: boolean): void {
  setFlagsFromString(`--heap-growing-percent=${String(isBulk ? BULK_GROWTH_PERCENT : 0)}`);
}
