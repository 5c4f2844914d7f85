import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../base/errors.ts';
import type { DeviceKey, EntryHash, NetworkId } from '../base/ids.ts';
import { decodeMessage, encodeMessage, type SyncMessage } from './sync-wire.ts';
import { feedIdOf } from './wire.ts';

const device = 'aa'.repeat(32) as DeviceKey;
const incarnation = '01'.repeat(16);
const feed = { id: feedIdOf(device, incarnation, 'data'), device, incarnation, lane: 'data' } as const;
const hash = 'bb'.repeat(32) as EntryHash;
const raw = { headerBytes: Uint8Array.of(1, 2), parts: [null, Uint8Array.of(3)], seal: new Uint8Array(64) };

const MESSAGES: readonly SyncMessage[] = [
  { type: 'hello', network: 'cc'.repeat(32) as NetworkId, digest: new Uint8Array(32) },
  { type: 'buckets', digests: new Uint8Array(2048).fill(9) },
  { type: 'heights', heights: [{ feed, seq: 7, hash, forked: false }] },
  { type: 'want', mode: 'parts', feed: feed.id, from: 3, limitBytes: 1000 },
  { type: 'run', mode: 'entries', run: { feed, entries: [raw] } },
  {
    type: 'evidence',
    evidence: { feed, seq: 4, one: [{ ...raw, parts: [] }], other: [{ ...raw, parts: [] }] },
  },
  { type: 'none', feed: feed.id },
];

describe('sync messages', () => {
  for (const message of MESSAGES) {
    it(`${message.type} comes back as it was`, () => {
      assert.deepEqual(decodeMessage(encodeMessage(message)), message);
    });
  }

  it('are messages or malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4000 }), (bytes) => {
        onlyMalformed(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  it('are messages or malformed, however a real one was changed', () => {
    const real = MESSAGES.map(encodeMessage);
    fc.assert(
      fc.property(
        fc.constantFrom(...real),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }),
        fc.nat(),
        (frame, changes, cut) => {
          const changed = frame.slice(0, frame.length - (cut % 4));
          for (const [at, byte] of changes) changed[at % changed.length] = byte;
          onlyMalformed(changed);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('are not followed into endless nesting', () => {
    onlyMalformed(new Uint8Array(500_000).fill(0x81));
  });
});

function onlyMalformed(bytes: Uint8Array): void {
  try {
    decodeMessage(bytes);
  } catch (error) {
    assert.ok(isKithError(error, 'malformed'), String(error));
  }
}
