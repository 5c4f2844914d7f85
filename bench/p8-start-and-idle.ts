/** P8: from starting the process to API ready, cold; memory of an idle node that holds 100,000 entries of record size. */
import { randomBytes } from 'node:crypto';
import { down, kith, report, say, tempFolder, up, usageOf } from './processes.ts';

const ENTRIES = Number(process.argv[2] ?? 100_000);
const RECORD_BYTES = 600;
const STARTS = 7;
const BAR = { startMs: 1500, idleMib: 150 };

const data = tempFolder();
await kith(['init', 'bench', '--as', 'First', '--data', data]);
const node = await up(data);
for (let at = 0; at < ENTRIES; at += 1000) {
  const entries = Array.from({ length: 1000 }, () => ({
    kind: 'x-bench' as const,
    audience: 'members',
    payload: randomBytes(RECORD_BYTES).toString('base64'),
  }));
  await node.client.call('appendEntries', { entries });
}
await down(node);

const starts: number[] = [];
let idleBytes = 0;
for (let round = 0; round < STARTS; round += 1) {
  const started = await up(data);
  starts.push(started.startMs);
  // Idle is when the heap has settled: two readings alike, a second apart.
  for (let before = -1; ;) {
    const now = usageOf(started.process)?.residentBytes ?? 0;
    if (Math.abs(now - before) < 2 ** 20) {
      idleBytes = Math.max(idleBytes, now);
      break;
    }
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await down(started);
}
const startMs = [...starts].sort((a, b) => a - b)[Math.floor(STARTS / 2)] ?? 0;
const idleMib = idleBytes / 2 ** 20;
say(
  `starts: ${starts.map((ms) => ms.toFixed(0)).join(' ')} ms; idle ${idleMib.toFixed(0)} MiB with ${String(ENTRIES)} entries`,
);
report({
  id: 'P8',
  unit: 'ms to API ready',
  ours: Math.round(startMs),
  rival: null,
  ratio: Math.round((startMs / BAR.startMs) * 100) / 100,
  bar: BAR.startMs,
  idleMib: Math.round(idleMib),
  idleBarMib: BAR.idleMib,
  pass: startMs <= BAR.startMs && idleMib <= BAR.idleMib,
});
