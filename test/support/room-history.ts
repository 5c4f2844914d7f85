/** What a room agreed on, with doubles and holes, as it was applied and as it is handed on. */
import assert from 'node:assert/strict';
import { chained, genesis } from '../../src/rooms/consensus/chain.ts';
import { Sessions } from '../../src/rooms/consensus/sessions.ts';
import type { Entry, Mark, ReplicaId, SentEntry } from '../../src/rooms/consensus/types.ts';
import { begun, type OlderPage, type PlacedEntry } from '../../src/rooms/older/core.ts';

const ROOM = new Uint8Array(32).fill(7);
export const BASE = genesis(ROOM);
export const ADA = 'a'.repeat(64);
const BEN = 'b'.repeat(64);
const LIFE = '1'.repeat(16);

export function word(author: string, number: number): SentEntry {
  const body = new TextEncoder().encode(`${author.slice(0, 1)}${String(number)}`);
  return { kind: 'command', term: 1, command: { author, incarnation: LIFE, number, body } };
}

/** Everything that a host may put in order: doubles after a change of host, numbers whose one before is missing. */
export const SENT: readonly SentEntry[] = [
  { kind: 'start', term: 1 },
  word(ADA, 1),
  word(BEN, 1),
  word(ADA, 2),
  word(ADA, 1),
  word(BEN, 3),
  { kind: 'change', term: 1, roster: { voters: ['x' as ReplicaId], joining: [], learners: [] } },
  word(BEN, 2),
  word(ADA, 2),
  word(BEN, 3),
  word(ADA, 3),
];

interface History {
  readonly placed: readonly PlacedEntry[];
  readonly marks: readonly Mark[];
}

/** As it was applied where it was confirmed. */
export function applied(sent: readonly SentEntry[]): History {
  const sessions = new Sessions([]);
  const marks: Mark[] = [{ index: 0, hash: BASE.hash, sessions: [] }];
  const placed: PlacedEntry[] = [];
  for (const [at, one] of sent.entries()) {
    const entry: Entry = chained(marks.at(-1)?.hash ?? '', at + 1, one);
    placed.push({ entry, counted: sessions.apply(entry) === 'new' });
    marks.push({ index: at + 1, hash: entry.hash, sessions: sessions.table() });
  }
  return { placed, marks };
}

export function markAt({ marks }: History, index: number): Mark {
  const mark = marks[index];
  assert.ok(mark !== undefined);
  return mark;
}

export function page({ placed, marks }: History, above: number, upTo: number): OlderPage {
  return { upTo, before: marks[above]?.hash ?? '', entries: placed.slice(above, upTo) };
}

export const HISTORY = applied(SENT);
export const END = SENT.length;
export const WHOLE = begun({ from: markAt(HISTORY, 0), to: markAt(HISTORY, END) });
