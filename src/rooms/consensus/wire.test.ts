import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeCbor, encodeCbor } from '../../base/cbor.ts';
import { isKithError } from '../../base/errors.ts';
import type { Message, ReplicaId, Roster } from './types.ts';
import { messageFields, readMessage } from './wire.ts';

const SEED = 20261128;
const whole = fc.nat(1_000_000);
const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length / 2, maxLength: length / 2 })
    .map((bytes) => Buffer.from(bytes).toString('hex'));
const replica = fc.tuple(hex(64), hex(16)).map(([device, life]) => `${device}/${life}` as ReplicaId);
const replicas = fc.array(replica, { maxLength: 4 });
const roster: fc.Arbitrary<Roster> = fc.record({ voters: replicas, joining: replicas, learners: replicas });
const stamp = whole.map((us) => us / 1000);
const command = fc.record({
  author: hex(64),
  incarnation: hex(16),
  number: whole,
  body: fc.uint8Array({ maxLength: 50 }),
});

const messages: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ type: fc.constant('pre-vote' as const), term: whole, lastIndex: whole, lastTerm: whole }),
  fc.record({ type: fc.constant('pre-vote-answer' as const), term: whole, granted: fc.boolean() }),
  fc.record({
    type: fc.constant('vote' as const),
    term: whole,
    transfer: fc.boolean(),
    lastIndex: whole,
    lastTerm: whole,
  }),
  fc.record({ type: fc.constant('vote-answer' as const), term: whole, granted: fc.boolean() }),
  fc.record({
    type: fc.constant('append' as const),
    term: fc.constant(7),
    prevIndex: whole,
    prevTerm: fc.nat(7),
    prevHash: hex(64),
    entries: fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('start' as const), term: fc.constant(7) }),
        fc.record({ kind: fc.constant('change' as const), term: fc.constant(7), roster }),
        fc.record({ kind: fc.constant('command' as const), term: fc.constant(7), command }),
      ),
      { maxLength: 4 },
    ),
    commit: whole,
    electionMs: fc.nat(59_999),
    stamp,
    order: fc.option(
      fc.record({
        term: whole,
        version: whole,
        best: replicas,
        slotMs: fc.nat(1000),
        silent: fc.array(fc.tuple(replica, whole), { maxLength: 4 }),
      }),
      { nil: undefined },
    ),
  }),
  fc.record({ type: fc.constant('appended' as const), term: whole, match: whole, stamp, order: whole }),
  fc.record({
    type: fc.constant('conflict' as const),
    term: whole,
    rejected: whole,
    hintIndex: whole,
    hintTerm: whole,
    stamp,
  }),
  fc.record({
    type: fc.constant('install' as const),
    term: whole,
    snapshot: fc.record({
      index: whole,
      term: whole,
      hash: hex(64),
      roster,
      sessions: fc.array(
        fc.tuple(
          fc.tuple(hex(64), hex(16)).map((pair) => pair.join(' ')),
          whole,
        ),
        { maxLength: 3 },
      ),
    }),
    stamp,
  }),
  fc.record({ type: fc.constant('stale' as const), term: whole }),
  fc.record({ type: fc.constant('campaign' as const), term: whole }),
);

describe('messages between replicas', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(messages, (message) => {
        assert.deepEqual(
          readMessage(decodeCbor(encodeCbor(messageFields(message)))),
          structuredClone(message),
        );
      }),
      { seed: SEED },
    );
  });

  it('are refused as malformed whatever is changed in them, or taken as another message', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.nat(255), (message, place, byte) => {
        const bytes = encodeCbor(messageFields(message));
        bytes[place % bytes.byteLength] = byte;
        try {
          readMessage(decodeCbor(bytes));
        } catch (error) {
          assert.ok(isKithError(error, 'malformed'), String(error));
        }
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  it('name no term of an entry above that of their host', () => {
    const odd = {
      type: 'append',
      term: 3,
      prevIndex: 0,
      prevTerm: 0,
      prevHash: 'a'.repeat(64),
      entries: [{ kind: 'start', term: 4 }],
      commit: 0,
      electionMs: 300,
      stamp: 0,
      order: undefined,
    } as const;
    assert.throws(() => readMessage(messageFields(odd)), { code: 'malformed' });
  });
});
