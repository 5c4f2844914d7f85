/** Bytes from hostile neighbours and files: every decoder answers with a value or a refusal that has a code, never with anything else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeCbor, type CborValue } from '../base/cbor.ts';
import { isKithError } from '../base/errors.ts';
import type { AlertId } from './types.ts';
import type { DeviceKey, EntryHash, FeedId, NetworkId } from '../base/ids.ts';
import { feedIdOf } from '../log/wire.ts';
import { SeededRng } from '../../test/sim/rng.ts';
import { readCap } from './cap-read.ts';
import { writeCap } from './cap-write.ts';
import { decodeAlarmMessage, encodeAlarmMessage, type AlarmMessage } from './channel-wire.ts';
import { alertFromWords, documentOf } from './making.ts';
import { decodeAlert, encodeAlert } from './wire.ts';

const SEED = Number(process.env['KITH_FUZZ_SEED'] ?? 1);
const ROUNDS = Number(process.env['KITH_FUZZ_ROUNDS'] ?? 6000);

const id = <Name>(fill: string): Name => fill.repeat(32) as Name;
const device = id<DeviceKey>('0a');
const feed = {
  id: feedIdOf(device, '0b'.repeat(16), 'urgent'),
  device,
  incarnation: '0b'.repeat(16),
  lane: 'urgent',
} as const;
const summary = { heights: new Uint8Array(16), acks: new Uint8Array(16) };
const MESSAGES: readonly AlarmMessage[] = [
  { type: 'hello', network: id<NetworkId>('01'), summary },
  { type: 'summary', summary },
  { type: 'heights', heights: [{ feed, seq: 3, hash: id<EntryHash>('02') }] },
  {
    type: 'run',
    run: {
      feed,
      entries: [
        { headerBytes: new Uint8Array(40), parts: [new Uint8Array(30), null], seal: new Uint8Array(64) },
      ],
    },
  },
  { type: 'want', feed: id<FeedId>('03'), from: 7 },
  { type: 'acked', alerts: [{ alert: id<AlertId>('04'), digest: new Uint8Array(16) }] },
  { type: 'keys', alert: id<AlertId>('04'), keys: new Uint8Array(24) },
  {
    type: 'acks',
    acks: [{ alert: id<AlertId>('04'), device, state: 'seen', atMs: 12, signature: new Uint8Array(64) }],
  },
];

const said = alertFromWords(
  { text: 'Fire', areas: ['x', '1,2 3'], instruction: 'Run' },
  'Ada',
  false,
  false,
  {
    afterMs: 1000,
    to: [id('05')],
  },
);
const body = { ...said, msgType: 'Alert', alarm: null, follows: null } as const;
const message = {
  id: id<AlertId>('06'),
  alarm: id<AlertId>('06'),
  feed: feed.id,
  seq: 1,
  hlc: { ms: 1e12, n: 0 },
  device,
  author: { member: id<never>('07'), role: 'admin' },
  audience: 'public',
  body,
} as const;
const alarm = {
  id: message.id,
  root: message,
  current: message,
  cancelled: undefined,
  messages: [message],
  refused: [],
};
const CAP = Buffer.from(writeCap(documentOf(alarm, message, id('08'))));

/** Some bytes changed, cut out, doubled or put in. */
function spoiled(rng: SeededRng, bytes: Uint8Array): Uint8Array {
  let result = Uint8Array.from(bytes);
  for (let times = rng.between(1, 4); times > 0; times -= 1) {
    const at = rng.below(result.byteLength + 1);
    const length = rng.between(1, 12);
    const [before, after] = [result.subarray(0, at), result.subarray(at)];
    const dice = rng.below(4);
    if (dice === 0) result[Math.min(at, result.byteLength - 1)] = rng.below(256);
    else if (dice === 1) result = Uint8Array.from([...before, ...after.subarray(length)]);
    else if (dice === 2) result = Uint8Array.from([...before, ...rng.bytes(length), ...after]);
    else result = Uint8Array.from([...before, ...after.subarray(0, length), ...after]);
    if (result.byteLength === 0) result = Uint8Array.of(0);
  }
  return result;
}

function anything(rng: SeededRng, depth = 0): CborValue {
  const dice = rng.below(depth > 3 ? 5 : 7);
  if (dice === 0) return null;
  if (dice === 1) return rng.below(3) === 0 ? -rng.below(100) : rng.below(2 ** 31);
  if (dice === 2) return 'x'.repeat(rng.below(20));
  if (dice === 3) return rng.bytes(rng.pick([0, 8, 16, 32, 64]) ?? 0);
  if (dice === 4) return rng.chance(50);
  return Array.from({ length: rng.below(15) }, () => anything(rng, depth + 1));
}

function survives(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array, codes: readonly string[]): void {
  try {
    decode(bytes);
  } catch (error) {
    assert.ok(
      isKithError(error) && codes.includes(error.code),
      `${String(error)} on ${Buffer.from(bytes).toString('hex').slice(0, 400)}`,
    );
  }
}

describe(`hostile bytes, seed ${String(SEED)}`, () => {
  it('messages of the channel cross it, and spoiled ones are refused', () => {
    const rng = new SeededRng(SEED);
    for (const sent of MESSAGES) assert.deepEqual(decodeAlarmMessage(encodeAlarmMessage(sent)), sent);
    for (let round = 0; round < ROUNDS; round += 1) {
      const sent = MESSAGES[round % MESSAGES.length];
      const bytes =
        sent === undefined || rng.chance(20) ? encodeCbor(anything(rng)) : encodeAlarmMessage(sent);
      survives(decodeAlarmMessage, spoiled(rng, bytes), ['malformed']);
      survives(
        decodeAlarmMessage,
        encodeCbor([rng.below(9), ...Array.from({ length: rng.below(6) }, () => anything(rng))]),
        ['malformed'],
      );
    }
  });

  it('alerts come back as they were, and spoiled ones are refused', () => {
    const rng = new SeededRng(SEED);
    const bytes = encodeAlert(body);
    assert.deepEqual(decodeAlert(bytes), body);
    for (let round = 0; round < ROUNDS; round += 1) {
      const broken = spoiled(rng, bytes);
      survives((given) => assert.deepEqual(encodeAlert(decodeAlert(given)), given), broken, ['malformed']);
      survives(decodeAlert, encodeCbor(Array.from({ length: 14 }, () => anything(rng))), ['malformed']);
    }
  });

  it('files that are no CAP any more are refused', () => {
    const rng = new SeededRng(SEED);
    const codes = ['bad-cap', 'dtd-refused', 'too-large'];
    assert.ok(readCap(CAP).infos.length === 1);
    for (let round = 0; round < ROUNDS / 5; round += 1) survives(readCap, spoiled(rng, CAP), codes);
    for (let round = 0; round < 500; round += 1) survives(readCap, rng.bytes(rng.below(400)), codes);
  });
});
