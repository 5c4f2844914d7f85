/** Bytes of what replicas say to each other, as docs/protocol/rooms.md has them. */
import { fromHex, toHex, type Bytes } from '../../base/bytes.ts';
import { malformed, type CborValue } from '../../base/cbor.ts';
import { LIMITS } from '../../base/limits.ts';
import { bodyFields, rosterFields } from './chain.ts';
import type {
  CandidateOrder,
  Command,
  EntryBody,
  Mark,
  Message,
  ReplicaId,
  Roster,
  SentEntry,
  SessionTable,
  Silence,
  Snapshot,
} from './types.ts';

const REPLICA = /^[0-9a-f]{64}\/[0-9a-f]{16}$/;
const TYPES = [
  'pre-vote',
  'pre-vote-answer',
  'vote',
  'vote-answer',
  'append',
  'appended',
  'conflict',
  'install',
  'stale',
  'campaign',
] as const satisfies readonly Message['type'][];

export function messageFields(message: Message): CborValue[] {
  return [TYPES.indexOf(message.type), message.term, ...restOf(message)];
}

function restOf(message: Message): CborValue[] {
  switch (message.type) {
    case 'pre-vote':
      return [message.lastIndex, message.lastTerm];
    case 'vote':
      return [message.lastIndex, message.lastTerm, message.transfer];
    case 'pre-vote-answer':
    case 'vote-answer':
      return [message.granted];
    case 'append':
      return [
        message.prevIndex,
        message.prevTerm,
        fromHex(message.prevHash),
        message.entries.map(entryFields),
        message.commit,
        message.electionMs,
        stampOf(message.stamp),
        message.order === undefined ? null : orderFields(message.order),
      ];
    case 'appended':
      return [message.match, stampOf(message.stamp), message.order];
    case 'conflict':
      return [message.rejected, message.hintIndex, message.hintTerm, stampOf(message.stamp)];
    case 'install':
      return [snapshotFields(message.snapshot), stampOf(message.stamp)];
    case 'stale':
    case 'campaign':
      return [];
  }
}

/** @throws KithError `malformed` */
export function readMessage(value: CborValue | undefined): Message {
  const [kind, term, ...rest] = listOf(value);
  const type = TYPES[numberIn(kind, TYPES.length)];
  const common = { term: numberIn(term) };
  switch (type) {
    case 'append':
      return readAppend(common.term, rest);
    case 'pre-vote':
      return { type, ...common, ...endIn(exactly(rest, 2)) };
    case 'vote':
      return { type, ...common, ...endIn(exactly(rest, 3)), transfer: flagIn(rest[2]) };
    case 'pre-vote-answer':
    case 'vote-answer':
      return { type, ...common, granted: flagIn(exactly(rest, 1)[0]) };
    case 'appended': {
      const [match, stamp, order] = exactly(rest, 3).map((one) => numberIn(one)) as [number, number, number];
      return { type, ...common, match, stamp: stamp / 1000, order };
    }
    case 'conflict': {
      const [rejected = 0, hintIndex = 0, hintTerm = 0, stamp = 0] = exactly(rest, 4).map((one) =>
        numberIn(one),
      );
      return { type, ...common, rejected, hintIndex, hintTerm, stamp: stamp / 1000 };
    }
    case 'install':
      return {
        type,
        ...common,
        snapshot: readSnapshot(exactly(rest, 2)[0]),
        stamp: numberIn(rest[1]) / 1000,
      };
    case 'stale':
    case 'campaign':
      exactly(rest, 0);
      return { type, ...common };
    default:
      throw malformed('a message of rooms');
  }
}

function readAppend(term: number, rest: readonly CborValue[]): Message {
  const [prevIndex, prevTerm, prevHash, entries, commit, electionMs, stamp, order] = exactly(rest, 8);
  const list = listOf(entries).map(readEntry);
  if (list.length > LIMITS.roomEntriesPerFrame) throw malformed('too many entries');
  let last = numberIn(prevTerm);
  for (const entry of list) {
    if (entry.term < last || entry.term > term)
      throw malformed('terms of entries grow up to that of their host');
    last = entry.term;
  }
  return {
    type: 'append',
    term,
    prevIndex: numberIn(prevIndex),
    prevTerm: numberIn(prevTerm),
    prevHash: hashIn(prevHash),
    entries: list,
    commit: numberIn(commit),
    electionMs: numberIn(electionMs, 60_000),
    stamp: numberIn(stamp) / 1000,
    order: order === null ? undefined : readOrder(order),
  };
}

// ---- entries

export function entryFields({ term, ...body }: SentEntry): CborValue {
  return [term, ...bodyFields(body)];
}

export function readEntry(value: CborValue | undefined): SentEntry {
  const [term, ...body] = listOf(value);
  return { term: numberIn(term), ...readBody(body) };
}

function readBody([kind, ...rest]: readonly CborValue[]): EntryBody {
  switch (kind) {
    case 0:
      exactly(rest, 0);
      return { kind: 'start' };
    case 1:
      return { kind: 'change', roster: readRoster(rest) };
    case 2:
      return { kind: 'command', command: readCommand(rest) };
    default:
      throw malformed('an entry of a room');
  }
}

