/** node test/sim/play.ts FIRST [COUNT]: plays seeds and says how it went. For the bench, for the night and for hunting. */
import { traceOf } from './trace.ts';
import type { World } from './world.ts';
import { playSeed } from './workload.ts';

const [first = '1', count = '1', trace] = process.argv.slice(2);
/** A third argument traces what passes after so many simulated milliseconds. */
function tracing(world: World): void {
  world.network.onDeliver = (from, to, frame) => {
    if (world.timers.nowMs < Number(trace)) return;
    process.stdout.write(`${String(world.timers.nowMs)} ${traceOf(world, from, to, frame)}\n`);
  };
}

const began = performance.now();
let [simulatedMs, events, frames, failed] = [0, 0, 0, 0];
for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  try {
    const outcome = playSeed(seed, trace === undefined ? undefined : tracing);
    simulatedMs += outcome.simulatedMs;
    events += outcome.events;
    frames += outcome.frames;
  } catch (error) {
    failed += 1;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stdout.write(`seed ${String(seed)}: ${text.slice(0, 1500)}\n`);
  }
}
const realMs = performance.now() - began;
const ratio = Math.round(simulatedMs / realMs);
process.stdout.write(
  `${JSON.stringify({ seeds: Number(count), failed, realMs: Math.round(realMs), simulatedMs, ratio, events, frames })}\n`,
);
process.exitCode = failed > 0 ? 1 : 0;
