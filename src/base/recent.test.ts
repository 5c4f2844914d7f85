import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRng } from '../../test/sim/rng.ts';
import { Recent } from './recent.ts';

test('the one that was put in first makes room', () => {
  const recent = new Recent<string, number>(2);
  recent.set('a', 1);
  recent.set('b', 2);
  recent.set('a', 3);
  recent.set('c', 4);
  assert.deepEqual([recent.get('a'), recent.get('b'), recent.get('c')], [undefined, 2, 4]);
});

test('what is here is not made again, until it is let go', () => {
  const recent = new Recent<string, number>(2);
  let made = 0;
  const look = (): number => recent.of('a', () => (made += 1));
  assert.deepEqual([look(), look()], [1, 1]);
  recent.delete('a');
  assert.equal(look(), 2);
  recent.clear();
  assert.equal(look(), 3);
});

test('whatever is set, let go and cleared, it holds what came last', () => {
  const rng = new SeededRng(7);
  for (let life = 0; life < 50; life += 1) {
    const most = rng.between(1, 6);
    const recent = new Recent<number, number>(most);
    const all = new Map<number, number>();
    for (let step = 0; step < 200; step += 1) {
      const [key, what] = [rng.below(12), rng.below(20)];
      if (what === 0) {
        recent.clear();
        all.clear();
      } else if (what < 7) {
        recent.delete(key);
        all.delete(key);
      } else {
        recent.set(key, step);
        all.set(key, step);
      }
      const [oldest] = all.keys();
      if (all.size > most && oldest !== undefined) all.delete(oldest);
      for (let one = 0; one < 12; one += 1) assert.equal(recent.get(one), all.get(one));
    }
  }
});
