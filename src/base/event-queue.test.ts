import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventQueue } from './event-queue.ts';

test('what an event causes comes after it, in order', () => {
  const handled: string[] = [];
  const queue = new EventQueue<string>((event) => {
    if (event === 'first') for (const caused of ['second', 'third']) queue.push(caused);
    handled.push(event);
  });
  queue.push('first');
  assert.deepEqual(handled, ['first', 'second', 'third']);
});

test('after one that failed, the next one is handled, and what waited before it', () => {
  const handled: string[] = [];
  const queue = new EventQueue<string>((event) => {
    if (event === 'bad') {
      queue.push('caused');
      throw new Error('no');
    }
    handled.push(event);
  });
  assert.throws(() => {
    queue.push('bad');
  }, /no/);
  queue.push('good');
  assert.deepEqual(handled, ['caused', 'good']);
});
