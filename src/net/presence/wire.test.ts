import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { concatBytes, utf8, type Bytes } from '../../base/bytes.ts';
import { encodeCbor, type CborValue } from '../../base/cbor.ts';
import { isKithError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { SeededRng } from '../../../test/sim/rng.ts';
import type { Beacon, BeaconBody, NodeId, PresenceMessage } from './types.ts';
import { beaconOf, decodePresence, encodeBeaconBody, encodePresence } from './wire.ts';

const BODY: BeaconBody = {
  node: 'ab'.repeat(32) as NodeId,
  epoch: 1_790_000_000_000,
  counter: 7,
  leaving: false,
  clockMs: 1_790_000_000_123,
  capacity: { min: 4, max: 8 },
  neighbours: ['11'.repeat(8), '22'.repeat(8)],
  addresses: ['/ip4/192.168.1.20/tcp/5484', '/ip6/fd00::1/tcp/5484'],
  entries: 4711,
  rollHead: '0123456789abcdef',
};

function beacon(change: Partial<BeaconBody> = {}): Beacon {
  const body = { ...BODY, ...change };
  return beaconOf(body, new Uint8Array(encodeBeaconBody(body)), new Uint8Array(64).fill(9));
}

const GOOD: readonly PresenceMessage[] = [
  { type: 'beat', digest: undefined },
  { type: 'beat', digest: 0xffff_ffff },
  { type: 'beacons', beacons: [beacon(), beacon({ leaving: true, neighbours: [], addresses: [] })] },
  {
    type: 'summary',
    wantsReply: true,
    items: [
      ['11'.repeat(8), 5],
      ['22'.repeat(8), 0xdead_beef],
    ],
  },
];

describe('presence on the wire', () => {
  it('comes back as it went', () => {
    for (const message of GOOD) assert.deepEqual(decodePresence(encodePresence(message)), message);
  });

  it('is small: a node of six neighbours and two addresses takes some 250 bytes', () => {
    const neighbours = ['1', '2', '3', '4', '5', '6'].map((digit) => digit.repeat(16));
    assert.ok(encodePresence({ type: 'beacons', beacons: [beacon({ neighbours })] }).byteLength < 270);
    assert.equal(encodePresence({ type: 'beat', digest: undefined }).byteLength, 2);
  });

  const many = Array.from({ length: LIMITS.neighboursPerBeacon + 1 }, (_, at) =>
    at.toString(16).padStart(16, '0'),
  );
  const odd: Readonly<Record<string, Partial<BeaconBody>>> = {
    'too many neighbours': { neighbours: many },
    'a neighbour named twice': { neighbours: ['11'.repeat(8), '11'.repeat(8)] },
    'too many addresses': {
      addresses: Array.from({ length: LIMITS.addressesPerBeacon + 1 }, () => '/ip4/1.1.1.1/tcp/1'),
    },
    'an endless address': { addresses: [`/dns/${'a'.repeat(LIMITS.addressChars)}/tcp/1`] },
    'an address that is none': { addresses: ['javascript:alert(1)'] },
    'a line break in an address': { addresses: ['/dns/a\nb/tcp/1'] },
    'a capacity beyond all measure': { capacity: { min: 4, max: 1_000_000 } },
    'a counter below zero': { counter: -1 },
  };
  for (const [what, change] of Object.entries(odd)) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => decodePresence(encodePresence({ type: 'beacons', beacons: [beacon(change)] })), {
        code: 'malformed',
      });
    });
  }

  it('is refused when it is no such message at all', () => {
    const frames: CborValue[] = [
      null,
      7,
      [],
      [9],
      [0, -1],
      [1, [[new Uint8Array(4)]]],
      [2, true, new Uint8Array(11)],
      [1, 5],
    ];
    for (const frame of frames) assert.throws(() => decodePresence(encodeCbor(frame)), { code: 'malformed' });
    assert.throws(() => decodePresence(concatBytes(encodeCbor([0]), utf8('x'))), { code: 'malformed' });
  });

  it('withstands a hundred thousand frames with bytes turned, cut or grown', () => {
    const rng = new SeededRng(5);
    const frames = GOOD.map(encodePresence);
    for (let round = 0; round < 100_000; round += 1) {
      const frame = spoilt(rng, rng.pick(frames) ?? new Uint8Array(1));
      try {
        decodePresence(frame);
      } catch (error) {
        assert.ok(isKithError(error, 'malformed'), String(error));
      }
    }
  });
});

function spoilt(rng: SeededRng, frame: Bytes): Bytes {
  const bytes = frame.slice(0, rng.chance(20) ? rng.between(0, frame.byteLength) : frame.byteLength);
  for (let turns = rng.between(0, 3); turns > 0 && bytes.byteLength > 0; turns -= 1)
    bytes[rng.below(bytes.byteLength)] = rng.below(256);
  return rng.chance(10) ? concatBytes(bytes, rng.bytes(rng.between(1, 9))) : bytes;
}
