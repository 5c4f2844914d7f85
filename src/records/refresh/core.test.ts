import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRng } from '../../../test/sim/rng.ts';
import { REFRESH_LIMITS, RefreshCore, type Attempt, type Sight } from './core.ts';

const NOTHING = { failed: false, answered: false, inStep: false, entries: 0 };
const TICK_MS = 100;

/** Plays members that behave as `sightOf` says, in simulated time. */
function play(
  members: readonly string[],
  sightOf: (who: string, sinceMs: number, attempt: number) => Partial<Sight>,
  seed = 1,
): {
  readonly answered: string | undefined;
  readonly attempts: readonly Attempt<string>[];
  readonly tookMs: number;
} {
  const core = new RefreshCore(members, new SeededRng(seed));
  let asked: { readonly who: string; readonly atMs: number; readonly attempt: number } | undefined;
  for (let nowMs = 0; ; nowMs += TICK_MS) {
    const seen = asked === undefined ? {} : sightOf(asked.who, nowMs - asked.atMs, asked.attempt);
    for (const effect of core.step({ ...NOTHING, ...seen, nowMs })) {
      if (effect.type === 'ask') asked = { who: effect.who, atMs: nowMs, attempt: effect.attempt };
      if (effect.type === 'leave') asked = undefined;
      if (effect.type === 'done') return { ...effect, tookMs: nowMs };
    }
    assert.ok(nowMs < 7_200_000, 'it comes to an end');
  }
}

const gives = { answered: true, inStep: true };

test('whoever answers first is enough', () => {
  const { answered, attempts } = play(['ben'], () => ({ ...gives, entries: 7 }));
  assert.equal(answered, 'ben');
  assert.deepEqual(attempts, [{ who: 'ben', outcome: 'answered', entries: 7 }]);
});

test('members are asked at random, each seed in its own order', () => {
  const firsts = new Set(
    Array.from({ length: 40 }, (_, seed) => play(['ada', 'ben', 'cho'], () => gives, seed).answered),
  );
  assert.deepEqual([...firsts].sort(), ['ada', 'ben', 'cho']);
});

test('a dead one costs its time, and the next one is asked', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const { answered, attempts, tookMs } = play(['dead', 'ben'], (who) => (who === 'ben' ? gives : {}), seed);
    assert.equal(answered, 'ben');
    assert.ok(attempts.length <= 2 && tookMs <= 2 * REFRESH_LIMITS.answerMs);
    if (attempts.length === 2) assert.equal(attempts[0]?.outcome, 'silent');
  }
});

test('all are asked before anybody is asked twice, and nobody twice in a row', () => {
  const { answered, attempts } = play(['ada', 'ben', 'cho'], () => ({ failed: true }));
  assert.equal(answered, undefined);
  assert.equal(attempts.length, REFRESH_LIMITS.attempts);
  const asked = attempts.map(({ who }) => who);
  assert.equal(new Set(asked.slice(0, 3)).size, 3);
  assert.equal(new Set(asked.slice(3)).size, 3);
  assert.ok(asked.every((who, at) => who !== asked[at - 1]));
});

test('one alone is asked again, after a while that grows', () => {
  const { attempts, tookMs } = play(['ada'], () => ({ failed: true }));
  assert.equal(attempts.length, REFRESH_LIMITS.attempts);
  const pauses = [1, 2, 4, 8, 16].map((times) => times * REFRESH_LIMITS.pauseMs);
  assert.ok(tookMs >= pauses.reduce((sum, ms) => sum + ms, 0));
});

test('where nobody is known, nobody is asked', () => {
  assert.deepEqual(
    play([], () => gives),
    { type: 'done', answered: undefined, attempts: [], tookMs: 0 },
  );
});

test('much to send is waited for while it comes, and no longer', () => {
  const slow = play(['ben'], (_, sinceMs) => ({
    answered: true,
    inStep: sinceMs >= 120_000,
    entries: Math.floor(sinceMs / 1000),
  }));
  assert.equal(slow.answered, 'ben');
  assert.equal(slow.attempts[0]?.entries, 120);
  const stuck = play(['ben'], (_, sinceMs) => ({
    answered: true,
    entries: Math.min(5, Math.floor(sinceMs / 1000)),
  }));
  assert.equal(stuck.attempts[0]?.outcome, 'broke-off');
  assert.equal(stuck.attempts[0].entries, 5);
});

test('a trickle without end is left, too', () => {
  const { answered, tookMs } = play(['ben'], (_, sinceMs) => ({
    answered: true,
    entries: Math.floor(sinceMs / 10_000),
  }));
  assert.equal(answered, undefined);
  assert.ok(tookMs <= REFRESH_LIMITS.attempts * (REFRESH_LIMITS.wholeMs + 40 * REFRESH_LIMITS.pauseMs));
});

test('a way that ends half-way is said as that', () => {
  const { attempts } = play(['ben'], (_, sinceMs, attempt) =>
    attempt > 1 ? gives : { answered: true, entries: 3, failed: sinceMs > 500 },
  );
  assert.deepEqual(
    attempts.map(({ outcome }) => outcome),
    ['broke-off', 'answered'],
  );
});
