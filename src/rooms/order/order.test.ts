import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ReplicaId } from '../consensus/types.ts';
import { Handover, HANDOVER } from './handover.ts';
import { costUs, NO_WAY, shortestWays } from './paths.ts';
import { PROBE_TIMEOUT_MS, ProbeMeter } from './probe-meter.ts';
import { rank, whyRanked } from './rank.ts';
import type { Delay, DelayRows, Standing } from './types.ts';

const SEED = 20261128;
const id = (name: string): ReplicaId => `${name}/1` as ReplicaId;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'].map(id);

const delays: fc.Arbitrary<Delay | undefined> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      state: fc.constant('reached' as const),
      roundUs: fc.nat(500_000),
      lossPermille: fc.nat(999),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ state: 'unreachable' as const }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const networks: fc.Arbitrary<{ nodes: readonly ReplicaId[]; rows: DelayRows }> = fc
  .integer({ min: 1, max: NAMES.length })
  .chain((size) => {
    const nodes = NAMES.slice(0, size);
    return fc
      .array(fc.array(delays, { minLength: size, maxLength: size }), { minLength: size, maxLength: size })
      .map((table) => ({
        nodes,
        rows: new Map(
          nodes.map((from, at) => [
            from,
            new Map(
              nodes.flatMap((to, there): [ReplicaId, Delay][] => {
                const delay = table[at]?.[there];
                return delay === undefined || from === to ? [] : [[to, delay]];
              }),
            ),
          ]),
        ),
      }));
  });

function reached(ms: number): Delay {
  return { state: 'reached', roundUs: ms * 1000, lossPermille: 0 };
}

/** All round trips alike, but for those named. */
function around(
  nodes: readonly ReplicaId[],
  ms: (a: ReplicaId, b: ReplicaId) => number | undefined,
): DelayRows {
  return new Map(
    nodes.map((from) => [
      from,
      new Map(
        nodes.flatMap((to): [ReplicaId, Delay][] => {
          if (from === to) return [];
          const way = ms(from, to);
          return [[to, way === undefined ? { state: 'unreachable' } : reached(way)]];
        }),
      ),
    ]),
  );
}

describe('shortest ways', () => {
  it('are as short as any search finds them', () => {
    fc.assert(
      fc.property(networks, ({ nodes, rows }) => {
        const ways = shortestWays(nodes, rows);
        for (const [at, from] of nodes.entries()) {
          const found = searched(nodes, rows, from);
          assert.deepEqual(
            ways[at],
            nodes.map((to) => found.get(to) ?? NO_WAY),
          );
        }
      }),
      { seed: SEED },
    );
  });

  it('cost more where frames are lost, and nothing is guessed about what nobody said', () => {
    assert.equal(costUs({ state: 'reached', roundUs: 10_000, lossPermille: 0 }), 5000);
    assert.equal(costUs({ state: 'reached', roundUs: 10_000, lossPermille: 500 }), 10_000);
    assert.equal(costUs({ state: 'reached', roundUs: 10_000, lossPermille: 1000 }), NO_WAY);
    assert.equal(costUs({ state: 'unreachable' }), NO_WAY);
    assert.equal(costUs(undefined), NO_WAY);
  });
});

/** Bellman and Ford, another way to the same. */
function searched(nodes: readonly ReplicaId[], rows: DelayRows, from: ReplicaId): Map<ReplicaId, number> {
  const best = new Map<ReplicaId, number>([[from, 0]]);
  for (let round = 0; round < nodes.length; round += 1)
    for (const [node, cost] of [...best])
      for (const [to, delay] of rows.get(node) ?? []) {
        const way = costUs(delay);
        if (way !== NO_WAY && cost + way < (best.get(to) ?? Infinity)) best.set(to, cost + way);
      }
  return best;
}

