/** P5: 256 MiB from one seeder to 8 nodes, until all have it, checked. Without its rival yet: transmission needs namespaces of its own. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { kith, report, say, tempFolder, up, usageOf, type BenchNode } from './processes.ts';

const NODES = Number(process.argv[3] ?? 8);
const SIZE_BYTES = Number(process.argv[2] ?? 256) * 1024 * 1024;

const files = tempFolder();
const path = join(files, 'large');
for (let at = 0; at < SIZE_BYTES; at += 64 * 1024 * 1024)
  writeFileSync(path, randomBytes(Math.min(64 * 1024 * 1024, SIZE_BYTES - at)), { flag: 'a' });

const seeder = tempFolder();
await kith(['init', 'bench', '--as', 'Seeder', '--data', seeder]);
const first = await up(seeder);
const others: BenchNode[] = [];
for (let at = 0; at < NODES; at += 1) {
  const { link } = await kith(['invite', '--data', seeder]);
  const data = tempFolder();
  await kith(['join', String(link), '--as', `Node ${String(at + 1)}`, '--data', data]);
  others.push(await up(data, ['--peer', first.address]));
}
say(`${String(NODES + 1)} nodes are up`);
const startedMs = performance.now();
let version = '';
for await (const step of first.client.lines('sendFile', { path, all: true }))
  if (step.step === 'done') ({ version } = step);
const offerMs = performance.now() - startedMs;
await Promise.all(others.map((node) => known(node)));

const before = cpuSeconds();
const fetchMs = performance.now();
const each = await Promise.all(others.map((node, at) => fetched(node, at)));
const allMs = performance.now() - fetchMs;
const cpu = cpuSeconds() - before;
const memory = Math.max(
  ...[first, ...others].map(({ process: child }) => usageOf(child)?.residentBytes ?? 0),
);
say(`offered in ${offerMs.toFixed(0)} ms; each after ${each.map((ms) => ms.toFixed(0)).join(' ')} ms`);
report({
  id: 'P5',
  unit: 's until all have it',
  ours: Math.round(allMs) / 1000,
  rival: null,
  ratio: null,
  bar: 1,
  cpuSeconds: Math.round(cpu * 10) / 10,
  mostResidentMib: Math.round(memory / 2 ** 20),
  nodes: NODES,
  mib: SIZE_BYTES / 2 ** 20,
  pass: false,
});
process.exit(0);

async function known({ client }: BenchNode): Promise<void> {
  for (;;) {
    const page = await client.call('files', {});
    if (page.files.some((file) => file.version === version)) return;
    await setTimeout(100);
  }
}

async function fetched({ client }: BenchNode, at: number): Promise<number> {
  const steps = client.lines('getFile', { name: 'large', path: join(files, `got ${String(at)}`) });
  for await (const step of steps) if (step.step === 'done') return performance.now() - fetchMs;
  throw new Error('it did not come');
}

function cpuSeconds(): number {
  return [first, ...others].reduce((sum, { process: child }) => sum + (usageOf(child)?.cpuSeconds ?? 0), 0);
}
