import assert from 'node:assert/strict';
import { test } from 'node:test';
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
