import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, toHex, utf8 } from '../base/bytes.ts';
import { decodeCbor, encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import { MAX_HLC_MS, MAX_HLC_N } from '../base/hlc.ts';
import { type DeviceKey, type EntryHash, type FeedId } from '../base/ids.ts';
import { LIMITS } from '../base/limits.ts';
import { LANES } from '../identity/roles.ts';
import { createSigner, createVerifier } from '../identity/signing.ts';
import { provesFork, judgeRun } from './core.ts';
import { decodeErase, encodeErase } from './folding.ts';
import type { FeedInfo, Header, RawEntry } from './types.ts';
import {
  decodeHeader,
  encodeEvidence,
  encodeHeader,
  encodeRun,
  feedIdOf,
  hashHeader,
  NO_ENTRY,
  partMatches,
  payloadOf,
  readEvidence,
  readFeedInfo,
  readRun,
  readWhole,
  saltPart,
  SEAL_PURPOSE,
  sealStatement,
  sha256,
} from './wire.ts';

function isMalformed(error: unknown): boolean {
  return isKithError(error, 'malformed');
}

const PAGE = readFileSync(new URL('../../docs/protocol/log.md', import.meta.url), 'utf8');

/** The bytes stand in the page, so that page and program cannot drift apart. */
function pinned(bytes: Uint8Array | string): void {
  const hex = typeof bytes === 'string' ? bytes : toHex(bytes);
  assert.ok(PAGE.split(/[\s`]+/).includes(hex), `docs/protocol/log.md has ${hex}`);
}

const signer = createSigner(fromHex('11'.repeat(32)));
const device = signer.key as DeviceKey;
const incarnation = '22'.repeat(16);
const feed: FeedInfo = { id: feedIdOf(device, incarnation, 'data'), device, incarnation, lane: 'data' };
const found = saltPart(fromHex('33'.repeat(16)), utf8('found: Ma Hla'));
const phone = saltPart(fromHex('44'.repeat(16)), utf8('+95 9 1234567'));
const ref = (audience: string, part: Uint8Array) => ({
  audience,
  digest: sha256(part),
  sizeBytes: part.byteLength - 16,
});

const FIRST: Header = {
  feed: feed.id,
  seq: 1,
  prev: NO_ENTRY,
  hlc: { ms: 1_793_491_200_000, n: 0 },
  kind: 'x-note',
  after: [{ feed: feedIdOf(device, incarnation, 'roll'), seq: 7, hash: '55'.repeat(32) as EntryHash }],
  parts: [ref('public', found), ref('grant:medical', phone)],
};
const firstBytes = encodeHeader(FIRST);
const SECOND: Header = {
  feed: feed.id,
  seq: 2,
  prev: hashHeader(firstBytes),
  hlc: { ms: 1_793_491_200_000, n: 65_535 },
  kind: 'x-end',
  after: [],
  parts: [],
};

function sealed(header: Header): RawEntry {
  const headerBytes = encodeHeader(header);
  const seal = signer.sign(SEAL_PURPOSE, sealStatement(header.feed, header.seq, hashHeader(headerBytes)));
  return { headerBytes, parts: [], seal };
}

test('the vectors of docs/protocol/log.md', () => {
  pinned(device);
  pinned(encodeCbor(['kith feed', fromHex(device), fromHex(incarnation), 2]));
  for (const lane of LANES) pinned(feedIdOf(device, incarnation, lane));
  pinned(found);
  pinned(sha256(found));
  pinned(sha256(phone));
  pinned(firstBytes);
  pinned(hashHeader(firstBytes));
  const second = sealed(SECOND);
  pinned(second.headerBytes);
  const digest = hashHeader(second.headerBytes);
  pinned(digest);
  pinned(sealStatement(feed.id, 2, digest));
  pinned(second.seal ?? '');
  const run = { feed, entries: [{ headerBytes: firstBytes, parts: [found, null], seal: null }, second] };
  pinned(encodeCbor(encodeRun(run)));
  const evidence = { feed, seq: 2, one: [second], other: [sealed({ ...SECOND, kind: 'x-other' })] };
  pinned(encodeCbor(encodeEvidence(evidence)));
  const entry = { feed: feed.id, seq: 1, hash: hashHeader(firstBytes) };
  pinned(encodeErase([{ feed, entry, part: 1 }]));
  // They are not only bytes: they hold.
  const verifier = createVerifier();
  assert.equal(judgeRun(run, { head: undefined, hashAt: () => undefined }, verifier).kind, 'fits');
  assert.equal(provesFork(evidence, verifier), true);
});

/** With Object's prototype, as everything else. */
function record<Shape>(model: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }): fc.Arbitrary<Shape> {
  return fc.record<Shape>(model, { noNullPrototype: true });
}

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const id = bytes32.map((bytes) => toHex(bytes) as FeedId & EntryHash & DeviceKey);
const seq = fc.integer({ min: 1, max: 0xffffffff });
const audience = fc.oneof(
  fc.constantFrom('roll', 'public', 'members', 'admins'),
  fc.stringMatching(/^(grant|member|folder|room):[a-z0-9-]{1,64}$/),
);
const header: fc.Arbitrary<Header> = record({
  feed: id,
  seq,
  prev: id,
  hlc: record({ ms: fc.nat(MAX_HLC_MS), n: fc.nat(MAX_HLC_N) }),
  kind: fc.stringMatching(/^[a-z][a-z0-9.-]{0,31}$/),
  after: fc.array(record({ feed: id, seq, hash: id }), { maxLength: LIMITS.linksPerEntry }),
  parts: fc.array(
    record({
      audience,
      digest: bytes32.map((bytes) => new Uint8Array(bytes)),
      sizeBytes: fc.nat(LIMITS.partBytes),
    }),
    { maxLength: LIMITS.partsPerEntry },
  ),
});
const info: fc.Arbitrary<FeedInfo> = record({
  device: id,
  incarnation: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex),
  lane: fc.constantFrom(...LANES),
}).map((fields) => ({ id: feedIdOf(fields.device, fields.incarnation, fields.lane), ...fields }));
const raw: fc.Arbitrary<RawEntry> = record({
  headerBytes: fc.uint8Array({ maxLength: 80 }),
  parts: fc.array(fc.option(fc.uint8Array({ maxLength: 40 })), { maxLength: LIMITS.partsPerEntry }),
  seal: fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 })),
});
const entries = fc.array(raw, { minLength: 1, maxLength: 4 });

test('what is written is read as the same', () => {
  fc.assert(fc.property(header, (value) => assert.deepEqual(decodeHeader(encodeHeader(value)), value)));
  fc.assert(
    fc.property(info, entries, (runFeed, runEntries) => {
      const run = { feed: runFeed, entries: runEntries };
      assert.deepEqual(readWhole(encodeCbor(encodeRun(run)), readRun), run);
    }),
  );
  fc.assert(
    fc.property(info, seq, entries, entries, (runFeed, at, one, other) => {
      const bare = (list: readonly RawEntry[]): RawEntry[] => list.map((entry) => ({ ...entry, parts: [] }));
      const read = readWhole(
        encodeCbor(encodeEvidence({ feed: runFeed, seq: at, one, other })),
        readEvidence,
      );
      assert.deepEqual(read, { feed: runFeed, seq: at, one: bare(one), other: bare(other) });
    }),
  );
  const demand = record({ feed: info, seq, hash: id, part: fc.nat(LIMITS.partsPerEntry - 1) });
  fc.assert(
    fc.property(fc.array(demand, { minLength: 1, maxLength: 6 }), (list) => {
      const demands = list.map(({ feed: of, seq: at, hash, part }) => ({
        feed: of,
        entry: { feed: of.id, seq: at, hash },
        part,
      }));
      const read = decodeErase(encodeErase(demands));
      assert.deepEqual(
        new Set(read.map((one) => JSON.stringify(one))),
        new Set(demands.map((one) => JSON.stringify(one))),
      );
    }),
  );
});

test('a header outside its limits is refused', () => {
  const fields = decodeCbor(firstBytes) as CborValue[];
  const link = (fields[6] as CborValue[])[0] ?? null;
  const part = (fields[7] as CborValue[])[0] ?? null;
  const wrong: [number, CborValue][] = [
    [0, 2],
    [0, null],
    [1, new Uint8Array(31)],
    [1, 'a'.repeat(32)],
    [2, 0],
    [2, 2 ** 32],
    [2, -1],
    [2, '1'],
    [3, new Uint8Array(33)],
    [4, [0]],
    [4, [0, 65_536]],
    [4, [2 ** 48, 0]],
    [4, [-1, 0]],
    [4, [0, 0, 0]],
    [5, ''],
    [5, 'X'],
    [5, '1a'],
    [5, 'a b'],
    [5, 'a'.repeat(33)],
    [5, new Uint8Array(3)],
    [6, null],
    [6, Array.from({ length: 33 }, () => link)],
    [6, [[new Uint8Array(32), 0, new Uint8Array(32)]]],
    [6, [[new Uint8Array(32), 1]]],
    [7, null],
    [7, Array.from({ length: 17 }, () => part)],
    [7, [['everybody', new Uint8Array(32), 1]]],
    [7, [['public', new Uint8Array(31), 1]]],
    [7, [['public', new Uint8Array(32), LIMITS.partBytes + 1]]],
    [7, [['public', new Uint8Array(32), -1]]],
    [7, [['public', new Uint8Array(32)]]],
    [7, [[`room:${'a'.repeat(65)}`, new Uint8Array(32), 1]]],
  ];
  assert.doesNotThrow(() => decodeHeader(encodeCbor(fields)));
  for (const [place, value] of wrong) {
    assert.throws(
      () => decodeHeader(encodeCbor(fields.with(place, value))),
      isMalformed,
      `place ${String(place)}: ${String(value)}`,
    );
  }
  assert.throws(() => decodeHeader(encodeCbor(fields.slice(0, 7))), isMalformed);
  assert.throws(() => decodeHeader(encodeCbor([...fields, 0])), isMalformed);
  assert.throws(() => decodeHeader(new Uint8Array(LIMITS.headerBytes + 1)), isMalformed);
});

test('a header has one encoding', () => {
  const hex = toHex(firstBytes);
  const at = hex.indexOf('015820', 4 + 2 * 35);
  const others = [
    `${hex.slice(0, at)}1801${hex.slice(at + 2)}`, // a longer head for 1
    `${hex.slice(0, at)}f93c00${hex.slice(at + 2)}`, // 1.0
    `9801${hex.slice(2)}`, // a longer head for the array
    `9f${hex.slice(2)}ff`, // an array of open length
    `${hex}00`, // something behind it
    `c1${hex}`, // a tag in front
  ];
  for (const other of others) assert.throws(() => decodeHeader(fromHex(other)), isMalformed, other);
});

test('runs, feed infos, evidence and erasures outside their limits are refused', () => {
  const infoValue: CborValue = [fromHex(device), fromHex(incarnation), 2];
  const entry: CborValue = [firstBytes, [null, null], null];
  const many = (count: number): CborValue => Array.from({ length: count }, () => entry);
  for (const value of [
    null,
    [infoValue],
    [infoValue, []],
    [infoValue, many(1025)],
    [infoValue, [[firstBytes, null, null]]],
    [infoValue, [[firstBytes, [1], null]]],
    [infoValue, [[firstBytes, [], new Uint8Array(63)]]],
    [infoValue, [['x', [], null]]],
    [infoValue, [[firstBytes, Array(17).fill(null), null]]],
  ]) {
    assert.throws(() => readWhole(encodeCbor(value), readRun), isMalformed);
  }
  for (const value of [
    null,
    [],
    [fromHex(device), fromHex(incarnation), 3],
    [fromHex(device), fromHex(incarnation), -1],
    [fromHex(device), new Uint8Array(15), 0],
    [new Uint8Array(31), fromHex(incarnation), 0],
  ]) {
    assert.throws(() => readFeedInfo(value), isMalformed);
  }
  for (const value of [
    null,
    [infoValue, 1, many(1)],
    [infoValue, 0, many(1), many(1)],
    [infoValue, 1, many(1), []],
  ]) {
    assert.throws(() => readWhole(encodeCbor(value), readEvidence), isMalformed);
  }
  const item: CborValue = [1, new Uint8Array(32), 0];
  const erasures: CborValue[] = [
    null,
    [],
    [[infoValue, []]],
    [[infoValue]],
    [[infoValue, [[1, new Uint8Array(32)]]]],
    [[infoValue, [[1, new Uint8Array(32), 16]]]],
    [[infoValue, [[0, new Uint8Array(32), 0]]]],
    [[infoValue, [item, null]]],
    [
      [infoValue, [item]],
      [infoValue, [item]],
    ],
  ];
  for (const value of erasures) assert.throws(() => decodeErase(encodeCbor(value)), isMalformed);
  assert.equal(decodeErase(encodeCbor([[infoValue, [item]]])).length, 1);
});

test('a part fits its reference when salt, payload and size do', () => {
  assert.deepEqual(payloadOf(found), utf8('found: Ma Hla'));
  const reference = ref('public', found);
  assert.equal(partMatches(reference, found), true);
  assert.equal(partMatches({ ...reference, sizeBytes: 12 }, found), false);
  for (let at = 0; at < found.byteLength; at += 1) {
    const changed = found.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(partMatches(reference, changed), false);
  }
});