export function commandFields({ author, incarnation, number, body }: Command): CborValue[] {
  return [author, incarnation, number, body];
}

export function readCommand(value: CborValue | undefined): Command {
  const [author, incarnation, number, body] = exactly(listOf(value), 4);
  const bytes = bytesIn(body);
  if (bytes.byteLength > LIMITS.roomCommandBytes) throw malformed('a message of a room is too large');
  return {
    author: textIn(author, /^[0-9a-f]{64}$/),
    incarnation: textIn(incarnation, /^[0-9a-f]{16}$/),
    number: numberIn(number),
    body: bytes,
  };
}

export function readRoster(value: CborValue | undefined): Roster {
  const [voters = [], joining = [], learners = []] = exactly(listOf(value), 3).map((list) =>
    listOf(list).map(replicaIn),
  );
  if (voters.length + joining.length + learners.length > LIMITS.roomReplicas)
    throw malformed('too many replicas');
  return { voters, joining, learners };
}

// ---- snapshots

export function snapshotFields({ index, term, hash, roster, sessions }: Snapshot): CborValue {
  return [index, term, fromHex(hash), rosterFields(roster), sessions.map(([name, number]) => [name, number])];
}

/** @throws KithError `malformed` */
export function readSnapshot(value: CborValue | undefined): Snapshot {
  const [index, term, hash, roster, sessions] = exactly(listOf(value), 5);
  return {
    index: numberIn(index),
    term: numberIn(term),
    hash: hashIn(hash),
    roster: readRoster(roster),
    sessions: readSessions(sessions),
  };
}

function readSessions(value: CborValue | undefined): SessionTable {
  return listOf(value).map((one) => {
    const [name, number] = exactly(listOf(one), 2);
    return [textIn(name, /^[0-9a-f]{64} [0-9a-f]{16}$/), numberIn(number)];
  });
}

export function markFields({ index, hash, sessions }: Mark): CborValue {
  return [index, fromHex(hash), sessions.map(([name, number]) => [name, number])];
}

/** @throws KithError `malformed` */
export function readMark(value: CborValue | undefined): Mark {
  const [index, hash, sessions] = exactly(listOf(value), 3);
  return { index: numberIn(index), hash: hashIn(hash), sessions: readSessions(sessions) };
}

function orderFields({ term, version, best, slotMs, silent }: CandidateOrder): CborValue {
  return [term, version, [...best], slotMs, silenceFields(silent)];
}

function readOrder(value: CborValue | undefined): CandidateOrder {
  const [term, version, best, slotMs, silent] = exactly(listOf(value), 5);
  const list = listOf(best).map(replicaIn);
  if (list.length > LIMITS.roomReplicas) throw malformed('too many candidates');
  return {
    term: numberIn(term),
    version: numberIn(version),
    best: list,
    slotMs: numberIn(slotMs, 60_000),
    silent: readSilence(silent),
  };
}

export function silenceFields(silent: Silence): CborValue {
  return silent.map(([voter, ms]) => [voter, ms]);
}

/** @throws KithError `malformed` */
export function readSilence(value: CborValue | undefined): Silence {
  const list = listOf(value);
  if (list.length > LIMITS.roomReplicas) throw malformed('too many are silent');
  return list.map((one) => {
    const [voter, ms] = exactly(listOf(one), 2);
    return [replicaIn(voter), numberIn(ms, 2 ** 48)];
  });
}

/** Stamps come back to who made them, and need not be finer than a microsecond. */
function stampOf(stampMs: number): number {
  return Math.max(0, Math.round(stampMs * 1000));
}

function endIn([lastIndex, lastTerm]: readonly CborValue[]): { lastIndex: number; lastTerm: number } {
  return { lastIndex: numberIn(lastIndex), lastTerm: numberIn(lastTerm) };
}

// ---- readers

export function replicaIn(value: CborValue | undefined): ReplicaId {
  return textIn(value, REPLICA) as ReplicaId;
}

export function listOf(value: CborValue | undefined): readonly CborValue[] {
  if (!Array.isArray(value)) throw malformed('an array');
  return value as readonly CborValue[];
}

export function exactly(list: readonly CborValue[], count: number): readonly CborValue[] {
  if (list.length !== count) throw malformed(`${String(count)} fields`);
  return list;
}

export function numberIn(value: CborValue | undefined, below: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value >= below)
    throw malformed('a whole number');
  return value;
}

export function flagIn(value: CborValue | undefined): boolean {
  if (typeof value !== 'boolean') throw malformed('yes or no');
  return value;
}

export function textIn(value: CborValue | undefined, shape: RegExp): string {
  if (typeof value !== 'string' || !shape.test(value)) throw malformed('a text of another shape');
  return value;
}

export function bytesIn(value: CborValue | undefined): Bytes {
  if (!(value instanceof Uint8Array)) throw malformed('a byte string');
  return value;
}

export function hashIn(value: CborValue | undefined): string {
  const bytes = bytesIn(value);
  if (bytes.byteLength !== 32) throw malformed('a hash has 32 bytes');
  return toHex(bytes);
}
