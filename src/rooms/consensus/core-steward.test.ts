import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOST_VOTERS, nextRoster } from './core-steward.ts';
import { isSingleChange, replicaOf, without } from './roster.ts';
import type { ReplicaId, Roster } from './types.ts';

const many = Array.from({ length: 60 }, (_, at) => replicaOf(String(at).padStart(64, '0'), 'a'.repeat(16)));
const [self] = many as [ReplicaId];

function next(roster: Roster, isCaughtUp = (_peer: ReplicaId): boolean => true): Roster | undefined {
  return nextRoster({ roster, self, isCaughtUp, unheardMs: () => 0, awayMs: 1, hostedMs: 0 });
}

function settled(from: Roster): Roster {
  const to = next(from);
  if (to === undefined) return from;
  assert.ok(isSingleChange(from, to));
  return settled(to);
}

describe('what a host does for its roster', () => {
  const full = settled({ voters: [self], joining: many.slice(1), learners: [] });

  it('lets those count who have caught up, one after the other, and no more than can decide quickly', () => {
    assert.equal(full.voters.length, MOST_VOTERS);
    assert.deepEqual(full.joining, []);
    assert.equal(full.learners.length, many.length - MOST_VOTERS);
  });

  it('lets whoever follows count when there is room', () => {
    const [gone] = full.voters.slice(-1);
    const [first] = full.learners;
    assert.ok(gone !== undefined && first !== undefined);
    assert.deepEqual(next(without(full, gone))?.voters.at(-1), first);
  });

  it('lets nobody count who has not caught up', () => {
    assert.equal(
      next({ voters: [self], joining: many.slice(1), learners: [] }, () => false),
      undefined,
    );
  });
});
