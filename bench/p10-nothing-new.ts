/** P10: two nodes that both hold 1,000,000 entries meet again: bytes on the sync channel, and time until they know it. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { down, pair, report, say, up } from './processes.ts';

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const BATCH = 1000;
const BAR = { bytes: 100 * 1024, ms: 1000 };

const { first, second } = await pair();
const source = await up(first);
for (let at = 0; at < ENTRIES; at += BATCH) {
  const entries = Array.from({ length: BATCH }, () => ({
    kind: 'x-bench' as const,
    audience: 'public',
    payload: randomBytes(64).toString('base64'),
  }));
  await source.client.call('appendEntries', { entries });
}
const filler = await up(second, ['--peer', source.address]);
const { entries: total } = await source.client.call('status', {});
while ((await filler.client.call('status', {})).entries < total) await setTimeout(100);
await down(filler);

const watching = new AbortController();
const frames = source.client.lines('log', { net: true, follow: true, lines: 0 }, watching.signal);
let bytes = 0;
let seen = 0;
let metMs: number | undefined;
const counting = (async () => {
  for await (const line of frames) {
    if (line.source !== 'frame') continue;
    // The two know each other, so the one that starts dials by itself: its first frame says that the link stands.
    metMs ??= performance.now();
    if (line.fields['channel'] !== '/kith/1/sync') continue;
    bytes += Number(line.fields['sizeBytes']);
    seen += 1;
  }
})();
const sink = await up(second, ['--peer', source.address]);
// A link that has not begun to compare yet knows of nothing missing, either: both hellos have to have gone by.
const HELLOS = 2;
while (seen < HELLOS || !(await sink.client.call('status', {})).inStep) await setTimeout(1);
const ms = performance.now() - (metMs ?? 0);
// What still travels after both know: give it a second, then count.
await setTimeout(1000);
say(`${String(total)} entries each, ${String(seen)} frames: ${String(bytes)} bytes, ${ms.toFixed(0)} ms`);
report({
  id: 'P10',
  unit: 'bytes',
  ours: bytes,
  rival: null,
  ratio: Math.round((bytes / BAR.bytes) * 1000) / 1000,
  bar: BAR.bytes,
  ms: Math.round(ms),
  barMs: BAR.ms,
  pass: bytes <= BAR.bytes && ms <= BAR.ms,
});
await Promise.all([down(sink), down(source)]);
void counting;
process.exit(0);
