/** node test/sim/rooms/play-rooms.ts FIRST [COUNT]: plays lives of rooms and says how it went. */
import { playRoomSeed } from './room-workload.ts';

const [first = '1', count = '1'] = process.argv.slice(2);
const began = performance.now();
let [simulatedMs, steps, confirmed, failed] = [0, 0, 0, 0];
for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  try {
    const outcome = playRoomSeed(seed);
    simulatedMs += outcome.simulatedMs;
    steps += outcome.steps;
    confirmed += outcome.confirmed;
  } catch (error) {
    failed += 1;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stdout.write(`seed ${String(seed)}: ${text.slice(0, 2500)}\n`);
    if (failed > 5) break;
  }
}
const realMs = performance.now() - began;
const ratio = Math.round(simulatedMs / realMs);
const stepsPerS = Math.round((steps / realMs) * 1000);
process.stdout.write(
  `${JSON.stringify({ seeds: Number(count), failed, realMs: Math.round(realMs), simulatedMs, ratio, steps, stepsPerS, confirmed })}\n`,
);
process.exitCode = failed > 0 ? 1 : 0;
