import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StoredEntry } from '../log/ports.ts';
import { RecentEntries } from './recent-entries.ts';

function entry(seq: number, sizeBytes = 600): StoredEntry {
  return { seq, headerBytes: new Uint8Array(sizeBytes), parts: [], seal: null, aside: undefined };
}

describe('recent entries', () => {
  it('keeps what fits, the latest', () => {
    const recent = new RecentEntries(3000);
    for (let seq = 1; seq <= 5; seq += 1) recent.add(seq, entry(seq));
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((id) => recent.get(id)?.seq),
      [undefined, undefined, 3, 4, 5],
    );
  });

  it('forgets what was told to, and has its room again', () => {
    const recent = new RecentEntries(3000);
    recent.add(1, entry(1));
    recent.add(2, entry(2));
    recent.add(2, entry(2));
    recent.forget(1);
    recent.add(3, entry(3));
    recent.add(4, entry(4));
    assert.deepEqual(
      [1, 2, 3, 4].map((id) => recent.get(id)?.seq),
      [undefined, 2, 3, 4],
    );
    recent.clear();
    assert.equal(recent.get(4), undefined);
  });

  it('keeps nothing that is larger than all of it', () => {
    const recent = new RecentEntries(3000);
    recent.add(1, entry(1, 5000));
    assert.equal(recent.get(1), undefined);
  });
});
