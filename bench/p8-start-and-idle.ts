/** P8: from starting the process to API ready, cold; memory of an idle node that holds 100,000 entries of record size. */
import { randomBytes } from 'node:crypto';
import { down, kith, median, report, say, settledBytes, tempFolder, up } from './processes.ts';
import { startSyncthing } from './rival-syncthing.ts';

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
  idleBytes = Math.max(idleBytes, await settledBytes(started.process));
  await down(started);
}
const rival = await startSyncthing(STARTS);
const startMs = median(starts);
const rivalMs = rival === undefined ? null : median(rival.startMs);
const idleMib = idleBytes / 2 ** 20;
say(`ours: ${list(starts)} ms; idle ${idleMib.toFixed(0)} MiB with ${String(ENTRIES)} entries`);
if (rival !== undefined)
  say(
    `syncthing: ${list(rival.startMs)} ms; idle ${(rival.idleBytes / 2 ** 20).toFixed(0)} MiB, without a folder`,
  );
report({
  id: 'P8',
  unit: 'ms to API ready',
  ours: Math.round(startMs),
  rival: rivalMs === null ? null : Math.round(rivalMs),
  ratio: Math.round((startMs / (rivalMs ?? BAR.startMs)) * 100) / 100,
  bar: BAR.startMs,
  idleMib: Math.round(idleMib),
  idleBarMib: BAR.idleMib,
  rivalIdleMib: rival === undefined ? null : Math.round(rival.idleBytes / 2 ** 20),
  pass: startMs <= BAR.startMs && idleMib <= BAR.idleMib,
});
process.exit(0);

function list(ms: readonly number[]): string {
  return ms.map((one) => one.toFixed(0)).join(' ');
}
