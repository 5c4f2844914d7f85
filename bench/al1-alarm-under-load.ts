/**
 * AL1: an alarm over five nodes, from raising to the last one having it, idle and while a bulk transfer saturates the
 * links. The bar: at most twice the idle time.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { besideIdle, crossings } from './alarm-crossing.ts';
import { down, kith, report, say, tempFolder, up, usageOf, type BenchNode } from './processes.ts';

const NODES = Number(process.argv[2] ?? 5);
const ROUNDS = Number(process.argv[3] ?? 21);
const BULK_ENTRIES = Number(process.argv[4] ?? 400_000);
const BATCH = Number(process.argv[5] ?? 200);

/** Each node dials the one before it; what else links them is what they remember of being let in. */
async function chain(): Promise<BenchNode[]> {
  const first = tempFolder();
  await kith(['init', 'bench', '--as', 'N1', '--data', first]);
  const founder = await up(first);
  const nodes = [founder];
  for (let number = 2; number <= NODES; number += 1) {
    const before = nodes.at(-1);
    if (before === undefined) throw new Error('bug: a chain has a first node');
    const folder = tempFolder();
    const { link } = await founder.client.call('invite', { role: 'member' });
    await kith(['join', String(link), '--as', `N${String(number)}`, '--data', folder]);
    nodes.push(await up(folder, ['--peer', before.address]));
  }
  return nodes;
}

function rounds(nodes: readonly BenchNode[]): Promise<number[]> {
  const [first, last] = [nodes[0], nodes.at(-1)];
  if (first === undefined || last === undefined) throw new Error('bug: no nodes');
  return crossings(first.client, last.client, ROUNDS);
}

async function entriesOf(node: BenchNode | undefined): Promise<number> {
  return node === undefined ? 0 : (await node.client.call('status', {})).entries;
}

const nodes = await chain();
const links = await Promise.all(
  nodes.map(async ({ client }) => (await client.call('status', {})).neighbours),
);
say(`neighbours: ${links.join(' ')}`);
await rounds(nodes);
const idle = await rounds(nodes);
say(`idle: ${idle.map((ms) => ms.toFixed(1)).join(' ')}`);

interface Loaded {
  /** Milliseconds, sorted. */
  readonly ms: readonly number[];
  readonly entriesPerSecond: number;
}

/** The same while a program at one of the nodes writes without a pause, and all others fetch it. */
async function whileWriting(writer: BenchNode | undefined): Promise<Loaded> {
  const writing = new AbortController();
  const ended = write(writer, writing.signal);
  const last = nodes.at(-1);
  const before = await entriesOf(last);
  while ((await entriesOf(last)) < before + 5000) await setTimeout(50);
  const [startEntries, startMs] = [await entriesOf(last), performance.now()];
  const cpuBefore = nodes.map(({ process }) => usageOf(process)?.cpuSeconds ?? 0);
  const ms = await rounds(nodes);
  const seconds = (performance.now() - startMs) / 1000;
  const entriesPerSecond = Math.round(((await entriesOf(last)) - startEntries) / seconds);
  const cpu = nodes.map(
    ({ process }, at) => ((usageOf(process)?.cpuSeconds ?? 0) - (cpuBefore[at] ?? 0)) / seconds,
  );
  writing.abort();
  await ended;
  say(`loaded: ${ms.map((one) => one.toFixed(1)).join(' ')}`);
  say(`processors: ${cpu.map((c) => c.toFixed(2)).join(' ')}; ${String(entriesPerSecond)} entries/s`);
  return { ms, entriesPerSecond };
}

async function write(writer: BenchNode | undefined, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < BULK_ENTRIES && !signal.aborted; at += BATCH) {
    const entries = Array.from({ length: BATCH }, () => ({
      kind: 'x-bench' as const,
      audience: 'public',
      payload: randomBytes(300).toString('base64'),
    }));
    await writer?.client.call('appendEntries', { entries });
  }
}

// Through the nodes that raise and hear it, and then from the one that raises it, whose program keeps it busy besides.
const passing = await whileWriting(nodes[1]);
const atSource = await whileWriting(nodes[0]);
const source = besideIdle(atSource.ms, idle);
report({
  id: 'AL1',
  unit: 'ms',
  ...besideIdle(passing.ms, idle),
  entriesPerSecond: passing.entriesPerSecond,
  atSource: source.ours,
  atSourceRatio: source.ratio,
  atSourceEntriesPerSecond: atSource.entriesPerSecond,
});
await Promise.all(nodes.map(down));
process.exit(0);
