/** P2: 200-byte letters over 20 nodes of degree 4; rival @libp2p/gossipsub, in the same run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Flooded } from './flood-shape.ts';
import { report, say } from './processes.ts';

const BARS = { rate: 10, lastNode: 1 };
const ROUNDS = 3;

async function run(script: string): Promise<Flooded> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await once(child, 'close');
  const measured = JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as Flooded;
  say(
    `${script}: ${measured.deliveriesPerCpuSecond.toFixed(0)} deliveries a CPU-second, last node ${measured.lastNodeMs.toFixed(1)} ms`,
  );
  return measured;
}

function median(all: readonly Flooded[], of: keyof Flooded): number {
  return all.map((one) => one[of]).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
}

const [ours, theirs]: [Flooded[], Flooded[]] = [[], []];
for (let round = 0; round < ROUNDS; round += 1) {
  ours.push(await run('flood-letters.ts'));
  theirs.push(await run('rival-gossipsub.ts'));
}
const rate = median(ours, 'deliveriesPerCpuSecond');
const rivalRate = median(theirs, 'deliveriesPerCpuSecond');
const lastNodeMs = median(ours, 'lastNodeMs');
const rivalLastNodeMs = median(theirs, 'lastNodeMs');
const ratio = rate / rivalRate;
report({
  id: 'P2',
  unit: 'deliveries per CPU-second',
  ours: Math.round(rate),
  rival: Math.round(rivalRate),
  ratio: Math.round(ratio * 100) / 100,
  bar: BARS.rate,
  lastNodeMs: Math.round(lastNodeMs * 10) / 10,
  rivalLastNodeMs: Math.round(rivalLastNodeMs * 10) / 10,
  lastNodeRatio: Math.round((lastNodeMs / rivalLastNodeMs) * 100) / 100,
  pass: ratio >= BARS.rate && lastNodeMs / rivalLastNodeMs <= BARS.lastNode,
});
