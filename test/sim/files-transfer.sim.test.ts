/** Fetching among liars, on links that break, by nodes that die: it ends, and nothing false is ever taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Swarm, type Temper } from './swarm.ts';
import { SeededRng } from './rng.ts';

const SEEDS = Number(process.env['KITH_SEEDS'] ?? 60);
const HOUR_MS = 3_600_000;
const TEMPERS: readonly Temper[] = ['honest', 'honest', 'corrupts', 'denies', 'silent', 'floods', 'slow'];

test(`${String(SEEDS)} swarms end as they should, and nobody honest is blamed for a false piece`, () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const rng = new SeededRng(seed);
    const others = Array.from(
      { length: 2 + rng.below(5) },
      () => TEMPERS[rng.below(TEMPERS.length)] ?? 'honest',
    );
    const swarm = new Swarm({
      seed,
      tempers: ['honest', 'honest', ...others],
      seeders: 1,
      pieces: 1 + rng.below(120),
      breaks: rng.below(3) * 0.03,
      crashes: rng.below(3) * 0.03,
    });
    swarm.run(HOUR_MS);
  }
});

test('a piece is asked for about once: a swarm of nine does not ask ten times', () => {
  const swarm = new Swarm({
    seed: 4,
    tempers: Array.from({ length: 9 }, () => 'honest'),
    seeders: 1,
    pieces: 200,
    breaks: 0,
    crashes: 0,
  });
  swarm.run(HOUR_MS);
  assert.ok(swarm.asks < 8 * 200 * 1.3, String(swarm.asks));
  // The seeder alone would have taken eight times as long as it takes to give everything once.
  const once = (200 * 250_000) / 5000;
  assert.ok(swarm.nowMs < 4 * once, `${String(swarm.nowMs)} ms`);
});

test('a slow holder holds up nobody', () => {
  const takenMs = (slow: readonly Temper[]): number => {
    const swarm = new Swarm({
      seed: 6,
      tempers: ['honest', 'honest', 'honest', 'honest', ...slow],
      seeders: 1,
      pieces: 200,
      breaks: 0,
      crashes: 0,
    });
    swarm.run(HOUR_MS);
    return swarm.nowMs;
  };
  const [without, beside] = [takenMs([]), takenMs(['slow', 'slow'])];
  assert.ok(beside < 1.25 * without, `${String(beside)} ms beside slow ones, ${String(without)} ms without`);
});
