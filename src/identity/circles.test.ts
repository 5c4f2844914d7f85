import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closedCircle } from './circles.ts';

type Graph = readonly (readonly number[])[];

const waitsFor = (graph: Graph) => (node: number) => graph[node] ?? [];

/** By walking from every node, over and over. */
function reachable(graph: Graph, from: number): Set<number> {
  const found = new Set<number>();
  const stack = [...(graph[from] ?? [])];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (found.has(node)) continue;
    found.add(node);
    stack.push(...(graph[node] ?? []));
  }
  return found;
}

test('two who wait for each other', () => {
  assert.deepEqual(closedCircle(0, waitsFor([[1], [0]])).sort(), [0, 1]);
});

test('who waits for a circle is not part of it', () => {
  assert.deepEqual(closedCircle(0, waitsFor([[1], [2], [3], [1]])).sort(), [1, 2, 3]);
});

test('of two circles, the one that waits for nobody', () => {
  assert.deepEqual(closedCircle(0, waitsFor([[1], [0, 2], [3], [2]])).sort(), [2, 3]);
});

test('a chain of a hundred thousand is walked', () => {
  const length = 100_000;
  const found = closedCircle(0, (node) => [Math.min(node + 1, length)]);
  assert.deepEqual(found, [length]);
});

test('what is found waits for each other and for nobody outside', () => {
  const graph = fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.array(fc.array(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: 4 }), {
      minLength: size,
      maxLength: size,
    }),
  );
  fc.assert(
    fc.property(graph, (edges) => {
      const circle = closedCircle(0, waitsFor(edges));
      assert.ok(circle.length > 0);
      for (const node of circle) assert.deepEqual(reachable(edges, node), new Set(circle));
    }),
    { seed: 6, numRuns: 500 },
  );
});
