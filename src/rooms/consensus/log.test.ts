import assert from 'node:assert/strict';
import { it } from 'node:test';
import { genesis } from './chain.ts';
import { RoomLog } from './log.ts';
import { replicaOf } from './roster.ts';
import type { SentEntry } from './types.ts';
import { messageFields } from './wire.ts';
import { encodeCbor } from '../../base/cbor.ts';

it('what goes in one message stays small, however many are in the room', () => {
  const voters = Array.from({ length: 200 }, (_, at) =>
    replicaOf(String(at).padStart(64, '0'), '1'.repeat(16)),
  );
  const sent: SentEntry = { kind: 'change', term: 1, roster: { voters, joining: [], learners: [] } };
  const base = genesis(new Uint8Array(32));
  const log = new RoomLog(base, []);
  for (let at = 0; at < 100; at += 1) log.append(log.chainOn([sent]));
  const entries = log.batch(1);
  const bytes = encodeCbor(
    messageFields({
      type: 'append',
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      prevHash: base.hash,
      entries,
      commit: 0,
      electionMs: 300,
      stamp: 0,
      order: undefined,
    }),
  );
  assert.ok(entries.length > 1);
  assert.ok(bytes.byteLength < 80 * 1024, String(bytes.byteLength));
});
