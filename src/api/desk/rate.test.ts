import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimiter } from './rate.ts';

const LIMITS = { burst: 3, refillMs: 1000 };

test('an address may ask some times at once, then as often as its bucket fills', () => {
  const rate = new RateLimiter(LIMITS);
  assert.deepEqual(
    [1, 2, 3].map(() => rate.ask('192.168.1.9', 0)),
    [0, 0, 0],
  );
  assert.equal(rate.ask('192.168.1.9', 0), 1000);
  assert.equal(rate.ask('192.168.1.9', 400), 600);
  assert.equal(rate.ask('192.168.1.9', 1000), 0);
  assert.equal(rate.ask('192.168.1.10', 0), 0, 'others have their own');
});

test('a clock that goes back costs nobody a question and gives none', () => {
  const rate = new RateLimiter(LIMITS);
  for (let asked = 0; asked < 3; asked += 1) rate.ask('a', 5000);
  assert.equal(rate.ask('a', 0), 1000);
});

test('a machine is one, however many addresses it has', () => {
  const rate = new RateLimiter(LIMITS);
  for (const host of ['2001:db8:1:2::1', '2001:db8:1:2:aaaa::7', '2001:db8:1:2:0:0:0:9'])
    assert.equal(rate.ask(host, 0), 0);
  assert.ok(rate.ask('2001:db8:1:2:ffff:1:2:3', 0) > 0);
  assert.equal(rate.ask('2001:db8:1:3::1', 0), 0);
  for (let asked = 0; asked < 3; asked += 1) rate.ask('::ffff:10.0.0.1', 0);
  assert.ok(rate.ask('10.0.0.1', 0) > 0);
});

test('memory is bounded, and who asks most is not forgotten for it', () => {
  const rate = new RateLimiter(LIMITS);
  for (let n = 0; n < 100_000; n += 1) {
    rate.ask(`10.${String(n >> 16)}.${String((n >> 8) & 255)}.${String(n & 255)}`, 0);
    if (n % 1000 === 0) rate.ask('192.168.1.9', 0);
  }
  assert.ok(rate.ask('192.168.1.9', 0) > 0);
});
