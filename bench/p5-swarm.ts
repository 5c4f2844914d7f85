/**
 * P5: 256 MiB from one seeder to 8 nodes, until all have it, checked; beside transmission, in the same nine network
 * namespaces on one bridge. `npm run bench -- P5 [MIB [NODES]]`
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Lan, type Machine } from '../scripts/nodes/lan.ts';
import { NodeProcess } from '../scripts/nodes/node-process.ts';
import { round } from './folder-sides.ts';
import { familyOf, report, say, tempFolder, usageOf } from './processes.ts';
import { transmissionSwarm } from './rival-transmission.ts';

const MIB = Number(process.argv[2] ?? 256);
const NODES = Number(process.argv[3] ?? 8);
const BLOCK_MIB = 64;
const LOOK_MS = 500;

interface Taken {
  readonly seconds: number;
  readonly each: readonly number[];
  readonly cpuSeconds: number;
  /** Of the one that took most. */
  readonly residentMib: number;
}

const lan = Lan.isPossible() ? new Lan() : undefined;
const machines = Array.from({ length: NODES + 1 }, () => lan?.machine());
const files = tempFolder();
const path = join(files, 'large');
for (let at = 0; at < MIB; at += BLOCK_MIB)
  writeFileSync(path, randomBytes(Math.min(BLOCK_MIB, MIB - at) * 2 ** 20), { flag: 'a' });

const ours = await kithSwarm();
say(`kith: ${JSON.stringify(ours)}`);
const rival = await rivalSwarm();
say(`transmission: ${JSON.stringify(rival ?? null)}`);
const ratio = rival === undefined ? null : round(ours.seconds / rival.seconds, 2);
report({
  id: 'P5',
  unit: 's until all have it',
  ours: ours.seconds,
  rival: rival?.seconds ?? null,
  ratio,
  bar: 1,
  cpuSeconds: ours.cpuSeconds,
  rivalCpuSeconds: rival?.cpuSeconds ?? null,
  mostResidentMib: ours.residentMib,
  rivalMostResidentMib: rival?.residentMib ?? null,
  nodes: NODES,
  mib: MIB,
  pass: ratio !== null && ratio <= 1,
});
process.exit(0);

async function kithSwarm(): Promise<Taken> {
  const [first, ...others] = await network();
  if (first === undefined) throw new Error('nobody is there');
  const version = await offered(first);
  await Promise.all(others.map((node) => known(node, version)));
  const taken = await measured([first, ...others], async () => {
    const startedMs = performance.now();
    return Promise.all(others.map((node, at) => fetched(node, at, startedMs)));
  });
  await Promise.all([first, ...others].map((node) => node.kill()));
  return taken;
}

async function network(): Promise<NodeProcess[]> {
  const nodes = machines.map((machine, at) => nodeOn(machine, at));
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('nobody is there');
  await first.up(listening(machines[0]));
  await first.call('found', { network: 'Bench', name: first.name });
  const peer = (await first.call('status', {})).listening[0] ?? '';
  for (const [at, node] of others.entries()) {
    await node.up([...listening(machines[at + 1]), '--peer', peer]);
    const { link } = await first.call('invite', { role: 'member' });
    const steps = node.client.lines('join', { invitation: link ?? '', name: node.name });
    for await (const step of steps) if (step.step === 'joined') break;
  }
  say(`${String(nodes.length)} nodes are up`);
  return nodes;
}

function nodeOn(machine: Machine | undefined, at: number): NodeProcess {
  const node = new NodeProcess({
    name: `Node ${String(at)}`,
    data: tempFolder(),
    ...(machine === undefined ? {} : { under: machine.under }),
  });
  return node;
}

function listening(machine: Machine | undefined): string[] {
  return ['--no-mdns', '--listen', `${machine?.address ?? '127.0.0.1'}:0`];
}

async function offered(node: NodeProcess): Promise<string> {
  for await (const step of node.client.lines('sendFile', { path, all: true }))
    if (step.step === 'done') return step.version;
  throw new Error('it was not offered');
}

async function known(node: NodeProcess, version: string): Promise<void> {
  const isKnown = async (): Promise<boolean> =>
    (await node.call('files', {})).files.some((file) => file.version === version);
  while (!(await isKnown())) await setTimeout(LOOK_MS);
}

async function fetched(node: NodeProcess, at: number, startedMs: number): Promise<number> {
  const steps = node.client.lines('getFile', { name: 'large', path: join(files, `got ${String(at)}`) });
  for await (const step of steps) if (step.step === 'done') return performance.now() - startedMs;
  throw new Error('it did not come');
}

async function rivalSwarm(): Promise<Taken | undefined> {
  const places = machines.flatMap((machine) => (machine === undefined ? [] : [machine]));
  if (places.length < machines.length) {
    say('THE RIVAL IS ABSENT: it refuses loopback, and this machine allows no network namespaces');
    return undefined;
  }
  const swarm = await transmissionSwarm(places, path);
  if (swarm === undefined) return undefined;
  return measured(
    swarm.pids.map((pid) => ({ pid })),
    () => swarm.fetch(),
  );
}

async function measured(
  who: readonly { readonly pid: number }[],
  run: () => Promise<readonly number[]>,
): Promise<Taken> {
  const usages = (): readonly { cpuSeconds: number; residentBytes: number }[] =>
    who.flatMap(({ pid }) => familyOf(pid)).flatMap((pid) => usageOf({ pid }) ?? []);
  const cpu = (): number => usages().reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  const before = cpu();
  const each = await run();
  return {
    seconds: round(Math.max(...each) / 1000, 2),
    each: each.map((ms) => round(ms / 1000, 1)),
    cpuSeconds: round(cpu() - before, 1),
    residentMib: Math.round(Math.max(...usages().map(({ residentBytes }) => residentBytes)) / 2 ** 20),
  };
}
