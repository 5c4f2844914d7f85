/** Two folders kept in step on this machine, by kith and by its rival, for the bars of P4: the same files, one after the other. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { down, familyOf, kith, pair, say, tempFolder, up, usageOf } from './processes.ts';
import { syncthingPair } from './rival-syncthing.ts';

export interface Side {
  readonly name: 'kith' | 'syncthing';
  /** Where the bar writes, and where it has to appear. */
  readonly from: string;
  readonly to: string;
  readonly pids: readonly [number, number];
  /** Of both processes together, as of now. */
  usage(): { readonly cpuSeconds: number; readonly residentMib: number };
  /** That the first one has sent over its sockets; undefined where nobody tells. */
  sentBytes(): number | undefined;
  readonly stop: () => Promise<void>;
}

export interface Taken {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentMib: number;
}

const LOOK_MS = 5;
const BLOCK_MIB = 64;

/** Each side alone, so that they do not take the processor from each other. */
export async function race<Result>(
  run: (side: Side) => Promise<Result>,
): Promise<{ readonly ours: Result; readonly rival: Result | undefined }> {
  const measured = async (open: () => Promise<Side | undefined>): Promise<Result | undefined> => {
    const side = await open();
    if (side === undefined) return undefined;
    try {
      const result = await run(side);
      say(`${side.name}: ${JSON.stringify(result)}`);
      return result;
    } finally {
      await side.stop();
      for (const folder of [side.from, side.to]) rmSync(folder, { recursive: true, force: true });
    }
  };
  const ours = await measured(kithPair);
  const rival = await measured(async () => {
    const [from, to] = [tempFolder(), tempFolder()];
    const rivals = await syncthingPair(from, to);
    return rivals === undefined ? undefined : sideOf('syncthing', from, to, rivals.pids, rivals.stop);
  });
  if (ours === undefined) throw new Error('kith did not run');
  return { ours, rival };
}

async function kithPair(): Promise<Side> {
  const { first, second } = await pair();
  const [from, to] = [join(tempFolder(), 'shared'), join(tempFolder(), 'shared')];
  mkdirSync(from);
  mkdirSync(to);
  const one = await up(first);
  const other = await up(second, ['--peer', one.address]);
  await kith(['folder', 'add', from, '--name', 'Bench', '--data', first]);
  const isKnown = async (): Promise<boolean> =>
    (await other.client.call('folders', {})).folders.some(({ name }) => name === 'Bench');
  while (!(await isKnown())) await setTimeout(50);
  await kith(['folder', 'join', 'Bench', to, '--data', second]);
  for (const { client } of [one, other])
    while (!(await client.call('folder', { folder: 'Bench' })).inStep) await setTimeout(50);
  const pids = [one.process.pid ?? 0, other.process.pid ?? 0] as const;
  return sideOf('kith', from, to, pids, async () => {
    await Promise.all([down(one), down(other)]);
  });
}

function sideOf(
  name: Side['name'],
  from: string,
  to: string,
  pids: readonly [number, number],
  stop: () => Promise<void>,
): Side {
  return {
    name,
    from,
    to,
    pids,
    stop,
    usage: () => {
      // Syncthing works in a child of the process that was started.
      const all = pids.flatMap(familyOf).map((pid) => usageOf({ pid }));
      return {
        cpuSeconds: all.reduce((sum, usage) => sum + (usage?.cpuSeconds ?? 0), 0),
        residentMib: Math.round(all.reduce((sum, usage) => sum + (usage?.residentBytes ?? 0), 0) / 2 ** 20),
      };
    },
    sentBytes: () => sentBy(pids[0]),
  };
}

/** Bytes that its sockets have sent, as the system counts them. */
function sentBy(pid: number): number | undefined {
  try {
    const lines = execFileSync('ss', ['-tinHpO'], { encoding: 'utf8' }).split('\n');
    return lines
      .filter((line) => familyOf(pid).some((one) => line.includes(`pid=${String(one)},`)))
      .reduce((sum, line) => sum + Number(/bytes_sent:(\d+)/.exec(line)?.[1] ?? 0), 0);
  } catch {
    return undefined;
  }
}

/** Runs `begin` and waits until `isThere`. */
export async function timed(side: Side, begin: () => void, isThere: () => boolean): Promise<Taken> {
  const before = side.usage().cpuSeconds;
  const startedMs = performance.now();
  begin();
  while (!isThere()) await setTimeout(LOOK_MS);
  const seconds = (performance.now() - startedMs) / 1000;
  const { cpuSeconds, residentMib } = side.usage();
  return { seconds: round(seconds, 3), cpuSeconds: round(cpuSeconds - before, 2), residentMib };
}

/** A file of that size, not in a folder yet. @returns its path. */
export function largeFile(mib: number): string {
  const made = join(tempFolder(), 'large');
  for (let at = 0; at < mib; at += BLOCK_MIB)
    writeFileSync(made, randomBytes(Math.min(BLOCK_MIB, mib - at) * 2 ** 20), { flag: 'a' });
  return made;
}

type Cost = Pick<Taken, 'cpuSeconds' | 'residentMib'>;

/** What it took of either, for the report. */
export function costs(ours: Cost, rival: Cost | undefined): Readonly<Record<string, number | null>> {
  return {
    cpuSeconds: ours.cpuSeconds,
    rivalCpuSeconds: rival?.cpuSeconds ?? null,
    residentMib: ours.residentMib,
    rivalResidentMib: rival?.residentMib ?? null,
  };
}

export function lookAt(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

export function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
