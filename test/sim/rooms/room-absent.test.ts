/** A voter that is away for long: it follows from then on, by a change that a majority agreed on, and counts again when it is back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { A, B, C, Direct, roster } from './direct.ts';
import type { ReplicaId } from '../../../src/rooms/consensus/types.ts';

const AWAY_MS = 10_000;

/** A host of three who hears these all the time. */
function hears(host: Direct, peers: readonly ReplicaId[], forMs: number): void {
  for (let passedMs = 0; passedMs < forMs; passedMs += 100) {
    host.wait(100);
    for (const peer of peers) host.acknowledge(peer, host.core.end.lastIndex);
  }
}

function host(): Direct {
  const made = new Direct(A, [roster(1, [A, B, C])], {}, { awayMs: AWAY_MS }).elect(B);
  hears(made, [B, C], 1000);
  return made;
}

describe('a voter that is away', () => {
  it('follows after a while, by agreement, and counts again once it has caught up', () => {
    const room = host();
    hears(room, [B], AWAY_MS - 1000);
    assert.deepEqual(room.core.roster.voters, [A, B, C], 'not too soon');
    room.wait(2000);
    // Nobody answers meanwhile: it is no change before a majority has it.
    assert.deepEqual(room.core.agreedRoster.voters, [A, B, C]);
    room.elect(B);
    hears(room, [B], AWAY_MS + 1000);
    assert.deepEqual(room.core.agreedRoster, { voters: [A, B], joining: [], learners: [C] });
    hears(room, [B, C], 1000);
    assert.deepEqual(room.core.agreedRoster, { voters: [A, B, C], joining: [], learners: [] });
  });

  it('goes on counting where those who are left are no majority', () => {
    const room = host();
    room.wait(3 * AWAY_MS);
    assert.equal(room.core.role === 'host', false);
    assert.deepEqual(room.core.roster.voters, [A, B, C]);
  });
});
