/** A link of one rate that queues what it is given; whoever sends always has more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

const CHUNK_BYTES = 16 * 1024;
const STEP_MS = 0.2;

interface Shape {
  readonly bytesPerSecond: number;
  /** Both ways, empty. */
  readonly roundTripMs: number;
  /** The receiver answers only so often. */
  readonly answersEveryMs?: (nowMs: number) => number;
  /** What others keep in the link's queue. */
  readonly othersMs?: (nowMs: number) => number;
  /** Where the rate changes; `bytesPerSecond` is what it comes to. */
  readonly rateOf?: (nowMs: number) => number;
}

interface Seen {
  /** Part of what the link could have carried. */
  readonly used: number;
  /** Bulk that an alarm finds before it, in milliseconds of the link: the middle and the ninth of ten moments. */
  readonly medianMs: number;
  readonly ninthMs: number;
}

class Play {
  readonly #shape: Shape;
  readonly #pace = new Pace();
  #nowMs = 0;
  #queuedBytes = 0;
  #handedBytes = 0;
  #servedBytes = 0;
  #answersAtMs = 0;
  /** Where in the stream of bytes a probe stands, and when it is back. */
  readonly #inQueue: number[] = [];
  readonly #onTheWay: number[] = [];

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  /** The first `settlingSeconds` are not looked at. */
  run(seconds: number, settlingSeconds: number): Seen {
    const waits: number[] = [];
    let settledBytes = 0;
    for (; this.#nowMs < seconds * 1000; this.#nowMs += STEP_MS) {
      this.#serve();
      this.#answer();
      this.#hand();
      if (this.#nowMs < settlingSeconds * 1000) settledBytes = this.#servedBytes;
      else waits.push((this.#queuedBytes * 1000) / this.#shape.bytesPerSecond);
    }
    waits.sort((a, b) => a - b);
    const couldCarry = this.#shape.bytesPerSecond * (seconds - settlingSeconds);
    return {
      used: (this.#servedBytes - settledBytes) / couldCarry,
      medianMs: waits[Math.floor(waits.length / 2)] ?? NaN,
      ninthMs: waits[Math.floor(waits.length * 0.9)] ?? NaN,
    };
  }

  #serve(): void {
    const { rateOf, bytesPerSecond, roundTripMs, othersMs } = this.#shape;
    const rate = rateOf?.(this.#nowMs) ?? bytesPerSecond;
    const served = Math.min(this.#queuedBytes, rate * (STEP_MS / 1000));
    this.#queuedBytes -= served;
    this.#servedBytes += served;
    const backMs = this.#nowMs + roundTripMs + (othersMs?.(this.#nowMs) ?? 0);
    // Sums of many parts are off by a little.
    while ((this.#inQueue[0] ?? Infinity) <= this.#servedBytes + 1e-6) {
      this.#inQueue.shift();
      this.#onTheWay.push(backMs);
    }
  }

  #answer(): void {
    if (this.#nowMs < this.#answersAtMs) return;
    this.#answersAtMs = this.#nowMs + (this.#shape.answersEveryMs?.(this.#nowMs) ?? 0);
    while ((this.#onTheWay[0] ?? Infinity) <= this.#nowMs) {
      this.#onTheWay.shift();
      this.#pace.answered(this.#nowMs);
    }
  }

  #hand(): void {
    for (;;) {
      this.#probe(CHUNK_BYTES);
      const bytes = Math.min(CHUNK_BYTES, this.#pace.roomBytes(this.#nowMs));
      if (bytes === 0) return;
      this.#queuedBytes += bytes;
      this.#handedBytes += bytes;
      this.#pace.handed(bytes, this.#nowMs);
      this.#probe(0);
    }
  }

  #probe(nextBytes: number): void {
    if (!this.#pace.wantsProbe(nextBytes)) return;
    this.#pace.probed(this.#nowMs);
    this.#inQueue.push(this.#handedBytes);
  }
}

function play(shape: Shape, seconds: number, settlingSeconds: number): Seen {
  return new Play(shape).run(seconds, settlingSeconds);
}

const LEAST_WINDOW_BYTES = 16 * 1024;

function waitOfMs(bytes: number, bytesPerSecond: number): number {
  return (bytes * 1000) / bytesPerSecond;
}

for (const bytesPerSecond of [32e3, 250e3, 1.25e6, 12.5e6, 125e6]) {
  for (const roundTripMs of [0.3, 5, 40]) {
    const name = `${String(bytesPerSecond / 1000)} KB/s and ${String(roundTripMs)} ms`;
    void test(`bulk uses a link of ${name}, and does not fill it`, (t) => {
      const seen = play({ bytesPerSecond, roundTripMs }, 45, 10);
      t.diagnostic(JSON.stringify(seen));
      assert.ok(seen.used >= 0.9, 'the link is used');
      // On a slow link the smallest window, and at times a look whether twice as much would go, is more than the target.
      assert.ok(seen.medianMs <= Math.max(30, waitOfMs(LEAST_WINDOW_BYTES, bytesPerSecond)));
      assert.ok(seen.ninthMs <= Math.max(60, waitOfMs(2 * LEAST_WINDOW_BYTES, bytesPerSecond) + 1));
    });
  }
}

void test('a long way with much room is used as well', (t) => {
  const seen = play({ bytesPerSecond: 12.5e6, roundTripMs: 200 }, 45, 10);
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.used >= 0.9);
});

/** Up to twice the mean, evenly (Lehmer's generator). */
function turns(meanMs: number): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (2 * meanMs * state) / 2_147_483_647;
  };
}

for (const [meanMs, used] of [
  [20, 0.9],
  [60, 0.5],
] as const) {
  void test(`a receiver that is busy for ${String(meanMs)} ms at a time does not slow bulk down`, (t) => {
    for (const bytesPerSecond of [1.25e6, 12.5e6, 125e6]) {
      const seen = play({ bytesPerSecond, roundTripMs: 1, answersEveryMs: turns(meanMs) }, 45, 10);
      t.diagnostic(`${String(bytesPerSecond / 1000)} KB/s: ${JSON.stringify(seen)}`);
      assert.ok(seen.used >= used);
    }
  });
}

void test('a delay that others make does not slow bulk down', (t) => {
  for (const bytesPerSecond of [1.25e6, 12.5e6, 125e6]) {
    const othersMs = (nowMs: number): number => (nowMs > 5_000 ? 60 : 0);
    const seen = play({ bytesPerSecond, roundTripMs: 1, othersMs }, 45, 10);
    t.diagnostic(`${String(bytesPerSecond / 1000)} KB/s: ${JSON.stringify(seen)}`);
    assert.ok(seen.used >= 0.85);
  }
});

void test('a link that becomes a hundred times slower is not full for long', (t) => {
  const rateOf = (nowMs: number): number => (nowMs < 10_000 ? 12.5e6 : 125e3);
  const seen = play({ bytesPerSecond: 125e3, roundTripMs: 5, rateOf }, 60, 30);
  t.diagnostic(JSON.stringify(seen));
  assert.ok(seen.medianMs <= waitOfMs(LEAST_WINDOW_BYTES, 125e3));
  assert.ok(seen.used >= 0.9);
});

void test('what rested begins small again: the way may be another one', () => {
  const pace = new Pace();
  let nowMs = 0;
  const room = (): number => {
    let sum = 0;
    for (let bytes = pace.roomBytes(nowMs); bytes > 0; bytes = pace.roomBytes(nowMs)) {
      sum += bytes;
      pace.handed(bytes, nowMs);
    }
    pace.probed(nowMs);
    return sum;
  };
  const first = room();
  for (let round = 0; round < 6; round += 1) {
    nowMs += 1;
    pace.answered(nowMs);
    room();
  }
  nowMs += 1;
  pace.answered(nowMs);
  assert.ok(room() > 10 * first, 'a fast link gets more with each answer');
  nowMs += 1;
  pace.answered(nowMs);
  nowMs += 11_000;
  assert.equal(room(), first);
});
