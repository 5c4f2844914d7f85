import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiaddr } from '@multiformats/multiaddr';
import { encode } from 'dns-packet';
import fc from 'fast-check';
import type { LinkKey } from '../../base/ids.ts';
import { decodeLanMessage, encodeAnswer, encodeQuestion, instanceName } from './mdns-packet.ts';

// RFC 8032 §7.1, tests 1 and 2.
const KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' as LinkKey;
const OTHER = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c' as LinkKey;
const ADDRESSES = [multiaddr('/ip4/10.0.0.1/tcp/7000'), multiaddr('/ip6/fd00::1/tcp/7001')];

test('a question names its asker', () => {
  assert.deepEqual(decodeLanMessage(Buffer.from(encodeQuestion(KEY))), {
    kind: 'question',
    known: [instanceName(KEY)],
  });
});

test('an answer says who and where', () => {
  const message = decodeLanMessage(Buffer.from(encodeAnswer(KEY, ADDRESSES)));
  assert.ok(message?.kind === 'answer');
  assert.equal(message.peer, KEY);
  assert.deepEqual(message.addresses.map(String), ADDRESSES.map(String));
});

test('an answer holds a limited number of addresses', () => {
  const many = Array.from({ length: 100 }, (_, n) => multiaddr(`/ip4/10.0.0.${n + 1}/tcp/7000`));
  const message = decodeLanMessage(Buffer.from(encodeAnswer(KEY, many)));
  assert.ok(message?.kind === 'answer');
  assert.equal(message.addresses.length, 16);
});

test('addresses of another peer than the first are left out', () => {
  const name = instanceName(KEY);
  const text = (address: string): { name: string; type: 'TXT'; data: string } => ({
    name,
    type: 'TXT',
    data: `dnsaddr=${address}`,
  });
  const [first, second] = [KEY, OTHER].map((key) => instanceName(key).split('.')[0] ?? '');
  const answers = [
    { name: '_kith._udp.local', type: 'PTR' as const, data: name },
    text(`/ip4/10.0.0.1/tcp/1/p2p/${first}`),
    text(`/ip4/10.0.0.2/tcp/1/p2p/${second}`),
    text('/ip4/10.0.0.3/tcp/1'),
    text('nonsense'),
  ];
  const message = decodeLanMessage(encode({ type: 'response', answers }));
  assert.ok(message?.kind === 'answer');
  assert.equal(message.peer, KEY);
  assert.deepEqual(message.addresses.map(String), ['/ip4/10.0.0.1/tcp/1']);
});

test("others' mDNS is none of ours", () => {
  const printer = encode({ type: 'query', questions: [{ name: '_ipp._tcp.local', type: 'PTR' }] });
  assert.equal(decodeLanMessage(printer), undefined);
});

test('whatever is in a packet, it gives a message or nothing', () => {
  const whole = fc.constantFrom(encodeQuestion(KEY), encodeAnswer(KEY, ADDRESSES));
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
  const mark = Buffer.from('\u0005_kith\u0004_udp\u0005local\u0000');
  fc.assert(
    fc.property(whole, damage, fc.nat(), fc.uint8Array({ maxLength: 200 }), (packet, changes, cut, noise) => {
      const bytes = Buffer.from(packet);
      for (const [at, value] of changes) bytes[at % bytes.byteLength] = value;
      decodeLanMessage(bytes);
      decodeLanMessage(bytes.subarray(0, cut % bytes.byteLength));
      decodeLanMessage(Buffer.concat([noise, mark, noise]));
      decodeLanMessage(Buffer.concat([bytes.subarray(0, 12), mark, noise]));
    }),
    { numRuns: 1_000 },
  );
});
