/** How long alarms take from one node to another. */
import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Client } from '../src/cli/client.ts';

/** What is still said about the last alarm is over then, and the bulk as it was. */
const PAUSE_MS = 700;

const BAR = 2;

export interface BesideIdle {
  readonly ours: number;
  readonly rival: number;
  readonly ratio: number;
  readonly bar: number;
  readonly idleP90: number;
  readonly loadedP90: number;
  readonly pass: boolean;
}

/** @returns milliseconds, sorted. */
export async function crossings(from: Client, to: Client, rounds: number): Promise<number[]> {
  const all: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    all.push(await crossing(from, to));
    await setTimeout(PAUSE_MS);
  }
  return all.sort((a, b) => a - b);
}

/** Milliseconds from asking the first node to raise until the last one tells of it. */
async function crossing(from: Client, to: Client): Promise<number> {
  const watching = new AbortController();
  const heard = Promise.withResolvers<number>();
  const opened = Promise.withResolvers<undefined>();
  const text = randomBytes(8).toString('hex');
  void (async () => {
    for await (const event of to.events(watching.signal)) {
      // The first one says how the node stands.
      opened.resolve(undefined);
      if (event.type === 'alarm' && event.headline === text) heard.resolve(performance.now());
    }
  })();
  await opened.promise;
  const began = performance.now();
  const raised = from.call('raiseAlarm', { text, escalateAfterMs: 0 });
  const ms = (await heard.promise) - began;
  watching.abort();
  const { id } = await raised;
  await from.call('cancelAlarm', { id });
  return ms;
}

/** The figures of a bar: under load and idle, both in milliseconds and sorted. */
export function besideIdle(loaded: readonly number[], idle: readonly number[]): BesideIdle {
  const [ours, rest] = [quantile(loaded, 0.5), quantile(idle, 0.5)];
  return {
    ours: tenths(ours),
    rival: tenths(rest),
    ratio: ratioTo(ours, rest),
    bar: BAR,
    idleP90: tenths(quantile(idle, 0.9)),
    loadedP90: tenths(quantile(loaded, 0.9)),
    pass: ours <= BAR * rest,
  };
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

export const tenths = (ms: number): number => Math.round(ms * 10) / 10;
const ratioTo = (ms: number, idleMs: number): number => Math.round((ms / idleMs) * 100) / 100;
