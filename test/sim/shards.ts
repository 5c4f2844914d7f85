/** Random lives live in several test files, so that the runner can play them on several cores. */
import { test } from 'node:test';

export interface Lives {
  /** What is said before `seed` in the names of tests, such as `letters: `. */
  readonly prefix: string;
  /** For people: `random lives of letters`. */
  readonly name: string;
  /** Seeds that one `npm test` plays. */
  readonly byDay: number;
  /** Seeds that once failed, or fail with one repair undone, and what they are about; played first, every time. */
  readonly known: readonly (readonly [seed: number, found: string])[];
  /** The file that plays one seed again. */
  readonly file: string;
  /** @throws at the first rule that is broken. */
  play(seed: number): { readonly simulatedMs: number };
}

/**
 * KITH_SEED=123 plays that one. KITH_SEEDS=100000 plays as many, KITH_FIRST=5000 from there on.
 * @param shard from 0; every `shards`th seed is this file's.
 */
export function playShard(lives: Lives, shard: number, shards: number): void {
  const { prefix, name, byDay, known, play } = lives;
  const only = process.env['KITH_SEED'];
  if (only !== undefined) {
    if (shard === 0) test(`${prefix}seed ${only}`, () => void play(Number(only)));
    return;
  }
  if (shard === 0) {
    for (const [seed, found] of known) test(`${prefix}seed ${String(seed)}: ${found}`, () => void play(seed));
  }
  const first = Number(process.env['KITH_FIRST'] ?? 1);
  const count = Number(process.env['KITH_SEEDS'] ?? byDay);
  test(`${String(count)} ${name}, part ${String(shard + 1)} of ${String(shards)}`, (context) => {
    const began = performance.now();
    let simulatedMs = 0;
    for (let seed = first + shard; seed < first + count; seed += shards) simulatedMs += playOne(lives, seed);
    const ratio = Math.round(simulatedMs / (performance.now() - began));
    context.diagnostic(`simulated time ÷ real time: ${String(ratio)}`);
  });
}

function playOne({ play, file }: Lives, seed: number): number {
  try {
    return play(seed).simulatedMs;
  } catch (cause) {
    const again = `KITH_SEED=${String(seed)} npm test -- ${file}`;
    throw new Error(`seed ${String(seed)} breaks a rule; once more: ${again}`, { cause });
  }
}
