/** Whom a device asks for what came as a summary, and to whom it listens. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { END, HISTORY, page, WHOLE } from '../../../test/support/room-history.ts';
import type { DeviceKey } from '../../base/ids.ts';
import { silentLogger } from '../../base/ports.ts';
import { NOBODY } from '../consensus/chain.ts';
import type { RoomId } from '../types.ts';
import type { RoomFrame } from '../wire.ts';
import type { Gap, PlacedEntry } from './core.ts';
import { OlderEntries } from './older-entries.ts';

const [LIAR, SILENT, HONEST] = ['a', 'b', 'c'].map((one) => one.repeat(64)) as [
  DeviceKey,
  DeviceKey,
  DeviceKey,
];
const LYING = {
  ...HISTORY,
  placed: HISTORY.placed.map((one) => ({ ...one, counted: !one.counted })),
};

class Asking {
  readonly asked: DeviceKey[] = [];
  readonly kept: PlacedEntry[] = [];
  gaps: readonly Gap[] = [WHOLE];
  nowMs = 0;
  readonly older: OlderEntries;

  constructor(others: readonly DeviceKey[]) {
    const gaps = (): readonly Gap[] => this.gaps;
    this.older = new OlderEntries({
      id: '07'.repeat(32) as RoomId,
      disk: {
        get gaps() {
          return gaps();
        },
        fill: (_gap, now, placed) => {
          this.kept.unshift(...placed);
          if (placed.length === 0) this.kept.length = 0;
          this.gaps = now === undefined ? [] : [now];
        },
        placed: () => [],
        wholeAbove: () => 0,
      },
      clock: { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      logger: silentLogger,
      core: { roster: NOBODY, commit: END },
      others: () => others,
      send: (to, frame) => {
        this.asked.push(to);
        this.#answer(to, frame);
      },
      filled: () => undefined,
    });
  }

  #answer(by: DeviceKey, frame: RoomFrame): void {
    if (frame.type !== 'older-wanted' || by === SILENT) return;
    const { above, upTo } = frame;
    const history = by === LIAR ? LYING : HISTORY;
    this.older.told(by, page(history, Math.max(above, upTo - 4), upTo));
  }

  /** A quarter of a second after the other. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 250) this.older.look();
  }
}

describe('what came as a summary', () => {
  it('is had from somebody else where one is silent and another lies', () => {
    const asking = new Asking([LIAR, SILENT, HONEST]);
    asking.pass(10_000);
    assert.deepEqual(asking.gaps, []);
    assert.deepEqual(asking.kept, HISTORY.placed);
    assert.deepEqual(asking.asked, [LIAR, SILENT, HONEST, HONEST, HONEST]);
    assert.equal(asking.older.lacking, 0);
  });

  it('is asked for ever more rarely where all lie', () => {
    const asking = new Asking([LIAR]);
    asking.pass(10 * 60_000);
    assert.ok(asking.asked.length < 20, String(asking.asked.length));
    asking.asked.length = 0;
    asking.pass(10 * 60_000);
    assert.equal(asking.asked.length, 10);
    assert.deepEqual(asking.kept, []);
  });

  it('is not taken from whoever was not asked', () => {
    const asking = new Asking([SILENT]);
    asking.pass(250);
    asking.older.told(LIAR, page(LYING, 0, END));
    asking.older.told(HONEST, page(HISTORY, 0, END));
    assert.deepEqual(asking.gaps, [WHOLE]);
  });
});
