import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKithError } from '../../base/errors.ts';
import { fromHex } from '../../base/bytes.ts';
import type { LinkKey } from '../../base/ids.ts';
import {
  DEFAULT_PORT,
  hubOf,
  isLoopback,
  parseListenAddress,
  parsePeerAddress,
  printPeerAddress,
  printThrough,
} from './addresses.ts';
import { linkKeyOf, linkKeyPair, parsePeerId, peerIdOf } from './keys.ts';

// RFC 8032 §7.1, test 1.
const SEED = fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const KEY = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a' as LinkKey;
const PEER = peerIdOf(KEY).toString();

test('a link key is the Ed25519 key of the seed, and its peer id carries it', async () => {
  assert.equal(linkKeyOf(await linkKeyPair(SEED)), KEY);
  assert.match(PEER, /^12D3KooW/);
  assert.equal(parsePeerId(PEER), KEY);
  assert.equal(parsePeerId('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'), undefined);
  assert.equal(parsePeerId('nonsense'), undefined);
});

test('addresses to dial, in every form that people use', () => {
  const forms: readonly (readonly [string, string])[] = [
    ['192.168.1.20:7000', '/ip4/192.168.1.20/tcp/7000'],
    [' 192.168.1.20 ', `/ip4/192.168.1.20/tcp/${DEFAULT_PORT}`],
    ['[fd00::2]:7000', '/ip6/fd00::2/tcp/7000'],
    ['[fd00::2]', `/ip6/fd00::2/tcp/${DEFAULT_PORT}`],
    ['fd00::2', `/ip6/fd00::2/tcp/${DEFAULT_PORT}`],
    ['hub.example.org:7000', '/dns/hub.example.org/tcp/7000'],
    ['camp-2', `/dns/camp-2/tcp/${DEFAULT_PORT}`],
    ['localhost:1', '/dns/localhost/tcp/1'],
    ['/ip4/10.0.0.1/tcp/7000', '/ip4/10.0.0.1/tcp/7000'],
    ['/dns4/hub.example.org/tcp/443', '/dns4/hub.example.org/tcp/443'],
  ];
  for (const [text, expected] of forms) {
    const parsed = parsePeerAddress(text);
    assert.equal(parsed.multiaddr.toString(), expected);
    assert.equal(parsed.peer, undefined);
  }
});

test('what is printed is read back', () => {
  const printed = printPeerAddress(parsePeerAddress('10.0.0.1:7000').multiaddr, KEY);
  assert.equal(printed, `/ip4/10.0.0.1/tcp/7000/p2p/${PEER}`);
  const parsed = parsePeerAddress(printed);
  assert.equal(parsed.peer, KEY);
  assert.equal(parsed.multiaddr.toString(), '/ip4/10.0.0.1/tcp/7000');
});

test('an address through a hub keeps the hub, and is read back', () => {
  const hub = '0f'.repeat(32) as LinkKey;
  const direct = printPeerAddress(parsePeerAddress('10.0.0.1:7000').multiaddr, hub);
  const printed = printThrough(direct, hub, KEY);
  assert.equal(printed, `${direct}/p2p-circuit/p2p/${PEER}`);
  const parsed = parsePeerAddress(printed);
  assert.deepEqual([parsed.peer, parsed.hub], [KEY, hub]);
  assert.equal(parsed.multiaddr.toString(), `${direct}/p2p-circuit`);
  // As a link tells it, without the peer.
  assert.deepEqual(parsePeerAddress(parsed.multiaddr.toString()), { ...parsed, peer: undefined });
  assert.equal(hubOf(parsed.multiaddr), hub);
  assert.equal(hubOf(parsePeerAddress(direct).multiaddr), undefined);
  assert.throws(() => parseListenAddress(printed), { code: 'bad-address' });
});

test('a WebSocket is an address like others', () => {
  for (const way of ['ws', 'wss', 'tls/ws']) {
    const { multiaddr, peer } = parsePeerAddress(`/dns/camp.example.org/tcp/443/${way}/p2p/${PEER}`);
    assert.deepEqual([String(multiaddr), peer], [`/dns/camp.example.org/tcp/443/${way}`, KEY]);
  }
  assert.deepEqual(parseListenAddress('/ip4/0.0.0.0/tcp/80/ws').map(String), ['/ip4/0.0.0.0/tcp/80/ws']);
});

test('what cannot be dialled is a bad-address with a next step', () => {
  const bad = [
    '',
    ':',
    ':7000',
    '10.0.0.1:0',
    '10.0.0.1:70000',
    '10.0.0.1:x',
    '10.0.0.1:',
    '10.0.0.300:7000',
    '10.0.0',
    'two words:1',
    '[10.0.0.1]:1',
    '[fd00::2',
    'fe80::1%eth0',
    'http://hub.example.org',
    '/ip4/10.0.0.1',
    '/ip4/10.0.0.300/tcp/1',
    '/ip4/10.0.0.1/udp/1',
    '/ip4/10.0.0.1/tcp/1/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
    `/ip4/10.0.0.1/tcp/1/p2p-circuit/p2p/${PEER}`,
    `/ip4/10.0.0.1/tcp/1/p2p/${PEER}/p2p-circuit/p2p/${PEER}/p2p-circuit`,
    '/ip4/10.0.0.1/tcp/1/ws/ws',
    '/ip4/10.0.0.1/tcp/1/tls',
    `/p2p/${PEER}`,
    '/nonsense',
  ];
  for (const text of bad) {
    assert.throws(
      () => parsePeerAddress(text),
      (error) => isKithError(error, 'bad-address') && error.next !== undefined,
      text,
    );
  }
});

test('any text is an address or a bad-address', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webAuthority(),
        fc.ipV6(),
        fc.string().map((rest) => `/ip4/${rest}`),
      ),
      (text) => {
        try {
          assert.match(
            parsePeerAddress(text).multiaddr.toString(),
            /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/[1-9]\d*(\/ws|\/wss|\/tls\/ws)?$/,
          );
        } catch (error) {
          assert.ok(isKithError(error, 'bad-address'), String(error));
        }
      },
    ),
  );
});

test('addresses to listen on', () => {
  const print = (text: string) => parseListenAddress(text).map(String);
  assert.deepEqual(print('127.0.0.1:0'), ['/ip4/127.0.0.1/tcp/0']);
  assert.deepEqual(print(':7000'), ['/ip4/0.0.0.0/tcp/7000', '/ip6/::/tcp/7000']);
  assert.deepEqual(print('[::]:7000'), ['/ip6/::/tcp/7000']);
  assert.deepEqual(print('/ip4/0.0.0.0/tcp/7000'), ['/ip4/0.0.0.0/tcp/7000']);
  assert.throws(() => print(`/ip4/0.0.0.0/tcp/7000/p2p/${PEER}`), { code: 'bad-address' });
  assert.throws(() => print(':70000'), { code: 'bad-address' });
});

test('loopback is told from the rest', () => {
  assert.equal(isLoopback(parsePeerAddress('127.8.0.1:1').multiaddr), true);
  assert.equal(isLoopback(parsePeerAddress('[::1]:1').multiaddr), true);
  assert.equal(isLoopback(parsePeerAddress('10.0.0.1:1').multiaddr), false);
});
