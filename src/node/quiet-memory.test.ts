import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '../../test/sim/manual-timers.ts';
import { giveBackWhenQuiet, processMemory, type MemoryUse } from './quiet-memory.ts';

const LOOK_MS = 5000;

function node() {
  const timers = new ManualTimers();
  const used = { cpuMs: 0, heapBytes: 60, collections: 0 };
  const use: MemoryUse = {
    cpuMs: () => used.cpuMs,
    heapBytes: () => used.heapBytes,
    giveBack: () => {
      used.collections += 1;
      used.heapBytes = 30;
    },
  };
  const stop = giveBackWhenQuiet(timers, use);
  const look = (): void => timers.advance(LOOK_MS);
  return { used, look, stop };
}

test('what starting left behind is given back once, when the node has come to rest', () => {
  const { used, look } = node();
  used.cpuMs += 2000;
  look();
  assert.equal(used.collections, 0, 'a busy node is not held up');
  look();
  look();
  look();
  assert.equal(used.collections, 1);
});

test('what work has grown the heap by is given back after it', () => {
  const { used, look } = node();
  look();
  used.heapBytes = 40;
  look();
  assert.equal(used.collections, 1, 'so little is worth no collection');
  used.heapBytes = 90;
  look();
  assert.equal(used.collections, 2);
});

test('a node that stops looks no more', () => {
  const { used, look, stop } = node();
  stop();
  look();
  assert.equal(used.collections, 0);
});

test('V8’s heap shrinks in a real process', () => {
  litter();
  const before = processMemory.heapBytes();
  processMemory.giveBack();
  assert.ok(processMemory.heapBytes() < before, `${String(processMemory.heapBytes())} of ${String(before)}`);
});

/** Grows the heap by some twenty megabytes, and lets go of them. */
function litter(): void {
  const objects = Array.from({ length: 300_000 }, (_, n) => ({ n }));
  assert.equal(objects.at(-1)?.n, 299_999);
}
