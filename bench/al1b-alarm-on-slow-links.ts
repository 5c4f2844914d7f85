/**
 * AL1 where links are what is scarce, as on a camp's Wi-Fi: five machines in a row, each sees the next over a link of
 * 10 Mbit/s, and a file goes from the first to all. `npm run bench -- AL1b [NODES [ROUNDS [MIB]]]`
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { Lan, type Machine } from '../scripts/nodes/lan.ts';
import { NodeProcess } from '../scripts/nodes/node-process.ts';
import { besideIdle, crossings, tenths } from './alarm-crossing.ts';
import { report, say, tempFolder, usageOf } from './processes.ts';

const NODES = Number(process.argv[2] ?? 5);
const ROUNDS = Number(process.argv[3] ?? 21);
const MIB = Number(process.argv[4] ?? 40);
const BYTES_PER_SECOND = 1_250_000;
const ONE_WAY_MS = 2;
const PORT = 7001;
const LOOK_MS = 200;

if (!Lan.isPossible()) throw new Error('this needs Linux and root, for network namespaces');
const lan = new Lan();
const carrier = lan.machine();
const machines = Array.from({ length: NODES }, () => lan.machine());
const links = await layLinks();
const nodes = await network();
const [first, last] = [nodes[0], nodes.at(-1)];
if (first === undefined || last === undefined) throw new Error('bug: no nodes');

say(`neighbours: ${(await stateOf(nodes)).join(' ')}`);
await crossings(first.client, last.client, 5);
const idle = await crossings(first.client, last.client, ROUNDS);
say(`idle: ${idle.map(tenths).join(' ')}`);
const { ms, linkShare, processors } = await whileFetching();
say(`loaded: ${ms.map(tenths).join(' ')}`);
report({ id: 'AL1b', unit: 'ms', ...besideIdle(ms, idle), linkShare, processors, nodes: NODES });
await Promise.all(nodes.map((node) => node.kill()));
process.exit(0);

interface Links {
  readonly ports: readonly number[];
  carriedBytes(): Promise<readonly number[]>;
}

/** Each machine but the first has one to the machine before it. */
async function layLinks(): Promise<Links> {
  const places = machines.slice(0, -1).map(({ address }) => `${address}:${String(PORT)}`);
  const script = join(import.meta.dirname, 'slow-links.ts');
  const [program, ...before] = carrier.under;
  if (program === undefined) throw new Error('bug: a machine runs things under a command');
  const args = [process.execPath, script, String(BYTES_PER_SECOND), String(ONE_WAY_MS), ...places];
  const child = spawn(program, [...before, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const next = async (): Promise<number[]> => {
    const [line] = (await once(lines, 'line')) as [string];
    return JSON.parse(line) as number[];
  };
  const ports = await next();
  return {
    ports,
    carriedBytes: () => {
      const answer = next();
      child.stdin.write('how much\n');
      return answer;
    },
  };
}

async function network(): Promise<NodeProcess[]> {
  const all = machines.map(
    (machine, at) =>
      new NodeProcess({ name: `N${String(at + 1)}`, data: tempFolder(), under: machine.under }),
  );
  const [founder, ...others] = all;
  if (founder === undefined) throw new Error('nobody is there');
  await founder.up(listening(machines[0]));
  await founder.call('found', { network: 'Bench', name: founder.name });
  for (const [at, node] of others.entries()) {
    await node.up(listening(machines[at + 1]));
    const { link } = await founder.call('invite', { role: 'member' });
    const steps = node.client.lines('join', { invitation: link ?? '', name: node.name });
    for await (const step of steps) if (step.step === 'joined') break;
  }
  for (const node of all) await node.kill();
  // From now on nobody is reached but over the slow link.
  for (const machine of machines)
    for (const other of machines)
      if (other !== machine) machine.run('ip', 'route', 'add', 'blackhole', other.address);
  for (const [at, node] of all.entries())
    await node.up([...listening(machines[at]), ...(at === 0 ? [] : ['--peer', slowAddress(at - 1)])]);
  while ((await stateOf(all)).some((neighbours) => neighbours === 0)) await setTimeout(LOOK_MS);
  return all;
}

function stateOf(all: readonly NodeProcess[]): Promise<number[]> {
  return Promise.all(all.map(async (node) => (await node.call('status', {})).neighbours));
}

function listening(machine: Machine | undefined): string[] {
  return ['--no-mdns', '--listen', `${machine?.address ?? ''}:${String(PORT)}`];
}

function slowAddress(at: number): string {
  return `${carrier.address}:${String(links.ports[at] ?? 0)}`;
}

interface Loaded {
  readonly ms: readonly number[];
  /** Part of what each link could have carried towards the last node. */
  readonly linkShare: readonly number[];
  /** That each node was busy with. */
  readonly processors: readonly number[];
}

async function whileFetching(): Promise<Loaded> {
  const folder = tempFolder();
  const path = join(folder, 'large');
  writeFileSync(path, randomBytes(MIB * 2 ** 20));
  if (first === undefined || last === undefined) throw new Error('bug: no nodes');
  for await (const step of first.client.lines('sendFile', { path, all: true }))
    if (step.step === 'done') break;
  // They are still at it when the nodes end.
  for (const [at, node] of nodes.slice(1).entries())
    fetching(node, join(folder, `got ${String(at)}`)).catch(() => undefined);
  const before = await links.carriedBytes();
  const isFlowing = async (): Promise<boolean> =>
    (await links.carriedBytes()).every((bytes, at) => bytes - (before[at] ?? 0) > 2 * BYTES_PER_SECOND);
  while (!(await isFlowing())) await setTimeout(LOOK_MS);
  const [startMs, startBytes] = [performance.now(), await links.carriedBytes()];
  const startCpu = nodes.map(({ pid }) => usageOf({ pid })?.cpuSeconds ?? 0);
  const ms = await crossings(first.client, last.client, ROUNDS);
  const seconds = (performance.now() - startMs) / 1000;
  const endBytes = await links.carriedBytes();
  const hundredths = (value: number): number => Math.round(value * 100) / 100;
  return {
    ms,
    linkShare: endBytes.map((bytes, at) =>
      hundredths((bytes - (startBytes[at] ?? 0)) / seconds / BYTES_PER_SECOND),
    ),
    processors: nodes.map(({ pid }, at) =>
      hundredths(((usageOf({ pid })?.cpuSeconds ?? 0) - (startCpu[at] ?? 0)) / seconds),
    ),
  };
}

async function fetching(node: NodeProcess, path: string): Promise<void> {
  const isKnown = async (): Promise<boolean> =>
    (await node.call('files', {})).files.some((file) => file.path === 'large');
  while (!(await isKnown())) await setTimeout(LOOK_MS);
  for await (const step of node.client.lines('getFile', { name: 'large', path }))
    if (step.step === 'done') return;
}
