/** What makes a run valid, and what proves a fork: every refusal, one by one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../base/bytes.ts';
import type { EntryHash } from '../base/ids.ts';
import { createSigner, createVerifier } from '../identity/signing.ts';

import { Author, notes } from '../../test/support/author.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { judgeRun, provesFork, type OwnCopy, type RunVerdict } from './core.ts';
import type { Entry, ForkEvidence, RawEntry } from './types.ts';
import { decodeHeader, encodeHeader, hashHeader, NO_ENTRY, SEAL_PURPOSE, sealStatement } from './wire.ts';

const verifier = createVerifier();
const rng = new SeededRng(1);
const author = new Author(1, createSigner(rng.bytes(32)));
const stranger = new Author(2, createSigner(rng.bytes(32)));
const feed = author.feed();
const otherFeed = author.feed();
const entries = [...author.write(feed, notes(3, 'public', 'members')), ...author.write(feed, notes(3))];
author.goBackTo(feed, entries[2]);
/** A second history, from place 4 on. */
const branch = author.write(feed, notes(2, 'members'));
const foreign = author.write(otherFeed, notes(6));

function at(list: readonly Entry[], seq: number): Entry {
  const entry = list.find(({ header }) => header.seq === seq);
  assert.ok(entry !== undefined);
  return entry;
}

const EMPTY: OwnCopy = { head: undefined, hashAt: () => undefined };

function holding(list: readonly Entry[]): OwnCopy {
  const last = list.at(-1);
  return {
    head: last && { seq: last.header.seq, hash: last.hash },
    hashAt: (seq) => list.find(({ header }) => header.seq === seq)?.hash,
  };
}

function judge(list: readonly RawEntry[], own: OwnCopy = EMPTY): RunVerdict {
  return judgeRun({ feed, entries: list }, own, verifier);
}

function seqsOf(verdict: RunVerdict): number[] | string {
  return verdict.kind === 'fits' ? verdict.entries.map(({ header }) => header.seq) : verdict.kind;
}

function refused(list: readonly RawEntry[], code: string, own: OwnCopy = EMPTY): void {
  assert.deepEqual(judge(list, own), { kind: 'refused', code });
}

function resealed(entry: RawEntry, by = author): RawEntry {
  const { feed: id, seq } = decodeHeader(entry.headerBytes);
  return {
    ...entry,
    seal: by.signer.sign(SEAL_PURPOSE, sealStatement(id, seq, hashHeader(entry.headerBytes))),
  };
}

function changed(entry: Entry, change: Partial<Entry['header']>): RawEntry {
  return { ...entry, headerBytes: encodeHeader({ ...entry.header, ...change }) };
}

