import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkKey } from '../../base/ids.ts';
import { LIMITS } from '../../base/limits.ts';
import { RelayCore, type RelayFate } from './core.ts';
import type { RelayFrame } from './types.ts';
import { decodeRelay, encodeRelay } from './wire.ts';

const key = (letter: string): LinkKey => letter.repeat(64) as LinkKey;
const [A, B, C, D, E] = [key('a'), key('b'), key('c'), key('d'), key('e')];
/** In a row, A to E. */
const ROW = [A, B, C, D, E];

function nodeIn(
  row: readonly LinkKey[],
  self: LinkKey,
  judge: 'good' | 'unknown' | 'bad' = 'good',
): RelayCore {
  const at = row.indexOf(self);
  return new RelayCore({
    self,
    neighbours: () => [row[at - 1], row[at + 1]].filter((node) => node !== undefined),
    pathTo: (node) => {
      const to = row.indexOf(node);
      if (to < 0) return undefined;
      return to >= at ? row.slice(at, to + 1) : row.slice(to, at + 1).reverse();
    },
    judge: () => judge,
  });
}

function frame(to: LinkKey, seq = 1, epoch = 1): RelayFrame {
  const body = new Uint8Array([seq]);
  return {
    from: A,
    to,
    epoch,
    seq,
    topic: 'test',
    body,
    signature: new Uint8Array(64),
    hops: LIMITS.relayHops,
  };
}

/** Carries a frame along the row until it is there, or dropped. */
function carry(row: readonly LinkKey[], to: LinkKey): { readonly crossed: number; readonly fate: RelayFate } {
  let fate = nodeIn(row, A).send(frame(to));
  let [by, crossed] = [A, 0];
  while (fate.type === 'pass') {
    const [next] = fate.to;
    assert.ok(next !== undefined && fate.to.length === 1, 'one way is known');
    crossed += 1;
    fate = nodeIn(row, next).arrived(fate.frame, by);
    by = next;
  }
  return { crossed, fate };
}

describe('a relayed frame', () => {
  it('crosses three links, and no fourth', () => {
    assert.deepEqual(carry(ROW, B), { crossed: 1, fate: { type: 'deliver' } });
    assert.deepEqual(carry(ROW, D), { crossed: 3, fate: { type: 'deliver' } });
    assert.deepEqual(carry(ROW, E), { crossed: 0, fate: { type: 'drop', why: 'too-far' } });
  });

  it('is passed on once, and not from an earlier life of its sender', () => {
    const node = nodeIn(ROW, B);
    assert.equal(node.arrived(frame(C), A).type, 'pass');
    assert.deepEqual(node.arrived(frame(C), A), { type: 'drop', why: 'repeated' });
    assert.equal(node.arrived(frame(C, 1, 2), A).type, 'pass');
    assert.deepEqual(node.arrived(frame(C, 9, 1), A), { type: 'drop', why: 'repeated' });
  });

  it('may come late, but not for ever', () => {
    const node = nodeIn(ROW, B);
    for (let seq = 10; seq < 2000; seq += 1) node.arrived(frame(B, seq), A);
    assert.deepEqual(node.arrived(frame(B, 9), A), { type: 'drop', why: 'repeated' });
    assert.deepEqual(node.arrived(frame(B, 1999), A), { type: 'drop', why: 'repeated' });
    assert.deepEqual(node.arrived(frame(B, 2010), A), { type: 'deliver' });
    assert.deepEqual(node.arrived(frame(B, 2005), A), { type: 'deliver' });
  });

  it('uses up none of a sender’s numbers unless the sender signed it', () => {
    assert.deepEqual(nodeIn(ROW, B, 'bad').arrived(frame(B), A), { type: 'drop', why: 'forged' });
    assert.deepEqual(nodeIn(ROW, B, 'unknown').arrived(frame(B), A), { type: 'drop', why: 'unknown' });
  });

  it('goes to all neighbours but the one it came from where no way is known', () => {
    const node = new RelayCore({
      self: B,
      neighbours: () => [A, C, D],
      pathTo: () => undefined,
      judge: () => 'good',
    });
    const fate = node.arrived(frame(E), A);
    assert.deepEqual(fate.type === 'pass' && fate.to, [C, D]);
  });

  it('has one encoding, and is refused when it is too large or oddly made', () => {
    const good = frame(B);
    assert.deepEqual(decodeRelay(encodeRelay(good)), good);
    const odd = [
      { ...good, hops: LIMITS.relayHops + 1 },
      { ...good, topic: 'Not a topic' },
      { ...good, body: new Uint8Array(LIMITS.relayedBytes + 1) },
      { ...good, signature: new Uint8Array(63) },
    ];
    for (const one of odd) assert.throws(() => decodeRelay(encodeRelay(one)), { code: 'malformed' });
  });
});
