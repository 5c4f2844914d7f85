/**
 * P1: a room of three processes; one sender's commit p50, 64 senders' rate, the host killed → the next commit. Rival: etcd, three
 * nodes over its HTTP gateway, in the same run.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { readApiFile } from '../src/cli/client.ts';
import { down, kith, median, report, say, tempFolder, up, type BenchNode } from './processes.ts';
import { postJson } from './post-json.ts';
import { startEtcd } from './rival-etcd.ts';

const BARS = { p50: 1, rate: 1, failover: 0.5 };
const ALONE = { warm: 50, measured: 200 };
const SENDERS = 64;
const EACH = 20;
const KILLS = 3;
const ROOM = 'Bench';
const TEXT = 'x'.repeat(100);
const PATIENCE_MS = 30_000;

interface Measured {
  readonly p50Ms: number;
  readonly perSecond: number;
  readonly failoverMs: number;
}

/** What both sides do. */
interface Side {
  readonly name: string;
  /** On the host; resolves when a majority has it. */
  commit(): Promise<unknown>;
  /** Kills the host, and resolves with the milliseconds until something new is committed; then all three run again. */
  failOver(): Promise<number>;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}

async function measure(side: Side): Promise<Measured> {
  for (let count = 0; count < ALONE.warm; count += 1) await side.commit();
  const alone: number[] = [];
  for (let count = 0; count < ALONE.measured; count += 1) alone.push(await timed(() => side.commit()));
  const send = async (): Promise<void> => {
    for (let count = 0; count < EACH; count += 1) await side.commit();
  };
  const many = async (): Promise<void> => {
    await Promise.all(Array.from({ length: SENDERS }, send));
  };
  await many();
  const tookMs = median([await timed(many), await timed(many), await timed(many)]);
  const failovers: number[] = [];
  for (let count = 0; count < KILLS; count += 1) failovers.push(await side.failOver());
  const measured = {
    p50Ms: median(alone),
    perSecond: (SENDERS * EACH * 1000) / tookMs,
    failoverMs: median(failovers),
  };
  const each = failovers.map((one) => one.toFixed(0)).join(', ');
  say(
    `${side.name}: ${measured.p50Ms.toFixed(2)} ms, ${measured.perSecond.toFixed(0)}/s, next commit after ${measured.failoverMs.toFixed(0)} ms (${each})`,
  );
  return measured;
}

// ---- ours

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries += 1) {
    if (tries > 3000) throw new Error(`never: ${what}`);
    await setTimeout(20);
  }
}

async function network(names: readonly string[]): Promise<BenchNode[]> {
  const [first = '', ...rest] = names;
  const data = tempFolder();
  await kith(['init', 'bench', '--as', first, '--data', data]);
  const founder = await up(data);
  const nodes = [founder];
  for (const name of rest) {
    const folder = tempFolder();
    const { link } = await kith(['invite', '--data', data]);
    await kith(['join', String(link), '--as', name, '--data', folder]);
    nodes.push(
      await up(
        folder,
        nodes.flatMap(({ address }) => ['--peer', address]),
      ),
    );
  }
  await until('all are linked', async () => {
    const peers = await Promise.all(nodes.map(({ client }) => client.call('peers', {})));
    return peers.every((list) => list.peers.length >= Math.min(nodes.length - 1, 2));
  });
  return nodes;
}

export async function roomOf(nodes: readonly BenchNode[], names: readonly string[]): Promise<void> {
  await nodes[0]?.client.call('createRoom', { name: ROOM, who: names.slice(1) });
  for (const { client } of nodes.slice(1)) {
    await until('invited', async () => (await client.call('rooms', {})).rooms.length > 0);
    await client.call('acceptRoom', { room: ROOM });
  }
  await until('all count', async () => {
    const all = await Promise.all(nodes.map(({ client }) => client.call('room', { room: ROOM })));
    return all.every(
      ({ voters, host, keys }) => voters === nodes.length && host !== null && keys.state === 'in',
    );
  });
}

