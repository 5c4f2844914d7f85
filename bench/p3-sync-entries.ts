/** P3, entries: 100,000 signed entries of 300 bytes to an empty node, two processes over loopback; rival hypercore. */
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { down, median, pair, report, say, tempFolder, up, usageOf, type BenchNode } from './processes.ts';

const ENTRIES = Number(process.argv[2] ?? 100_000);
const ENTRY_BYTES = 300;
const BATCH = 1000;
const ROUNDS = 3;

async function fill(node: BenchNode): Promise<void> {
  for (let written = 0; written < ENTRIES; written += BATCH) {
    const entries = Array.from({ length: Math.min(BATCH, ENTRIES - written) }, () => ({
      kind: 'x-bench' as const,
      audience: 'public',
      payload: randomBytes(ENTRY_BYTES).toString('base64'),
    }));
    await node.client.call('appendEntries', { entries });
  }
}

/** @returns entries a second, from the sink's start of sync to its last entry. */
async function ours(): Promise<number> {
  const { first, second } = await pair();
  const source = await up(first);
  await fill(source);
  const sink = await up(second);
  const before = [usageOf(source.process), usageOf(sink.process)];
  const total = (await source.client.call('status', {})).entries;
  const startMs = performance.now();
  await sink.client.call('addPeer', { address: source.address });
  for (;;) {
    const { entries } = await sink.client.call('status', {});
    if (entries >= total) break;
    // Asking costs the node time, too.
    await setTimeout(20);
  }
  const seconds = (performance.now() - startMs) / 1000;
  const after = [usageOf(source.process), usageOf(sink.process)];
  const cpu = after.map((usage, index) => (usage?.cpuSeconds ?? 0) - (before[index]?.cpuSeconds ?? 0));
  say(
    `ours: ${seconds.toFixed(2)} s, processor ${cpu.map((s) => s.toFixed(2)).join(' + ')} s, sink ${mib(after[1]?.residentBytes)} MiB`,
  );
  await Promise.all([down(source), down(sink)]);
  return ENTRIES / seconds;
}

async function rival(): Promise<number> {
  const script = join(import.meta.dirname, 'rival-hypercore.ts');
  const source = spawn(
    process.execPath,
    [script, 'source', tempFolder(), String(ENTRIES), String(ENTRY_BYTES)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [offer] = (await once(createInterface({ input: source.stdout }), 'line')) as [string];
  const sink = spawn(process.execPath, [script, 'sink', tempFolder(), String(ENTRIES), offer], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [result] = (await once(createInterface({ input: sink.stdout }), 'line')) as [string];
  source.kill();
  sink.kill();
  const seconds = Number(result);
  say(`hypercore: ${seconds.toFixed(2)} s`);
  return ENTRIES / seconds;
}

function mib(bytes: number | undefined): string {
  return ((bytes ?? 0) / 2 ** 20).toFixed(0);
}

const rates: { readonly ours: number[]; readonly rival: number[] } = { ours: [], rival: [] };
for (let round = 0; round < ROUNDS; round += 1) {
  rates.ours.push(await ours());
  rates.rival.push(await rival());
}
const [mine, theirs] = [median(rates.ours), median(rates.rival)];
report({
  id: 'P3',
  what: 'entries',
  unit: 'entries/s',
  ours: Math.round(mine),
  rival: Math.round(theirs),
  ratio: Math.round((mine / theirs) * 100) / 100,
  bar: 5,
  pass: mine / theirs >= 5,
});
