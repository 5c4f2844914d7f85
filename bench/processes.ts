/** Real nodes for the bars: `kith` processes on throwaway folders, asked over their API. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connect, type Client } from '../src/cli/client.ts';

const run = promisify(execFile);
/** What a user starts: with the cache of compiled code that it keeps. */
const MAIN = join(import.meta.dirname, '../bin/kith');

// Each node and folder ends with this process.
process.setMaxListeners(0);

export interface BenchNode {
  readonly client: Client;
  readonly data: string;
  readonly process: ChildProcess;
  /** Milliseconds from starting the process to its ready line. */
  readonly startMs: number;
  readonly address: string;
}

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-bench-'));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Runs one command to its end. @returns what it printed with --json. */
export async function kith(args: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [MAIN, ...args, '--json'], { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
}

export async function up(data: string, extra: readonly string[] = []): Promise<BenchNode> {
  const startedMs = performance.now();
  const args = [
    MAIN,
    'up',
    '--data',
    data,
    '--no-mdns',
    '--listen',
    '127.0.0.1:0',
    '--api-port',
    '0',
    '--json',
    ...extra,
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const [ready] = (await once(lines, 'line')) as [string];
  const startMs = performance.now() - startedMs;
  const { listening } = JSON.parse(ready) as { listening: string[] };
  const client = await connect(data, process.platform, '');
  return { client, data, process: child, startMs, address: listening[0] ?? '' };
}

export async function down(node: BenchNode): Promise<void> {
  const exit = once(node.process, 'exit');
  node.process.kill('SIGTERM');
  await exit;
}

/** Two folders of one network: a founder's, and one that has joined; both are down. */
export async function pair(): Promise<{ readonly first: string; readonly second: string }> {
  const [first, second] = [tempFolder(), tempFolder()];
  await kith(['init', 'bench', '--as', 'First', '--data', first]);
  const founder = await up(first);
  const { link } = await kith(['invite', '--data', first]);
  await kith(['join', String(link), '--as', 'Second', '--data', second]);
  await down(founder);
  return { first, second };
}

/** Processor seconds and resident bytes of a process, as Linux tells them; undefined elsewhere. */
export function usageOf(
  child: Pick<ChildProcess, 'pid'>,
): { readonly cpuSeconds: number; readonly residentBytes: number } | undefined {
  try {
    const stat =
      readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
    const ticks = Number(stat[11]) + Number(stat[12]);
    return { cpuSeconds: ticks / 100, residentBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024 };
  } catch {
    return undefined;
  }
}

/** Idle is who has been left alone for so long. */
const IDLE_MS = 15_000;

/** Resident bytes of an idle process and its children when they have settled: two readings alike, a second apart. */
export async function settledBytes(child: ChildProcess): Promise<number> {
  await setTimeout(IDLE_MS);
  for (let before = -1; ;) {
    const now = familyOf(child.pid ?? 0).reduce(
      (sum, pid) => sum + (usageOf({ pid })?.residentBytes ?? 0),
      0,
    );
    if (Math.abs(now - before) < 2 ** 20) return now;
    before = now;
    await setTimeout(1000);
  }
}

/** A process and all that it has started. */
export function familyOf(pid: number): number[] {
  try {
    // Each thread has children of its own.
    const tasks = readdirSync(`/proc/${String(pid)}/task`);
    const children = tasks.flatMap((task) =>
      readFileSync(`/proc/${String(pid)}/task/${task}/children`, 'utf8').split(' '),
    );
    return [pid, ...children.filter((id) => id.trim() !== '').flatMap((id) => familyOf(Number(id)))];
  } catch {
    return [pid];
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export interface Bar {
  readonly id: string;
  readonly ours: number;
  readonly rival: number | null;
  /** Ours over the rival's, or over the bar where there is no rival; for rates more is better, for costs less. */
  readonly ratio: number | null;
  readonly bar: number;
  readonly pass: boolean;
  readonly [more: string]: unknown;
}

export function report(bar: Bar): void {
  process.stdout.write(`${JSON.stringify(bar)}\n`);
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