describe('the candidate order', () => {
  it('does not depend on the order in which voters are listed', () => {
    fc.assert(
      fc.property(networks, fc.infiniteStream(fc.nat()), ({ nodes, rows }, draws) => {
        const shuffled = [...nodes].sort(() => (Number(draws.next().value) % 2 === 0 ? 1 : -1));
        assert.deepEqual(rank(shuffled, rows), rank(nodes, rows));
      }),
      { seed: SEED },
    );
  });

  it('has everybody in it, those without a majority last', () => {
    fc.assert(
      fc.property(networks, ({ nodes, rows }) => {
        const order = rank(nodes, rows);
        assert.deepEqual(order.map(({ replica }) => replica).sort(), [...nodes].sort());
        const flags = order.map(({ reachesMajority }) => reachesMajority);
        assert.deepEqual(
          flags,
          [...flags].sort((a, b) => Number(b) - Number(a)),
        );
        for (const { centrality } of order) assert.ok(centrality >= 0 && centrality <= 1);
      }),
      { seed: SEED },
    );
  });

  it('begins in the middle of a chain', () => {
    const chain = NAMES.slice(0, 5);
    const rows = around(chain, (a, b) =>
      Math.abs(chain.indexOf(a) - chain.indexOf(b)) === 1 ? 10 : undefined,
    );
    assert.deepEqual(
      rank(chain, rows).map(({ replica }) => replica),
      ['c', 'b', 'd', 'a', 'e'].map(id),
    );
  });

  it('puts who is cut off at the end, and says why', () => {
    const nodes = NAMES.slice(0, 3);
    const rows = around(nodes, (a, b) => (a === nodes[0] || b === nodes[0] ? undefined : 5));
    const order = rank(nodes, rows);
    assert.equal(order.at(-1)?.replica, nodes[0]);
    assert.match(whyRanked(order.at(-1) as Standing, 3), /reaches 1 of 3/);
    assert.match(whyRanked(order[0] as Standing, 3), /5\.0 ms/);
  });
});

describe('a probe meter', () => {
  it('says nothing before it knows, then a smoothed round trip with its loss', () => {
    const meter = new ProbeMeter();
    for (let probe = 0; probe < 2; probe += 1) {
      meter.sent(probe, 100 * probe);
      meter.answered(probe, 100 * probe + 20);
    }
    assert.equal(meter.delay, undefined);
    meter.sent(2, 200);
    meter.answered(2, 260);
    meter.sent(3, 300);
    meter.expire(300 + PROBE_TIMEOUT_MS);
    assert.deepEqual(meter.delay, { state: 'reached', roundUs: 30_000, lossPermille: 250 });
  });

  it('says so when nothing comes back any more, and when it does again', () => {
    const meter = new ProbeMeter();
    for (let probe = 0; probe < 3; probe += 1) meter.sent(probe, 0);
    meter.expire(PROBE_TIMEOUT_MS);
    assert.deepEqual(meter.delay, { state: 'unreachable' });
    for (let probe = 3; probe < 6; probe += 1) {
      meter.sent(probe, 10_000);
      meter.answered(probe, 10_007);
    }
    assert.equal(meter.delay.state, 'reached');
  });

  it('learns nothing from answers that nobody waits for', () => {
    const meter = new ProbeMeter();
    for (let probe = 0; probe < 9; probe += 1) meter.answered(probe, 5);
    assert.equal(meter.delay, undefined);
  });
});

describe('handing over', () => {
  const [own, other] = [id('a'), id('b')];
  const standing = (replica: ReplicaId, meanMs: number, reachesMajority = true): Standing => {
    const meanUs = meanMs * 1000;
    return {
      replica,
      reached: reachesMajority ? 3 : 1,
      reachesMajority,
      sumUs: 2 * meanUs,
      meanUs,
      closeness: 1,
      centrality: 1,
    };
  };
  const better = [standing(other, 50), standing(own, 100)];
  const late = HANDOVER.tenureMs;

  it('waits for three evaluations that agree, and for a minute as host', () => {
    const handover = new Handover(own, 0, undefined);
    assert.deepEqual(
      [1, 2, 3].map((at) => handover.evaluate(at, better)),
      [undefined, undefined, undefined],
    );
    assert.equal(handover.evaluate(late, better), other);
  });

  it('begins to count anew when one evaluation disagrees', () => {
    const handover = new Handover(own, 0, undefined);
    const worse = [standing(own, 100), standing(other, 200)];
    const answers = [better, better, worse, better, better, better].map((ranked) =>
      handover.evaluate(late, ranked),
    );
    assert.deepEqual(answers, [undefined, undefined, undefined, undefined, undefined, other]);
  });

  it('needs a gain that is large in share and in milliseconds', () => {
    for (const [host, best] of [
      [100, 81],
      [30, 21],
    ] as const) {
      const handover = new Handover(own, 0, undefined);
      for (let round = 0; round < 9; round += 1)
        assert.equal(handover.evaluate(late, [standing(other, best), standing(own, host)]), undefined);
    }
  });

  it('moves a room once in five minutes', () => {
    const handover = new Handover(own, 0, 0);
    for (let nowMs = late; nowMs < HANDOVER.betweenMovesMs; nowMs += 10_000)
      assert.equal(handover.evaluate(nowMs, better), undefined);
    assert.equal(handover.evaluate(HANDOVER.betweenMovesMs, better), other);
  });

  it('leaves when this host reaches no majority and another one does', () => {
    const handover = new Handover(own, 0, undefined);
    const ranked = [standing(other, 500), standing(own, 1, false)];
    assert.equal([1, 2, 3].map(() => handover.evaluate(late, ranked)).at(-1), other);
  });
});
