/** The hash chain over a room's entries, as docs/protocol/rooms.md has it. */
import { hash } from 'node:crypto';
import { concatBytes, fromHex, type Bytes } from '../../base/bytes.ts';
import { encodeCbor, type CborValue } from '../../base/cbor.ts';
import type { ChainHash, Entry, EntryBody, Roster, SentEntry, Snapshot } from './types.ts';

export function bodyFields(body: EntryBody): CborValue[] {
  switch (body.kind) {
    case 'start':
      return [0];
    case 'change':
      return [1, ...rosterFields(body.roster)];
    case 'command': {
      const { author, incarnation, number, body: bytes } = body.command;
      return [2, author, incarnation, number, bytes];
    }
  }
}

export function rosterFields({ voters, joining, learners }: Roster): CborValue[] {
  return [[...voters], [...joining], [...learners]];
}

export function chained(previous: ChainHash, index: number, sent: SentEntry): Entry {
  const bytes = encodeCbor([index, sent.term, ...bodyFields(sent)]);
  return { ...sent, index, hash: digest(concatBytes(fromHex(previous), bytes)) };
}

/** Where a room's history begins: nothing is agreed on yet, and nobody counts. */
export function genesis(room: Bytes): Snapshot {
  return { index: 0, term: 0, hash: digest(room), roster: NOBODY, sessions: [] };
}

export const NOBODY: Roster = { voters: [], joining: [], learners: [] };

function digest(bytes: Bytes): ChainHash {
  return hash('sha256', bytes, 'hex');
}
