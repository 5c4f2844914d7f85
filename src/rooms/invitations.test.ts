/** Since when an invitation counts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeviceKey } from '../base/ids.ts';
import { replicaOf } from './consensus/roster.ts';
import type { Entry, Roster, Snapshot } from './consensus/types.ts';
import { invitableSince } from './invitations.ts';

const [ADA, EVE] = ['a'.repeat(64), 'e'.repeat(64)] as [DeviceKey, DeviceKey];
const LIFE = '1'.repeat(16);
const ALONE = rosterOf(ADA);
const BOTH = rosterOf(ADA, EVE);

function rosterOf(...devices: readonly DeviceKey[]): Roster {
  return { voters: devices.map((device) => replicaOf(device, LIFE)), joining: [], learners: [] };
}

/** A log that begins after `base` with this roster, and has changes at some places. */
function since(baseIndex: number, roster: Roster, changes: readonly (readonly [number, Roster])[]): number {
  const base: Snapshot = { index: baseIndex, term: 1, hash: '', roster, sessions: [] };
  const entries = new Map(
    changes.map(([index, to]): readonly [number, Entry] => [
      index,
      { kind: 'change', roster: to, index, term: 1, hash: '' },
    ]),
  );
  const end = { lastIndex: baseIndex + 100, lastTerm: 1 };
  return invitableSince({ base, end, entry: (index) => entries.get(index) }, EVE);
}

describe('an invitation', () => {
  it('lets in whoever was never in', () => {
    assert.equal(since(0, ALONE, []), 0);
    assert.equal(since(0, ALONE, [[7, ALONE]]), 0);
  });

  it('from before somebody was put out does not let them in again', () => {
    assert.equal(
      since(0, ALONE, [
        [5, BOTH],
        [9, ALONE],
      ]),
      9,
    );
    assert.equal(
      since(500, BOTH, [
        [509, ALONE],
        [520, ALONE],
      ]),
      509,
    );
  });

  it('from before the log begins lets nobody in who may have been put out there', () => {
    assert.equal(since(500, ALONE, []), 500);
    assert.equal(since(500, ALONE, [[510, ALONE]]), 500);
  });
});