test('a whole run fits, from the start, from the end, and where it overlaps', () => {
  assert.deepEqual(seqsOf(judge(entries)), [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(seqsOf(judge(entries.slice(3), holding(entries.slice(0, 3)))), [4, 5, 6]);
  assert.deepEqual(seqsOf(judge(entries, holding(entries.slice(0, 2)))), [3, 4, 5, 6]);
  assert.deepEqual(seqsOf(judge(entries, holding(entries))), []);
  assert.deepEqual(seqsOf(judge(entries.slice(0, 3), holding(entries))), []);
  const bare = entries.map((entry) => ({ ...entry, parts: entry.parts.map(() => null) }));
  assert.deepEqual(seqsOf(judge(bare)), [1, 2, 3, 4, 5, 6], 'parts may be withheld');
});

test('what starts past our end is a gap', () => {
  assert.deepEqual(judge(entries.slice(3)), { kind: 'gap' });
  assert.deepEqual(judge(entries.slice(3), holding(entries.slice(0, 2))), { kind: 'gap' });
});

test('headers that cannot be read', () => {
  refused([{ headerBytes: utf8('no header'), parts: [], seal: null }], 'malformed');
  refused(
    [at(entries, 1), { ...at(entries, 2), headerBytes: new Uint8Array(9000) }, at(entries, 3)],
    'malformed',
  );
});

test('chains that are none', () => {
  refused(foreign, 'broken-chain');
  refused([at(entries, 1), at(entries, 3)], 'broken-chain');
  refused([at(entries, 1), at(entries, 1), at(entries, 2), at(entries, 3)], 'broken-chain');
  refused([...entries.slice(0, 3), ...branch.slice(1)], 'broken-chain');
  const wrongPrev = resealed(changed(at(entries, 2), { prev: 'ab'.repeat(32) as EntryHash }));
  refused([at(entries, 1), wrongPrev], 'broken-chain');
  refused([resealed(changed(at(entries, 1), { prev: at(entries, 2).hash }))], 'broken-chain', EMPTY);
  refused(
    [resealed(changed(at(entries, 2), { prev: NO_ENTRY }))],
    'broken-chain',
    holding(entries.slice(0, 1)),
  );
});

test('parts that are not those of the header', () => {
  const first = at(entries, 1);
  const rest = entries.slice(1, 3);
  const [one, two] = first.parts;
  assert.ok(one && two);
  for (const parts of [[], [one], [one, two, null], [two, one], [one, utf8('x')], [one, one]]) {
    refused([{ ...first, parts }, ...rest], 'bad-part');
  }
});

test('seals that are missing or do not hold', () => {
  refused([], 'unsealed');
  refused(entries.slice(0, 2), 'unsealed');
  refused(entries.slice(0, 5), 'unsealed');
  const last = at(entries, 3);
  const rest = entries.slice(0, 2);
  refused([...rest, resealed(last, stranger)], 'bad-seal');
  refused([...rest, { ...last, seal: new Uint8Array(64) }], 'bad-seal');
  refused([...rest, { ...last, seal: at(entries, 6).seal }], 'bad-seal');
  // One inside the run is checked too: whoever gets a shorter piece from us would rely on it.
  refused([{ ...at(entries, 1), seal: last.seal }, ...entries.slice(1)], 'bad-seal');
  const changedInside = [changed(at(entries, 1), { kind: 'x-other' }), ...entries.slice(1, 3)];
  refused(changedInside, 'broken-chain');
  assert.deepEqual(
    seqsOf(judge([resealed(at(entries, 1)), ...entries.slice(1)])),
    [1, 2, 3, 4, 5, 6],
    'more seals do no harm',
  );
});

test('a contradiction is a fork where both agree on the entry before, else they diverged earlier', () => {
  const ours = holding(entries);
  assert.deepEqual(judge([...entries.slice(0, 3), ...branch], ours), { kind: 'fork', seq: 4 });
  assert.deepEqual(judge(branch, ours), { kind: 'fork', seq: 4 });
  assert.deepEqual(judge(branch, holding(entries.slice(0, 4))), { kind: 'fork', seq: 4 });
  assert.deepEqual(judge([resealed(at(branch, 5))], ours), { kind: 'diverged' });
  assert.deepEqual(
    judge([at(branch, 5)], holding(entries.slice(0, 4))),
    { kind: 'diverged' },
    'right behind our end',
  );
  assert.deepEqual(judge(branch, holding(entries.slice(0, 3))), { kind: 'fits', entries: branch });
  author.goBackTo(feed, undefined);
  const anew = author.write(feed, notes(1, 'admins'));
  assert.deepEqual(judge(anew, ours), { kind: 'fork', seq: 1 });
  // A forged run is refused before it can accuse anybody.
  refused([{ ...at(branch, 4), seal: null }, resealed(at(branch, 5), stranger)], 'bad-seal', ours);
});

test('a gap is no contradiction, though its own history may be another', () => {
  assert.deepEqual(judge([at(branch, 5)], holding(entries.slice(0, 2))), { kind: 'gap' });
});

const PROOF: ForkEvidence = { feed, seq: 4, one: entries.slice(3), other: branch };

test('two sealed histories from one place prove a fork, with or without their parts', () => {
  assert.equal(provesFork(PROOF, verifier), true);
  assert.equal(provesFork({ ...PROOF, one: PROOF.other, other: PROOF.one }, verifier), true);
  const bare = (list: readonly RawEntry[]): RawEntry[] => list.map((entry) => ({ ...entry, parts: [] }));
  assert.equal(provesFork({ ...PROOF, one: bare(PROOF.one), other: bare(PROOF.other) }, verifier), true);
  author.goBackTo(feed, undefined);
  const [anew] = author.write(feed, notes(1, 'admins'));
  assert.ok(anew !== undefined);
  assert.equal(provesFork({ feed, seq: 1, one: entries.slice(0, 3), other: [anew] }, verifier), true);
});

test('what proves no fork', () => {
  const { one } = PROOF;
  const [first, second] = branch;
  assert.ok(first !== undefined && second !== undefined);
  const refusals: Record<string, ForkEvidence> = {
    'one history twice': { ...PROOF, other: one },
    'the same entry under two seals': { ...PROOF, other: [resealed(at(entries, 4))] },
    'another place': { ...PROOF, seq: 5 },
    'different places': { ...PROOF, other: [resealed(second)] },
    'another device': { ...PROOF, feed: stranger.feed() },
    'another feed of the device': { ...PROOF, feed: otherFeed },
    'no entries': { ...PROOF, one: [] },
    'no entries either': { ...PROOF, other: [] },
    'no seal at the end': { ...PROOF, other: [{ ...first, seal: null }] },
    'a seal of somebody else': { ...PROOF, other: [resealed(first, stranger)] },
    'a wrong seal inside': { ...PROOF, other: [{ ...first, seal: second.seal }, second] },
    'no chain': { ...PROOF, other: [first, resealed(changed(second, { prev: NO_ENTRY }))] },
    'two entries that build on different ones': {
      ...PROOF,
      other: [resealed(changed(first, { prev: at(entries, 2).hash }))],
    },
    'headers that cannot be read': { ...PROOF, other: [{ ...first, headerBytes: utf8('x') }] },
  };
  for (const [why, evidence] of Object.entries(refusals))
    assert.equal(provesFork(evidence, verifier), false, why);
});
