import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServingTurns } from './serving-turns.ts';

/** Neighbours that want so many runs each, and the turns in which they get them. */
function play(wants: Record<string, number>): { readonly served: string[][] } {
  const left = new Map(Object.entries(wants));
  const later: (() => void)[] = [];
  const served: string[][] = [[]];
  const serve = (peer: string): void => {
    while ((left.get(peer) ?? 0) > 0 && turns.mayServe(peer)) {
      left.set(peer, (left.get(peer) ?? 0) - 1);
      served.at(-1)?.push(peer);
      turns.served();
    }
  };
  const turns = new ServingTurns({
    hasRoom: (peer) => peer !== 'full',
    serve,
    later: (run) => void later.push(run),
  });
  for (const peer of left.keys()) serve(peer);
  for (let run = later.shift(); run !== undefined; run = later.shift()) {
    served.push([]);
    run();
  }
  return { served };
}

describe('serving neighbours in turns', () => {
  it('gives out one run between two looks at what has come', () => {
    assert.deepEqual(play({ ann: 3 }).served, [['ann'], ['ann'], ['ann'], []]);
  });

  it('lets those who wait come one after the other, again and again', () => {
    const { served } = play({ ann: 3, ben: 2, eve: 1 });
    assert.deepEqual(served.flat(), ['ann', 'ann', 'ben', 'eve', 'ann', 'ben']);
    assert.ok(served.every((turn) => turn.length <= 1));
  });

  it('passes over whoever has no room', () => {
    assert.deepEqual(play({ full: 2, ann: 1 }).served.flat(), ['ann']);
  });
});
