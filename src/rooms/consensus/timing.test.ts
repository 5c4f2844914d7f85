import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { replicaOf } from './roster.ts';
import { Timing, TIMING } from './timing.ts';

const voters = ['a', 'b', 'c'].map((letter) => replicaOf(letter.repeat(64), 'f'.repeat(16)));
const [self, peer] = voters as [(typeof voters)[0], (typeof voters)[0]];

function measured(peers: number, quietMs: number): Timing {
  const timing = new Timing();
  for (let round = 0; round < 20; round += 1) timing.measured(peer, 4);
  timing.evaluate(self, voters, peers, quietMs);
  return timing;
}

describe('how often a host says that it is there', () => {
  it('follows the way to the others while the room is used', () => {
    assert.equal(measured(2, 0).heartbeatMs, TIMING.heartbeatMs.least);
    assert.equal(measured(2, 900).heartbeatMs, TIMING.heartbeatMs.least);
  });

  it('is ever more seldom in quiet, up to a second, and it is waited for longer then', () => {
    assert.equal(measured(2, 10_000).heartbeatMs, 500);
    assert.equal(measured(2, 3_600_000).heartbeatMs, TIMING.quietMs);
    assert.ok(measured(2, 3_600_000).electionMs >= 4 * TIMING.quietMs);
  });

  it('is never said to more than a hundred a second', () => {
    assert.equal(measured(20, 0).heartbeatMs, 200);
    assert.equal(measured(400, 0).heartbeatMs, TIMING.heartbeatMs.most);
  });

  it('is looked at as often as ever, since in the next moment something may be said', () => {
    assert.equal(measured(199, 3_600_000).tickMs, measured(2, 0).tickMs);
  });
});
