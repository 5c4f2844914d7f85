import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkKey } from '../base/ids.ts';
import type { Meta } from './keys.ts';
import { NeighbourMemory } from './neighbour-memory.ts';

const peer = (number: number): LinkKey => number.toString(16).padStart(64, '0') as LinkKey;

function disk(): Meta & { writes: number } {
  const kept = new Map<string, Uint8Array>();
  const meta = {
    writes: 0,
    get: (key: string) => kept.get(key),
    set: (key: string, value: Uint8Array) => {
      meta.writes += 1;
      kept.set(key, value);
    },
    delete: (key: string) => void kept.delete(key),
  };
  return meta;
}

const reread = (meta: Meta): (readonly [LinkKey, readonly string[]])[] => [
  ...new NeighbourMemory(meta).all(),
];

describe('the memory of neighbours', () => {
  it('is on disk when it is told, the latest neighbour and its best address first', () => {
    const meta = disk();
    const memory = new NeighbourMemory(meta);
    memory.note(peer(1), ['/ip4/10.0.0.1/tcp/1'], true);
    memory.note(peer(2), ['/ip4/10.0.0.2/tcp/1'], true);
    memory.note(peer(1), ['/ip4/10.0.0.1/tcp/2'], true);
    assert.deepEqual(reread(meta), [
      [peer(1), ['/ip4/10.0.0.1/tcp/2', '/ip4/10.0.0.1/tcp/1']],
      [peer(2), ['/ip4/10.0.0.2/tcp/1']],
    ]);
  });

  it('writes nothing that is no news', () => {
    const meta = disk();
    const memory = new NeighbourMemory(meta);
    memory.note(peer(1), ['/ip4/10.0.0.1/tcp/1'], true);
    memory.note(peer(1), ['/ip4/10.0.0.1/tcp/1'], true);
    memory.note(peer(1), [], true);
    memory.note(peer(2), [], true);
    assert.equal(meta.writes, 1);
  });

  it('keeps neighbours before those who were only heard of, however many these are', () => {
    const meta = disk();
    const memory = new NeighbourMemory(meta);
    for (let number = 1; number <= 40; number += 1) memory.note(peer(number), ['/ip4/10.0.0.9/tcp/1'], false);
    memory.note(peer(50), ['/ip4/10.0.0.50/tcp/1'], true);
    memory.note(peer(51), ['/ip4/10.0.0.51/tcp/1'], false);
    const all = reread(meta).map(([key]) => key);
    assert.equal(all.length, 32);
    assert.equal(all[0], peer(50));
    assert.ok(!all.includes(peer(51)));
  });

  it('keeps few addresses of each', () => {
    const memory = new NeighbourMemory(disk());
    for (let port = 1; port <= 20; port += 1)
      memory.note(peer(1), [`/ip4/10.0.0.1/tcp/${String(port)}`], true);
    assert.equal(memory.of(peer(1)).length, 8);
    assert.equal(memory.of(peer(1))[0], '/ip4/10.0.0.1/tcp/20');
  });
});