async function post(node: BenchNode): Promise<boolean> {
  const { socket } = (await readApiFile(node.data)) ?? { socket: null };
  if (socket === null) return false;
  const body = { text: TEXT, waitMs: PATIENCE_MS };
  return (
    (await postJson({ socketPath: socket }, `/v1/rooms/${ROOM}/messages`, body))?.['state'] === 'confirmed'
  );
}

async function ours(): Promise<{ readonly side: Side; readonly stop: () => Promise<void> }> {
  const names = ['Ada', 'Ben', 'Cho'];
  const nodes = await network(names);
  await roomOf(nodes, names);
  const hostOf = async (asked: BenchNode): Promise<number> => {
    let host = 0;
    await until('a host', async () => {
      host = (await asked.client.call('room', { room: ROOM })).host ?? 0;
      return host > 0;
    });
    return host - 1;
  };
  let host = await hostOf(nodes[0] as BenchNode);
  return {
    side: {
      name: 'kith',
      commit: () => post(nodes[host] as BenchNode),
      failOver: async () => {
        const before = nodes[host] as BenchNode;
        const others = nodes.filter((node) => node !== before);
        const exit = once(before.process, 'exit');
        const beganMs = performance.now();
        before.process.kill('SIGKILL');
        await post(others[0] as BenchNode);
        const tookMs = performance.now() - beganMs;
        await exit;
        nodes[host] = await up(
          before.data,
          others.flatMap(({ address }) => ['--peer', address]),
        );
        await until(
          'it is back',
          async () => (await nodes[host]?.client.call('room', { room: ROOM }))?.host !== null,
        );
        await setTimeout(2000);
        host = await hostOf(others[0] as BenchNode);
        return tookMs;
      },
    },
    stop: async () => {
      for (const node of nodes) await down(node);
    },
  };
}

// ---- etcd

async function theirs(): Promise<{ readonly side: Side; readonly stop: () => Promise<void> } | undefined> {
  const first = await startEtcd();
  if (first === undefined) return undefined;
  let etcd = first;
  let leader = await etcd.leader();
  let count = 0;
  return {
    side: {
      name: 'etcd',
      commit: () => etcd.put(leader, `k${String((count += 1))}`, TEXT),
      failOver: async () => {
        const beganMs = performance.now();
        etcd.kill(leader);
        const other = (leader + 1) % 3;
        // One put would wait for a leader that is gone until its own time is over.
        const state = { isDone: false };
        const ask = async (): Promise<void> => {
          state.isDone = (await etcd.put(other, `k${String((count += 1))}`, TEXT)) || state.isDone;
        };
        while (!state.isDone) {
          void ask();
          await setTimeout(10);
        }
        const tookMs = performance.now() - beganMs;
        await etcd.stop();
        etcd = (await startEtcd()) ?? etcd;
        leader = await etcd.leader();
        return tookMs;
      },
    },
    stop: async () => etcd.stop(),
  };
}

const rivals = await theirs();
const rival = rivals === undefined ? undefined : await measure(rivals.side);
await rivals?.stop();
if (rival === undefined) say('there is no etcd here: apt install etcd-server');
const room = await ours();
const own = await measure(room.side);
await room.stop();

const two = (value: number): number => Math.round(value * 100) / 100;
const ratios = rival && {
  p50: two(own.p50Ms / rival.p50Ms),
  rate: two(own.perSecond / rival.perSecond),
  failover: two(own.failoverMs / rival.failoverMs),
};
report({
  id: 'P1',
  unit: 'ms to a commit, one sender',
  ours: two(own.p50Ms),
  rival: rival === undefined ? null : two(rival.p50Ms),
  ratio: ratios?.p50 ?? null,
  bar: BARS.p50,
  perSecond: Math.round(own.perSecond),
  rivalPerSecond: rival === undefined ? null : Math.round(rival.perSecond),
  rateRatio: ratios?.rate ?? null,
  failoverMs: Math.round(own.failoverMs),
  rivalFailoverMs: rival === undefined ? null : Math.round(rival.failoverMs),
  failoverRatio: ratios?.failover ?? null,
  pass:
    ratios !== undefined &&
    ratios.p50 <= BARS.p50 &&
    ratios.rate >= BARS.rate &&
    ratios.failover <= BARS.failover,
});
process.exit(0);
