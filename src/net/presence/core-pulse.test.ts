import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Pulse, PULSE } from './core-pulse.ts';

const LOOK_MS = 500;

/** Looks twice a second until somebody is dead. @returns when. */
function untilDead(pulse: Pulse<string>, fromMs: number, mostMs = 60_000): number | undefined {
  for (let nowMs = fromMs; nowMs <= fromMs + mostMs; nowMs += LOOK_MS) {
    if (pulse.tick(nowMs, nowMs).some(({ type }) => type === 'dead')) return nowMs - fromMs;
  }
  return undefined;
}

function speaking(): Pulse<string> {
  const pulse = new Pulse<string>();
  pulse.linked(0, 'a');
  pulse.opened(0, 'a');
  return pulse;
}

describe('signs of life', () => {
  it('are given every two seconds, every eighth one with a digest', () => {
    const pulse = speaking();
    const beats: boolean[] = [];
    for (let nowMs = 0; nowMs <= 20_000; nowMs += LOOK_MS) {
      pulse.alive(nowMs, 'a');
      for (const effect of pulse.tick(nowMs, nowMs))
        if (effect.type === 'beat') beats.push(effect.withDigest);
    }
    assert.equal(beats.length, 10);
    assert.deepEqual(beats.indexOf(true), PULSE.beatsADigest - 1);
  });

  it('that stay away make a neighbour quiet, and dead within ten seconds', () => {
    const pulse = speaking();
    const deadMs = untilDead(pulse, 0);
    assert.ok(deadMs !== undefined && deadMs > PULSE.quietMs && deadMs <= 10_000, String(deadMs));
    const other = speaking();
    assert.equal(other.isQuiet(PULSE.quietMs, 'a'), false);
    assert.equal(other.isQuiet(PULSE.quietMs + 1, 'a'), true);
  });

  it('are expected anew after this machine slept, whichever of its clocks shows it', () => {
    const stopped = speaking();
    stopped.tick(1000, 1000);
    assert.deepEqual(
      stopped.tick(3_600_000, 3_600_000).filter(({ type }) => type === 'dead'),
      [],
    );
    assert.ok(untilDead(stopped, 3_600_500) !== undefined, 'who stays silent is dead all the same');
    const still = speaking();
    still.tick(7000, 7000);
    still.tick(7500, 3_600_000);
    assert.deepEqual(
      still.tick(8500, 3_601_000).filter(({ type }) => type === 'dead'),
      [],
    );
  });

  it('are not counted for the time in which this machine was too busy to look', () => {
    const pulse = speaking();
    for (let nowMs = 0; nowMs <= 12_000; nowMs += 3000) assert.deepEqual(deaths(pulse, nowMs), []);
  });

  it('must come over a presence channel some time', () => {
    const pulse = new Pulse<string>();
    pulse.linked(0, 'a');
    let deadMs: number | undefined;
    for (let nowMs = 0; deadMs === undefined && nowMs < 60_000; nowMs += LOOK_MS) {
      pulse.alive(nowMs, 'a');
      if (deaths(pulse, nowMs).length > 0) deadMs = nowMs;
    }
    assert.equal(deadMs, PULSE.speechlessMs + LOOK_MS);
  });
});

function deaths(pulse: Pulse<string>, nowMs: number): string[] {
  return pulse.tick(nowMs, nowMs).flatMap((effect) => (effect.type === 'dead' ? [effect.link] : []));
}
